"""One conversation on several channels: a short-lived code of one, said on the other, joins them.

The address where the code is said goes on with the conversation that gave it, and its citizen is that citizen from
then on, tickets included. What was said on the other side before stays where it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from integrations.services.ports import Clock, Limiter, Transaction, UnitOfWork
from integrations.services.records import Bubble, Conversation, Sender
from integrations.services.speech import Speech
from kb import linking

# How long a code can be used, and how often one conversation may ask for one or try one in an hour.
VALID = timedelta(minutes=10)
CODES, TRIES, HOUR = 5, 5, 3600
# All conversations together: eight digits must not be found by trying.
TRIES_OF_ALL, MINUTE = 20, 60
MINUTES = int(VALID.total_seconds() // 60)


class Joined(StrEnum):
    """What came of a code."""

    LINKED = "linked"
    SAME = "same"
    WRONG = "wrong"
    TOO_OFTEN = "too_often"


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
        return self.say(self.join(tx, conversation, linking.shipped().code(text) or ""))

    def offer(self, tx: Transaction, conversation: Conversation) -> str | None:
        """A new code of this conversation; None when it has asked for too many."""
        if not self.limiter.allow(f"link-code:{conversation.id}", times=CODES, seconds=HOUR):
            return None
        now = self.clock()
        code = self.digits()
        while not tx.links.offer(code, conversation.id, now=now, until=now + VALID):
            code = self.digits()
        return code

    def join(self, tx: Transaction, conversation: Conversation, code: str) -> Joined:
        """Go on with the conversation of that code, where it is one."""
        mine = self.limiter.allow(f"link:{conversation.id}", times=TRIES, seconds=HOUR)
        if not (mine and self.limiter.allow("link", times=TRIES_OF_ALL, seconds=MINUTE)):
            return Joined.TOO_OFTEN
        target = tx.links.use(code, self.clock())
        if target is None:
            return Joined.WRONG
        if target == conversation.id:
            return Joined.SAME
        tx.links.join(conversation.id, target)
        told = self.speech.say("linking.linked_other").as_json()
        tx.conversations.append(target, sender=Sender.NOTICE, body=told, at=self.clock())
        return Joined.LINKED

    def say(self, joined: Joined) -> Bubble:
        """What is said to it."""
        return self.speech.say(f"linking.{joined}")

    def _code(self, tx: Transaction, conversation: Conversation) -> Bubble:
        code = self.offer(tx, conversation)
        if code is None:
            return self.say(Joined.TOO_OFTEN)
        return self.speech.say("linking.code", code=_grouped(code), minutes=MINUTES)


@dataclass(frozen=True)
class Devices:
    """The same without words: a code to show, and one that was typed into a field."""

    unit_of_work: UnitOfWork
    linking: Linking

    def code(self, conversation: Conversation) -> str | None:
        """A new code of this conversation; None when it has asked for too many."""
        with self.unit_of_work() as tx:
            return self.linking.offer(tx, conversation)

    def join(self, conversation: Conversation, code: str) -> tuple[Joined, str]:
        """What came of it, and how it is said."""
        with self.unit_of_work() as tx:
            joined = self.linking.join(tx, conversation, code)
        return joined, self.linking.say(joined).text
