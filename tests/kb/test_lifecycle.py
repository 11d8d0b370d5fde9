"""The table of moves, written out once more and by hand, so that a change of it is a decision."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.lifecycle import ALLOWED_MOVES, OPEN, STEP_OF, IllegalMove, Status, StatusChange, Step, move

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

# A row for where it stands, a column for where it shall go.
MATRIX = """
                filed  needs_person  dispatched  accepted  assigned  answered  returned  closed  rated
new             yes    -             -           -         -         -         -         -       -
filed           -      yes           yes         -         -         -         -         -       -
needs_person    -      -             yes         -         -         -         -         yes     -
dispatched      -      yes           -           yes       yes       yes       yes       yes     -
accepted        -      -             -           -         yes       yes       yes       yes     -
assigned        -      -             -           -         yes       yes       yes       yes     -
answered        -      -             -           -         yes       yes       yes       yes     -
returned        -      yes           yes         yes       -         -         -         yes     -
closed          -      -             -           -         -         -         -         -       yes
rated           -      -             -           -         -         -         -         -       -
"""


def _rows() -> list[tuple[Status | None, Status, bool]]:
    head, *rows = (line.split() for line in MATRIX.strip().splitlines())
    return [
        (None if before == "new" else Status(before), Status(after), cell == "yes")
        for before, *cells in rows
        for after, cell in zip(head, cells, strict=True)
    ]


def _standing(status: Status | None) -> StatusChange | None:
    return StatusChange(3, Status.FILED, status, NOON, "test") if status else None


def test_the_matrix_has_every_pair() -> None:
    assert {(before, after) for before, after, _ in _rows()} == {(b, a) for b in (None, *Status) for a in Status}


@pytest.mark.parametrize(("before", "after", "allowed"), _rows())
def test_a_move_is_allowed_or_refused_as_the_matrix_says(before: Status | None, after: Status, allowed: bool) -> None:
    if allowed:
        assert move(_standing(before), after, at=NOON, actor="test").after is after
        return
    with pytest.raises(IllegalMove) as refused:
        move(_standing(before), after, at=NOON, actor="test")
    assert (refused.value.current, refused.value.wanted) == (before, after)
    assert str(after) in str(refused.value)


def test_a_move_keeps_who_when_why_and_which_unit() -> None:
    first = move(None, Status.FILED, at=NOON, actor="citizen")
    second = move(first, Status.DISPATCHED, at=NOON, actor="worker", note="派单", unit="李沧区城市管理局")
    assert first == StatusChange(1, None, Status.FILED, NOON, "citizen")
    assert second == StatusChange(2, Status.FILED, Status.DISPATCHED, NOON, "worker", "派单", "李沧区城市管理局")


@given(st.lists(st.sampled_from(Status), max_size=40))
def test_a_random_walk_never_leaves_the_table_and_counts_each_step(wishes: list[Status]) -> None:
    history: list[StatusChange] = []
    for wish in wishes:
        try:
            history.append(move(history[-1] if history else None, wish, at=NOON, actor="walk"))
        except IllegalMove:
            continue
    assert [one.sequence for one in history] == list(range(1, len(history) + 1))
    assert [one.before for one in history] == [None, *(one.after for one in history[:-1])][: len(history)]
    assert all(one.after in ALLOWED_MOVES[one.before] for one in history)


def test_every_status_can_be_reached_and_all_but_the_last_can_be_left() -> None:
    reached, edge = set(), set(ALLOWED_MOVES[None])
    while edge:
        reached |= edge
        edge = set().union(*(ALLOWED_MOVES[status] for status in edge)) - reached
    assert reached == set(Status)
    assert [status for status in Status if not ALLOWED_MOVES[status]] == [Status.RATED]


def test_every_status_stands_on_one_of_the_seven_steps() -> None:
    assert set(STEP_OF) == set(Status)
    assert set(Step) - set(STEP_OF.values()) == {Step.COLLECTING}, "collecting is over once a complaint is filed"
    assert len(Step) == 7


def test_open_means_neither_closed_nor_rated() -> None:
    assert set(Status) - OPEN == {Status.CLOSED, Status.RATED}
