"""Five in 48 hours after a message, three in a minute after a tap; never the sum, never one too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kb.wechat.quota import AFTER_ACTION, AFTER_MESSAGE, Budget, Opens

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def later(**by: float) -> datetime:
    return NOON + timedelta(**by)


def spent(budget: Budget, now: datetime, times: int) -> Budget:
    for _ in range(times):
        budget = budget.spent(now)
    return budget


def test_who_has_said_nothing_is_sent_nothing() -> None:
    assert Budget().left(NOON) == 0
    assert Budget().opened(Opens.NOTHING, NOON).left(NOON) == 0
    assert Budget().spent(NOON).left(NOON) == 0
    assert Budget().unspent(NOON).left(NOON) == 0


def test_a_message_allows_five_for_nearly_48_hours() -> None:
    budget = Budget().opened(Opens.MESSAGE, NOON)
    assert budget.left(NOON) == budget.left(later(hours=47, minutes=58)) == 5
    assert budget.left(later(hours=48)) == budget.left(later(hours=47, minutes=59)) == 0
    assert [spent(budget, NOON, times).left(NOON) for times in range(7)] == [5, 4, 3, 2, 1, 0, 0]


def test_a_tap_allows_three_for_nearly_a_minute() -> None:
    budget = Budget().opened(Opens.ACTION, NOON)
    assert budget.left(NOON) == budget.left(later(seconds=56)) == 3
    assert budget.left(later(seconds=57)) == budget.left(later(seconds=70)) == 0
    assert spent(budget, NOON, 3).left(NOON) == 0


def test_two_quotas_are_never_added_and_the_larger_one_counts() -> None:
    both = Budget().opened(Opens.MESSAGE, NOON).opened(Opens.ACTION, NOON)
    assert both.left(NOON) == 5
    assert spent(both, NOON, 5).left(NOON) == 0
    worn = spent(Budget().opened(Opens.MESSAGE, NOON), NOON, 4)
    assert worn.opened(Opens.ACTION, NOON).left(NOON) == 3
    assert worn.opened(Opens.ACTION, NOON).left(later(minutes=2)) == 1


def test_a_new_message_gives_five_again_and_for_longer() -> None:
    worn = spent(Budget().opened(Opens.MESSAGE, NOON), NOON, 5)
    again = worn.opened(Opens.MESSAGE, later(hours=1))
    assert again.left(later(hours=48)) == 5


def test_an_older_push_that_comes_late_changes_nothing() -> None:
    for opens in (Opens.MESSAGE, Opens.ACTION):
        worn = spent(Budget().opened(opens, NOON), NOON, 2)
        assert worn.opened(opens, later(seconds=-5)) == worn


def test_what_was_surely_not_taken_may_be_sent_again_within_the_window() -> None:
    budget = Budget().opened(Opens.MESSAGE, NOON)
    assert budget.spent(NOON).unspent(NOON).left(NOON) == 5
    assert budget.unspent(NOON).left(NOON) == 5
    assert budget.spent(NOON).unspent(later(hours=48)).left(later(hours=48)) == 0


def test_where_wechat_says_that_no_more_may_be_sent_none_is_left() -> None:
    assert Budget().opened(Opens.MESSAGE, NOON).closed().left(NOON) == 0


@given(st.lists(st.tuples(st.sampled_from(["message", "action", "nothing", "send"]), st.integers(0, 90)), max_size=40))
def test_never_more_is_sent_than_the_rule_allows(steps: list[tuple[str, int]]) -> None:
    budget, now = Budget(), NOON
    since_message, since_action = 0, 0
    message, action = datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    for step, seconds in steps:
        now += timedelta(seconds=seconds)
        if step != "send":
            budget = budget.opened(Opens(step), now)
            if step == "message":
                message, since_message = now, 0
            if step == "action":
                action, since_action = now, 0
        elif budget.left(now):
            budget = budget.spent(now)
            since_message, since_action = since_message + 1, since_action + 1
            by_message = now - message < timedelta(hours=48) and since_message <= AFTER_MESSAGE
            by_action = now - action < timedelta(minutes=1) and since_action <= AFTER_ACTION
            assert by_message or by_action
