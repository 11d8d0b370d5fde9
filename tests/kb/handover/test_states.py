"""The life of a hand-over: only the moves of the table, and no way to lose a citizen."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.handover.states import OPEN, RANKS, RULES, By, IllegalMove, Move, Reason, State, after, graver


@pytest.mark.parametrize(
    ("move", "before", "by"),
    [
        (Move.TAKE, State.TAKEN, By.CLERK),  # the second of two clerks
        (Move.TAKE, State.ENDED, By.CLERK),
        (Move.TAKE, None, By.CLERK),
        (Move.TAKE, State.WAITING, By.CITIZEN),
        (Move.GIVE_BACK, State.GIVEN_BACK, By.CLERK),
        (Move.GIVE_BACK, State.WAITING, By.CLERK),
        (Move.LAPSE, State.WAITING, By.SYSTEM),
        (Move.LAPSE, State.TAKEN, By.CLERK),
        (Move.ASK, State.WAITING, By.CITIZEN),
        (Move.LEAVE, State.ENDED, By.CITIZEN),
    ],
)
def test_what_the_table_does_not_have_is_refused(move: Move, before: State | None, by: By) -> None:
    with pytest.raises(IllegalMove, match=move):
        after(move, before, by)


def test_who_is_done_with_is_never_moved_again() -> None:
    for move, before, by in product(Move, set(State) - OPEN, By):
        with pytest.raises(IllegalMove):
            after(move, before, by)


def test_from_every_open_state_the_citizen_can_leave_and_somebody_can_end_it() -> None:
    for state in OPEN:
        assert after(Move.LEAVE, state, By.CITIZEN) is State.ENDED
        assert after(Move.END, state, By.SYSTEM) is State.ENDED


def test_every_state_is_reached_and_every_move_has_its_rule() -> None:
    assert set(RULES) == set(Move)
    assert {rule.after for rule in RULES.values()} == set(State)


def test_a_clerk_who_vanishes_leaves_somebody_who_waits() -> None:
    assert after(Move.LAPSE, State.TAKEN, By.SYSTEM) is State.WAITING


def test_distress_and_danger_go_first_and_every_reason_has_a_rank() -> None:
    assert set(RANKS) == set(Reason)
    assert {reason for reason, rank in RANKS.items() if rank == 0} == {Reason.DANGER, Reason.DISTRESS}


@given(st.sampled_from(Reason), st.sampled_from(Reason), st.sampled_from(Reason))
def test_the_graver_reason_counts_in_whatever_order_they_come(one: Reason, two: Reason, three: Reason) -> None:
    assert graver(one, two) is graver(two, one)
    assert graver(one, one) is one
    assert graver(graver(one, two), three) is graver(one, graver(two, three))
    assert RANKS[graver(one, two)] == min(RANKS[one], RANKS[two])
