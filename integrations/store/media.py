"""Citizens' pictures and recordings: kept, shown to their owner, tied to tickets, deleted."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from integrations.services.media_records import Medium
from integrations.store import tables as t
from integrations.store.media_tables import media
from integrations.store.table import Repository
from kb.media_types import Kind
from kb.photo_facts import PhotoFacts

_m = media.c


class MediaTable(Repository):
    """The `Media` port."""

    def add(self, medium: Medium) -> None:
        number = select(func.count()).where(_m.conversation_id == medium.conversation_id).scalar_subquery()
        self._db.execute(
            insert(media).values(
                id=medium.id,
                conversation_id=medium.conversation_id,
                complaint_id=medium.complaint_id,
                number=number,
                kind=medium.kind.value,
                content_type=medium.content_type,
                body=medium.body,
                lat=medium.facts.lat,
                lon=medium.facts.lon,
                taken_at=medium.facts.taken_at,
                words=medium.words,
                at=medium.at,
            )
        )

    def get(self, medium_id: str) -> Medium | None:
        row = self._db.execute(select(media).where(_m.id == medium_id)).first()
        if row is None:
            return None
        return Medium(
            row.id,
            row.conversation_id,
            Kind(row.kind),
            row.content_type,
            row.body,
            row.at,
            PhotoFacts(row.lat, row.lon, row.taken_at),
            row.words,
            row.complaint_id,
        )

    def owner(self, medium_id: str) -> str | None:
        c = t.conversations.c
        found = select(c.citizen_id).join(media, _m.conversation_id == c.id).where(_m.id == medium_id)
        citizen = self._db.execute(found).scalar()
        return str(citizen) if citizen else None

    def heard(self, medium_id: str, words: str) -> None:
        self._db.execute(update(media).where(_m.id == medium_id).values(words=words))

    def voices(self, conversation_id: str) -> int:
        mine = (_m.conversation_id == conversation_id, _m.kind == Kind.VOICE.value)
        return int(self._db.execute(select(func.count()).select_from(media).where(*mine)).scalar_one())

    def of_complaint(self, complaint_id: str) -> Sequence[tuple[str, Kind]]:
        rows = self._db.execute(
            select(_m.id, _m.kind).where(_m.complaint_id == complaint_id).order_by(_m.kind, _m.at, _m.number, _m.id)
        )
        return [(row.id, Kind(row.kind)) for row in rows]

    def unheard(self, *, limit: int) -> Sequence[str]:
        wanted = select(_m.id).where(_m.kind == Kind.VOICE.value, _m.words.is_(None)).order_by(_m.at, _m.number)
        return list(self._db.execute(wanted.limit(limit)).scalars())


def go_with(db: Connection, complaint_id: str, photos: Sequence[str]) -> None:
    """These pictures of the ticket's citizen go with the ticket, and recordings that go with none yet."""
    c = t.complaints.c
    citizen = select(c.citizen_id).where(c.id == complaint_id).scalar_subquery()
    theirs = select(t.conversations.c.id).where(t.conversations.c.citizen_id == citizen)
    chosen = or_(_m.id.in_(list(photos)), _m.kind == Kind.VOICE.value) if photos else _m.kind == Kind.VOICE.value
    db.execute(
        update(media)
        .where(_m.conversation_id.in_(theirs), _m.complaint_id.is_(None), chosen)
        .values(complaint_id=complaint_id)
    )


def delete_of_complaint(db: Connection, complaint_id: str) -> int:
    """How many went."""
    return int(db.execute(delete(media).where(_m.complaint_id == complaint_id)).rowcount)


def delete_of_conversation(db: Connection, conversation_id: str) -> int:
    """How many went."""
    return int(db.execute(delete(media).where(_m.conversation_id == conversation_id)).rowcount)
