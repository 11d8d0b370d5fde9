"""Known issues from a feed: fetched by one process at a time, taken in whole or not at all."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from integrations.services.errors import Conflict, NeedsPerson, Rejected, ServiceError, TryLater
from integrations.services.informing import Informing
from integrations.services.issue_ports import IssueFeed
from integrations.services.issue_records import FEED, FeedState, Fetched, KeptIssue, Origin
from integrations.services.ports import Transaction
from kb.content_files import ContentError
from kb.known_issues import KnownIssue

# Longer than a fetch with all its tries takes; after it another process may try.
LEASE_SECONDS = 180.0
FIRST_PAUSE = 30.0
LONGEST_PROBLEM = 1_000
GONE = "the feed does not list it any more"

Read = Callable[[Fetched, str], Sequence[KnownIssue]]
"""The entries of what was fetched, checked; the text is what problems call it. Raises ContentError."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What one fetch came to. `unchanged` when nothing was new since the last one."""

    host: str
    unchanged: bool = False
    added: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0


@dataclass(frozen=True, kw_only=True)
class FollowingFeeds:
    """The use case. `seconds` between two fetches of a feed that works."""

    informing: Informing
    feed: IssueFeed
    read: Read
    seconds: float

    def fetch(self, url: str, *, due_only: bool = False) -> Followed | None:
        """Fetch it now, or None when `due_only` and it is not due, or another process has it.

        Raises TryLater, NeedsPerson or ContentError; then nothing has changed but the feed's state, which says why.
        """
        key, host, claim = key_of(url), host_of(url), uuid.uuid4().hex
        with self.informing.unit_of_work() as tx:
            state = tx.issue_feeds.claim(
                key, host=host, claim=claim, now=self._now(), lease_seconds=LEASE_SECONDS, due_only=due_only
            )
        if state is None:
            if due_only:
                return None
            raise TryLater(f"another process is fetching {host} at this moment")
        try:
            fetched = self.feed.fetch(url, etag=state.etag, modified=state.modified)
            issues = None if fetched.body is None else self.read(fetched, host)
            return self._taken(state, claim, fetched, issues)
        except (ServiceError, ContentError) as failed:
            self._failed(state, claim, failed)
            raise
        except BaseException:
            self._failed(state, claim, RuntimeError("a fault of ours; see the log"))
            raise

    def states(self) -> Sequence[FeedState]:
        """Every feed that was ever fetched."""
        with self.informing.unit_of_work() as tx:
            return tx.issue_feeds.all()

    def _now(self) -> datetime:
        return self.informing.clock()

    def _taken(self, state: FeedState, claim: str, fetched: Fetched, issues: Sequence[KnownIssue] | None) -> Followed:
        now = self._now()
        fine = replace(state, fine_at=now, failures=0, problem=None, next_at=now + timedelta(seconds=self.seconds))
        with self.informing.changing() as tx:
            if not tx.issue_feeds.held(state.key, claim):
                raise Conflict(f"{state.host} took too long, and another process fetched it meanwhile")
            if issues is None:
                tx.issue_feeds.release(fine, claim)
                return Followed(state.host, unchanged=True)
            done = self._applied(tx, state, issues)
            fine = replace(fine, etag=fetched.etag, modified=fetched.modified, entries=len(issues))
            tx.issue_feeds.release(fine, claim)
        return done

    def _applied(self, tx: Transaction, state: FeedState, issues: Sequence[KnownIssue]) -> Followed:
        now, today = self._now(), self.informing.today()
        known = {one.issue.id: one for one in tx.known_issues.all()}
        if taken := [one.id for one in issues if one.id in known and known[one.id].origin is not Origin.FEED]:
            raise Rejected(f"{state.host}: ids that are in use here already: {', '.join(taken[:10])}; it needs its own")
        kept: list[KeptIssue] = []
        added = changed = same = 0
        for issue in issues:
            old = known.get(issue.id)
            if old is None:
                added += 1
                kept.append(KeptIssue(issue, Origin.FEED, now, now, state.key))
                continue
            new = replace(old, issue=issue, feed=state.key)
            if old.ended_by == FEED:  # it was gone, and is there again; what a clerk ended stays ended
                new = replace(new, ended_on=None, ended_why=None, ended_by=None)
            if new == old:
                same += 1
            else:
                changed += 1
                kept.append(replace(new, changed_at=now))
        listed = {one.id for one in issues}
        gone = [
            replace(one, ended_on=today, ended_why=GONE, ended_by=FEED, changed_at=now)
            for one in known.values()
            if one.feed == state.key and one.issue.id not in listed and _stands(one, today)
        ]
        if kept or gone:
            tx.known_issues.save([*kept, *gone])
        return Followed(state.host, added=added, changed=changed, same=same, gone=len(gone))

    def _failed(self, state: FeedState, claim: str, error: BaseException) -> None:
        failures = state.failures + 1
        pause = min(FIRST_PAUSE * 2 ** min(failures - 1, 20), self.seconds)
        if isinstance(error, ContentError | NeedsPerson | Rejected):
            pause = self.seconds  # asking again at once would bring the same
        elif isinstance(error, TryLater) and error.after:
            pause = error.after
        told = replace(
            state,
            failures=failures,
            problem=str(error)[:LONGEST_PROBLEM],
            next_at=self._now() + timedelta(seconds=pause),
        )
        with self.informing.unit_of_work() as tx:
            tx.issue_feeds.release(told, claim)


def _stands(kept: KeptIssue, today: date) -> bool:
    return kept.issue.ends >= today and (kept.ended_on is None or kept.ended_on > today)


def key_of(url: str) -> str:
    """What a feed is known by: its address without user and query, where tokens stand, so that those may change."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    plain = f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
    return hashlib.sha256(plain.encode()).hexdigest()[:32]


def host_of(url: str) -> str:
    """What may be shown of a feed's address."""
    return (urlsplit(url).hostname or "?")[:255]
