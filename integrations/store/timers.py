"""Timers: claimed for a while, done once, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.timer_records import TimerRow
from integrations.store.table import Repository
from integrations.store.timer_tables import timers

_c = timers.c
# Longer than any lease and any wait after a failure. Who is to wait longer was claimed before the clock jumped back.
LONGEST_WAIT = timedelta(hours=2)


class TimerTable(Repository):
    """Timers of one transaction."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        # The (id, claim) under which a timer stood when this transaction first touched it; None: there was none.
        self._found: dict[tuple[str, str], tuple[int, str | None] | None] = {}

    def set(self, kind: str, subject: str, at: datetime, payload: Mapping[str, Any] | None = None) -> None:
        self._hold(kind, subject)
        values = _fresh(at) | {"payload": dict(payload or {})}
        if not self._insert(kind, subject, values):
            self._db.execute(update(timers).where(_c.kind == kind, _c.subject == subject).values(**values))

    def ensure(self, kind: str, subject: str, at: datetime, payload: Mapping[str, Any] | None = None) -> bool:
        return self._insert(kind, subject, _fresh(at) | {"payload": dict(payload or {})})

    def cancel(self, kind: str, subject: str) -> bool:
        self._hold(kind, subject)
        done = self._db.execute(delete(timers).where(_c.kind == kind, _c.subject == subject))
        return done.rowcount == 1

    def get(self, kind: str, subject: str) -> TimerRow | None:
        row = self._db.execute(select(timers).where(_c.kind == kind, _c.subject == subject)).first()
        return _timer(row) if row else None

    def claim(
        self, worker: str, now: datetime, lease_seconds: float, limit: int, *, kinds: Collection[str] | None = None
    ) -> Sequence[TimerRow]:
        self._free_what_waits_too_long(now)
        due = select(_c.id).where(_c.next_at <= now)
        if kinds is not None:
            due = due.where(_c.kind.in_(kinds))
        due = due.order_by(_c.next_at, _c.id).limit(limit).with_for_update(skip_locked=True)
        ids = self._db.execute(due).scalars().all()
        if not ids:
            return []
        mark = uuid.uuid4().hex
        # the condition once more: where rows cannot be locked, whoever writes first has them
        self._db.execute(
            update(timers)
            .where(_c.id.in_(ids), _c.next_at <= now)
            .values(claim=mark, worker=worker, attempts=_c.attempts + 1, next_at=now + timedelta(seconds=lease_seconds))
        )
        rows = self._db.execute(select(timers).where(_c.claim == mark, _c.id.in_(ids)).order_by(_c.at, _c.id))
        return [_timer(row) for row in rows]

    def done(self, row: TimerRow) -> bool:
        key = (row.kind, row.subject)
        if key in self._found:
            return self._found[key] == (row.id, row.claim)
        done = self._db.execute(delete(timers).where(_c.id == row.id, _c.claim == row.claim))
        return done.rowcount == 1

    def later(self, row: TimerRow, at: datetime) -> bool:
        self._hold(row.kind, row.subject)
        done = self._db.execute(update(timers).where(_c.id == row.id, _c.claim == row.claim).values(**_fresh(at)))
        return done.rowcount == 1

    def failed(self, row: TimerRow, *, again: datetime, error: str) -> bool:
        values = {"claim": None, "worker": None, "next_at": again, "last_error": error}
        done = self._db.execute(update(timers).where(_c.id == row.id, _c.claim == row.claim).values(**values))
        return done.rowcount == 1

    def list(self, *, kind: str | None = None, limit: int = 200) -> Sequence[TimerRow]:
        wanted = select(timers).order_by(_c.at, _c.id).limit(limit)
        return self._read(wanted if kind is None else wanted.where(_c.kind == kind))

    def overdue(self, *, before: datetime, limit: int = 200) -> Sequence[TimerRow]:
        return self._read(select(timers).where(_c.at < before).order_by(_c.at, _c.id).limit(limit))

    def _read(self, wanted: Any) -> builtins.list[TimerRow]:
        return [_timer(row) for row in self._db.execute(wanted)]

    def _hold(self, kind: str, subject: str) -> None:
        """Lock the timer, if there is one, and remember whose it is: `done` wants to know that later."""
        if (kind, subject) in self._found:
            return
        found = select(_c.id, _c.claim).where(_c.kind == kind, _c.subject == subject).with_for_update()
        row = self._db.execute(found).first()
        self._found[kind, subject] = (row.id, row.claim) if row else None

    def _insert(self, kind: str, subject: str, values: dict[str, Any]) -> bool:
        there = select(_c.id).where(_c.kind == kind, _c.subject == subject)
        if self._db.execute(there).first():
            return False
        try:
            with self._db.begin_nested():
                self._db.execute(insert(timers).values(kind=kind, subject=subject, **values))
        except IntegrityError:  # somebody else has set it in this moment
            return False
        return True

    def _free_what_waits_too_long(self, now: datetime) -> None:
        lost = (_c.attempts > 0, _c.next_at > now + LONGEST_WAIT)
        self._db.execute(update(timers).where(*lost).values(claim=None, worker=None, next_at=_c.at))


def _fresh(at: datetime) -> dict[str, Any]:
    return {"at": at, "next_at": at, "claim": None, "worker": None, "attempts": 0, "last_error": None}


def _timer(row: Row[Any]) -> TimerRow:
    return TimerRow(row.id, row.kind, row.subject, row.at, row.payload, row.attempts, row.claim, row.last_error)
