"""What the store keeps of what citizens want of their tickets after filing, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from integrations.services.records import UpdateKind


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose ticket it is."""

    complaint_id: str
    citizen_id: str


@dataclass(frozen=True, slots=True)
class CitizenUpdate:
    """One urging, addition or withdrawal. `number` counts from 1 for each complaint and kind.

    `key` is the message's own id, so that a message heard twice is one. `text` is in the citizen's words.
    """

    complaint_id: str
    kind: UpdateKind
    number: int
    key: str
    at: datetime
    text: str = field(default="", repr=False)
