"""Whether a citizen hears of a step, and in which words.

Every status either has a sentence `notices.<status>` or stands in SILENT, on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

from integrations.services.errors import Conflict, NeedsPerson
from integrations.services.ports import Clock, Messenger, UnitOfWork
from integrations.services.records import Bubble, Complaint, OutboxRow
from integrations.services.speech import Speech
from kb import ticket_number
from kb.lifecycle import Status, StatusChange

# The citizen has just been told by the conversation itself, or would learn nothing from it.
SILENT = frozenset({Status.FILED, Status.DISPATCHED, Status.RATED})


@dataclass(frozen=True, kw_only=True)
class Notifying:
    """Delivers one notice for one status change, in the transaction that marks its row done."""

    unit_of_work: UnitOfWork
    messengers: dict[str, Messenger]
    speech: Speech
    clock: Clock

    def notify(self, row: OutboxRow) -> None:
        """Deliver the row's notice. Raises NeedsPerson when the channel has no messenger."""
        with self.unit_of_work() as tx:
            now = self.clock()
            if not tx.outbox.done(row, now):
                raise Conflict(f"row {row.id} was taken up by another worker")
            complaint = tx.complaints.get(row.complaint_id)
            conversation = tx.conversations.get(complaint.conversation_id) if complaint else None
            if complaint is None or conversation is None:
                raise NeedsPerson(f"complaint {row.complaint_id} has nobody to tell")
            change = next((one for one in complaint.history if one.sequence == row.payload["sequence"]), None)
            bubble = self.bubble(complaint, change) if change else None
            if bubble is None:
                return
            messenger = self.messengers.get(conversation.channel)
            if messenger is None:
                raise NeedsPerson(f"no messenger for channel {conversation.channel!r}")
            messenger.deliver(tx, conversation, bubble, at=now)

    def bubble(self, complaint: Complaint, change: StatusChange) -> Bubble | None:
        """What to say about this change; None for silence."""
        if change.after in SILENT:
            return None
        number = ticket_number.display(complaint.number)
        text = self.speech.words.say(
            f"notices.{change.after}",
            number=number,
            unit=change.unit or self.speech.taxonomy.leaf(complaint.category).entry.unit,
            note=change.note or self.speech.words.say("notices.no_note"),
        )
        rating = (
            (
                self.speech.option("feedback.solved_yes", f"{complaint.number}:solved:yes", intent="rate"),
                self.speech.option("feedback.solved_no", f"{complaint.number}:solved:no", intent="rate"),
            )
            if change.after is Status.CLOSED
            else (self.speech.option("followup.see_progress", complaint.number, intent="check_progress"),)
        )
        return Bubble(text, rating, {"kind": "notice", "number": number, "rows": []})
