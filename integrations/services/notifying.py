"""Whether a citizen hears of a move, in which words, and when.

Every move either has a sentence `notices.<move>` or stands in SILENT, on purpose. What can wait is told after the quiet
hours; what cannot be delivered is kept for the citizen's next contact; of several notices about one ticket that wait,
the latest is told. A closure is always told, and once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.services.errors import Conflict, NeedsPerson, Rejected, TryLater
from integrations.services.ports import Clock, Messenger, Transaction, UnitOfWork
from integrations.services.records import Bubble, Complaint, Conversation, Option, OutboxRow, RowState
from integrations.services.speech import Speech, moment
from kb import ticket_number
from kb.lifecycle import Move, Status, StatusChange
from kb.quiet_hours import NEVER, QuietHours
from kb.responsibility import main_unit
from kb.taxonomy import Urgency

log = logging.getLogger(__name__)

# The citizen has just been told by the conversation itself, or would learn nothing from it.
SILENT = frozenset({Move.FILED, Move.DISPATCHED, Move.RATED, Move.ERASED})
# After these the citizen is asked whether it is solved.
ASKED = frozenset({Move.CLOSED, Move.RECHECKED})

Teller = Callable[[Transaction, Complaint, Mapping[str, Any], datetime], Bubble | None]
"""Makes the bubble of a notice that is not about a move, from the row's payload; None for silence."""


@dataclass(frozen=True, kw_only=True)
class Notifying:
    """Delivers notices, each in the transaction that marks its row done.

    `tellers` make what `payload["say"]` names; such a notice is never folded into another.
    """

    unit_of_work: UnitOfWork
    messengers: dict[str, Messenger]
    speech: Speech
    clock: Clock
    quiet: QuietHours = NEVER
    tellers: Mapping[str, Teller] = field(default_factory=dict)

    def notify(self, row: OutboxRow) -> None:
        """Deliver the row's notice, put it off, keep it, or pass it over for a later one.

        Raises Conflict when another worker has the row, TryLater while an earlier closure of the ticket is not told,
        NeedsPerson when there is nobody to tell.
        """
        with self.unit_of_work() as tx:
            now = self.clock()
            complaint = tx.complaints.get(row.complaint_id)
            conversation = tx.conversations.get(complaint.conversation_id) if complaint else None
            if complaint is None or conversation is None:
                raise NeedsPerson(f"complaint {row.complaint_id} has nobody to tell")
            until = self.quiet.over_at(now) if complaint.urgency is not Urgency.CRITICAL else None
            if until:
                tx.outbox.later(row, at=until, error="quiet hours")
                return
            if not tx.outbox.done(row, now):
                raise Conflict(f"row {row.id} was taken up by another worker")
            self._tell(tx, row, complaint, conversation, now)

    def at_contact(self, tx: Transaction, conversation_id: str, now: datetime) -> Sequence[Bubble]:
        """What was kept for the citizen of this conversation, told now: they are here."""
        said = []
        for row in tx.notices.kept(conversation_id):
            complaint = tx.complaints.get(row.complaint_id)
            if complaint is None:
                continue
            try:
                bubble = None if self._passed_over(tx, row, complaint) else self._bubble_of(tx, row, complaint, now)
            except NeedsPerson as odd:  # the citizen's own message must be answered all the same
                log.error("kept notice not told: row=%s %s", row.id, odd)
                continue
            if tx.notices.told(row.id, now) and bubble:
                said.append(bubble)
        return said

    def bubble(self, complaint: Complaint, change: StatusChange) -> Bubble | None:
        """What to say about this move; None for silence."""
        if change.kind in SILENT:
            return None
        words, number = self.speech.words, ticket_number.display(complaint.number)
        key = f"notices.{change.kind}"
        gaps = {
            "number": number,
            "unit": change.unit or main_unit(self.speech.taxonomy.leaf(complaint.category), complaint.place),
            "note": change.note or words.say("notices.no_note"),
            "due": moment(change.due_at or complaint.due_at),
        }
        text = words.say(key, **{gap: gaps[gap] for gap in words.gaps(key)})
        return Bubble(text, self._options(complaint, change), {"kind": "notice", "number": number, "rows": []})

    def _options(self, complaint: Complaint, change: StatusChange) -> tuple[Option, ...]:
        if change.kind in ASKED:
            return (
                self.speech.option("feedback.solved_yes", f"{complaint.number}:solved:yes", intent="rate"),
                self.speech.option("feedback.solved_no", f"{complaint.number}:solved:no", intent="rate"),
            )
        return (self.speech.option("followup.see_progress", complaint.number, intent="check_progress"),)

    # -- one notice ------------------------------------------------------------------------------------------

    def _tell(
        self, tx: Transaction, row: OutboxRow, complaint: Complaint, conversation: Conversation, now: datetime
    ) -> None:
        if self._passed_over(tx, row, complaint):
            return
        bubble = self._bubble_of(tx, row, complaint, now)
        if bubble is None:
            return
        before = self._before(tx, row, complaint)
        if any(one.state is not RowState.KEPT for one in before):
            raise TryLater("an earlier closure of the ticket is told first")
        messenger = self.messengers.get(conversation.channel)
        if messenger is None:
            tx.notices.keep(row.id, f"no messenger for channel {conversation.channel!r}")
            return
        for one in (*before, row):
            saying = bubble if one is row else self._bubble_of(tx, one, complaint, now)
            if one is not row and not tx.notices.told(one.id, now):
                continue  # told at a contact in this very moment
            try:
                if saying:
                    messenger.deliver(tx, conversation, saying, at=now)
            except Rejected as blocked:
                for waits in {one.id, row.id}:
                    tx.notices.keep(waits, str(blocked))
                return

    def _bubble_of(self, tx: Transaction, row: OutboxRow, complaint: Complaint, now: datetime) -> Bubble | None:
        if name := row.payload.get("say"):
            teller = self.tellers.get(str(name))
            if teller is None:
                raise NeedsPerson(f"nobody can say {name!r}")
            return teller(tx, complaint, row.payload, now)
        change = _change(complaint, row)
        return self.bubble(complaint, change) if change else None

    def _passed_over(self, tx: Transaction, row: OutboxRow, complaint: Complaint) -> bool:
        """Whether a later notice of the ticket says more: it waits as well, or was told already."""
        mine = _change(complaint, row)
        if mine is None or _closes(mine):
            return False
        return any(
            one.state is not RowState.STUCK and other.sequence > mine.sequence and other.kind not in SILENT
            for one in tx.notices.of_complaint(complaint.id)
            if one.id != row.id and (other := _change(complaint, one))
        )

    def _before(self, tx: Transaction, row: OutboxRow, complaint: Complaint) -> list[OutboxRow]:
        """Closures that came before this move and are not told yet, by their order."""
        mine = _change(complaint, row)
        found = [
            (other.sequence, one)
            for one in tx.notices.of_complaint(complaint.id)
            if mine and one.state in (RowState.READY, RowState.CLAIMED, RowState.KEPT)
            if one.id != row.id and (other := _change(complaint, one))
            if other.sequence < mine.sequence and _closes(other)
        ]
        return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _change(complaint: Complaint, row: OutboxRow) -> StatusChange | None:
    """The move that the row is about; None where it is about something else."""
    sequence = row.payload.get("sequence") if "say" not in row.payload else None
    return next((one for one in complaint.history if one.sequence == sequence), None)


def _closes(change: StatusChange) -> bool:
    return change.after is Status.CLOSED and change.before is not Status.CLOSED
