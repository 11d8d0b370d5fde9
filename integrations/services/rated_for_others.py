"""A verdict that was given with the number and the phone's last digits: whoever filed the ticket hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from integrations.services.delivering import deliver
from integrations.services.ports import Messenger, Transaction
from integrations.services.records import Complaint
from integrations.services.speech import Speech
from kb import ticket_number


@dataclass(frozen=True)
class TellingOwner:
    """Says so on the channel on which it was filed, with a person one tap away."""

    messengers: Mapping[str, Messenger]
    speech: Speech

    def __call__(self, tx: Transaction, complaint: Complaint, now: datetime) -> None:
        conversation = tx.conversations.get(complaint.conversation_id)
        if conversation is None:
            return
        person = self.speech.option("repair.ask_person", intent="ask_person")
        number = ticket_number.display(complaint.number)
        deliver(tx, self.messengers, conversation, self.speech.say("feedback.by_phone", person, number=number), at=now)
