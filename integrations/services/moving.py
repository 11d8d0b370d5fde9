"""The one way in which a complaint moves: table, history, date, notice and what else follows, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.services.ports import Clock, Transaction
from integrations.services.records import Complaint, Task
from kb.lifecycle import Actor, Move, Status, StatusChange, move

AfterMove = Callable[[Transaction, Complaint, StatusChange, datetime], None]
"""Called in the transaction of every move with the complaint as it is now (history and date included), the new entry
and the present moment. What it raises undoes the move."""

# The citizen did it and is answered by the conversation, or nobody is to be told.
_NO_NOTICE = frozenset({Move.ERASED})


@dataclass(frozen=True, kw_only=True)
class Moving:
    """Makes moves. `after` are those who must know of each: clocks, questions after closure."""

    clock: Clock
    after: tuple[AfterMove, ...] = ()

    def make(
        self,
        tx: Transaction,
        complaint: Complaint,
        wanted: Status | Move,
        *,
        actor: str,
        at: datetime | None = None,
        note: str | None = None,
        unit: str | None = None,
        due_at: datetime | None = None,
        photos: tuple[str, ...] = (),
        solved: bool | None = None,
    ) -> Complaint:
        """The complaint after the move; `at` is the present moment when nothing is said.

        Raises IllegalMove or IncompleteMove (nothing has changed), Conflict when it has moved on since it was read.
        """
        now = self.clock()
        change = move(
            complaint.latest,
            wanted,
            at=at or now,
            actor=actor,
            note=note,
            unit=unit,
            due_at=due_at,
            photos=photos,
            solved=solved,
        )
        tx.complaints.append(complaint.id, change)
        moved = replace(complaint, history=(*complaint.history, change))
        if change.kind is Move.EXTENDED and change.due_at:
            tx.complaints.extend(complaint.id, change.due_at)
            moved = replace(moved, due_at=change.due_at)
        if change.role is not Actor.CITIZEN and change.kind not in _NO_NOTICE:
            payload = {"status": change.after, "move": change.kind, "sequence": change.sequence}
            tx.outbox.add(Task.NOTICE, complaint.id, payload, at=now)
        for one in self.after:
            one(tx, moved, change, now)
        return moved
