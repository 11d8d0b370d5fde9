"""Surveys: campaigns, whom they ask, and the answers, each question's once."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.satisfaction_records import AnswerKind, Invitation, Survey, SurveyQuestion
from integrations.store import satisfaction_tables as own
from integrations.store.table import Repository

_s = own.surveys.c
_i = own.survey_invitations.c
_a = own.survey_answers.c


class SurveyTable(Repository):
    """Campaigns."""

    def add(self, *, title: str, questions: Sequence[SurveyQuestion], by: str, open_days: int, at: datetime) -> Survey:
        made = self._db.execute(
            insert(own.surveys)
            .values(
                title=title,
                questions=[{"kind": one.kind, "text": one.text} for one in questions],
                created_by=by,
                open_days=open_days,
                created_at=at,
            )
            .returning(_s.id)
        ).scalar_one()
        return Survey(made, title, tuple(questions), at, by, open_days)

    def get(self, survey_id: int) -> Survey | None:
        row = self._db.execute(select(own.surveys).where(_s.id == survey_id)).first()
        return _survey(row) if row else None

    def list(self) -> Sequence[Survey]:
        return [_survey(row) for row in self._db.execute(select(own.surveys).order_by(_s.id.desc()))]

    def send(self, survey_id: int, *, at: datetime, ends_at: datetime) -> bool:
        done = self._db.execute(
            update(own.surveys)
            .where(_s.id == survey_id, _s.sent_at.is_(None), _s.stopped_at.is_(None))
            .values(sent_at=at, ends_at=ends_at)
        )
        return done.rowcount == 1

    def stop(self, survey_id: int, at: datetime) -> bool:
        done = self._db.execute(
            update(own.surveys).where(_s.id == survey_id, _s.stopped_at.is_(None)).values(stopped_at=at)
        )
        return done.rowcount == 1

    def invite(self, survey_id: int, citizen_id: str, complaint_id: str) -> bool:
        try:
            with self._db.begin_nested():
                self._db.execute(
                    insert(own.survey_invitations).values(
                        survey_id=survey_id, citizen_id=citizen_id, complaint_id=complaint_id
                    )
                )
        except IntegrityError:
            return False
        return True

    def invitations(self, survey_id: int) -> Sequence[Invitation]:
        return self._invitations(select(own.survey_invitations).where(_i.survey_id == survey_id).order_by(_i.id))

    def invitation(self, invitation_id: int) -> Invitation | None:
        return self._first(select(own.survey_invitations).where(_i.id == invitation_id))

    def hold(self, invitation_id: int) -> Invitation | None:
        return self._first(select(own.survey_invitations).where(_i.id == invitation_id).with_for_update())

    def open_of(self, citizen_id: str, now: datetime) -> Invitation | None:
        return self._first(
            select(own.survey_invitations)
            .join(own.surveys, _s.id == _i.survey_id)
            .where(_i.citizen_id == citizen_id, _i.finished_at.is_(None))
            .where(_s.sent_at <= now, _s.ends_at > now, _s.stopped_at.is_(None))
            .order_by(_i.told_at.nulls_last(), _i.id)
        )

    def tell(self, invitation_id: int, at: datetime) -> bool:
        done = self._db.execute(
            update(own.survey_invitations).where(_i.id == invitation_id, _i.told_at.is_(None)).values(told_at=at)
        )
        return done.rowcount == 1

    def answer(self, invitation: Invitation, at: datetime) -> None:
        kept = self._answers([invitation.id])[invitation.id]
        for number, value in enumerate(invitation.answers):
            if number >= len(kept):
                self._db.execute(
                    insert(own.survey_answers).values(invitation_id=invitation.id, question=number, value=value, at=at)
                )
        finished = update(own.survey_invitations).where(_i.id == invitation.id)
        self._db.execute(finished.values(finished_at=invitation.finished_at))

    def _first(self, wanted: Select[Any]) -> Invitation | None:
        return next(iter(self._invitations(wanted.limit(1))), None)

    def _invitations(self, wanted: Select[Any]) -> builtins.list[Invitation]:
        rows = self._db.execute(wanted).all()
        answers = self._answers([row.id for row in rows])
        return [
            Invitation(
                row.id, row.survey_id, row.citizen_id, row.complaint_id, answers[row.id], row.told_at, row.finished_at
            )
            for row in rows
        ]

    def _answers(self, invitation_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
        found: dict[int, tuple[str, ...]] = dict.fromkeys(invitation_ids, ())
        # in slices, since a database takes only so many values in one question
        for start in range(0, len(invitation_ids), 500):
            wanted = select(own.survey_answers).where(_a.invitation_id.in_(invitation_ids[start : start + 500]))
            for row in self._db.execute(wanted.order_by(_a.invitation_id, _a.question)):
                found[row.invitation_id] += (row.value,)
        return found


def _survey(row: Row[Any]) -> Survey:
    return Survey(
        id=row.id,
        title=row.title,
        questions=tuple(SurveyQuestion(AnswerKind(one["kind"]), one["text"]) for one in row.questions),
        created_at=row.created_at,
        created_by=row.created_by,
        open_days=row.open_days,
        sent_at=row.sent_at,
        ends_at=row.ends_at,
        stopped_at=row.stopped_at,
    )
