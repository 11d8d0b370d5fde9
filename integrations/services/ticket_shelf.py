"""A citizen's tickets on a shelf: the list, and one of them opened with what can be done about it now.

A ticket that was opened with the phone's last digits may be urged, added to and rated, by a daughter for her father,
or after a report by telephone. It is not taken back and its pictures are not shown: four digits of a phone and a number
are known to the unit too, and to whoever has seen the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from integrations.services.errors import Rejected
from integrations.services.following_up import LEAST_SECONDS, FollowingUp, Lookup
from integrations.services.ports import Clock, Limiter, Transaction, UnitOfWork
from integrations.services.rating import NothingToRate, Rating, RatingTickets
from integrations.services.records import Complaint, Report
from integrations.services.satisfaction import asks
from integrations.services.supplementing import ADDED
from kb.lifecycle import ALLOWED_MOVES, OPEN, Move
from kb.media_types import Kind

PAGE = 20
# Nobody has reported so much; beyond it a list is not asked for by a person.
MOST = 2_000
# So many numbers that are not one's own may be asked for in a while: by one conversation, from one network address.
MISSES, MISSES_FROM, MISSES_SECONDS = 20, 60, 600


class Deed(StrEnum):
    """What a citizen may do about a ticket."""

    URGE = "urge"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"
    RATE = "rate"


class TooManyMisses(Rejected):
    """So many numbers were asked for that this looks like guessing."""


@dataclass(frozen=True, slots=True)
class Spine:
    """A ticket as it stands in the list; `waits`: for the citizen's rating."""

    complaint: Complaint
    waits: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """One ticket. `own` is False where the phone's last digits have opened it.

    Its pictures and what was added since are then not shown: they may tell more than who reads the number should know.
    """

    lookup: Lookup
    complaint: Complaint
    own: bool
    media: Sequence[tuple[str, Kind]]
    additions: Sequence[Report]
    deeds: tuple[Deed, ...]


@dataclass(frozen=True, kw_only=True)
class TicketShelf:
    """The use case. `sleep` and `stopwatch` are those of looking up."""

    unit_of_work: UnitOfWork
    following_up: FollowingUp
    rating: RatingTickets
    limiter: Limiter
    clock: Clock

    def page(self, conversation_id: str, *, after: int = 0) -> tuple[Sequence[Spine], bool]:
        """The citizen's own tickets, the newest first, without the first `after`; and whether there are more."""
        now = self.clock()
        with self.unit_of_work() as tx:
            conversation = tx.conversations.get(conversation_id)
            if conversation is None:
                return (), False
            found = tx.complaints.of_citizen(conversation.citizen_id, limit=PAGE + 1, offset=after)
            spines = [Spine(one, _waits(tx, one, now)) for one in found[:PAGE]]
        return spines, len(found) > PAGE

    def open(self, conversation_id: str, number: str, *, address: str) -> Opened:
        """The ticket, where this conversation may see it; `address` is whence it is asked for.

        Raises Rejected, after the same time, whether it is somebody else's or does not exist.
        """
        began = self.following_up.stopwatch()
        try:
            return self.look(conversation_id, number)
        except Rejected:
            self._missed(conversation_id, address)
            self.following_up.sleep(max(0.0, LEAST_SECONDS - (self.following_up.stopwatch() - began)))
            raise

    def look(self, conversation_id: str, number: str) -> Opened:
        """As `open`, for a ticket that was opened in the same request. Raises Rejected."""
        lookup = self.following_up.again(conversation_id, number)
        complaint = lookup.complaint
        if complaint is None:
            raise Rejected("this citizen has no such ticket")
        with self.unit_of_work() as tx:
            conversation = tx.conversations.get(conversation_id)
            own = conversation is not None and conversation.citizen_id == complaint.citizen_id
            media = tx.media.of_complaint(complaint.id) if own else ()
            said = tx.reports.of_complaint(complaint.id) if own else ()
            additions = [one for one in said if one.key.startswith(ADDED)]
            deeds = [one for one in _deeds(complaint) if own or one is not Deed.WITHDRAW]
            if _waits(tx, complaint, self.clock()):
                deeds.append(Deed.RATE)
        return Opened(lookup, complaint, own, media, additions, tuple(deeds))

    def rated(self, conversation_id: str, number: str) -> Rating:
        """The latest round as it was finished, for an answer that is sent once more. Raises NothingToRate."""
        with self.unit_of_work() as tx:
            try:
                complaint = self.rating.own.mine(tx, conversation_id, number)
            except Rejected:
                raise NothingToRate from None
            theirs = self.rating.own.filed_by(tx, conversation_id, complaint)
            feedback = tx.feedbacks.of_complaint(complaint.id)
            if feedback is None or feedback.decided_at is None or (theirs and feedback.finished_at is None):
                raise NothingToRate
            said = self.rating.state(tx, complaint, feedback)
            return said if theirs else replace(said, question=None)

    def _missed(self, conversation_id: str, address: str) -> None:
        kept = (f"tickets-missed:{conversation_id}", MISSES), (f"tickets-missed-from:{address}", MISSES_FROM)
        allowed = [self.limiter.allow(key, times=times, seconds=MISSES_SECONDS) for key, times in kept]
        if not all(allowed):
            raise TooManyMisses("too many tickets asked for that are not this citizen's")


def _deeds(complaint: Complaint) -> Sequence[Deed]:
    deeds = [Deed.URGE, Deed.SUPPLEMENT] if complaint.status in OPEN else []
    return [*deeds, Deed.WITHDRAW] if Move.WITHDRAWN in ALLOWED_MOVES[complaint.status] else deeds


def _waits(tx: Transaction, complaint: Complaint, now: datetime) -> bool:
    feedback = tx.feedbacks.of_complaint(complaint.id)
    return feedback is not None and asks(feedback, now)
