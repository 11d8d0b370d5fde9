"""Everything about one person as rows: found, handed out, and erased when its time is over.

`store.erasing` says of every table that holds words of or about somebody what becomes of them; a test looks whether a
column was forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.personal_records import Act, Erased, Person
from integrations.store import erasing, handing_out
from integrations.store import tables as t
from integrations.store.media import delete_of_complaint, delete_of_conversation
from integrations.store.personal_tables import erasures, personal_acts, sealed_contacts
from integrations.store.table import Repository
from integrations.store.uploads import delete_uploads_of
from integrations.store.wechat import forget_citizen
from kb.lifecycle import OPEN, Status

_c, _s = t.complaints.c, t.status_changes.c
GONE = "erased:"
WECHAT = "wechat"
"""Stands before the id of a conversation in place of the channel's name for the citizen."""


class PersonalTable(Repository):
    """The `Personal` port."""

    # -- one person ----------------------------------------------------------------------------------------------

    def find(self, citizen_id: str) -> Person | None:
        known = select(t.citizens.c.id).where(t.citizens.c.id == citizen_id)
        if self._db.execute(known).first() is None:
            return None
        talks = select(t.conversations).where(t.conversations.c.citizen_id == citizen_id)
        tickets = select(_c.id).where(_c.citizen_id == citizen_id).order_by(_c.filed_at, _c.id)
        return Person(
            citizen_id,
            tuple((row.id, _sender(row)) for row in self._db.execute(talks.order_by(t.conversations.c.id))),
            tuple(self._db.execute(tickets).scalars()),
        )

    def everything(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        return handing_out.rows(self._db, person)

    # -- what is past its time ---------------------------------------------------------------------------------------

    def over(self, kind: str, before: datetime, *, limit: int) -> Sequence[str]:
        wanted = _over(kind, before).order_by(_c.filed_at, _c.id).limit(limit)
        return list(self._db.execute(wanted).scalars())

    def count_over(self, kind: str, before: datetime) -> int:
        return self._count(_over(kind, before))

    def idle(self, before: datetime, *, limit: int) -> Sequence[str]:
        wanted = _idle(before).order_by(t.conversations.c.created_at, t.conversations.c.id).limit(limit)
        return list(self._db.execute(wanted).scalars())

    def count_idle(self, before: datetime) -> int:
        return self._count(_idle(before))

    def _count(self, wanted: Select[Any]) -> int:
        return int(self._db.execute(select(func.count()).select_from(wanted.subquery())).scalar_one())

    # -- erasing -------------------------------------------------------------------------------------------------

    def erase_contacts(self, complaint_id: str) -> int:
        sealed = delete(sealed_contacts).where(sealed_contacts.c.complaint_id == complaint_id)
        plain = delete(t.contacts).where(t.contacts.c.complaint_id == complaint_id)
        return int(self._db.execute(sealed).rowcount) + int(self._db.execute(plain).rowcount)

    def erase_words(self, complaint_id: str) -> int:
        return erasing.words_of_complaint(self._db, complaint_id) + delete_of_complaint(self._db, complaint_id)

    def erased(self, complaint_id: str, kind: str, at: datetime) -> None:
        try:
            with self._db.begin_nested():
                self._db.execute(insert(erasures).values(complaint_id=complaint_id, kind=kind, at=at))
        except IntegrityError:
            return

    def erase_conversation(self, conversation_id: str) -> Erased:
        lines = self._db.execute(delete(t.lines).where(t.lines.c.conversation_id == conversation_id)).rowcount
        erasing.words_of_conversation(self._db, conversation_id)
        delete_of_conversation(self._db, conversation_id)
        delete_uploads_of(self._db, conversation_id)
        mine = t.conversations.c.id == conversation_id
        row = self._db.execute(select(t.conversations).where(mine)).one()
        if row.channel == WECHAT:
            forget_citizen(self._db, row.address)
        self._db.execute(update(t.conversations).where(mine).values(address=f"{GONE}{conversation_id}"))
        self.announce(conversation_id)
        return Erased(int(lines), _sender(row))

    # -- who did what --------------------------------------------------------------------------------------------

    def record(self, act: Act) -> None:
        self._db.execute(
            insert(personal_acts).values(
                kind=act.kind, citizen_id=act.citizen_id, by=act.by, why=act.why, counts=dict(act.counts), at=act.at
            )
        )

    def acts(self, *, limit: int = 50) -> Sequence[Act]:
        rows = self._db.execute(select(personal_acts).order_by(personal_acts.c.id.desc()).limit(limit))
        return [Act(row.kind, row.by, row.why, row.at, row.citizen_id, row.counts) for row in rows]


def _sender(row: Any) -> str:
    return f"{row.channel}:{row.id}"


def _ended(before: datetime) -> ColumnElement[bool]:
    """The complaint is over, and nothing has moved in it since."""
    last = select(_s.after).where(_s.complaint_id == _c.id, _s.sequence == _c.entries).scalar_subquery()
    # entries that change no status, such as that of an erasure, do not make it younger
    moved = and_(_s.complaint_id == _c.id, or_(_s.before.is_(None), _s.before != _s.after))
    since = select(func.max(_s.at)).where(moved).scalar_subquery()
    return and_(last.in_([one.value for one in Status if one not in OPEN]), since < before)


def _over(kind: str, before: datetime) -> Select[Any]:
    done = exists().where(erasures.c.complaint_id == _c.id, erasures.c.kind == kind)
    return select(_c.id).where(_c.filed_at < before, ~done, _ended(before))


def _idle(before: datetime) -> Select[Any]:
    v = t.conversations.c
    spoken = exists().where(t.lines.c.conversation_id == v.id, t.lines.c.at >= before)
    younger = exists().where(_c.conversation_id == v.id, ~_ended(before))
    named = ~v.address.startswith(GONE, autoescape=True)
    there = or_(named, exists().where(t.lines.c.conversation_id == v.id))
    return select(v.id).where(v.created_at < before, there, ~spoken, ~younger)
