"""Rounds of questions after closure, and re-checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.satisfaction_records import Feedback, Recheck
from integrations.store import satisfaction_tables as own
from integrations.store import tables as t
from integrations.store.table import Repository
from kb.satisfaction.levels import Level
from kb.satisfaction.rechecks import State

_f = own.feedback_rounds.c
_r = own.rechecks.c


class FeedbackTable(Repository):
    """Rounds of questions."""

    def open(self, feedback: Feedback) -> bool:
        try:
            with self._db.begin_nested():
                self._db.execute(
                    insert(own.feedback_rounds).values(
                        complaint_id=feedback.complaint_id,
                        round=feedback.round,
                        conversation_id=feedback.conversation_id,
                        closure=feedback.closure,
                        closed_by=feedback.closed_by,
                        opened_at=feedback.opened_at,
                        expires_at=feedback.expires_at,
                    )
                )
        except IntegrityError:
            return False
        return True

    def get(self, complaint_id: str, round: int) -> Feedback | None:
        return self._one(select(own.feedback_rounds).where(_f.complaint_id == complaint_id, _f.round == round))

    def of_complaint(self, complaint_id: str) -> Feedback | None:
        return self._one(_latest(complaint_id))

    def rounds(self, complaint_id: str) -> Sequence[Feedback]:
        wanted = select(own.feedback_rounds).where(_f.complaint_id == complaint_id).order_by(_f.round)
        return [_feedback(row) for row in self._db.execute(wanted)]

    def latest_open(self, citizen_id: str, now: datetime) -> Feedback | None:
        return self._one(
            select(own.feedback_rounds)
            .join(t.complaints, t.complaints.c.id == _f.complaint_id)
            .where(t.complaints.c.citizen_id == citizen_id, _f.finished_at.is_(None), _f.expires_at > now)
            .order_by(_f.opened_at.desc(), _f.complaint_id)
        )

    def hold(self, complaint_id: str) -> Feedback | None:
        return self._one(_latest(complaint_id).with_for_update())

    def save(self, feedback: Feedback) -> None:
        self._db.execute(
            update(own.feedback_rounds)
            .where(_f.complaint_id == feedback.complaint_id, _f.round == feedback.round)
            .values(
                solved=feedback.solved,
                level=feedback.level,
                contacted=feedback.contacted,
                reasons=None if feedback.reasons is None else list(feedback.reasons),
                words=feedback.words,
                media=feedback.media,
                decided_at=feedback.decided_at,
                finished_at=feedback.finished_at,
            )
        )

    def remind(self, complaint_id: str, round: int, at: datetime) -> bool:
        done = self._db.execute(
            update(own.feedback_rounds)
            .where(_f.complaint_id == complaint_id, _f.round == round)
            .where(_f.reminded_at.is_(None), _f.decided_at.is_(None), _f.finished_at.is_(None), _f.expires_at > at)
            .values(reminded_at=at)
        )
        return done.rowcount == 1

    def _one(self, wanted: Select[Any]) -> Feedback | None:
        row = self._db.execute(wanted.limit(1)).first()
        return _feedback(row) if row else None


class RecheckTable(Repository):
    """Re-checks."""

    def open(self, recheck: Recheck) -> None:
        self._db.execute(
            insert(own.rechecks).values(
                complaint_id=recheck.complaint_id,
                number=recheck.number,
                round=recheck.round,
                state=recheck.state,
                why=recheck.why,
                closed_by=recheck.closed_by,
                unit=recheck.unit,
                ticked=list(recheck.ticked),
                opened_at=recheck.opened_at,
                due_at=recheck.due_at,
            )
        )

    def count(self, complaint_id: str) -> int:
        found = select(func.count()).select_from(own.rechecks).where(_r.complaint_id == complaint_id)
        return int(self._db.execute(found).scalar_one())

    def standing(self, complaint_id: str) -> Recheck | None:
        open_one = (_r.complaint_id == complaint_id) & (_r.state == State.OPEN)
        row = self._db.execute(select(own.rechecks).where(open_one).order_by(_r.number.desc()).limit(1)).first()
        return _recheck(row) if row else None

    def of_complaint(self, complaint_id: str) -> Sequence[Recheck]:
        wanted = select(own.rechecks).where(_r.complaint_id == complaint_id).order_by(_r.number)
        return [_recheck(row) for row in self._db.execute(wanted)]

    def waiting(self, *, limit: int = 200) -> Sequence[Recheck]:
        wanted = select(own.rechecks).where(_r.state == State.OPEN)
        rows = self._db.execute(wanted.order_by(_r.due_at, _r.complaint_id).limit(limit))
        return [_recheck(row) for row in rows]

    def decide(self, recheck: Recheck) -> bool:
        done = self._db.execute(
            update(own.rechecks)
            .where(_r.complaint_id == recheck.complaint_id, _r.number == recheck.number, _r.state == State.OPEN)
            .values(
                state=recheck.state,
                closed_by=recheck.closed_by,
                checked_by=recheck.checked_by,
                ticked=list(recheck.ticked),
                note=recheck.note,
                decided_at=recheck.decided_at,
            )
        )
        return done.rowcount == 1


def _latest(complaint_id: str) -> Select[Any]:
    return select(own.feedback_rounds).where(_f.complaint_id == complaint_id).order_by(_f.round.desc()).limit(1)


def _feedback(row: Row[Any]) -> Feedback:
    return Feedback(
        complaint_id=row.complaint_id,
        conversation_id=row.conversation_id,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        round=row.round,
        closure=row.closure,
        closed_by=row.closed_by,
        solved=row.solved,
        level=Level(row.level) if row.level else None,
        contacted=row.contacted,
        reasons=None if row.reasons is None else tuple(row.reasons),
        words=row.words,
        media=row.media,
        reminded_at=row.reminded_at,
        decided_at=row.decided_at,
        finished_at=row.finished_at,
    )


def _recheck(row: Row[Any]) -> Recheck:
    return Recheck(
        complaint_id=row.complaint_id,
        number=row.number,
        round=row.round,
        opened_at=row.opened_at,
        due_at=row.due_at,
        why=row.why,
        closed_by=row.closed_by,
        unit=row.unit,
        state=State(row.state),
        checked_by=row.checked_by,
        ticked=tuple(row.ticked),
        note=row.note,
        decided_at=row.decided_at,
    )
