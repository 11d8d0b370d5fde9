"""What the store keeps of time: timers that are set, and warnings about deadlines that were given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class TimerRow:
    """Something that is to happen at `at`. There is at most one of a kind and subject.

    `claim` is the mark of one claim: whoever holds another one has lost the timer. `attempts` counts claims since it
    was set. The payload stays out of `repr`.
    """

    id: int
    kind: str
    subject: str
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    attempts: int = 0
    claim: str | None = None
    last_error: str | None = None


class WarningKind(StrEnum):
    """What a warning says of a deadline: little time is left, it is past, somebody above must know …"""

    YELLOW = "yellow"
    RED = "red"
    ESCALATED = "escalated"
    OVER = "over"  # more time was given than the rule allows


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning about a complaint's deadline `due_at`, given once; `level` is 0, or the level it was escalated to."""

    complaint_id: str
    kind: WarningKind
    level: int
    due_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a complaint's deadline. `due_at` stands with the complaint too, for all who only read it.

    `started_at`: from when it was counted. `provisional`: over a year whose holidays were not known. `extensions`: how
    often the unit got more time. `stopped_at`: nobody waits for an answer any more.
    """

    complaint_id: str
    started_at: datetime
    due_at: datetime
    extensions: int = 0
    provisional: bool = False
    stopped_at: datetime | None = None
