"""Plain values about personal data; none shows anything of it when it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed and by which key: nonce and cipher text in `body`."""

    key_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as we know them: an id without meaning, conversations as (id, sender in Rasa), and complaints."""

    citizen_id: str
    conversations: tuple[tuple[str, str], ...]
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """What went with a conversation: how many lines, and its name in Rasa."""

    lines: int
    sender: str


@dataclass(frozen=True, slots=True)
class Act:
    """That somebody exported or erased personal data, or that its time was over: who, why, how much."""

    kind: str
    by: str
    why: str
    at: datetime
    citizen_id: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
