"""补充: what a citizen adds later to a ticket of their own: words, a place, photos. Sent twice, it is kept once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from integrations.services.errors import Conflict, Rejected
from integrations.services.own_tickets import LONGEST_KEY, OwnTickets, record
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, Report, UpdateKind
from kb.lifecycle import OPEN, Status
from kb.places import Place
from kb.text import clean, shortened
from kb.words import Words

TRIES = 5
# So much may be added to one ticket in a day; whoever has more to say is better served by a person.
MOST, MOST_SECONDS = 20, 86_400
# How the keys of additions begin: a report that adds to a ticket is not the problem reported once more.
ADDED = "add:"


class Kept(StrEnum):
    """What an addition came to. ONLY_HERE: the ticket is closed, so the department does not hear of it any more."""

    SENT = "sent"
    ONLY_HERE = "only_here"
    WITHDRAWN = "withdrawn"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Added:
    """The result. `fresh` is False when the same message was heard before."""

    kept: Kept
    complaint: Complaint
    fresh: bool = True


@dataclass(frozen=True, kw_only=True)
class Supplementing:
    """The use case."""

    unit_of_work: UnitOfWork
    own: OwnTickets
    words: Words
    clock: Clock
    link: Callable[[str], str | None] = field(default=lambda _photo: None)

    def add(
        self,
        conversation_id: str,
        number: str,
        *,
        key: str,
        text: str = "",
        place: Place | None = None,
        photos: Sequence[str] = (),
        store: Callable[[Transaction, Complaint], None] = lambda _tx, _complaint: None,
    ) -> Added:
        """Add a report to the ticket; `key` is the message's own id.

        `store` writes what belongs to it in the same transaction, once.
        Raises Rejected when the ticket is not this citizen's, or when there is nothing to add.
        """
        words = clean(text)
        if not (words or place or photos):
            raise Rejected("there is nothing to add")
        said = Report("", _key(key), words, "", self.clock(), place, tuple(photos))
        for _ in range(TRIES):
            try:
                with self.unit_of_work() as tx:
                    return self._add(tx, conversation_id, self.own.mine(tx, conversation_id, number), said, store)
            except Conflict:  # its incident was merged or taken apart, or something else was added, in this very moment
                continue
        raise Conflict(f"ticket {number} changed {TRIES} times while something was added; try again")

    def known(self, conversation_id: str, number: str, *, key: str) -> Added | None:
        """What came of it, where it was added before; None where it was not. Raises Rejected as `add`."""
        with self.unit_of_work() as tx:
            complaint = self.own.mine(tx, conversation_id, number)
            if tx.citizen_updates.by_key(complaint.id, _key(key)) is None:
                return None
            return Added(_kept(complaint), complaint, fresh=False)

    def _add(
        self,
        tx: Transaction,
        conversation_id: str,
        complaint: Complaint,
        said: Report,
        store: Callable[[Transaction, Complaint], None],
    ) -> Added:
        tx.incidents.hold(complaint.incident_id)
        complaint = tx.complaints.get(complaint.id) or complaint
        kept = _kept(complaint)
        if tx.citizen_updates.by_key(complaint.id, said.key):
            return Added(kept, complaint, fresh=False)
        if complaint.status is Status.WITHDRAWN:
            return Added(Kept.WITHDRAWN, complaint, fresh=False)
        if not self.own.limiter.allow(f"supplement:{complaint.id}", times=MOST, seconds=MOST_SECONDS):
            return Added(Kept.TOO_MANY, complaint, fresh=False)
        conversation = tx.conversations.get(conversation_id)
        channel = conversation.channel if conversation else ""
        store(tx, complaint)
        if not tx.reports.add(replace(said, complaint_id=complaint.id, channel=channel)):
            return Added(kept, complaint, fresh=False)
        tell = self.told(said.text, said.place, said.photos) if kept is Kept.SENT else None
        record(tx, complaint, UpdateKind.SUPPLEMENT, key=said.key, text="", at=said.at, tell=tell)
        tx.incidents.recount(complaint.incident_id)
        return Added(kept, complaint)

    def told(self, text: str, place: Place | None, photos: Sequence[str]) -> str:
        """What the department hears of an addition."""
        parts = [shortened(text, 1000)] if text else []
        if place and place.full:
            parts.append(self.words.say("followup.to_unit_place", place=place.full))
        if photos:
            names = " ".join(link for one in photos if (link := self.link(one)))
            parts.append(self.words.say("followup.to_unit_photos", count=len(photos), names=names).strip())
        return "\n".join(parts) or self.words.say("followup.to_unit_pin")


def _key(message_id: str) -> str:
    return f"{ADDED}{message_id}"[:LONGEST_KEY]


def _kept(complaint: Complaint) -> Kept:
    return Kept.SENT if complaint.status in OPEN else Kept.ONLY_HERE
