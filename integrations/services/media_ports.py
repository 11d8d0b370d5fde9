"""What keeping pictures and recordings needs from outside, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from integrations.services.errors import Rejected
from integrations.services.media_records import Developed, Medium
from kb.media_types import Kind


class NotAPicture(Rejected):
    """It cannot be decoded, or would be too large decoded (`large`)."""

    def __init__(self, *, large: bool) -> None:
        super().__init__("too many pixels" if large else "no picture that can be decoded")
        self.large = large


Developer = Callable[[bytes, datetime], Developed]
"""Writes a picture that came at that moment anew. Raises NotAPicture."""


class Transcriber(Protocol):
    """Makes words of a recording. A citizen waits for it: it answers within its time-out or not at all."""

    def transcribe(self, sound: bytes, content_type: str) -> str:
        """The words, "" where none are heard.

        Raises TryLater when it does not answer in time, Rejected when it does not take this recording, NeedsPerson
        when its key, model or address is wrong.
        """


class Media(Protocol):
    """Pictures and recordings in the store."""

    def add(self, medium: Medium) -> None: ...

    def get(self, medium_id: str) -> Medium | None: ...

    def owner(self, medium_id: str) -> str | None:
        """The id of the citizen whose it is."""

    def heard(self, medium_id: str, words: str) -> None:
        """Keep the words of a recording."""

    def voices(self, conversation_id: str) -> int:
        """How many recordings this conversation has."""

    def of_complaint(self, complaint_id: str) -> Sequence[tuple[str, Kind]]:
        """Ids and kinds of what goes with a ticket, pictures first, in the order in which they came."""

    def unheard(self, *, limit: int) -> Sequence[str]:
        """Ids of recordings of which nobody has made words yet, oldest first."""
