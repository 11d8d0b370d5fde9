"""One conversation on several channels: a short-lived code of one, said on the other, joins them.

The address where the code is said goes on with the conversation that gave it, and its citizen is that citizen from
then on, tickets included. What was said on the other side before stays where it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from integrations.services.ports import Clock, Limiter, Transaction
from integrations.services.records import Bubble, Conversation, Sender
from integrations.services.speech import Speech
from kb import linking

# How long a code can be used, and how often one conversation may ask for one or try one in an hour.
VALID = timedelta(minutes=10)
CODES, TRIES, HOUR = 5, 5, 3600
# All conversations together: eight digits must not be found by trying.
TRIES_OF_ALL, MINUTE = 20, 60


def _digits() -> str:
    return f"{secrets.randbelow(10**linking.DIGITS):0{linking.DIGITS}}"


def _grouped(code: str) -> str:
    """In fours, as it is read aloud."""
    return f"{code[:4]} {code[4:]}"


@dataclass(frozen=True, kw_only=True)
class Linking:
    """The use case, inside the transaction in which the words are answered."""

    limiter: Limiter
    speech: Speech
    clock: Clock
    digits: Callable[[], str] = field(default=_digits)

    def concerns(self, text: str) -> bool:
        """Whether these words ask for a code or give one."""
        words = linking.shipped()
        return words.wants_code(text) or words.code(text) is not None

    def answer(self, tx: Transaction, conversation: Conversation, text: str) -> Bubble:
        """Do what they ask for, and what to say to it. Raises TryLater when the tries cannot be counted."""
        if linking.shipped().wants_code(text):
            return self._code(tx, conversation)
        return self._link(tx, conversation, linking.shipped().code(text) or "")

    def _code(self, tx: Transaction, conversation: Conversation) -> Bubble:
        if not self.limiter.allow(f"link-code:{conversation.id}", times=CODES, seconds=HOUR):
            return self.speech.say("linking.too_often")
        now = self.clock()
        code = self.digits()
        while not tx.links.offer(code, conversation.id, now=now, until=now + VALID):
            code = self.digits()
        return self.speech.say("linking.code", code=_grouped(code), minutes=int(VALID.total_seconds() // 60))

    def _link(self, tx: Transaction, conversation: Conversation, code: str) -> Bubble:
        mine = self.limiter.allow(f"link:{conversation.id}", times=TRIES, seconds=HOUR)
        if not (mine and self.limiter.allow("link", times=TRIES_OF_ALL, seconds=MINUTE)):
            return self.speech.say("linking.too_often")
        target = tx.links.use(code, self.clock())
        if target is None:
            return self.speech.say("linking.wrong")
        if target == conversation.id:
            return self.speech.say("linking.same")
        tx.links.join(conversation.id, target)
        told = self.speech.say("linking.linked_other").as_json()
        tx.conversations.append(target, sender=Sender.NOTICE, body=told, at=self.clock())
        return self.speech.say("linking.linked")
