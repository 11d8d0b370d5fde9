"""The outbox, and which complaint is which request of the backend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, insert, or_, select, update

from integrations.services.records import (
    BackendRequest,
    OutboxRow,
    RowState,
    Task,
)
from integrations.store import tables as t
from integrations.store.incidents import group
from integrations.store.table import Repository


class OutboxTable(Repository):
    """Work for the worker."""

    def add(self, task: Task, complaint_id: str, payload: dict[str, Any], *, at: datetime) -> None:
        self._db.execute(
            insert(t.outbox).values(
                task=task, complaint_id=complaint_id, payload=payload, state=RowState.READY, next_at=at, created_at=at
            )
        )

    def claim(self, *, worker: str, now: datetime, lease_seconds: float) -> OutboxRow | None:
        free = or_(
            and_(t.outbox.c.state == RowState.READY, t.outbox.c.next_at <= now),
            and_(t.outbox.c.state == RowState.CLAIMED, t.outbox.c.lease_until < now),
        )
        row = self._db.execute(
            select(t.outbox).where(free).order_by(t.outbox.c.id).limit(1).with_for_update(skip_locked=True)
        ).first()
        if row is None:
            return None
        self._db.execute(
            update(t.outbox)
            .where(t.outbox.c.id == row.id)
            .values(
                state=RowState.CLAIMED,
                claimed_by=worker,
                lease_until=now + timedelta(seconds=lease_seconds),
                attempts=t.outbox.c.attempts + 1,
            )
        )
        return OutboxRow(
            row.id, Task(row.task), row.complaint_id, row.payload, row.attempts + 1, row.created_at, worker
        )

    def done(self, row: OutboxRow, at: datetime) -> bool:
        return self._release(row, state=RowState.DONE, done_at=at, last_error=None)

    def later(self, row: OutboxRow, *, at: datetime, error: str) -> None:
        self._release(row, state=RowState.READY, next_at=at, last_error=error)

    def stuck(self, row: OutboxRow, error: str) -> bool:
        return self._release(row, state=RowState.STUCK, last_error=error)

    def _release(self, row: OutboxRow, **values: Any) -> bool:
        changed = self._db.execute(
            update(t.outbox)
            .where(
                t.outbox.c.id == row.id,
                t.outbox.c.state == RowState.CLAIMED,
                t.outbox.c.claimed_by == row.claimed_by,
                t.outbox.c.attempts == row.attempts,
            )
            .values(lease_until=None, **values)
        )
        return changed.rowcount == 1

    def list_stuck(self) -> Sequence[OutboxRow]:
        rows = self._db.execute(select(t.outbox).where(t.outbox.c.state == RowState.STUCK).order_by(t.outbox.c.id))
        return [
            OutboxRow(
                row.id,
                Task(row.task),
                row.complaint_id,
                row.payload,
                row.attempts,
                row.created_at,
                row.claimed_by,
                row.last_error,
                RowState.STUCK,
                row.next_at,
            )
            for row in rows
        ]

    def retry(self, row_id: int, at: datetime) -> bool:
        changed = self._db.execute(
            update(t.outbox)
            .where(t.outbox.c.id == row_id, t.outbox.c.state == RowState.STUCK)
            .values(state=RowState.READY, next_at=at)
        )
        return changed.rowcount == 1

    def counts(self) -> dict[str, int]:
        rows = self._db.execute(select(t.outbox.c.state, func.count()).group_by(t.outbox.c.state))
        return {str(state): int(count) for state, count in rows}


class BackendRequestTable(Repository):
    """Which complaint is which request of the backend."""

    def add(self, request: BackendRequest) -> None:
        self._db.execute(
            insert(t.backend_requests).values(
                complaint_id=request.complaint_id,
                request_id=request.request_id,
                sequence=request.sequence,
                open=True,
                filed_at=request.filed_at,
                note_id=request.note_id,
            )
        )

    def of_complaint(self, complaint_id: str) -> BackendRequest | None:
        row = self._db.execute(
            select(t.backend_requests).where(t.backend_requests.c.complaint_id == complaint_id)
        ).first()
        return _request(row) if row else None

    def by_request(self, request_id: str) -> Sequence[BackendRequest]:
        rows = self._db.execute(
            select(t.backend_requests)
            .where(t.backend_requests.c.request_id == request_id)
            .order_by(t.backend_requests.c.filed_at)
        )
        return [_request(row) for row in rows]

    def leading(self, incident_id: str) -> BackendRequest | None:
        own = (t.complaints.c.incident_id == incident_id, t.complaints.c.filed_at, t.complaints.c.id)
        row = self._db.execute(
            select(t.backend_requests)
            .join(t.complaints, t.complaints.c.id == t.backend_requests.c.complaint_id)
            .where(t.complaints.c.incident_id.in_(group(incident_id)), t.complaints.c.joined.is_(False))
            .order_by(own[0].desc(), *own[1:])
            .limit(1)
        ).first()
        return _request(row) if row else None

    def is_note(self, request_id: str) -> bool:
        found = select(t.backend_requests.c.complaint_id).where(t.backend_requests.c.note_id == request_id)
        return self._db.execute(found).first() is not None

    def advance(self, complaint_id: str, *, since: int, to: int) -> bool:
        changed = self._db.execute(
            update(t.backend_requests)
            .where(t.backend_requests.c.complaint_id == complaint_id, t.backend_requests.c.sequence == since)
            .values(sequence=to)
        )
        return changed.rowcount == 1

    def close(self, complaint_id: str) -> None:
        self._db.execute(
            update(t.backend_requests).where(t.backend_requests.c.complaint_id == complaint_id).values(open=False)
        )

    def next_to_ask(self, *, now: datetime, limit: int) -> Sequence[BackendRequest]:
        rows = self._db.execute(
            select(t.backend_requests)
            .where(t.backend_requests.c.open)
            .order_by(t.backend_requests.c.asked_at.nulls_first(), t.backend_requests.c.complaint_id)
            .limit(limit)
        ).all()
        ids = [row.complaint_id for row in rows]
        self._db.execute(
            update(t.backend_requests).where(t.backend_requests.c.complaint_id.in_(ids)).values(asked_at=now)
        )
        return [_request(row) for row in rows]


def _request(row: Row[Any]) -> BackendRequest:
    return BackendRequest(row.complaint_id, row.request_id, row.filed_at, row.sequence, row.open, row.note_id)
