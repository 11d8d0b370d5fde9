"""补充 with pictures that came in pieces: they and the words reach the ticket together, once, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from integrations.services.errors import Rejected
from integrations.services.media import Receiving, TooMany
from integrations.services.ports import Transaction
from integrations.services.records import Complaint
from integrations.services.supplementing import Added, Supplementing
from integrations.services.uploading import Gone, Unfinished, Uploading


class NotAccepted(Rejected):
    """The pictures cannot be taken; says why in words for the citizen."""


@dataclass(frozen=True, kw_only=True)
class AddingPhotos:
    """The use case."""

    supplementing: Supplementing
    receiving: Receiving
    uploading: Uploading

    def add(self, conversation_id: str, number: str, *, key: str, text: str, uploads: Sequence[str]) -> Added:
        """Add words, pictures or both; `key` is the addition's own id, and sent twice it is added once.

        Raises Rejected when the ticket is not this citizen's; of the pictures Gone, Unfinished, TooMany, NotAccepted.
        """
        if not uploads:
            return self.supplementing.add(conversation_id, number, key=key, text=text)
        if known := self.supplementing.known(conversation_id, number, key=key):
            return known
        try:
            return self._add(conversation_id, number, key, text, uploads)
        except (Gone, Unfinished):
            # The same addition may have come twice in one moment: then the other one has used them up.
            if known := self.supplementing.known(conversation_id, number, key=key):
                return known
            raise

    def _add(self, conversation_id: str, number: str, key: str, text: str, uploads: Sequence[str]) -> Added:
        try:
            media = self.receiving.pictures(conversation_id, uploads)
        except (Gone, Unfinished, TooMany):
            raise
        except Rejected as refused:
            raise NotAccepted(str(refused)) from refused

        def store(tx: Transaction, complaint: Complaint) -> None:
            for medium in media:
                tx.media.add(replace(medium, complaint_id=complaint.id))
            self.uploading.use_up(tx, list(dict.fromkeys(uploads)))

        photos = [one.id for one in media]
        return self.supplementing.add(conversation_id, number, key=key, text=text, photos=photos, store=store)
