"""The outbox, and which complaint is which request of the backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, insert, or_, select, union_all, update
from sqlalchemy.exc import IntegrityError

from integrations.services.records import (
    BackendRequest,
    OutboxRow,
    RowState,
    Task,
)
from integrations.store import tables as t
from integrations.store.incidents import group
from integrations.store.table import Repository
from kb.text import has_numbers, hide_personal


class OutboxTable(Repository):
    """Work for the worker."""

    def add(
        self,
        task: Task,
        complaint_id: str,
        payload: dict[str, Any],
        *,
        at: datetime,
        state: RowState = RowState.READY,
        error: str | None = None,
    ) -> None:
        self._db.execute(
            insert(t.outbox).values(
                task=task,
                complaint_id=complaint_id,
                payload=payload,
                state=state,
                last_error=error,
                next_at=at,
                created_at=at,
            )
        )

    def claim(self, *, worker: str, now: datetime, lease_seconds: float) -> OutboxRow | None:
        o = t.outbox.c
        # What a dead worker left goes first. Two questions, each answered by one step in an index.
        expired = select(t.outbox).where(o.state == RowState.CLAIMED, o.lease_until < now).order_by(o.id)
        ready = (
            select(t.outbox).where(o.state == RowState.READY, o.next_at <= now, _its_turn()).order_by(o.next_at, o.id)
        )
        for free in (expired, ready):
            row = self._db.execute(free.limit(1).with_for_update(skip_locked=True, of=t.outbox)).first()
            if row is not None:
                break
        else:
            return None
        changed = self._db.execute(
            update(t.outbox)
            .where(o.id == row.id, o.state == row.state, o.attempts == row.attempts)
            .values(
                state=RowState.CLAIMED,
                claimed_by=worker,
                lease_until=now + timedelta(seconds=lease_seconds),
                attempts=o.attempts + 1,
            )
        )
        if changed.rowcount != 1:
            return None
        return replace(_row(row), attempts=row.attempts + 1, claimed_by=worker, state=RowState.CLAIMED)

    def sending(self, row: OutboxRow, *, now: datetime, lease_seconds: float) -> bool:
        # The first time stays: what was sent then may still turn up.
        values = {
            "sent_at": func.coalesce(t.outbox.c.sent_at, now),
            "lease_until": now + timedelta(seconds=lease_seconds),
        }
        return self._change(row, **values)

    def keep_token(self, row: OutboxRow, token: str) -> bool:
        return self._change(row, token=token)

    def decide(self, row: OutboxRow, kind: str) -> bool:
        return self._change(row, payload={**row.payload, "told_as": kind})

    def done(self, row: OutboxRow, at: datetime) -> bool:
        text = str(row.payload.get("text") or "")
        # told is told: what stays of it needs no phone
        told = {"payload": {**row.payload, "text": hide_personal(text)}} if has_numbers(text) else {}
        return self._release(row, state=RowState.DONE, done_at=at, last_error=None, **told)

    def later(self, row: OutboxRow, *, at: datetime, error: str, unheard: bool = False) -> None:
        self._release(
            row, state=RowState.READY, next_at=at, last_error=hide_personal(error), **_forget(unheard, row.sent_at)
        )

    def stuck(self, row: OutboxRow, error: str, *, unheard: bool = False) -> bool:
        return self._release(
            row, state=RowState.STUCK, last_error=hide_personal(error), **_forget(unheard, row.sent_at)
        )

    def _release(self, row: OutboxRow, **values: Any) -> bool:
        return self._change(row, lease_until=None, **values)

    def _change(self, row: OutboxRow, **values: Any) -> bool:
        changed = self._db.execute(
            update(t.outbox)
            .where(
                t.outbox.c.id == row.id,
                t.outbox.c.state == RowState.CLAIMED,
                t.outbox.c.claimed_by == row.claimed_by,
                t.outbox.c.attempts == row.attempts,
            )
            .values(**values)
        )
        return changed.rowcount == 1

    def list_stuck(self) -> Sequence[OutboxRow]:
        return self._where(t.outbox.c.state == RowState.STUCK)

    def of_complaint(self, complaint_id: str) -> Sequence[OutboxRow]:
        return self._where(t.outbox.c.complaint_id == complaint_id)

    def _where(self, condition: ColumnElement[bool]) -> Sequence[OutboxRow]:
        return [_row(row) for row in self._db.execute(select(t.outbox).where(condition).order_by(t.outbox.c.id))]

    def retry(self, row_id: int, at: datetime, *, unheard: bool = False) -> bool:
        forget = {"sent_at": None, "token": None} if unheard else {}
        return self._of_stuck(row_id, state=RowState.READY, next_at=at, **forget)

    def settle(self, row_id: int, at: datetime) -> bool:
        return self._of_stuck(row_id, state=RowState.DONE, done_at=at)

    def _of_stuck(self, row_id: int, **values: Any) -> bool:
        changed = self._db.execute(
            update(t.outbox).where(t.outbox.c.id == row_id, t.outbox.c.state == RowState.STUCK).values(**values)
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
        found = union_all(
            select(t.backend_requests.c.complaint_id).where(t.backend_requests.c.note_id == request_id),
            select(t.backend_notes.c.complaint_id).where(t.backend_notes.c.request_id == request_id),
        )
        return self._db.execute(found).first() is not None

    def note(self, complaint_id: str, mark: str, request_id: str, at: datetime) -> None:
        try:
            with self._db.begin_nested():
                self._db.execute(
                    insert(t.backend_notes).values(complaint_id=complaint_id, mark=mark, request_id=request_id, at=at)
                )
        except IntegrityError:
            return  # another worker was first

    def noted(self, complaint_id: str, mark: str) -> str | None:
        n = t.backend_notes.c
        return self._db.execute(select(n.request_id).where(n.complaint_id == complaint_id, n.mark == mark)).scalar()

    def reopen(self, complaint_id: str, request_id: str | None = None) -> None:
        another = {"request_id": request_id, "sequence": 0, "lost_at": None, "last_event": ""} if request_id else {}
        self._db.execute(
            update(t.backend_requests)
            .where(t.backend_requests.c.complaint_id == complaint_id)
            .values(open=True, **another)
        )

    def lost(self, complaint_id: str, at: datetime | None) -> None:
        b = t.backend_requests.c
        since = func.coalesce(b.lost_at, at) if at else None
        self._db.execute(update(t.backend_requests).where(b.complaint_id == complaint_id).values(lost_at=since))

    def stands(self, request_id: str, event: str) -> None:
        self._db.execute(
            update(t.backend_requests).where(t.backend_requests.c.request_id == request_id).values(last_event=event)
        )

    def replace(self, old: str, new: str) -> None:
        self._db.execute(
            update(t.backend_requests)
            .where(t.backend_requests.c.request_id == old)
            .values(request_id=new, sequence=0, lost_at=None, last_event="")
        )

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


def _its_turn() -> ColumnElement[bool]:
    """What is told of a complaint waits for its filing, even a stuck one, and for what was to be told before it.

    What is stuck holds nothing back but the filing: it may wait for days, and the others are not about it.
    """
    before = t.outbox.alias()
    holds = or_(
        and_(before.c.task == Task.FILE, before.c.state != RowState.DONE),
        and_(before.c.task == Task.UPDATE, before.c.state.in_((RowState.READY, RowState.CLAIMED))),
    )
    earlier = and_(before.c.complaint_id == t.outbox.c.complaint_id, before.c.id < t.outbox.c.id, holds)
    return or_(t.outbox.c.task != Task.UPDATE, ~exists().where(earlier))


def _forget(unheard: bool, known_before: datetime | None) -> dict[str, Any]:
    """Clears the mark of `sending`, unless it stands from an earlier try: what was sent then may have been heard."""
    return {"sent_at": None} if unheard and known_before is None else {}


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        task=Task(row.task),
        complaint_id=row.complaint_id,
        payload=row.payload,
        attempts=row.attempts,
        created_at=row.created_at,
        claimed_by=row.claimed_by,
        last_error=row.last_error,
        state=RowState(row.state),
        next_at=row.next_at,
        sent_at=row.sent_at,
        token=row.token,
    )


def _request(row: Row[Any]) -> BackendRequest:
    return BackendRequest(
        row.complaint_id,
        row.request_id,
        row.filed_at,
        row.sequence,
        row.open,
        row.note_id,
        row.lost_at,
        row.last_event,
    )
