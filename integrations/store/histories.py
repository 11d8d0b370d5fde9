"""Histories as rows: written with their seal, read by the page for the audit."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, FromClause, Row, func, insert, select, update

from integrations.store.table import Repository
from integrations.store.tables import complaints, status_changes
from kb.history import FIRST, Chain, Entry, Seal, seal
from kb.lifecycle import Move, Status, StatusChange

_s = status_changes.c


def write(connection: Connection, complaint_id: str, change: StatusChange) -> None:
    """Append an entry, sealed to the one before it. Raises IntegrityError when it cannot be the next one."""
    before = select(_s.hash).where(_s.complaint_id == complaint_id, _s.sequence == change.sequence - 1)
    former = FIRST if change.sequence == 1 else connection.execute(before).scalar_one_or_none()
    if former is None:
        raise LookupError(f"complaint {complaint_id} has no entry {change.sequence - 1}")
    sealed = seal(former, complaint_id, change, salt=secrets.token_hex(16))
    connection.execute(
        insert(status_changes).values(
            complaint_id=complaint_id,
            sequence=change.sequence,
            before=change.before,
            after=change.after,
            actor=change.actor,
            note=change.note,
            unit=change.unit,
            at=change.at,
            move=change.kind,
            due_at=change.due_at,
            photos=list(change.photos) or None,
            solved=change.solved,
            salt=sealed.salt,
            digest=sealed.digest,
            hash=sealed.hash,
        )
    )
    connection.execute(update(complaints).where(complaints.c.id == complaint_id).values(entries=change.sequence))


def read(row: Row[Any]) -> StatusChange:
    """The entry that a row holds."""
    return StatusChange(
        sequence=row.sequence,
        before=Status(row.before) if row.before else None,
        after=Status(row.after),
        at=row.at,
        actor=row.actor,
        note=row.note,
        unit=row.unit,
        kind=Move(row.move),
        due_at=row.due_at,
        photos=tuple(row.photos or ()),
        solved=row.solved,
        hash=row.hash,
    )


# What an audit needs of a complaint; a table that has no more than this can be audited too.
_CHAINED = (complaints.c.id, complaints.c.number, complaints.c.entries)


class HistoryTable(Repository):
    """The chains."""

    def page(self, *, after: str, limit: int) -> Sequence[Chain]:
        some = select(*_CHAINED).where(complaints.c.id > after).order_by(complaints.c.id).limit(limit)
        return list(self._chains(some.subquery()))

    def of_number(self, number: str) -> Chain | None:
        one = select(*_CHAINED).where(complaints.c.number == number)
        return next(self._chains(one.subquery()), None)

    def orphans(self, *, limit: int = 20) -> Sequence[str]:
        joined = status_changes.outerjoin(complaints, complaints.c.id == _s.complaint_id)
        wanted = select(_s.complaint_id).select_from(joined).where(complaints.c.id.is_(None)).distinct().limit(limit)
        return list(self._db.execute(wanted).scalars())

    def erase_texts(self, complaint_id: str) -> int:
        mine = _s.complaint_id == complaint_id
        last = self._db.execute(select(func.max(_s.sequence)).where(mine, _s.move == Move.ERASED)).scalar()
        if last is None:
            return 0
        those = (mine, _s.sequence < last, _s.move != Move.ERASED, _s.salt.is_not(None))
        erased = self._db.execute(update(status_changes).where(*those).values(note=None, photos=None, salt=None))
        return int(erased.rowcount)

    def _chains(self, wanted: FromClause) -> Iterator[Chain]:
        # One statement, so that no entry is seen without the count that was written with it.
        joined = wanted.outerjoin(status_changes, _s.complaint_id == wanted.c.id)
        columns = [wanted.c.id.label("chain"), wanted.c.number, wanted.c.entries, *_columns()]
        rows = self._db.execute(select(*columns).select_from(joined).order_by(wanted.c.id, _s.sequence))
        for complaint_id, group in groupby(rows, key=lambda row: row.chain):
            found = list(group)
            entries = tuple(Entry(read(row), Seal(row.hash, row.digest, row.salt)) for row in found if row.sequence)
            yield Chain(complaint_id, found[0].number, found[0].entries, entries)


def _columns() -> list[Any]:
    return [column for column in status_changes.columns if column.name not in ("id", "complaint_id")]
