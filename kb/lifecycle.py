"""The life of a complaint as one table: which move may be made from where, by whom, and what it must carry.

The steps are those of the Dongcheng grid centre: 信息收集, 案卷建立, 任务派遣, 任务处理, 处理反馈, 核实结案, 综合评价.
A status is never overwritten: `move` makes the next entry of an appended history. Merging is no move: it is about
incidents, and every complaint of a merged one goes its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Step(StrEnum):
    """The seven steps, in order; the values are the words citizens and clerks see."""

    COLLECTING = "信息收集"
    FILING = "案卷建立"
    DISPATCHING = "任务派遣"
    WORKING = "任务处理"
    ANSWERING = "处理反馈"
    CLOSING = "核实结案"
    RATING = "综合评价"


class Status(StrEnum):
    """Where a filed complaint stands."""

    FILED = "filed"
    NEEDS_PERSON = "needs_person"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    RETURNED = "returned"
    CLOSED = "closed"
    RATED = "rated"
    RECHECKING = "rechecking"
    WITHDRAWN = "withdrawn"


class Move(StrEnum):
    """What was done. Every status is the name of the plain move to it; the others stand below the line."""

    FILED = "filed"
    NEEDS_PERSON = "needs_person"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    RETURNED = "returned"
    CLOSED = "closed"
    RATED = "rated"
    RECHECKING = "rechecking"
    WITHDRAWN = "withdrawn"
    # ------------------------
    CO_ASSIGNED = "co_assigned"  # one more unit helps; the main unit stays responsible
    EXTENDED = "extended"  # more time was given
    RECHECKED = "rechecked"  # the re-check found it solved: closed a second time, and the citizen is asked again
    REWORK = "rework"  # the re-check found it not solved: back to work
    ENDED = "ended"  # a re-check ended for a reason, with nobody asked again
    ERASED = "erased"  # the texts of all entries before this one were deleted on purpose


class Actor(StrEnum):
    """Who may make a move. An entry's `actor` is one of these, or one with a name: 'clerk:王芳'."""

    CITIZEN = "citizen"
    DEPARTMENT = "department"
    DISPATCH = "dispatch"  # the worker that files with the backend
    CLERK = "clerk"  # our own staff
    SYSTEM = "system"  # a clock or a rule of ours


class Carried(StrEnum):
    """What a move may have to bring; the values are names of fields of `StatusChange`."""

    NOTE = "note"
    UNIT = "unit"
    DUE = "due_at"


STEP_OF: dict[Status, Step] = {
    Status.FILED: Step.FILING,
    Status.NEEDS_PERSON: Step.FILING,
    Status.DISPATCHED: Step.DISPATCHING,
    Status.RETURNED: Step.DISPATCHING,
    Status.ACCEPTED: Step.WORKING,
    Status.ASSIGNED: Step.WORKING,
    Status.ANSWERED: Step.ANSWERING,
    Status.CLOSED: Step.CLOSING,
    Status.RECHECKING: Step.CLOSING,
    Status.WITHDRAWN: Step.CLOSING,
    Status.RATED: Step.RATING,
}

OPEN = frozenset(Status) - {Status.CLOSED, Status.RATED, Status.WITHDRAWN}
"""Somebody still has to do something about it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `after` None: the status stays as it is. `before` has None for what is not filed yet."""

    move: Move
    before: frozenset[Status | None]
    after: Status | None
    by: frozenset[Actor]
    carries: frozenset[Carried] = frozenset()


def _rule(what: Move, before: Iterable[Status | None], *by: Actor, to: Status | None, needs: str = "") -> Rule:
    return Rule(what, frozenset(before), to, frozenset(by), frozenset(Carried(one) for one in needs.split()))


_S, _BY = Status, Actor
_WORKING = (_S.DISPATCHED, _S.ACCEPTED, _S.ASSIGNED, _S.ANSWERED)
# The department may go on with what a person of ours has taken up, too.
_WITH_UNIT = (_S.NEEDS_PERSON, *_WORKING, _S.RETURNED, _S.RECHECKING)
_BEFORE_CLOSURE = (_S.FILED, _S.NEEDS_PERSON, *_WORKING, _S.RETURNED)

# A backend may leave out steps (many close without ever saying that they accepted), so work may skip ahead.
RULES: tuple[Rule, ...] = (
    _rule(Move.FILED, (None,), _BY.CITIZEN, _BY.CLERK, to=_S.FILED),
    _rule(
        Move.NEEDS_PERSON,
        (_S.FILED, _S.DISPATCHED, _S.RETURNED),
        *(_BY.DISPATCH, _BY.SYSTEM, _BY.CLERK),
        to=_S.NEEDS_PERSON,
        needs="note",
    ),
    _rule(Move.DISPATCHED, (_S.FILED, _S.NEEDS_PERSON, _S.RETURNED), _BY.DISPATCH, _BY.CLERK, to=_S.DISPATCHED),
    _rule(Move.ACCEPTED, (_S.NEEDS_PERSON, _S.DISPATCHED, _S.RETURNED, _S.RECHECKING), _BY.DEPARTMENT, to=_S.ACCEPTED),
    _rule(Move.ASSIGNED, _WITH_UNIT, _BY.DEPARTMENT, to=_S.ASSIGNED),
    _rule(Move.CO_ASSIGNED, _WITH_UNIT, _BY.DEPARTMENT, _BY.DISPATCH, _BY.CLERK, to=None, needs="unit"),
    _rule(Move.EXTENDED, _WITH_UNIT, _BY.DEPARTMENT, _BY.CLERK, to=None, needs="note due_at"),
    _rule(Move.ANSWERED, _WITH_UNIT, _BY.DEPARTMENT, to=_S.ANSWERED),
    _rule(Move.RETURNED, (_S.NEEDS_PERSON, *_WORKING, _S.RECHECKING), _BY.DEPARTMENT, to=_S.RETURNED, needs="note"),
    _rule(Move.CLOSED, _WITH_UNIT, _BY.DEPARTMENT, to=_S.CLOSED),
    _rule(Move.CLOSED, (_S.NEEDS_PERSON, _S.RETURNED), _BY.CLERK, to=_S.CLOSED, needs="note"),
    _rule(Move.RATED, (_S.CLOSED,), _BY.CITIZEN, _BY.SYSTEM, to=_S.RATED),
    _rule(Move.RECHECKING, (_S.CLOSED, _S.RATED), _BY.CITIZEN, _BY.SYSTEM, to=_S.RECHECKING),
    _rule(Move.RECHECKING, (_S.CLOSED, _S.RATED), _BY.CLERK, to=_S.RECHECKING, needs="note"),
    _rule(Move.RECHECKED, (_S.RECHECKING,), _BY.DEPARTMENT, _BY.CLERK, to=_S.CLOSED, needs="note"),
    _rule(Move.REWORK, (_S.RECHECKING,), _BY.DEPARTMENT, _BY.CLERK, to=_S.ASSIGNED, needs="note"),
    _rule(Move.ENDED, (_S.RECHECKING,), _BY.CLERK, to=_S.RATED, needs="note"),
    _rule(Move.WITHDRAWN, _BEFORE_CLOSURE, _BY.CITIZEN, to=_S.WITHDRAWN),
    _rule(Move.WITHDRAWN, _BEFORE_CLOSURE, _BY.CLERK, to=_S.WITHDRAWN, needs="note"),
    _rule(Move.ERASED, Status, _BY.SYSTEM, _BY.CLERK, to=None, needs="note"),
    _rule(Move.ERASED, (_S.CLOSED, _S.RATED, _S.WITHDRAWN), _BY.CITIZEN, to=None, needs="note"),
)

ALLOWED_MOVES: dict[Status | None, frozenset[Move]] = {
    before: frozenset(rule.move for rule in RULES if before in rule.before) for before in (None, *Status)
}
"""The same table by where a complaint stands, whoever it is that moves it."""


class IllegalMove(ValueError):
    """The table has no such move, or not for them. Nothing has changed."""

    def __init__(self, current: Status | None, wanted: Move, why: str = "") -> None:
        super().__init__(f"a complaint that is {current or 'not filed yet'} cannot become {wanted}{why}")
        self.current, self.wanted = current, wanted


class IncompleteMove(IllegalMove):
    """The table has the move, but it lacks something that it must carry. Nothing has changed."""

    def __init__(self, current: Status | None, wanted: Move, missing: frozenset[Carried]) -> None:
        super().__init__(current, wanted, f" without {', '.join(sorted(missing))}")
        self.missing = missing


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One entry of the history: what was done, who did it, when, from where to where, and why.

    `before` and `after` are the same where the move changes no status. `due_at` (aware) is the new date of an
    extension, `solved` what a re-check found, `photos` names of pictures. `hash` is the store's: it binds the entry to
    all before it, see `kb.history`.
    """

    sequence: int
    before: Status | None
    after: Status
    at: datetime
    actor: str
    note: str | None = field(default=None, repr=False)
    unit: str | None = None
    kind: Move = None  # type: ignore[assignment]  # the plain move to `after` when nothing is said
    due_at: datetime | None = None
    photos: tuple[str, ...] = field(default=(), repr=False)
    solved: bool | None = None
    hash: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.kind is None:
            object.__setattr__(self, "kind", Move(self.after.value))  # type: ignore[unreachable]

    @property
    def role(self) -> Actor:
        """Who made it, without a name."""
        return Actor(self.actor.partition(":")[0])

    @property
    def name(self) -> str | None:
        """The name of who made it, where one was given."""
        return self.actor.partition(":")[2] or None


LONGEST_ACTOR = 64


def signed(role: Actor, name: str | None) -> str:
    """What stands as `actor` for one who has a name: 'clerk:王芳'. A name that is too long is cut."""
    return f"{role}:{name.strip()}"[:LONGEST_ACTOR] if name and name.strip() else str(role)


def move(
    latest: StatusChange | None,
    wanted: Status | Move,
    *,
    at: datetime,
    actor: str,
    note: str | None = None,
    unit: str | None = None,
    due_at: datetime | None = None,
    photos: tuple[str, ...] = (),
    solved: bool | None = None,
) -> StatusChange:
    """The next entry after `latest` (None: a complaint that is just being filed).

    `wanted` is a move, or the status to which the plain move of that name leads. `actor` is an Actor, or one with a
    name (see `signed`). Raises IllegalMove, IncompleteMove when the move lacks what it must carry, ValueError for
    an unknown actor.
    """
    current, what, role = latest.after if latest else None, Move(wanted.value), Actor(actor.partition(":")[0])
    rule = rule_for(current, what, role)
    given = {Carried.NOTE: note, Carried.UNIT: unit, Carried.DUE: due_at}
    if missing := frozenset(one for one in rule.carries if not given[one]):
        raise IncompleteMove(current, what, missing)
    after = rule.after or current
    assert after is not None, "a first move names the status it leads to"
    return StatusChange(
        sequence=latest.sequence + 1 if latest else 1,
        before=current,
        after=after,
        at=at,
        actor=actor,
        note=note,
        unit=unit,
        kind=what,
        due_at=due_at,
        photos=photos,
        solved=solved,
    )


def rule_for(current: Status | None, wanted: Move, role: Actor) -> Rule:
    """The row of the table by which `role` may do this now. Raises IllegalMove when there is none."""
    rules = [rule for rule in RULES if rule.move is wanted and current in rule.before]
    for rule in rules:
        if role in rule.by:
            return rule
    raise IllegalMove(current, wanted, f" by {role}" if rules else "")


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has the case now. `main` is responsible before the citizen (None: nobody named yet), `helping` are the
    co-units of a 双重派单 in the order in which they came. `returns` counts how often it was sent back, ever."""

    main: str | None = None
    helping: tuple[str, ...] = ()
    returns: int = 0


def holding(history: Sequence[StatusChange]) -> Holding:
    """Who has it, from the history alone.

    The first unit that is named stays the main one (首接负责) until the case is given to another or returned. What is
    returned or dispatched anew is in nobody's hands.
    """
    main: str | None = None
    helping: dict[str, None] = {}
    for one in history:
        match one.kind:
            case Move.RETURNED | Move.DISPATCHED | Move.NEEDS_PERSON:
                main, helping = one.unit if one.kind is Move.DISPATCHED else None, {}
            case Move.ASSIGNED | Move.REWORK if one.unit:
                main = one.unit
            case Move.CO_ASSIGNED if one.unit:
                helping[one.unit] = None
            case _:
                main = main or (one.unit if one.role is Actor.DEPARTMENT else None)
    returns = sum(one.kind is Move.RETURNED for one in history)
    return Holding(main, tuple(unit for unit in helping if unit != main), returns)
