"""What the department tells of a request, in our words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kb.lifecycle import Move

# The department's events and the move that each is; a re-check is the one or the other by what it found.
MOVE_OF_EVENT: dict[str, Move] = {
    "accepted": Move.ACCEPTED,
    "assigned": Move.ASSIGNED,
    "co_assigned": Move.CO_ASSIGNED,
    "extended": Move.EXTENDED,
    "answered": Move.ANSWERED,
    "returned": Move.RETURNED,
    "closed": Move.CLOSED,
    "rechecked": Move.RECHECKED,
}


@dataclass(frozen=True, slots=True)
class DepartmentUpdate:
    """One thing the department did with a request; `sequence` counts from 1 for each request.

    `at` and `due_at` (of an extension: the new date) are aware. `photos` are names or addresses of pictures, `solved`
    is what a re-check found (None: not said), `by` is the name of who did it, for the rule that whoever closed a case
    does not re-check it.
    """

    sequence: int
    event: str
    at: datetime
    unit: str | None = None
    note: str | None = field(default=None, repr=False)
    due_at: datetime | None = None
    photos: tuple[str, ...] = field(default=(), repr=False)
    solved: bool | None = None
    by: str | None = None

    @property
    def move(self) -> Move | None:
        """The move that this is; None for an event that we do not know."""
        if self.event == "rechecked" and self.solved is False:
            return Move.REWORK
        return MOVE_OF_EVENT.get(self.event)
