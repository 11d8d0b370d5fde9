"""Looking a ticket up: by number, by what the citizen says of it, from their own list; for its owner only.

Somebody else's number and one that was never given out are answered alike, after the same work and the same time.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from integrations.services.own_tickets import OwnTickets
from integrations.services.ports import Clock, Limiter, Transaction, UnitOfWork
from integrations.services.records import Complaint, UpdateKind
from kb import ticket_number, which_ticket
from kb.lifecycle import OPEN, Status
from kb.taxonomy import Taxonomy

TRIES, TRIES_SECONDS = 6, 600
# An answer about a ticket that is not the citizen's own takes at least so long, whatever there is to find.
LEAST_SECONDS = 0.25
# So many own tickets are looked through by what is said of them; so many are shown to choose from.
LOOKED_THROUGH, LISTED = 50, 5


class Act(StrEnum):
    """What a citizen wants of a ticket; the values are the intents."""

    CHECK = "check_progress"
    URGE = "urge"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"


class Found(StrEnum):
    """What a look-up came to. NOT_FOUND is also the answer for somebody else's number: it gives nothing away."""

    TICKET = "ticket"
    LIST = "list"
    NONE_YET = "none_yet"
    MISTYPED = "mistyped"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NEED_PHONE = "need_phone"
    NOT_FOUND = "not_found"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Lookup:
    """The result, with the ticket or the list where there is one.

    `people` counts those who reported it too; `request_id` is the department's own number; `times_urged` counts the
    citizen's urgings and `additions` what was added. `provisional`: the date was counted over a year whose holidays
    were not known. `missed`: what was said of the ticket fits none of the list. `nearly` is the number of an own
    ticket that differs from a mistyped one by one slip.
    """

    found: Found
    complaint: Complaint | None = None
    people: int = 1
    request_id: str | None = None
    times_urged: int = 0
    additions: int = 0
    provisional: bool = False
    own: Sequence[Complaint] = ()
    missed: bool = False
    nearly: str | None = None


@dataclass(frozen=True, kw_only=True)
class FollowingUp:
    """The use case."""

    unit_of_work: UnitOfWork
    limiter: Limiter
    own_tickets: OwnTickets
    taxonomy: Taxonomy
    clock: Clock
    sleep: Callable[[float], None] = field(default=time.sleep)
    stopwatch: Callable[[], float] = field(default=time.monotonic)

    def own(self, conversation_id: str, said: str = "", act: Act = Act.CHECK) -> Lookup:
        """The citizen's own tickets: the one that is meant by what they said, else a list.

        To urge or to withdraw, those that are still open are meant, where there are any.
        """
        with self.unit_of_work() as tx:
            conversation = tx.conversations.get(conversation_id)
            tickets = tx.complaints.of_citizen(conversation.citizen_id, limit=LOOKED_THROUGH) if conversation else ()
            if not tickets:
                return Lookup(Found.NONE_YET)
            tickets = [one for one in tickets if _fits(one, act)] or tickets
            meant = which_ticket.pick(said, [self._known(one) for one in tickets], self.clock())
            by_number = {one.number: one for one in tickets}
            if meant.one:
                return _ticket(tx, by_number[meant.one.number])
            missed = bool(meant.rest) and not meant.by
            return Lookup(Found.LIST, own=[by_number[one.number] for one in meant.tickets[:LISTED]], missed=missed)

    def by_number(self, conversation_id: str, number: str, phone_tail: str | None = None) -> Lookup:
        """The ticket with this number, if it is the citizen's or `phone_tail` is its phone's last four digits.

        Whether the number exists shows neither in the answer nor in the number of questions nor in the time it takes.
        """
        if not ticket_number.is_valid(number):
            return self._mistyped(conversation_id, number)
        began = self.stopwatch()
        lookup = self._by_number(conversation_id, number, phone_tail)
        if lookup.found is not Found.TICKET:
            self.sleep(max(0.0, LEAST_SECONDS - (self.stopwatch() - began)))
        return lookup

    def _by_number(self, conversation_id: str, number: str, phone_tail: str | None) -> Lookup:
        with self.unit_of_work() as tx:
            conversation, owner = tx.conversations.get(conversation_id), tx.complaints.owner(number)
            if conversation and owner and owner.citizen_id == conversation.citizen_id:
                return self._read(tx, owner.complaint_id)
            if phone_tail is None:
                return Lookup(Found.NEED_PHONE)
            phone = tx.complaints.phone(owner.complaint_id if owner else "-")
        for key in (f"progress:{conversation_id}", f"progress-number:{number}"):
            if not self.limiter.allow(key, times=TRIES, seconds=TRIES_SECONDS):
                return Lookup(Found.TOO_MANY)
        same = hmac.compare_digest((phone or "")[-4:].encode(), phone_tail.encode())
        if not (same and phone and owner):
            return Lookup(Found.NOT_FOUND)
        self.own_tickets.opened(conversation_id, number)
        with self.unit_of_work() as tx:
            return self._read(tx, owner.complaint_id)

    def again(self, conversation_id: str, number: str) -> Lookup:
        """A ticket that this conversation may do something about, looked at once more. Raises Rejected."""
        with self.unit_of_work() as tx:
            return _ticket(tx, self.own_tickets.mine(tx, conversation_id, number))

    def _read(self, tx: Transaction, complaint_id: str) -> Lookup:
        complaint = tx.complaints.get(complaint_id)
        return _ticket(tx, complaint) if complaint else Lookup(Found.NOT_FOUND)

    def _mistyped(self, conversation_id: str, number: str) -> Lookup:
        """Caught by the check digit or the length; an own ticket that is one slip away is offered."""
        found = Found.MISTYPED
        if number.isascii() and number.isdigit() and abs(len(number) - ticket_number.LENGTH) == 1:
            found = Found.TOO_SHORT if len(number) < ticket_number.LENGTH else Found.TOO_LONG
        with self.unit_of_work() as tx:
            conversation = tx.conversations.get(conversation_id)
            tickets = tx.complaints.of_citizen(conversation.citizen_id, limit=LOOKED_THROUGH) if conversation else ()
        near = [one.number for one in tickets if ticket_number.one_slip(number, one.number)]
        return Lookup(found, nearly=near[0] if len(near) == 1 else None)

    def _known(self, complaint: Complaint) -> which_ticket.Known:
        leaf = self.taxonomy.leaf(complaint.category)
        place = complaint.place
        words = (complaint.description, leaf.name, leaf.entry.plain, place.full if place else "")
        return which_ticket.Known(complaint.number, complaint.filed_at, " ".join(words))


def _fits(complaint: Complaint, act: Act) -> bool:
    match act:
        case Act.URGE | Act.WITHDRAW:
            return complaint.status in OPEN
        case Act.SUPPLEMENT:
            return complaint.status is not Status.WITHDRAWN
        case _:
            return True


def _ticket(tx: Transaction, complaint: Complaint) -> Lookup:
    request = tx.backend_requests.of_complaint(complaint.id)
    incident = tx.incidents.recent(complaint.incident_id)
    deadline = tx.deadlines.of_complaint(complaint.id)
    updates = [one.kind for one in tx.citizen_updates.of_complaint(complaint.id)]
    return Lookup(
        Found.TICKET,
        complaint,
        incident.people if incident else 1,
        request.request_id if request else None,
        updates.count(UpdateKind.URGE),
        updates.count(UpdateKind.SUPPLEMENT),
        bool(deadline and deadline.provisional),
    )
