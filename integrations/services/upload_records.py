"""A file on its way to us in pieces, as a plain value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """`received` of `length` bytes are here; what is not used by `until` is deleted."""

    id: str
    conversation_id: str
    length: int
    received: int
    until: datetime

    @property
    def whole(self) -> bool:
        return self.received == self.length
