"""Contacts as rows: sealed, bound to their complaint, and found by a keyed hash.

The numbers of calls that are to be made are sealed by the same keys in a table of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, union_all, update

from integrations.services.errors import NeedsPerson
from integrations.services.personal_ports import Sealer, Sealers
from integrations.services.personal_records import Sealed
from integrations.store import tables as t
from integrations.store.handover_tables import call_backs
from integrations.store.personal_tables import sealed_contacts
from integrations.store.table import Repository

PHONE, WORDS = "phone", "words"
_NOBODY = "00000000000"
_c, _b = sealed_contacts.c, call_backs.c


class ContactTable(Repository):
    """The `Contacts` port. The key is looked for when the first row is sealed or opened, not before."""

    def __init__(self, connection: Connection, sealer: Sealers | None = None) -> None:
        super().__init__(connection)
        self._source = sealer

    @property
    def _sealer(self) -> Sealer:
        if self._source is None:
            raise NeedsPerson("contacts cannot be kept or read here: this store was opened without a key")
        return self._source(self.key_ids)

    def put(self, complaint_id: str, phone: str) -> None:
        self._put(complaint_id, PHONE, phone)
        self._db.execute(delete(t.contacts).where(t.contacts.c.complaint_id == complaint_id))

    def phone(self, complaint_id: str) -> str | None:
        # The same work whether there is one or not: nobody shall tell by the time which tickets exist.
        sealed = self._open(complaint_id, PHONE)
        if sealed is None:
            self._sealer.seal(_NOBODY, _about(complaint_id, PHONE))
        # what an older version wrote and nobody has sealed yet
        plain = self._db.execute(select(t.contacts.c.phone).where(t.contacts.c.complaint_id == complaint_id)).scalar()
        return plain if sealed is None else sealed

    def put_words(self, complaint_id: str, words: str) -> None:
        self._put(complaint_id, WORDS, words)

    def words(self, complaint_id: str) -> str | None:
        return self._open(complaint_id, WORDS)

    def complaints_of(self, phone: str) -> Sequence[str]:
        sealed = select(_c.complaint_id).where(_c.mark.in_(self._sealer.marks(phone)), _c.purpose == PHONE)
        plain = select(t.contacts.c.complaint_id).where(t.contacts.c.phone == phone)
        mine = t.complaints.c.id.in_(sealed.union(plain))
        newest = select(t.complaints.c.id).where(mine).order_by(t.complaints.c.filed_at.desc(), t.complaints.c.id)
        return list(self._db.execute(newest).scalars())

    def key_ids(self) -> dict[str, int]:
        used = union_all(select(_c.key_id), select(_b.key_id).where(_b.key_id.is_not(None))).subquery()
        rows = self._db.execute(select(used.c.key_id, func.count()).group_by(used.c.key_id).order_by(used.c.key_id))
        return {str(name): int(count) for name, count in rows}

    def check(self) -> None:
        for name in self.key_ids():
            if row := self._db.execute(select(sealed_contacts).where(_c.key_id == name).limit(1)).first():
                self._read(row)
            if row := self._db.execute(select(call_backs).where(_b.key_id == name).limit(1)).first():
                self.opened_call(row)

    def unsealed(self) -> int:
        return int(self._db.execute(select(func.count()).select_from(t.contacts)).scalar_one())

    def seal_some(self, *, limit: int) -> int:
        # two workers may start at once: on PostgreSQL each takes rows of its own
        some = select(t.contacts).order_by(t.contacts.c.complaint_id).limit(limit).with_for_update(skip_locked=True)
        rows = self._db.execute(some).all()
        for row in rows:
            there = select(_c.key_id).where(_c.complaint_id == row.complaint_id, _c.purpose == PHONE)
            if self._db.execute(there).first() is None:
                self._put(row.complaint_id, PHONE, row.phone)
        self._db.execute(delete(t.contacts).where(t.contacts.c.complaint_id.in_([row.complaint_id for row in rows])))
        return len(rows)

    def reseal_some(self, *, limit: int) -> int:
        others = select(sealed_contacts).where(_c.key_id != self._sealer.first)
        some = others.order_by(_c.complaint_id, _c.purpose).limit(limit).with_for_update(skip_locked=True)
        rows = self._db.execute(some).all()
        for row in rows:
            self._put(row.complaint_id, row.purpose, self._read(row))
        calls = select(call_backs).where(_b.key_id != self._sealer.first)
        left = calls.order_by(_b.id).limit(limit - len(rows)).with_for_update(skip_locked=True)
        promised = self._db.execute(left).all()
        for row in promised:
            self.seal_call(row.id, self.opened_call(row))
        return len(rows) + len(promised)

    # -- calls that are to be made -------------------------------------------------------------------------------

    def seal_call(self, call_id: int, phone: str) -> None:
        """Put the number of a call, in place of the one before."""
        sealed = self._sealer.seal(phone, _about_call(call_id))
        values = {"key_id": sealed.key_id, "phone": sealed.body}
        self._db.execute(update(call_backs).where(_b.id == call_id).values(**values))

    def opened_call(self, row: Row[Any]) -> str:
        """The number of a row of `call_backs` that has one."""
        return self._sealer.open(Sealed(row.key_id, row.phone), _about_call(row.id))

    # -- one row -------------------------------------------------------------------------------------------------

    def _put(self, complaint_id: str, purpose: str, plain: str) -> None:
        sealed = self._sealer.seal(plain, _about(complaint_id, purpose))
        mark = self._sealer.mark(plain, sealed.key_id) if purpose == PHONE else None
        self._db.execute(delete(sealed_contacts).where(_c.complaint_id == complaint_id, _c.purpose == purpose))
        self._db.execute(
            insert(sealed_contacts).values(
                complaint_id=complaint_id, purpose=purpose, key_id=sealed.key_id, body=sealed.body, mark=mark
            )
        )

    def _open(self, complaint_id: str, purpose: str) -> str | None:
        one = select(sealed_contacts).where(_c.complaint_id == complaint_id, _c.purpose == purpose)
        row = self._db.execute(one).first()
        return self._read(row) if row else None

    def _read(self, row: Row[Any]) -> str:
        return self._sealer.open(Sealed(row.key_id, row.body), _about(row.complaint_id, row.purpose))


def _about(complaint_id: str, purpose: str) -> str:
    return f"{complaint_id}:{purpose}"


def _about_call(call_id: int) -> str:
    return f"call-back-{call_id}:{PHONE}"
