"""Timers: one of a kind and subject, claimed by one worker at a time, never done with a claim that was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from integrations.services.timer_records import TimerRow
from integrations.settings import Settings
from integrations.store import database
from integrations.store.repositories import Repositories

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
LEASE = 60.0
Opens = Callable[[], AbstractContextManager[Repositories]]


@pytest.fixture
def opened(settings: Settings) -> Iterator[Opens]:
    engine = database.connect(settings.sql_url)
    yield database.unit_of_work(engine)
    engine.dispose()


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def put(opened: Opens, *subjects: str, at: datetime = NOON) -> None:
    with opened() as tx:
        for subject in subjects:
            tx.timers.set("bell", subject, at)


def claimed(opened: Opens, now: datetime = NOON, *, worker: str = "w1", limit: int = 10) -> list[TimerRow]:
    with opened() as tx:
        return list(tx.timers.claim(worker, now, LEASE, limit))


def standing(opened: Opens) -> list[TimerRow]:
    with opened() as tx:
        return list(tx.timers.list())


def test_a_timer_is_not_claimed_before_its_time_and_then_the_earliest_first(opened: Opens) -> None:
    put(opened, "late", at=after(2))
    put(opened, "early", at=after(1))

    assert claimed(opened, after(0.5)) == []
    assert [row.subject for row in claimed(opened, after(2))] == ["early", "late"]


def test_setting_it_again_replaces_it_with_what_it_carries(opened: Opens) -> None:
    with opened() as tx:
        tx.timers.set("bell", "one", NOON, {"round": 1})
    with opened() as tx:
        tx.timers.set("bell", "one", after(9), {"round": 2})
        tx.timers.set("gong", "one", NOON)

    assert [(row.kind, row.at, dict(row.payload)) for row in standing(opened)] == [
        ("gong", NOON, {}),
        ("bell", after(9), {"round": 2}),
    ]


def test_ensuring_it_changes_nothing_where_it_stands(opened: Opens) -> None:
    with opened() as tx:
        assert tx.timers.ensure("bell", "one", NOON, {"round": 1})
        assert not tx.timers.ensure("bell", "one", after(9), {"round": 2})

    assert [(row.at, dict(row.payload)) for row in standing(opened)] == [(NOON, {"round": 1})]


def test_what_a_transaction_that_failed_has_set_is_not_there(opened: Opens) -> None:
    with pytest.raises(ZeroDivisionError), opened() as tx:
        tx.timers.set("bell", "one", NOON)
        raise ZeroDivisionError

    assert standing(opened) == []


def test_nobody_else_gets_it_while_the_lease_runs_and_somebody_does_afterwards(opened: Opens) -> None:
    put(opened, "one")
    (first,) = claimed(opened, worker="w1")

    assert claimed(opened, after(LEASE - 1), worker="w2") == []
    (second,) = claimed(opened, after(LEASE), worker="w2")
    assert (second.id, second.attempts) == (first.id, 2)
    assert second.claim != first.claim


def test_who_lost_the_claim_can_do_nothing_with_it(opened: Opens) -> None:
    put(opened, "one")
    (slow,) = claimed(opened)
    (fast,) = claimed(opened, after(LEASE))

    with opened() as tx:
        assert not tx.timers.done(slow)
        assert not tx.timers.later(slow, after(1000))
        assert not tx.timers.failed(slow, again=after(1000), error="too slow")
    with opened() as tx:
        assert tx.timers.done(fast)
    with opened() as tx:
        assert not tx.timers.done(fast)
    assert standing(opened) == []


def test_the_same_worker_that_claims_it_twice_has_lost_its_first_claim(opened: Opens) -> None:
    put(opened, "one")
    (first,) = claimed(opened)
    put(opened, "one")  # set anew while it is being done: its count of claims begins anew, too
    (second,) = claimed(opened)

    assert first.attempts == second.attempts == 1
    with opened() as tx:
        assert not tx.timers.done(first)
    with opened() as tx:
        assert tx.timers.done(second)


def test_work_whose_timer_was_set_anew_meanwhile_is_not_done(opened: Opens) -> None:
    put(opened, "one")
    (row,) = claimed(opened)
    put(opened, "one", at=after(500))

    with opened() as tx:
        assert not tx.timers.done(row)
    assert [one.at for one in standing(opened)] == [after(500)]


def test_work_whose_timer_was_cancelled_meanwhile_is_not_done(opened: Opens) -> None:
    put(opened, "one")
    (row,) = claimed(opened)
    with opened() as tx:
        assert tx.timers.cancel("bell", "one")
        assert not tx.timers.cancel("bell", "one")

    with opened() as tx:
        assert not tx.timers.done(row)


@pytest.mark.parametrize("how", ["set", "later", "cancel"])
def test_the_work_itself_may_set_move_or_cancel_its_timer(opened: Opens, how: str) -> None:
    put(opened, "one")
    (row,) = claimed(opened)

    with opened() as tx:
        match how:
            case "set":
                tx.timers.set("bell", "one", after(500))
            case "later":
                assert tx.timers.later(row, after(500))
            case "cancel":
                assert tx.timers.cancel("bell", "one")
        assert tx.timers.done(row)
    assert [(one.at, one.attempts, one.claim) for one in standing(opened)] == (
        [] if how == "cancel" else [(after(500), 0, None)]
    )


@pytest.mark.parametrize("how", ["set", "later", "cancel"])
def test_work_with_a_lost_claim_may_not_even_so(opened: Opens, how: str) -> None:
    """It must be undone whole: somebody else does it, or has done it."""
    put(opened, "one")
    (slow,) = claimed(opened)
    claimed(opened, after(LEASE), worker="w2")

    with opened() as tx:
        match how:
            case "set":
                tx.timers.set("bell", "one", after(500))
            case "later":
                tx.timers.later(slow, after(500))
            case "cancel":
                tx.timers.cancel("bell", "one")
        assert not tx.timers.done(slow)


def test_after_a_failure_it_is_due_again_and_says_why(opened: Opens) -> None:
    put(opened, "one")
    (row,) = claimed(opened)
    with opened() as tx:
        assert tx.timers.failed(row, again=after(30), error="away")

    assert claimed(opened, after(29)) == []
    (again,) = claimed(opened, after(30))
    assert (again.attempts, again.at, again.last_error) == (2, NOON, "away")


def test_a_claim_from_before_the_clock_jumped_back_does_not_hold(opened: Opens) -> None:
    """A worker with a wrong clock claimed it and died; by the right clock its lease would last for a day."""
    put(opened, "one")
    (lost,) = claimed(opened, after(86400))

    (row,) = claimed(opened, after(1), worker="w2")
    assert row.id == lost.id
    with opened() as tx:
        assert not tx.timers.done(lost)


def test_a_wait_from_before_the_clock_jumped_back_does_not_hold(opened: Opens) -> None:
    put(opened, "one")
    (row,) = claimed(opened, after(86400))
    with opened() as tx:
        tx.timers.failed(row, again=after(86430), error="away")

    assert len(claimed(opened, after(1))) == 1


def test_after_the_clock_jumped_back_what_is_not_due_yet_is_left_alone(opened: Opens) -> None:
    put(opened, "one", at=after(86400))
    (row,) = claimed(opened, after(86400))
    with opened() as tx:
        tx.timers.later(row, after(5 * 86400))
    put(opened, "two", at=after(90000))

    assert claimed(opened, after(1)) == []
    assert [one.at for one in standing(opened)] == [after(90000), after(5 * 86400)]


def test_a_small_difference_of_two_clocks_takes_nothing_from_anybody(opened: Opens) -> None:
    put(opened, "one")
    claimed(opened, after(30), worker="fast clock")

    assert claimed(opened, after(0), worker="slow clock") == []


def test_no_more_than_the_limit_are_claimed_and_other_kinds_are_left(opened: Opens) -> None:
    put(opened, *"abc")
    with opened() as tx:
        tx.timers.set("unheard of", "z", after(-1))
    with opened() as tx:
        rows = tx.timers.claim("w1", NOON, LEASE, 2, kinds=["bell"])
    assert [row.subject for row in rows] == ["a", "b"]
    with opened() as tx:
        assert [row.subject for row in tx.timers.claim("w2", NOON, LEASE, 9, kinds=["bell"])] == ["c"]
        assert [row.kind for row in tx.timers.overdue(before=NOON)] == ["unheard of"]
        assert tx.timers.claim("w2", NOON, LEASE, 9, kinds=[]) == []


def test_what_it_carries_does_not_show(opened: Opens) -> None:
    with opened() as tx:
        tx.timers.set("bell", "one", NOON, {"said": "路灯坏了"})
        row = tx.timers.get("bell", "one")
    assert row is not None and row.payload == {"said": "路灯坏了"}
    assert "路灯" not in repr(row)
