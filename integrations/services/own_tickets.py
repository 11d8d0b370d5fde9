"""Whose ticket it is: the citizen's on whose channel it was filed, or theirs who showed the phone's last digits.

What a citizen wants of a ticket is written down here once, whoever hears it how often, and sent on to the backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.services.errors import Rejected, TryLater
from integrations.services.followup_records import CitizenUpdate
from integrations.services.ports import Limiter, Transaction
from integrations.services.records import Complaint, Task, UpdateKind
from kb.text import clean, hide_personal, shortened

# So long a ticket that was opened with a phone's last digits stays open to that conversation.
OPENED_SECONDS = 900
LONGEST_KEY, LONGEST_TEXT = 64, 1000


@dataclass(frozen=True, kw_only=True)
class OwnTickets:
    """Who may do something about a ticket."""

    limiter: Limiter

    def opened(self, conversation_id: str, number: str) -> None:
        """This conversation has shown the last digits of the ticket's phone."""
        self.limiter.mark(_mark(conversation_id, number), seconds=OPENED_SECONDS)

    def mine(self, tx: Transaction, conversation_id: str, number: str) -> Complaint:
        """The ticket, where this conversation may do something about it. Raises Rejected, whether it exists or not."""
        conversation, complaint = tx.conversations.get(conversation_id), tx.complaints.by_number(number)
        if conversation is None or complaint is None:
            raise Rejected("this citizen has no such ticket")
        if complaint.citizen_id != conversation.citizen_id:
            try:
                self.limiter.seen(_mark(conversation_id, number))
            except TryLater:
                raise Rejected("this citizen has no such ticket") from None
        return complaint

    @staticmethod
    def filed_by(tx: Transaction, conversation_id: str, complaint: Complaint) -> bool:
        """Whether this conversation's citizen has filed it, and has not only shown the phone's last digits."""
        conversation = tx.conversations.get(conversation_id)
        return conversation is not None and conversation.citizen_id == complaint.citizen_id


def _mark(conversation_id: str, number: str) -> str:
    return f"opened:{conversation_id}:{number}"


def cut(text: str) -> str:
    """A citizen's words as they are kept and sent on."""
    return shortened(clean(text), LONGEST_TEXT)


def record(
    tx: Transaction,
    complaint: Complaint,
    kind: UpdateKind,
    *,
    key: str,
    text: str,
    at: datetime,
    tell: str | None,
    after: int | None = None,
) -> CitizenUpdate:
    """Write down what the citizen wants, and (where `tell` is given) that the backend is to hear those words.

    `after` is how many of this kind the caller saw when it decided; without it they are counted here, for who
    holds a lock or does not decide by their number. Raises Conflict when it is written down already under that
    key, or when another process has written one since.
    """
    seen = len(tx.citizen_updates.of_complaint(complaint.id, kind)) if after is None else after
    number = seen + 1
    update = CitizenUpdate(complaint.id, kind, number, key[:LONGEST_KEY], at, cut(text))
    tx.citizen_updates.add(update)
    if tell is not None:
        # Who stays anonymous may still have written a number into the words.
        words = hide_personal(tell) if complaint.anonymous else tell
        # One request may be followed by several complaints: the key names this one.
        payload = {"kind": kind, "key": f"{complaint.number}-{kind}-{number}", "text": words}
        tx.outbox.add(Task.UPDATE, complaint.id, payload, at=at)
    return update
