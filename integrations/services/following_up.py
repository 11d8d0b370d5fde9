"""Looking a ticket up: by number, from the citizen's own list; for its owner only."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from integrations.services.ports import Limiter, Transaction, UnitOfWork
from integrations.services.records import Complaint
from kb import ticket_number

TRIES, TRIES_SECONDS = 6, 600


class Found(StrEnum):
    """What a look-up came to. NOT_FOUND is also the answer for somebody else's number: it gives nothing away."""

    TICKET = "ticket"
    LIST = "list"
    NONE_YET = "none_yet"
    MISTYPED = "mistyped"
    NEED_PHONE = "need_phone"
    NOT_FOUND = "not_found"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Lookup:
    """The result, with the ticket or the list where there is one. `people` counts those who
    reported it too; `request_id` is the department's own number."""

    found: Found
    complaint: Complaint | None = None
    people: int = 1
    request_id: str | None = None
    own: Sequence[Complaint] = ()


@dataclass(frozen=True, kw_only=True)
class FollowingUp:
    """The use case."""

    unit_of_work: UnitOfWork
    limiter: Limiter

    def own(self, conversation_id: str) -> Lookup:
        """The citizen's own tickets: the only one at once, several as a list."""
        with self.unit_of_work() as tx:
            conversation = tx.conversations.get(conversation_id)
            tickets = tx.complaints.of_citizen(conversation.citizen_id) if conversation else ()
            if not tickets:
                return Lookup(Found.NONE_YET)
            if len(tickets) == 1:
                return _ticket(tx, tickets[0])
            return Lookup(Found.LIST, own=tickets)

    def by_number(self, conversation_id: str, number: str, phone_tail: str | None = None) -> Lookup:
        """The ticket with this number, if it is the citizen's or `phone_tail` is its phone's last four digits.

        Whether the number exists shows neither in the answer nor in the number of questions.
        """
        if not ticket_number.is_valid(number):
            return Lookup(Found.MISTYPED)
        with self.unit_of_work() as tx:
            conversation = tx.conversations.get(conversation_id)
            complaint = tx.complaints.by_number(number)
            if conversation and complaint and complaint.citizen_id == conversation.citizen_id:
                return _ticket(tx, complaint)
            if phone_tail is None:
                return Lookup(Found.NEED_PHONE)
            phone = tx.complaints.phone(complaint.id) if complaint else None
            ticket = _ticket(tx, complaint) if complaint else None
        for key in (f"progress:{conversation_id}", f"progress-number:{number}"):
            if not self.limiter.allow(key, times=TRIES, seconds=TRIES_SECONDS):
                return Lookup(Found.TOO_MANY)
        if ticket and phone and hmac.compare_digest(phone[-4:].encode(), phone_tail.encode()):
            return ticket
        return Lookup(Found.NOT_FOUND)


def _ticket(tx: Transaction, complaint: Complaint) -> Lookup:
    request = tx.backend_requests.of_complaint(complaint.id)
    incident = tx.incidents.recent(complaint.incident_id)
    people = incident.people if incident else 1
    return Lookup(Found.TICKET, complaint, people, request.request_id if request else None)
