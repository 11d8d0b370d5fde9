"""What a citizen adds later to a ticket of their own: words, a place, photos. Sent twice, it is kept once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.services.errors import Conflict, Rejected
from integrations.services.ports import Clock, UnitOfWork
from integrations.services.records import Report
from kb.places import Place

TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Supplementing:
    """The use case."""

    unit_of_work: UnitOfWork
    clock: Clock

    def add(
        self,
        conversation_id: str,
        number: str,
        *,
        key: str,
        text: str = "",
        place: Place | None = None,
        photos: Sequence[str] = (),
    ) -> bool:
        """Add a report to the ticket; `key` is the message's own id. False when it was added before.

        Raises Rejected when the ticket is not this citizen's, or when there is nothing to add.
        """
        if not (text.strip() or place or photos):
            raise Rejected("there is nothing to add")
        for _ in range(TRIES):
            try:
                return self._add(conversation_id, number, key, text.strip(), place, tuple(photos))
            except Conflict:  # its incident was merged or taken apart in this very moment
                continue
        raise Conflict(f"ticket {number} changed {TRIES} times while something was added; try again")

    def _add(
        self, conversation_id: str, number: str, key: str, text: str, place: Place | None, photos: tuple[str, ...]
    ) -> bool:
        with self.unit_of_work() as tx:
            conversation, complaint = tx.conversations.get(conversation_id), tx.complaints.by_number(number)
            if conversation is None or complaint is None or complaint.citizen_id != conversation.citizen_id:
                raise Rejected("this citizen has no such ticket")
            tx.incidents.hold(complaint.incident_id)
            report = Report(complaint.id, key, text, conversation.channel, self.clock(), place, photos)
            added = tx.reports.add(report)
            if added:
                tx.incidents.recount(complaint.incident_id)
            return added
