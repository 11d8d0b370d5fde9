"""What is kept of a citizen, shown to themselves; and what they may erase at once: their phone, or everything.

Who still works on a ticket has to reach its citizen: of what is open only the phone may go before its end.
Nothing is erased while an answer to this citizen is being worked on, which would write some of it down again.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from integrations.services.calling_back import take_off
from integrations.services.errors import Conflict, Rejected
from integrations.services.gathering import in_thread
from integrations.services.own_tickets import record
from integrations.services.personal_records import Act, Person
from integrations.services.ports import Clock, Transaction, Turns, UnitOfWork
from integrations.services.records import Complaint, UpdateKind
from integrations.services.retention import Erasing
from kb.lifecycle import OPEN, Actor, Move
from kb.retention import Kind, Retention
from kb.text import mask_phone
from kb.words import Words

log = logging.getLogger(__name__)

TRIES = 5
# So long it is waited for an answer that is being worked on.
PATIENCE_SECONDS = 15.0
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is: how many tickets, the numbers of those that are open, masked phones, lines, and days by kind."""

    tickets: int
    open: tuple[str, ...]
    phones: tuple[str, ...]
    lines: int
    days: Mapping[Kind, int]


@dataclass(frozen=True, slots=True)
class NoPhone:
    """How many numbers were erased, and how many calls that were promised will not be made for want of them."""

    numbers: int
    calls: int


@dataclass(frozen=True, slots=True)
class Gone:
    """What was erased. `open` are the tickets that stay until they are over; `whole` when nothing stays."""

    tickets: int
    lines: int
    open: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not self.open


@dataclass(frozen=True, kw_only=True)
class OwnData:
    """The use case."""

    unit_of_work: UnitOfWork
    turns: Turns
    clock: Clock
    erasing: Erasing
    retention: Retention
    words: Words

    def look(self, conversation_id: str) -> Kept:
        """What is kept of this conversation's citizen."""
        with self.unit_of_work() as tx:
            person = _person(tx, conversation_id)
            tickets = _tickets(tx, person)
            phones = [mask_phone(phone) for one in tickets if (phone := tx.contacts.phone(one.id))]
            for talk, _ in person.conversations:
                phones += [call.shown for call in tx.call_backs.of_conversation(talk) if call.shown]
            lines = sum(tx.conversations.last_seq(one) for one, _ in person.conversations)
        return Kept(len(tickets), _open(tickets), tuple(dict.fromkeys(phones)), lines, self.retention.days)

    @asynccontextmanager
    async def at_rest(self, conversation_id: str) -> AsyncIterator[None]:
        """Hold the turns of all of this citizen's conversations. Raises TryLater when one does not end in time."""
        async with AsyncExitStack() as held:
            for talk in await in_thread(lambda: self._talks(conversation_id)):
                await held.enter_async_context(self.turns.turn(talk, patience=PATIENCE_SECONDS))
            yield

    def _talks(self, conversation_id: str) -> list[str]:
        """In one order for all, so that two never wait for one another."""
        with self.unit_of_work() as tx:
            return sorted(talk for talk, _ in _person(tx, conversation_id).conversations)

    def forget_phone(self, conversation_id: str) -> NoPhone:
        """Take the phone off every ticket, open ones too, whose unit hears of it, and off every call."""
        return self._tried(lambda tx: self._phone(tx, _person(tx, conversation_id)))

    def erase(self, conversation_id: str) -> Gone:
        """Erase what may go now: tickets that are over, and with the last of them the conversations too."""
        return self._tried(lambda tx: self._erase(tx, _person(tx, conversation_id)))

    def _phone(self, tx: Transaction, person: Person) -> NoPhone:
        now, taken = self.clock(), 0
        for one in _tickets(tx, person):
            if tx.contacts.phone(one.id) is None:
                continue
            taken += 1
            tx.complaints.guard(one.id, anonymous=True, confidential=True)
            if one.status not in OPEN:
                self.erasing.contacts(tx, one.id, now)
                continue
            tx.personal.erase_contacts(one.id)
            key = "secret:True"
            if not tx.citizen_updates.by_key(one.id, key):
                tell = self.words.say("followup.to_unit_secret")
                record(tx, one, UpdateKind.SUPPLEMENT, key=key, text="", at=now, tell=tell)
        calls = sum(take_off(tx, talk, Actor.CITIZEN, now) for talk, _ in person.conversations)
        called = sum(tx.call_backs.forget_phones(talk) for talk, _ in person.conversations)
        self._put_on_record(tx, person, "phone", {"contacts": taken, "calls": called})
        return NoPhone(taken + called, calls)

    def _erase(self, tx: Transaction, person: Person) -> Gone:
        now, tickets = self.clock(), _tickets(tx, person)
        over = [one for one in tickets if one.status not in OPEN and not _erased(one)]
        for one in over:
            self.erasing.contacts(tx, one.id, now)
            self.erasing.words(tx, one.id, now, actor=Actor.CITIZEN, why=self.words.say("my_data.why"))
        staying = _open(tickets)
        talks = () if staying else person.conversations
        lines = sum(self.erasing.conversation(tx, one) for one, _ in talks)
        self._put_on_record(tx, person, "erase", {"tickets": len(over), "lines": lines})
        return Gone(len(over), lines, staying)

    def _put_on_record(self, tx: Transaction, person: Person, kind: str, counts: Mapping[str, int]) -> None:
        why = self.words.say("my_data.why")
        tx.personal.record(Act(kind, Actor.CITIZEN, why, self.clock(), person.citizen_id, counts))
        log.info("personal data: %s by the citizen: citizen=%s %s", kind, person.citizen_id, dict(counts))

    def _tried(self, work: Callable[[Transaction], _Result]) -> _Result:
        for _ in range(TRIES):
            try:
                with self.unit_of_work() as tx:
                    return work(tx)
            except Conflict:  # the department moved one of the tickets on in this very moment
                continue
        raise Conflict(f"personal data changed {TRIES} times while it was erased; try again")


def _person(tx: Transaction, conversation_id: str) -> Person:
    conversation = tx.conversations.get(conversation_id)
    person = tx.personal.find(conversation.citizen_id) if conversation else None
    if person is None:
        raise Rejected("nobody is known by that conversation")
    return person


def _tickets(tx: Transaction, person: Person) -> list[Complaint]:
    return [found for one in person.complaints if (found := tx.complaints.get(one))]


def _open(tickets: list[Complaint]) -> tuple[str, ...]:
    return tuple(one.number for one in tickets if one.status in OPEN)


def _erased(complaint: Complaint) -> bool:
    return complaint.latest is not None and complaint.latest.kind is Move.ERASED
