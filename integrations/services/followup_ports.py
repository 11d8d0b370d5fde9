"""What the use cases need of notices that wait and of what citizens want of their tickets, as protocols."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from integrations.services.followup_records import CitizenUpdate
from integrations.services.records import OutboxRow, UpdateKind


class CitizenUpdates(Protocol):
    """What citizens wanted of their tickets after filing: urging, adding, withdrawing. Nothing is ever changed."""

    def add(self, update: CitizenUpdate) -> None:
        """Raises Conflict when the complaint has one with that key, or of that kind with that number, already."""

    def of_complaint(self, complaint_id: str, kind: UpdateKind | None = None) -> Sequence[CitizenUpdate]:
        """Oldest first; all kinds when None."""

    def by_key(self, complaint_id: str, key: str) -> CitizenUpdate | None: ...


class Notices(Protocol):
    """The outbox's notices seen from the citizen's side. A notice that could not be delivered is KEPT."""

    def of_complaint(self, complaint_id: str) -> Sequence[OutboxRow]:
        """All notices about a complaint, told or not, oldest first."""

    def keep(self, row_id: int, why: str) -> None:
        """Keep one that could not be delivered for the citizen's next contact, in the transaction that has it done."""

    def kept(self, conversation_id: str) -> Sequence[OutboxRow]:
        """The kept ones for the citizen of that conversation, oldest first."""

    def told(self, row_id: int, at: datetime) -> bool:
        """A kept one is told now. False when it is not kept: somebody else was first."""
