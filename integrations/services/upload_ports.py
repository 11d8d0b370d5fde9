"""What uploads in pieces need from outside, as protocols."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from integrations.services.upload_records import Upload


class Uploads(Protocol):
    """Files on their way, in the store, so that every gateway can go on with them."""

    def begin(self, upload: Upload) -> None: ...

    def get(self, upload_id: str, conversation_id: str, now: datetime) -> Upload | None:
        """One of this conversation's whose time is not over."""

    def append(self, upload: Upload, piece: bytes) -> bool:
        """Add a piece after what is there. False when somebody else has added one since `upload` was read."""

    def bodies(self, whole: Sequence[Upload]) -> Sequence[bytes]:
        """Their bytes."""

    def delete(self, upload_id: str) -> bool:
        """False when it was not there any more."""

    def count(self, conversation_id: str) -> int:
        """How many this conversation has."""

    def bytes_promised(self) -> int:
        """How many bytes all of them may come to."""
