"""The ledger: incidents that somebody keeps an eye on. Notes are appended; an incident stands there once at a time."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.satisfaction_records import Cause, LedgerEntry, LedgerNote
from integrations.store import satisfaction_tables as own
from integrations.store.incidents import group
from integrations.store.table import Repository

_c = own.ledger_entries.c


class LedgerTable(Repository):
    """Entries and their notes."""

    def open(
        self, incident_id: str, cause: Cause, *, at: datetime, owner: str, next_at: datetime, condition: str
    ) -> LedgerEntry | None:
        if self.standing(incident_id):
            return None
        try:
            with self._db.begin_nested():
                made = self._db.execute(
                    insert(own.ledger_entries)
                    .values(
                        incident_id=incident_id,
                        cause=cause,
                        owner=owner,
                        condition=condition,
                        opened_at=at,
                        next_at=next_at,
                    )
                    .returning(_c.id)
                ).scalar_one()
        except IntegrityError:
            return None
        return LedgerEntry(made, incident_id, cause, at, owner, next_at, condition)

    def get(self, entry_id: int) -> LedgerEntry | None:
        row = self._db.execute(select(own.ledger_entries).where(_c.id == entry_id)).first()
        return self._entries([row])[0] if row else None

    def standing(self, incident_id: str) -> LedgerEntry | None:
        wanted = select(own.ledger_entries).where(_c.incident_id.in_(group(incident_id)), _c.closed_at.is_(None))
        row = self._db.execute(wanted.order_by(_c.id).limit(1)).first()
        return self._entries([row])[0] if row else None

    def list(self, *, closed: bool = False, limit: int = 200) -> Sequence[LedgerEntry]:
        wanted = select(own.ledger_entries)
        if closed:
            wanted = wanted.where(_c.closed_at.is_not(None)).order_by(_c.closed_at.desc(), _c.id.desc())
        else:
            wanted = wanted.where(_c.closed_at.is_(None)).order_by(_c.next_at, _c.id)
        return self._entries(self._db.execute(wanted.limit(limit)).all())

    def change(self, entry: LedgerEntry) -> bool:
        done = self._db.execute(
            update(own.ledger_entries)
            .where(_c.id == entry.id, _c.closed_at.is_(None))
            .values(owner=entry.owner, next_at=entry.next_at, condition=entry.condition)
        )
        return done.rowcount == 1

    def close(self, entry_id: int, *, by: str, at: datetime) -> bool:
        done = self._db.execute(
            update(own.ledger_entries)
            .where(_c.id == entry_id, _c.closed_at.is_(None))
            .values(closed_at=at, closed_by=by)
        )
        return done.rowcount == 1

    def note(self, entry_id: int, note: LedgerNote) -> None:
        self._db.execute(insert(own.ledger_notes).values(entry_id=entry_id, by=note.by, text=note.text, at=note.at))

    def _entries(self, rows: Sequence[Row[Any]]) -> builtins.list[LedgerEntry]:
        notes: dict[int, builtins.list[LedgerNote]] = {row.id: [] for row in rows}
        wanted = select(own.ledger_notes).where(own.ledger_notes.c.entry_id.in_(notes))
        for one in self._db.execute(wanted.order_by(own.ledger_notes.c.id)):
            notes[one.entry_id].append(LedgerNote(one.at, one.by, one.text))
        return [
            LedgerEntry(
                id=row.id,
                incident_id=row.incident_id,
                cause=Cause(row.cause),
                opened_at=row.opened_at,
                owner=row.owner,
                next_at=row.next_at,
                condition=row.condition,
                closed_at=row.closed_at,
                closed_by=row.closed_by,
                notes=tuple(notes[row.id]),
            )
            for row in rows
        ]
