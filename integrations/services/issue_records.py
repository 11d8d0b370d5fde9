"""What the store keeps of known issues and of the feeds that bring them, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from kb.known_issues import KnownIssue

FEED = "feed"
CLERK = "clerk"


class Origin(StrEnum):
    """Where an entry came from: it ships, was typed in, or came in a file or a feed."""

    CONTENT = "content"
    CLERK = "clerk"
    FILE = "file"
    FEED = "feed"


class Standing(StrEnum):
    """How an entry stands on a day."""

    NOW = "now"
    TO_COME = "to come"
    OVER = "over"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class KeptIssue:
    """An entry with its history. `ended_on` is the first day on which it is not told any more, ended before its time.

    `ended_by` is 'clerk' or 'feed'; `feed` is the key of the feed that brought it.
    """

    issue: KnownIssue
    origin: Origin
    added_at: datetime
    changed_at: datetime
    feed: str | None = None
    ended_on: date | None = None
    ended_why: str | None = None
    ended_by: str | None = None

    @property
    def example(self) -> bool:
        """Whether it ships and nobody has changed it."""
        return self.origin is Origin.CONTENT

    def standing(self, on: date) -> Standing:
        """How it stands on that day."""
        if self.ended_on is not None and on >= self.ended_on:
            return Standing.ENDED
        if on > self.issue.ends:
            return Standing.OVER
        return Standing.NOW if self.issue.holds(on) else Standing.TO_COME


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is known of a feed. `key` stands for its address, `etag` and `modified` for its last good answer.

    `failures` counts those in a row; `problem` is the last one. `claim` is who fetches it now, until `lease_until`.
    """

    key: str
    host: str
    next_at: datetime
    etag: str | None = None
    modified: str | None = None
    entries: int = 0
    asked_at: datetime | None = None
    fine_at: datetime | None = None
    failures: int = 0
    problem: str | None = None
    claim: str | None = None
    lease_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a feed answered: its body and kind ('json' or 'csv'), or no body where nothing is new since last time."""

    body: bytes | None
    kind: str = ""
    etag: str | None = None
    modified: str | None = None
