"""Calls that are to be made, as rows; the number is sealed and bound to its row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.handover_records import CallBack, CallState
from integrations.store.contacts import ContactTable
from integrations.store.handover_tables import call_backs
from integrations.store.table import Repository
from kb.handover.states import Reason

_c = call_backs.c


class CallBackTable(Repository):
    """The `CallBacks` port. `contacts` seals and opens the numbers."""

    def __init__(self, connection: Connection, contacts: ContactTable) -> None:
        super().__init__(connection)
        self._contacts = contacts

    def promise(self, call: CallBack, phone: str) -> CallBack:
        values = {
            "reason": call.reason,
            "about": call.about,
            "shown": call.shown,
            "wanted": call.wanted,
            "begins": call.begins,
            "ends": call.ends,
        }
        open_one = (_c.conversation_id == call.conversation_id, _c.state == CallState.OPEN)
        changed = update(call_backs).where(*open_one).values(**values).returning(call_backs)
        row = self._db.execute(changed).first()
        if row is None:
            fresh = {"conversation_id": call.conversation_id, "handover_id": call.handover_id, "state": CallState.OPEN}
            try:
                with self._db.begin_nested():
                    added = insert(call_backs).values(**values, **fresh, asked_at=call.asked_at).returning(call_backs)
                    row = self._db.execute(added).one()
            except IntegrityError:  # promised twice in the same moment
                row = self._db.execute(changed).one()
        self._contacts.seal_call(row.id, phone)
        return _call(row)

    def get(self, call_id: int) -> CallBack | None:
        return self._one(select(call_backs).where(_c.id == call_id).with_for_update())

    def open_of(self, conversation_id: str) -> CallBack | None:
        return self._one(select(call_backs).where(_c.conversation_id == conversation_id, _c.state == CallState.OPEN))

    def of_conversation(self, conversation_id: str) -> Sequence[CallBack]:
        return self._all(select(call_backs).where(_c.conversation_id == conversation_id).order_by(_c.id))

    def to_make(self) -> Sequence[CallBack]:
        # any time is now; NULL sorts first here and last there
        found = self._all(select(call_backs).where(_c.state == CallState.OPEN))
        return sorted(found, key=lambda one: (one.begins or one.asked_at, one.id))

    def finished(self, *, limit: int = 50) -> Sequence[CallBack]:
        over = select(call_backs).where(_c.state != CallState.OPEN)
        return self._all(over.order_by(_c.done_at.desc(), _c.id.desc()).limit(limit))

    def phone(self, call_id: int) -> str | None:
        row = self._db.execute(select(call_backs).where(_c.id == call_id)).first()
        return self._contacts.opened_call(row) if row and row.phone is not None else None

    def take(self, call_id: int, *, by: str, now: datetime, lease_until: datetime) -> bool:
        free = or_(_c.taken_by.is_(None), _c.taken_by == by, _c.lease_until.is_(None), _c.lease_until <= now)
        mine = update(call_backs).where(_c.id == call_id, _c.state == CallState.OPEN, free)
        return int(self._db.execute(mine.values(taken_by=by, lease_until=lease_until)).rowcount) == 1

    def close(self, call_id: int, state: CallState, *, by: str, at: datetime, note: str | None) -> bool:
        open_one = update(call_backs).where(_c.id == call_id, _c.state == CallState.OPEN)
        done = self._db.execute(open_one.values(state=state, done_by=by, done_at=at, note=note, lease_until=None))
        return int(done.rowcount) == 1

    def forget_phones(self, conversation_id: str) -> int:
        known = update(call_backs).where(_c.conversation_id == conversation_id, _c.phone.is_not(None))
        return int(self._db.execute(known.values(phone=None, key_id=None, shown="")).rowcount)

    def _one(self, wanted: Select[Any]) -> CallBack | None:
        row = self._db.execute(wanted).first()
        return _call(row) if row else None

    def _all(self, wanted: Select[Any]) -> list[CallBack]:
        return [_call(row) for row in self._db.execute(wanted)]


def _call(row: Row[Any]) -> CallBack:
    return CallBack(
        id=row.id,
        conversation_id=row.conversation_id,
        state=CallState(row.state),
        reason=Reason(row.reason),
        shown=row.shown,
        asked_at=row.asked_at,
        about=row.about,
        wanted=row.wanted,
        begins=row.begins,
        ends=row.ends,
        handover_id=row.handover_id,
        taken_by=row.taken_by,
        lease_until=row.lease_until,
        done_at=row.done_at,
        done_by=row.done_by,
        note=row.note,
    )
