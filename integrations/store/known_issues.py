"""Known issues, the version that every change makes, and the feeds that bring them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.issue_records import FeedState, KeptIssue, Origin
from integrations.store import tables as t
from integrations.store.table import Repository
from kb.known_issues import KnownIssue

_c, _v, _f = t.known_issues.c, t.known_issue_version.c, t.issue_feeds.c
_ONLY = 1


class KnownIssueTable(Repository):
    """Known issues."""

    def version(self) -> int:
        return int(self._db.execute(select(_v.version).where(_v.id == _ONLY)).scalar_one())

    def lock(self) -> int:
        return int(self._db.execute(select(_v.version).where(_v.id == _ONLY).with_for_update()).scalar_one())

    def in_force(self, on: date) -> Sequence[KeptIssue]:
        told = and_(_c.starts <= on, _c.ends >= on, or_(_c.ended_on.is_(None), _c.ended_on > on))
        return self._listed(told)

    def get(self, issue_id: str) -> KeptIssue | None:
        return next(iter(self._listed(_c.id == issue_id)), None)

    def of_feed(self, feed: str) -> Sequence[KeptIssue]:
        return self._listed(_c.feed == feed)

    def all(self) -> Sequence[KeptIssue]:
        return self._listed()

    def save(self, kept: Sequence[KeptIssue]) -> None:
        known = set(self._db.execute(select(_c.id)).scalars())
        fresh = [{"id": one.issue.id, **_values(one)} for one in kept if one.issue.id not in known]
        if fresh:
            self._db.execute(insert(t.known_issues), fresh)
        for one in kept:
            if one.issue.id in known:
                self._db.execute(update(t.known_issues).where(_c.id == one.issue.id).values(**_values(one)))
        self._db.execute(update(t.known_issue_version).values(version=_v.version + 1))

    def _listed(self, *wanted: ColumnElement[bool]) -> Sequence[KeptIssue]:
        rows = self._db.execute(select(t.known_issues).where(*wanted).order_by(_c.starts, _c.id))
        return [_kept(row) for row in rows]


class FeedTable(Repository):
    """Feeds."""

    def claim(
        self, key: str, *, host: str, claim: str, now: datetime, lease_seconds: float, due_only: bool
    ) -> FeedState | None:
        self._begin(key, host, now)
        free = or_(_f.claim.is_(None), _f.lease_until < now)
        due = _f.next_at <= now if due_only else _f.key == key
        values = {"claim": claim, "lease_until": now + timedelta(seconds=lease_seconds), "asked_at": now}
        done = self._db.execute(update(t.issue_feeds).where(_f.key == key, free, due).values(**values))
        if done.rowcount != 1:
            return None
        return _state(self._db.execute(select(t.issue_feeds).where(_f.key == key)).one())

    def release(self, state: FeedState, claim: str) -> bool:
        values = {name: getattr(state, name) for name in FeedState.__slots__ if name not in ("key", "asked_at")}
        values |= {"claim": None, "lease_until": None}
        done = self._db.execute(update(t.issue_feeds).where(_f.key == state.key, _f.claim == claim).values(**values))
        return done.rowcount == 1

    def held(self, key: str, claim: str) -> bool:
        return self._db.execute(select(_f.key).where(_f.key == key, _f.claim == claim)).first() is not None

    def all(self) -> Sequence[FeedState]:
        return [_state(row) for row in self._db.execute(select(t.issue_feeds).order_by(_f.host, _f.key))]

    def _begin(self, key: str, host: str, now: datetime) -> None:
        """The feed's row, made where there is none; somebody else may make it at the same time."""
        if self._db.execute(select(_f.key).where(_f.key == key)).first():
            return
        try:
            with self._db.begin_nested():
                self._db.execute(insert(t.issue_feeds).values(key=key, host=host, next_at=now, entries=0, failures=0))
        except IntegrityError:
            return


def _values(one: KeptIssue) -> dict[str, Any]:
    return {
        "entry": one.issue.as_json(),
        "starts": one.issue.starts,
        "ends": one.issue.ends,
        "origin": one.origin,
        "feed": one.feed,
        "ended_on": one.ended_on,
        "ended_why": one.ended_why,
        "ended_by": one.ended_by,
        "added_at": one.added_at,
        "changed_at": one.changed_at,
    }


def _kept(row: Row[Any]) -> KeptIssue:
    return KeptIssue(
        KnownIssue.model_validate(row.entry),
        Origin(row.origin),
        row.added_at,
        row.changed_at,
        row.feed,
        row.ended_on,
        row.ended_why,
        row.ended_by,
    )


def _state(row: Row[Any]) -> FeedState:
    return FeedState(**{name: getattr(row, name) for name in FeedState.__slots__})
