"""What citizens want of their tickets after filing, and the outbox's notices seen from their side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.errors import Conflict
from integrations.services.followup_records import CitizenUpdate
from integrations.services.records import OutboxRow, RowState, Task, UpdateKind
from integrations.store import tables as t
from integrations.store.followup_tables import citizen_updates
from integrations.store.table import Repository
from kb.text import has_numbers, hide_personal


class CitizenUpdateTable(Repository):
    """Urging, additions, withdrawals."""

    def add(self, update: CitizenUpdate) -> None:
        try:
            with self._db.begin_nested():
                self._db.execute(
                    insert(citizen_updates).values(
                        complaint_id=update.complaint_id,
                        kind=update.kind,
                        number=update.number,
                        key=update.key,
                        text=hide_personal(update.text) if has_numbers(update.text) else update.text,
                        at=update.at,
                    )
                )
        except IntegrityError as taken:
            raise Conflict(f"complaint {update.complaint_id} has {update.kind} {update.number} already") from taken

    def of_complaint(self, complaint_id: str, kind: UpdateKind | None = None) -> Sequence[CitizenUpdate]:
        wanted = select(citizen_updates).where(citizen_updates.c.complaint_id == complaint_id)
        if kind is not None:
            wanted = wanted.where(citizen_updates.c.kind == kind)
        return [_update(row) for row in self._db.execute(wanted.order_by(citizen_updates.c.id))]

    def by_key(self, complaint_id: str, key: str) -> CitizenUpdate | None:
        mine = (citizen_updates.c.complaint_id == complaint_id, citizen_updates.c.key == key)
        row = self._db.execute(select(citizen_updates).where(*mine)).first()
        return _update(row) if row else None


class NoticeTable(Repository):
    """Notices are rows of the outbox; one that could not be delivered has the state KEPT."""

    def of_complaint(self, complaint_id: str) -> Sequence[OutboxRow]:
        mine = select(t.outbox).where(t.outbox.c.complaint_id == complaint_id, t.outbox.c.task == Task.NOTICE)
        return [_notice(row) for row in self._db.execute(mine.order_by(t.outbox.c.id))]

    def keep(self, row_id: int, why: str) -> None:
        self._db.execute(
            update(t.outbox)
            .where(t.outbox.c.id == row_id, t.outbox.c.task == Task.NOTICE)
            .values(state=RowState.KEPT, done_at=None, last_error=why)
        )

    def kept(self, conversation_id: str) -> Sequence[OutboxRow]:
        of = select(t.conversations.c.citizen_id).where(t.conversations.c.id == conversation_id).scalar_subquery()
        mine = (
            select(t.outbox)
            .join(t.complaints, t.complaints.c.id == t.outbox.c.complaint_id)
            .where(t.complaints.c.citizen_id == of, t.outbox.c.state == RowState.KEPT, t.outbox.c.task == Task.NOTICE)
        )
        return [_notice(row) for row in self._db.execute(mine.order_by(t.outbox.c.id))]

    def told(self, row_id: int, at: datetime) -> bool:
        changed = self._db.execute(
            update(t.outbox)
            .where(t.outbox.c.id == row_id, t.outbox.c.state == RowState.KEPT)
            .values(state=RowState.DONE, done_at=at, last_error=None)
        )
        return changed.rowcount == 1


def _update(row: Row[Any]) -> CitizenUpdate:
    return CitizenUpdate(row.complaint_id, UpdateKind(row.kind), row.number, row.key, row.at, row.text)


def _notice(row: Row[Any]) -> OutboxRow:
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
    )
