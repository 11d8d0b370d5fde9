"""Tags of the screening. A lifted tag stays in the table, so that lifting can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from integrations.services.records import ScreeningTag
from integrations.store import tables as t
from integrations.store.table import Repository
from kb.screening import Reason, Tag
from kb.text import hide_personal

_c = t.screening_tags.c


class ScreeningTable(Repository):
    """Doubts about complaints."""

    def add(self, complaint_id: str, tags: Sequence[Tag], *, at: datetime) -> None:
        for tag in tags:
            self._db.execute(
                insert(t.screening_tags).values(
                    complaint_id=complaint_id,
                    reason=tag.reason,
                    evidence=hide_personal(tag.evidence),
                    confidence=tag.confidence,
                    at=at,
                )
            )

    def of_complaint(self, complaint_id: str) -> Sequence[ScreeningTag]:
        wanted = select(t.screening_tags).where(_c.complaint_id == complaint_id)
        return [_tag(row) for row in self._db.execute(wanted.order_by(_c.confidence.desc(), _c.id))]

    def standing(self, *, limit: int = 200) -> Sequence[ScreeningTag]:
        wanted = select(t.screening_tags).where(_c.lifted_at.is_(None))
        return [_tag(row) for row in self._db.execute(wanted.order_by(_c.at.desc(), _c.id.desc()).limit(limit))]

    def lift(self, tag_id: int, *, by: str, at: datetime) -> bool:
        standing = (_c.id == tag_id) & _c.lifted_at.is_(None)
        done = self._db.execute(update(t.screening_tags).where(standing).values(lifted_at=at, lifted_by=by))
        return done.rowcount == 1

    def put_back(self, tag_id: int) -> bool:
        lifted = (_c.id == tag_id) & _c.lifted_at.is_not(None)
        done = self._db.execute(update(t.screening_tags).where(lifted).values(lifted_at=None, lifted_by=None))
        return done.rowcount == 1


def _tag(row: Row[Any]) -> ScreeningTag:
    tag = Tag(Reason(row.reason), row.evidence, row.confidence)
    return ScreeningTag(row.id, row.complaint_id, tag, row.at, row.lifted_at, row.lifted_by)
