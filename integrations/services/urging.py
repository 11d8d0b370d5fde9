"""催办: the citizen presses for an answer. Written down, limited sensibly, sent on, and answered with what is true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from integrations.services.errors import Conflict
from integrations.services.own_tickets import LONGEST_KEY, OwnTickets, cut, record
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, UpdateKind
from kb.lifecycle import OPEN
from kb.urging import again_at
from kb.words import Words

TRIES = 5


class Pressed(StrEnum):
    """What an urging came to."""

    SENT = "sent"
    TOO_SOON = "too_soon"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Urged:
    """The result. `times` counts all urgings of the ticket, `again` is when the next one counts."""

    pressed: Pressed
    complaint: Complaint
    times: int = 0
    again: datetime | None = None
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class Urging:
    """The use case."""

    unit_of_work: UnitOfWork
    own: OwnTickets
    words: Words
    clock: Clock

    def urge(self, conversation_id: str, number: str, *, key: str, text: str = "") -> Urged:
        """Press once; `key` is the message's own id, and the same message presses once however often it is heard.

        Raises Rejected when the ticket is not this citizen's, Conflict when it changed too often meanwhile.
        """
        for _ in range(TRIES):
            try:
                with self.unit_of_work() as tx:
                    return self._urge(tx, self.own.mine(tx, conversation_id, number), key, text)
            except Conflict:  # two taps at once: the second one sees the first when it looks again
                continue
        raise Conflict(f"ticket {number} changed {TRIES} times while it was urged; try again")

    def _urge(self, tx: Transaction, complaint: Complaint, key: str, text: str) -> Urged:
        now, key, text = self.clock(), key[:LONGEST_KEY], cut(text)
        before = tx.citizen_updates.of_complaint(complaint.id, UpdateKind.URGE)
        late = complaint.status in OPEN and now > complaint.due_at
        again = again_at(before[-1].at, complaint.urgency) if before else None
        if any(one.key == key for one in before):
            return Urged(Pressed.SENT, complaint, len(before), again, late)
        if complaint.status not in OPEN:
            return Urged(Pressed.OVER, complaint, len(before))
        if again and now < again:
            return Urged(Pressed.TOO_SOON, complaint, len(before), again, late)
        told = self.words.say(f"followup.to_unit_urge{'_late' if late else ''}", count=len(before) + 1, text=text)
        said = told.strip()
        record(tx, complaint, UpdateKind.URGE, key=key, text=text, at=now, tell=said, after=len(before))
        return Urged(Pressed.SENT, complaint, len(before) + 1, again_at(now, complaint.urgency), late)
