"""What the use cases of known issues need from outside, as protocols."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from integrations.services.issue_records import FeedState, Fetched, KeptIssue


class KnownIssues(Protocol):
    """Known issues. Every change gives them a new version, so that other processes know at once that there is one."""

    def version(self) -> int:
        """Which version this is; 0 until what ships was taken over."""

    def lock(self) -> int:
        """Keep everybody else from changing them until the transaction ends; gives the version."""

    def in_force(self, on: date) -> Sequence[KeptIssue]:
        """Those that are told on that day."""

    def get(self, issue_id: str) -> KeptIssue | None: ...

    def of_feed(self, feed: str) -> Sequence[KeptIssue]:
        """All that this feed brought last."""

    def all(self) -> Sequence[KeptIssue]:
        """Every one, by first day and id."""

    def save(self, kept: Sequence[KeptIssue]) -> None:
        """Add them, or put them in the place of those with the same ids; makes a new version. Call `lock` first."""


class Feeds(Protocol):
    """Feeds of known issues, and who fetches which."""

    def claim(
        self, key: str, *, host: str, claim: str, now: datetime, lease_seconds: float, due_only: bool
    ) -> FeedState | None:
        """The feed, now claimed; None when somebody else has it, or when `due_only` and its time has not come."""

    def release(self, state: FeedState, claim: str) -> bool:
        """Keep the new state and give the claim up. False, and nothing kept, when the claim was lost."""

    def held(self, key: str, claim: str) -> bool:
        """Whether the claim still stands."""

    def all(self) -> Sequence[FeedState]: ...


class IssueFeed(Protocol):
    """Fetches a feed."""

    def fetch(self, url: str, *, etag: str | None, modified: str | None) -> Fetched:
        """What the feed says now. Raises TryLater (away, slow, 5xx) or NeedsPerson (moved, refused, too much, no kind).

        A body of None means that nothing changed since the answer that had this etag or modified.
        """
