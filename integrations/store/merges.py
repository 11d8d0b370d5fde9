"""The history of merging incidents. A merge that was undone stays in the table, with who undid it and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from integrations.services.records import Merge
from integrations.store import tables as t
from integrations.store.table import Repository

_c = t.merges.c


class MergeTable(Repository):
    """Who merged what into what."""

    def add(self, incident_id: str, into: str, *, by: str, why: str, at: datetime, numbers: Sequence[str]) -> Merge:
        made = self._db.execute(
            insert(t.merges)
            .values(incident_id=incident_id, into_id=into, by=by, why=why, at=at, numbers=list(numbers))
            .returning(_c.id)
        ).scalar_one()
        return Merge(made, incident_id, into, by, why, at, tuple(numbers))

    def get(self, merge_id: int) -> Merge | None:
        row = self._db.execute(select(t.merges).where(_c.id == merge_id)).first()
        return _merge(row) if row else None

    def of_incidents(self, incident_ids: Sequence[str]) -> Sequence[Merge]:
        theirs = or_(_c.incident_id.in_(incident_ids), _c.into_id.in_(incident_ids))
        return [_merge(row) for row in self._db.execute(select(t.merges).where(theirs).order_by(_c.id))]

    def undo(self, merge_id: int, *, by: str, why: str, at: datetime) -> bool:
        standing = (_c.id == merge_id) & _c.undone_at.is_(None)
        done = self._db.execute(update(t.merges).where(standing).values(undone_by=by, undone_why=why, undone_at=at))
        return done.rowcount == 1


def _merge(row: Row[Any]) -> Merge:
    return Merge(
        row.id,
        row.incident_id,
        row.into_id,
        row.by,
        row.why,
        row.at,
        tuple(row.numbers),
        row.undone_at,
        row.undone_by,
        row.undone_why,
    )
