"""Warnings about deadlines, and what is known of each deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.timer_records import Kept, Warned, WarningKind
from integrations.store import tables as t
from integrations.store.table import Repository
from integrations.store.timer_tables import deadlines, warnings

_w, _d = warnings.c, deadlines.c


class WarningTable(Repository):
    """Warnings."""

    def give(self, warned: Warned) -> bool:
        values = {"kind": warned.kind, "level": warned.level, "due_at": warned.due_at, "at": warned.at}
        try:
            with self._db.begin_nested():
                self._db.execute(insert(warnings).values(complaint_id=warned.complaint_id, **values))
        except IntegrityError:
            # told before; it stands again where a deadline was lifted and has come back
            same = [_w[name] == values[name] for name in ("kind", "level", "due_at")]
            again = update(warnings).where(_w.complaint_id == warned.complaint_id, *same).values(lifted_at=None)
            self._db.execute(again)
            return False
        return True

    def of_complaint(self, complaint_id: str) -> Sequence[Warned]:
        rows = self._db.execute(select(warnings).where(_w.complaint_id == complaint_id).order_by(_w.at, _w.id))
        return [_warned(row) for row in rows]

    def standing(self) -> Sequence[Warned]:
        wanted = select(warnings).where(_w.lifted_at.is_(None)).order_by(_w.due_at, _w.complaint_id, _w.id)
        return [_warned(row) for row in self._db.execute(wanted)]

    def lift(self, complaint_id: str, at: datetime) -> None:
        still = (_w.complaint_id == complaint_id, _w.lifted_at.is_(None))
        self._db.execute(update(warnings).where(*still).values(lifted_at=at))


class DeadlineTable(Repository):
    """Deadlines."""

    def begin(self, complaint_id: str, started_at: datetime, due_at: datetime, *, provisional: bool) -> bool:
        if self.of_complaint(complaint_id):
            return False
        values = {"started_at": started_at, "due_at": due_at, "provisional": provisional, "extensions": 0}
        try:
            with self._db.begin_nested():
                self._db.execute(insert(deadlines).values(complaint_id=complaint_id, **values))
        except IntegrityError:  # somebody else has begun in this moment
            return False
        return True

    def of_complaint(self, complaint_id: str) -> Kept | None:
        row = self._db.execute(select(deadlines).where(_d.complaint_id == complaint_id)).first()
        return _known(row) if row else None

    def hold(self, complaint_id: str) -> None:
        self._db.execute(select(_d.complaint_id).where(_d.complaint_id == complaint_id).with_for_update())

    def extended(self, complaint_id: str, due_at: datetime) -> None:
        self._move(complaint_id, due_at, {"provisional": False, "extensions": _d.extensions + 1})

    def restart(self, complaint_id: str, started_at: datetime, due_at: datetime, *, provisional: bool) -> None:
        self._move(complaint_id, due_at, {"started_at": started_at, "provisional": provisional, "stopped_at": None})

    def _move(self, complaint_id: str, due_at: datetime, values: dict[str, Any]) -> None:
        moved = update(deadlines).where(_d.complaint_id == complaint_id).values(due_at=due_at, **values)
        self._db.execute(moved)
        self._db.execute(update(t.complaints).where(t.complaints.c.id == complaint_id).values(due_at=due_at))

    def stop(self, complaint_id: str, at: datetime) -> None:
        running = (_d.complaint_id == complaint_id, _d.stopped_at.is_(None))
        self._db.execute(update(deadlines).where(*running).values(stopped_at=at))

    def provisional(self) -> Sequence[Kept]:
        wanted = select(deadlines).where(_d.provisional, _d.stopped_at.is_(None)).order_by(_d.complaint_id)
        return [_known(row) for row in self._db.execute(wanted)]

    def count_provisional(self) -> int:
        wanted = select(func.count()).select_from(deadlines).where(_d.provisional, _d.stopped_at.is_(None))
        return int(self._db.execute(wanted).scalar_one())


def _warned(row: Row[Any]) -> Warned:
    return Warned(row.complaint_id, WarningKind(row.kind), row.level, row.due_at, row.at)


def _known(row: Row[Any]) -> Kept:
    return Kept(row.complaint_id, row.started_at, row.due_at, row.extensions, row.provisional, row.stopped_at)
