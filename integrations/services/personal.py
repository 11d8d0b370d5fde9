"""What one person may ask for: a copy of everything about them, and that it is erased. Both are put on record."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from integrations.services.errors import Rejected
from integrations.services.personal_ports import Trackers
from integrations.services.personal_records import Act, Person
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.retention import Erasing
from kb import ticket_number
from kb.lifecycle import OPEN, Actor, signed
from kb.text import clean, hide_personal, shortened

log = logging.getLogger(__name__)

LONGEST_NAME, LONGEST_WHY = 32, 200


@dataclass(frozen=True, slots=True)
class About:
    """Whom a request is about, for asking back: numbers of their tickets, those that are open, and counts.

    `same_phone` are tickets of others with the same phone: they may be the same person on another channel, or not.
    `requests` are the department's numbers of what it was told.
    """

    person: Person
    numbers: tuple[str, ...]
    open: tuple[str, ...]
    same_phone: tuple[str, ...]
    requests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PersonalRequests:
    """The use case."""

    unit_of_work: UnitOfWork
    clock: Clock
    trackers: Trackers
    erasing: Erasing

    def about(self, who: str) -> About:
        """`who`: a ticket's number or a citizen's id. Raises Rejected when nobody is known by that."""
        with self.unit_of_work() as tx:
            return self._about(tx, self._person(tx, who))

    def export(self, who: str, *, by: str, why: str) -> dict[str, Any]:
        """Everything that is kept about the person, ready for JSON. Raises Rejected, NeedsPerson, TryLater."""
        by, why = _signed(by, why)
        with self.unit_of_work() as tx:
            person = self._person(tx, who)
            rows = tx.personal.everything(person)
            contacts = [
                {"complaint_id": one, "phone": tx.contacts.phone(one), "words": tx.contacts.words(one)}
                for one in person.complaints
            ]
            calls = [
                {"call_back_id": call.id, "phone": tx.call_backs.phone(call.id)}
                for one, _ in person.conversations
                for call in tx.call_backs.of_conversation(one)
            ]
            memory = {sender: self.trackers.remembered(sender) for _, sender in person.conversations}
            counts = {name: len(found) for name, found in rows.items()}
            tx.personal.record(Act("export", by, why, self.clock(), person.citizen_id, counts))
        log.info("personal data handed out: citizen=%s tickets=%s", person.citizen_id, len(person.complaints))
        return {
            "citizen_id": person.citizen_id,
            "made_at": self.clock().isoformat(),
            "contacts": [
                *(one for one in contacts if one["phone"] or one["words"]),
                *(one for one in calls if one["phone"]),
            ],
            "memory": {sender: events for sender, events in memory.items() if events},
            **rows,
        }

    def erase(self, who: str, *, by: str, why: str) -> dict[str, int]:
        """Erase the person from everything; the cases stay, to be counted. Gives how much went.

        Raises Rejected while a ticket is open: somebody still works on it and has to reach the citizen.
        """
        by, why = _signed(by, why)
        with self.unit_of_work() as tx:
            person = self._person(tx, who)
            about = self._about(tx, person)
            if about.open:
                open_ones = ", ".join(map(ticket_number.display, about.open))
                raise Rejected(f"work on these tickets goes on: {open_ones}; erase when they are closed or withdrawn")
            now = self.clock()
            counts = {
                "contacts": sum(self.erasing.contacts(tx, one, now) for one in person.complaints),
                "words": sum(
                    self.erasing.words(tx, one, now, actor=signed(Actor.CLERK, by), why=why)
                    for one in person.complaints
                ),
                "lines": sum(self.erasing.conversation(tx, one) for one, _ in person.conversations),
                "tickets": len(person.complaints),
            }
            tx.personal.record(Act("erase", by, why, now, person.citizen_id, counts))
        log.info("personal data erased: citizen=%s tickets=%s", person.citizen_id, len(person.complaints))
        return counts

    def _person(self, tx: Transaction, who: str) -> Person:
        who = "".join(who.split())
        citizen_id = who
        if ticket_number.is_valid(who):
            complaint = tx.complaints.by_number(who)
            citizen_id = complaint.citizen_id if complaint else ""
        person = tx.personal.find(citizen_id)
        if person is None:
            raise Rejected("nobody is known by that; a ticket's number or a citizen's id would do")
        return person

    def _about(self, tx: Transaction, person: Person) -> About:
        tickets = [found for one in person.complaints if (found := tx.complaints.get(one))]
        phones = {phone for one in person.complaints if (phone := tx.contacts.phone(one))}
        theirs = {one for phone in phones for one in tx.contacts.complaints_of(phone)} - set(person.complaints)
        others = [found.number for one in sorted(theirs) if (found := tx.complaints.get(one))]
        sent = [known.request_id for one in person.complaints if (known := tx.backend_requests.of_complaint(one))]
        return About(
            person,
            tuple(one.number for one in tickets),
            tuple(one.number for one in tickets if one.status in OPEN),
            tuple(others),
            tuple(sent),
        )


def _signed(by: str, why: str) -> tuple[str, str]:
    """Who does it and why. Raises Rejected when either is missing."""
    by, why = shortened(hide_personal(clean(by)), LONGEST_NAME), shortened(hide_personal(clean(why)), LONGEST_WHY)
    if not (by and why):
        raise Rejected("say who does it and why: --by and --why")
    return by, why
