"""The life of a complaint: which status may follow which, as a table over the seven steps.

The steps are those of the Dongcheng grid centre: 信息收集, 案卷建立, 任务派遣, 任务处理, 处理反馈, 核实结案, 综合评价.
A status is never overwritten: `move` makes the next entry of an appended history.
"""

from __future__ import annotations

from dataclasses import dataclass
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


STEP_OF: dict[Status, Step] = {
    Status.FILED: Step.FILING,
    Status.NEEDS_PERSON: Step.FILING,
    Status.DISPATCHED: Step.DISPATCHING,
    Status.RETURNED: Step.DISPATCHING,
    Status.ACCEPTED: Step.WORKING,
    Status.ASSIGNED: Step.WORKING,
    Status.ANSWERED: Step.ANSWERING,
    Status.CLOSED: Step.CLOSING,
    Status.RATED: Step.RATING,
}

_WORKING = frozenset({Status.ACCEPTED, Status.ASSIGNED, Status.ANSWERED, Status.RETURNED, Status.CLOSED})

# A backend may leave out steps (many close without ever saying that they accepted), so work may skip ahead.
ALLOWED_MOVES: dict[Status | None, frozenset[Status]] = {
    None: frozenset({Status.FILED}),
    Status.FILED: frozenset({Status.DISPATCHED, Status.NEEDS_PERSON}),
    Status.NEEDS_PERSON: frozenset({Status.DISPATCHED, Status.CLOSED}),
    Status.DISPATCHED: _WORKING | {Status.NEEDS_PERSON},
    Status.ACCEPTED: _WORKING - {Status.ACCEPTED},
    Status.ASSIGNED: _WORKING - {Status.ACCEPTED},
    Status.ANSWERED: _WORKING - {Status.ACCEPTED},
    Status.RETURNED: frozenset({Status.DISPATCHED, Status.NEEDS_PERSON, Status.ACCEPTED, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.RATED}),
    Status.RATED: frozenset(),
}

OPEN = frozenset(Status) - {Status.CLOSED, Status.RATED}


class IllegalMove(ValueError):
    """The table has no such move. Nothing has changed."""

    def __init__(self, current: Status | None, wanted: Status) -> None:
        super().__init__(f"a complaint that is {current or 'not filed yet'} cannot become {wanted}")
        self.current, self.wanted = current, wanted


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One entry of the history: who moved it, when, from where to where, and why."""

    sequence: int
    before: Status | None
    after: Status
    at: datetime
    actor: str
    note: str | None = None
    unit: str | None = None


def move(
    latest: StatusChange | None,
    wanted: Status,
    *,
    at: datetime,
    actor: str,
    note: str | None = None,
    unit: str | None = None,
) -> StatusChange:
    """The next entry after `latest` (None: a complaint that is just being filed). Raises IllegalMove."""
    current = latest.after if latest else None
    if wanted not in ALLOWED_MOVES[current]:
        raise IllegalMove(current, wanted)
    return StatusChange(
        sequence=latest.sequence + 1 if latest else 1,
        before=current,
        after=wanted,
        at=at,
        actor=actor,
        note=note,
        unit=unit,
    )
