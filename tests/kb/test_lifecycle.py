"""The table of moves, written out once more and by hand, so that a change of it is a decision."""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.lifecycle import (
    ALLOWED_MOVES,
    LONGEST_ACTOR,
    OPEN,
    RULES,
    STEP_OF,
    Actor,
    Carried,
    Holding,
    IllegalMove,
    IncompleteMove,
    Move,
    Status,
    StatusChange,
    Step,
    holding,
    move,
    signed,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WHO = {"c": Actor.CITIZEN, "d": Actor.DEPARTMENT, "w": Actor.DISPATCH, "k": Actor.CLERK, "s": Actor.SYSTEM}

# A row for where it stands, a column for the move; who may make it: (c)itizen, (d)epartment, dispatch (w)orker,
# cler(k), (s)ystem.
MATRIX = """
              filed needs_person dispatched accepted assigned answered returned closed rated rechecking withdrawn
new           ck    -            -          -        -        -        -        -      -     -          -
filed         -     wsk          wk         -        -        -        -        -      -     -          ck
needs_person  -     -            wk         d        d        d        d        dk     -     -          ck
dispatched    -     wsk          -          d        d        d        d        d      -     -          ck
accepted      -     -            -          -        d        d        d        d      -     -          ck
assigned      -     -            -          -        d        d        d        d      -     -          ck
answered      -     -            -          -        d        d        d        d      -     -          ck
returned      -     wsk          wk         d        d        d        -        dk     -     -          ck
closed        -     -            -          -        -        -        -        -      cs    csk        -
rated         -     -            -          -        -        -        -        -      -     csk        -
rechecking    -     -            -          d        d        d        d        d      -     -          -
withdrawn     -     -            -          -        -        -        -        -      -     -          -

              co_assigned extended rechecked rework ended erased
new           -           -        -         -      -     -
filed         -           -        -         -      -     sk
needs_person  dwk         dk       -         -      -     sk
dispatched    dwk         dk       -         -      -     sk
accepted      dwk         dk       -         -      -     sk
assigned      dwk         dk       -         -      -     sk
answered      dwk         dk       -         -      -     sk
returned      dwk         dk       -         -      -     sk
closed        -           -        -         -      -     csk
rated         -           -        -         -      -     csk
rechecking    dwk         dk       dk        dk     k     sk
withdrawn     -           -        -         -      -     csk
"""
# Where each move leads; those not named leave the status as it is.
LEADS_TO = {
    **{Move(one): one for one in Status},
    Move.RECHECKED: Status.CLOSED,
    Move.REWORK: Status.ASSIGNED,
    Move.ENDED: Status.RATED,
}
ALL = {"note": "理由", "unit": "照明三班", "due_at": NOON + timedelta(days=3)}


def _rows() -> list[tuple[Status | None, Move, frozenset[Actor]]]:
    found = []
    for table in MATRIX.strip().split("\n\n"):
        head, *rows = (line.split() for line in table.strip().splitlines())
        for before, *cells in rows:
            for name, cell in zip(head, cells, strict=True):
                who = frozenset(WHO[letter] for letter in cell if cell != "-")
                found.append((None if before == "new" else Status(before), Move(name), who))
    return found


TABLE = {(before, what): who for before, what, who in _rows()}


def _standing(status: Status | None) -> StatusChange | None:
    return StatusChange(3, Status.FILED, status, NOON, "citizen") if status else None


def test_the_matrix_has_every_pair_once() -> None:
    pairs = [(before, what) for before, what, _ in _rows()]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == set(product((None, *Status), Move))


@pytest.mark.parametrize(("before", "what", "who"), _rows())
def test_a_move_is_allowed_or_refused_as_the_matrix_says(
    before: Status | None, what: Move, who: frozenset[Actor]
) -> None:
    for actor in Actor:
        if actor in who:
            change = move(_standing(before), what, at=NOON, actor=actor, **ALL)  # type: ignore[arg-type]
            assert (change.before, change.after, change.kind) == (before, LEADS_TO.get(what, before), what)
            continue
        with pytest.raises(IllegalMove) as refused:
            move(_standing(before), what, at=NOON, actor=actor, **ALL)  # type: ignore[arg-type]
        assert not isinstance(refused.value, IncompleteMove)
        assert (refused.value.current, refused.value.wanted) == (before, what)
        assert str(what) in str(refused.value)
    assert (what in ALLOWED_MOVES[before]) is bool(who)


@pytest.mark.parametrize(
    ("what", "before", "actor", "missing"),
    [
        (Move.RETURNED, Status.ASSIGNED, "department", {"note"}),
        (Move.EXTENDED, Status.ASSIGNED, "department", {"note", "due_at"}),
        (Move.EXTENDED, Status.RECHECKING, "clerk:王芳", {"note", "due_at"}),
        (Move.CO_ASSIGNED, Status.DISPATCHED, "dispatch", {"unit"}),
        (Move.NEEDS_PERSON, Status.FILED, "system", {"note"}),
        (Move.CLOSED, Status.NEEDS_PERSON, "clerk", {"note"}),
        (Move.RECHECKING, Status.RATED, "clerk", {"note"}),
        (Move.RECHECKED, Status.RECHECKING, "department", {"note"}),
        (Move.REWORK, Status.RECHECKING, "clerk:王芳", {"note"}),
        (Move.ENDED, Status.RECHECKING, "clerk:王芳", {"note"}),
        (Move.WITHDRAWN, Status.FILED, "clerk", {"note"}),
        (Move.ERASED, Status.WITHDRAWN, "system", {"note"}),
    ],
)
def test_a_move_without_what_it_must_carry_is_refused(
    what: Move, before: Status, actor: str, missing: set[str]
) -> None:
    for left_out in missing:
        given = {name: value for name, value in ALL.items() if name != left_out}
        with pytest.raises(IncompleteMove, match=f"without {left_out}") as refused:
            move(_standing(before), what, at=NOON, actor=actor, **given)  # type: ignore[arg-type]
        assert refused.value.missing == {Carried(left_out)}
    with pytest.raises(IncompleteMove) as refused:
        move(_standing(before), what, at=NOON, actor=actor)
    assert refused.value.missing == {Carried(one) for one in missing}


@pytest.mark.parametrize(
    ("what", "before", "actor"),
    [
        (Move.CLOSED, Status.ASSIGNED, "department"),
        (Move.ASSIGNED, Status.ACCEPTED, "department"),
        (Move.RECHECKING, Status.CLOSED, "citizen"),
        (Move.WITHDRAWN, Status.ANSWERED, "citizen"),
    ],
)
def test_a_citizen_and_a_backend_need_not_explain_what_they_may_simply_do(
    what: Move, before: Status, actor: str
) -> None:
    assert move(_standing(before), what, at=NOON, actor=actor).kind is what


@pytest.mark.parametrize("actor", ["", "mayor", "Clerk", ":王芳", "clerk 王芳"])
def test_an_actor_whom_nobody_knows_makes_no_move(actor: str) -> None:
    with pytest.raises(ValueError, match="valid Actor"):
        move(None, Status.FILED, at=NOON, actor=actor)


def test_a_move_keeps_who_when_why_and_which_unit() -> None:
    first = move(None, Status.FILED, at=NOON, actor="citizen")
    second = move(first, Status.NEEDS_PERSON, at=NOON, actor="dispatch", note="没有这个服务", unit="李沧区城市管理局")
    assert first == StatusChange(1, None, Status.FILED, NOON, "citizen")
    assert second == StatusChange(
        2, Status.FILED, Status.NEEDS_PERSON, NOON, "dispatch", "没有这个服务", "李沧区城市管理局"
    )


def test_who_signed_is_a_role_and_perhaps_a_name() -> None:
    change = move(_standing(Status.RECHECKING), Move.REWORK, at=NOON, actor=signed(Actor.CLERK, " 王芳 "), note="没修")
    assert (change.actor, change.role, change.name) == ("clerk:王芳", Actor.CLERK, "王芳")
    assert signed(Actor.CLERK, None) == signed(Actor.CLERK, " ") == "clerk"
    assert len(signed(Actor.DEPARTMENT, "很" * 200)) == LONGEST_ACTOR
    assert _standing(Status.FILED).name is None  # type: ignore[union-attr]


def test_what_people_wrote_is_not_in_the_representation() -> None:
    change = move(
        _standing(Status.ASSIGNED), Status.ANSWERED, at=NOON, actor="department", note="打13812345678", photos=("p1",)
    )
    assert "1381" not in repr(change)
    assert "p1" not in repr(change)


@given(st.lists(st.tuples(st.sampled_from(Move), st.sampled_from(Actor)), max_size=60))
def test_a_random_walk_never_leaves_the_table_and_counts_each_step(wishes: list[tuple[Move, Actor]]) -> None:
    history: list[StatusChange] = []
    for wish, actor in wishes:
        latest = history[-1] if history else None
        try:
            history.append(move(latest, wish, at=NOON, actor=actor, **ALL))  # type: ignore[arg-type]
        except IllegalMove:
            continue
    assert [one.sequence for one in history] == list(range(1, len(history) + 1))
    assert [one.before for one in history] == [None, *(one.after for one in history[:-1])][: len(history)]
    assert all(one.role in TABLE[one.before, one.kind] for one in history)


def test_every_status_can_be_reached_and_only_a_withdrawn_one_goes_nowhere() -> None:
    leads = {before: {LEADS_TO.get(what, before) for what in whats} for before, whats in ALLOWED_MOVES.items()}
    reached: set[Status | None] = set()
    edge: set[Status | None] = set(leads[None])
    while edge:
        reached |= edge
        edge = set().union(*(leads[status] for status in edge)) - reached
    assert reached == set(Status)
    assert [status for status in Status if leads[status] <= {status}] == [Status.WITHDRAWN]


def test_no_two_rows_say_the_same_thing_differently() -> None:
    for status, what, actor in product((None, *Status), Move, Actor):
        rows = [rule for rule in RULES if rule.move is what and status in rule.before and actor in rule.by]
        assert len(rows) <= 1, f"{what} from {status} by {actor} stands in two rows"


def test_every_status_is_the_name_of_a_move_that_leads_there() -> None:
    for status in Status:
        assert {rule.after for rule in RULES if rule.move == status} == {status}


def test_every_status_stands_on_one_of_the_seven_steps() -> None:
    assert set(STEP_OF) == set(Status)
    assert set(Step) - set(STEP_OF.values()) == {Step.COLLECTING}, "collecting is over once a complaint is filed"
    assert len(Step) == 7


def test_open_means_that_somebody_still_has_to_do_something() -> None:
    assert set(Status) - OPEN == {Status.CLOSED, Status.RATED, Status.WITHDRAWN}


# -- who has it --------------------------------------------------------------------------------------------------

_UNITS = {"a": "照明三班", "b": "供电公司", "c": "街道办"}


def _told(story: str) -> list[StatusChange]:
    """'dispatched assigned:a co_assigned:b' as a history made by the department."""
    history = [move(None, Status.FILED, at=NOON, actor="citizen")]
    for step in story.split():
        name, _, unit = step.partition(":")
        by = "dispatch" if name in ("dispatched", "needs_person") else "department"
        if name == "rechecking":
            by = "citizen"
        given = {"note": "理由", "due_at": NOON, "unit": _UNITS.get(unit)}
        history.append(move(history[-1], Move(name), at=NOON, actor=by, **given))  # type: ignore[arg-type]
    return history


@pytest.mark.parametrize(
    ("story", "main", "helping", "returns"),
    [
        ("", None, "", 0),
        ("dispatched", None, "", 0),
        ("dispatched:a", "a", "", 0),
        ("dispatched accepted:a", "a", "", 0),
        ("dispatched accepted:a answered:b", "a", "", 0),  # who answers for it does not take it over
        ("dispatched accepted:a assigned:b", "b", "", 0),
        ("dispatched assigned:a assigned", "a", "", 0),
        ("dispatched answered:b", "b", "", 0),
        ("dispatched co_assigned:b", None, "b", 0),
        ("dispatched assigned:a co_assigned:b co_assigned:c", "a", "bc", 0),
        ("dispatched assigned:a co_assigned:b co_assigned:b", "a", "b", 0),
        ("dispatched co_assigned:b assigned:b", "b", "", 0),  # nobody helps himself
        ("dispatched assigned:a co_assigned:b extended:b answered:b", "a", "b", 0),
        ("dispatched assigned:a co_assigned:b returned:a", None, "", 1),
        ("dispatched assigned:a returned:a dispatched assigned:b returned:b dispatched accepted:c", "c", "", 2),
        ("dispatched assigned:a co_assigned:b closed:a rechecking rework", "a", "b", 0),
        ("dispatched assigned:a closed:a rechecking rework:c", "c", "", 0),
    ],
)
def test_who_holds_it_is_read_from_the_history(story: str, main: str | None, helping: str, returns: int) -> None:
    expected = Holding(_UNITS[main] if main else None, tuple(_UNITS[one] for one in helping), returns)
    assert holding(_told(story)) == expected


# -- the page about it -------------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_page_has_every_row_of_the_table_and_no_other() -> None:
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in PAGE.read_text("utf-8").splitlines()]
    told = {tuple(cell.replace("`", "") for cell in row) for row in rows if len(row) == 5 and row[0].startswith("`")}
    assert told == {
        (
            str(rule.move),
            ", ".join(sorted(str(one) for one in rule.before)) if None not in rule.before else "new",
            ", ".join(sorted(rule.by)),
            ", ".join(sorted(rule.carries)),
            str(rule.after or "stays"),
        )
        for rule in RULES
    }


def test_the_page_says_on_which_step_each_status_stands() -> None:
    rows = [line.split("|") for line in PAGE.read_text("utf-8").splitlines() if line.count("|") == 4]
    told = {name.strip("` "): step.strip() for _, names, step, *_ in rows for name in names.split(",") if "`" in name}
    assert told == {str(status): step.value for status, step in STEP_OF.items()}
