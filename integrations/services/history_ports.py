"""What the audit needs from the store, as a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kb.history import Chain


class Histories(Protocol):
    """The chains of hashes over the complaints' histories."""

    def page(self, *, after: str, limit: int) -> Sequence[Chain]:
        """Chains of the next complaints by id after `after`, each as it is at this one moment."""

    def of_number(self, number: str) -> Chain | None:
        """The chain of the complaint with that ticket number."""

    def orphans(self, *, limit: int = 20) -> Sequence[str]:
        """Ids of complaints that have a history and are not there."""

    def erase_texts(self, complaint_id: str) -> int:
        """Delete the texts of all entries before the newest ERASED one; gives how many had some.

        Entries that say why something was erased keep their words. Nothing happens where there is no such entry.
        """
