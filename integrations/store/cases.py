"""Complaints with their appended history and their reports, and ratings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.errors import Conflict
from integrations.services.records import (
    Complaint,
    Feedback,
    Report,
)
from integrations.store import tables as t
from integrations.store.incidents import group
from integrations.store.table import Repository
from kb.lifecycle import Status, StatusChange
from kb.places import Place
from kb.request_types import RequestType
from kb.taxonomy import Urgency


class ComplaintTable(Repository):
    """Complaints with their history."""

    def add(self, complaint: Complaint, phone: str | None) -> None:
        place = complaint.place.as_dict() if complaint.place else None
        try:
            with self._db.begin_nested():
                self._db.execute(
                    insert(t.complaints).values(
                        id=complaint.id,
                        number=complaint.number,
                        draft_id=complaint.draft_id,
                        conversation_id=complaint.conversation_id,
                        citizen_id=complaint.citizen_id,
                        incident_id=complaint.incident_id,
                        description=complaint.description,
                        category=complaint.category,
                        category_confidence=complaint.category_confidence,
                        place=place,
                        since=complaint.since,
                        anonymous=complaint.anonymous,
                        joined=complaint.joined,
                        request_type=complaint.request_type,
                        urgency=complaint.urgency,
                        filed_at=complaint.filed_at,
                        due_at=complaint.due_at,
                    )
                )
        except IntegrityError as taken:
            raise Conflict(f"draft {complaint.draft_id} or number {complaint.number} is filed already") from taken
        if phone:
            self._db.execute(insert(t.contacts).values(complaint_id=complaint.id, phone=phone))
        for change in complaint.history:
            self.append(complaint.id, change)

    def append(self, complaint_id: str, change: StatusChange) -> None:
        try:
            with self._db.begin_nested():
                self._db.execute(
                    insert(t.status_changes).values(
                        complaint_id=complaint_id,
                        sequence=change.sequence,
                        before=change.before,
                        after=change.after,
                        actor=change.actor,
                        note=change.note,
                        unit=change.unit,
                        at=change.at,
                    )
                )
        except IntegrityError as taken:
            raise Conflict(f"complaint {complaint_id} has moved on since it was read") from taken

    def get(self, complaint_id: str) -> Complaint | None:
        return self._one(t.complaints.c.id == complaint_id)

    def by_number(self, number: str) -> Complaint | None:
        return self._one(t.complaints.c.number == number)

    def by_draft(self, draft_id: str) -> Complaint | None:
        return self._one(t.complaints.c.draft_id == draft_id)

    def of_citizen(self, citizen_id: str, *, limit: int = 5) -> Sequence[Complaint]:
        rows = self._db.execute(
            select(t.complaints)
            .where(t.complaints.c.citizen_id == citizen_id)
            .order_by(t.complaints.c.filed_at.desc(), t.complaints.c.id)
            .limit(limit)
        )
        return [self._complaint(row) for row in rows.all()]

    def of_incident(self, incident_id: str) -> Sequence[Complaint]:
        rows = self._db.execute(
            select(t.complaints)
            .where(t.complaints.c.incident_id.in_(group(incident_id)))
            .order_by(t.complaints.c.filed_at, t.complaints.c.id)
        )
        return [self._complaint(row) for row in rows.all()]

    def first_of_incident(self, incident_id: str, citizen_id: str | None = None) -> Complaint | None:
        wanted = select(t.complaints).where(t.complaints.c.incident_id.in_(group(incident_id)))
        if citizen_id is None:
            wanted = wanted.order_by(t.complaints.c.filed_at, t.complaints.c.id)
        else:
            wanted = wanted.where(t.complaints.c.citizen_id == citizen_id)
            wanted = wanted.order_by(t.complaints.c.filed_at.desc(), t.complaints.c.id)
        row = self._db.execute(wanted.limit(1)).first()
        return self._complaint(row) if row else None

    def phone(self, complaint_id: str) -> str | None:
        found = select(t.contacts.c.phone).where(t.contacts.c.complaint_id == complaint_id)
        return self._db.execute(found).scalar()

    def times_reported(self, citizen_id: str, incident_id: str) -> int:
        mine = (t.complaints.c.citizen_id == citizen_id) & t.complaints.c.incident_id.in_(group(incident_id))
        return int(self._db.execute(select(func.count()).select_from(t.complaints).where(mine)).scalar_one())

    def _one(self, condition: Any) -> Complaint | None:
        row = self._db.execute(select(t.complaints).where(condition)).first()
        return self._complaint(row) if row else None

    def _complaint(self, row: Row[Any]) -> Complaint:
        history = self._db.execute(
            select(t.status_changes)
            .where(t.status_changes.c.complaint_id == row.id)
            .order_by(t.status_changes.c.sequence)
        )
        return Complaint(
            id=row.id,
            number=row.number,
            draft_id=row.draft_id,
            conversation_id=row.conversation_id,
            citizen_id=row.citizen_id,
            incident_id=row.incident_id,
            description=row.description,
            category=row.category,
            category_confidence=row.category_confidence,
            place=Place.from_dict(row.place) if row.place else None,
            since=row.since,
            anonymous=row.anonymous,
            joined=row.joined,
            request_type=RequestType(row.request_type),
            urgency=Urgency(row.urgency),
            filed_at=row.filed_at,
            due_at=row.due_at,
            history=tuple(
                StatusChange(
                    one.sequence,
                    Status(one.before) if one.before else None,
                    Status(one.after),
                    one.at,
                    one.actor,
                    one.note,
                    one.unit,
                )
                for one in history
            ),
        )


class ReportTable(Repository):
    """What was said about complaints, first words and later ones."""

    def add(self, report: Report) -> bool:
        place = report.place.as_dict() if report.place else None
        try:
            with self._db.begin_nested():
                self._db.execute(
                    insert(t.reports).values(
                        complaint_id=report.complaint_id,
                        key=report.key,
                        text=report.text,
                        place=place,
                        channel=report.channel,
                        photos=list(report.photos),
                        at=report.at,
                    )
                )
        except IntegrityError:
            return False
        return True

    def of_complaint(self, complaint_id: str) -> Sequence[Report]:
        return self._where(t.reports.c.complaint_id == complaint_id)

    def of_incident(self, incident_id: str) -> Sequence[Report]:
        mine = select(t.complaints.c.id).where(t.complaints.c.incident_id.in_(group(incident_id)))
        return self._where(t.reports.c.complaint_id.in_(mine))

    def _where(self, condition: Any) -> Sequence[Report]:
        rows = self._db.execute(select(t.reports).where(condition).order_by(t.reports.c.at, t.reports.c.id))
        return [_report(row) for row in rows]


class FeedbackTable(Repository):
    """Questions after closure."""

    def open(self, feedback: Feedback) -> None:
        self._db.execute(
            insert(t.feedbacks).values(
                complaint_id=feedback.complaint_id,
                conversation_id=feedback.conversation_id,
                opened_at=feedback.opened_at,
                expires_at=feedback.expires_at,
            )
        )

    def of_complaint(self, complaint_id: str) -> Feedback | None:
        row = self._db.execute(select(t.feedbacks).where(t.feedbacks.c.complaint_id == complaint_id)).first()
        return _feedback(row) if row else None

    def latest_open(self, conversation_id: str, now: datetime) -> Feedback | None:
        row = self._db.execute(
            select(t.feedbacks)
            .where(
                t.feedbacks.c.conversation_id == conversation_id,
                t.feedbacks.c.finished_at.is_(None),
                t.feedbacks.c.expires_at > now,
            )
            .order_by(t.feedbacks.c.opened_at.desc())
        ).first()
        return _feedback(row) if row else None

    def save(self, feedback: Feedback) -> None:
        self._db.execute(
            update(t.feedbacks)
            .where(t.feedbacks.c.complaint_id == feedback.complaint_id)
            .values(
                solved=feedback.solved,
                satisfied=feedback.satisfied,
                contacted=feedback.contacted,
                reason=feedback.reason,
                finished_at=feedback.finished_at,
            )
        )


def _report(row: Row[Any]) -> Report:
    place = Place.from_dict(row.place) if row.place else None
    return Report(row.complaint_id, row.key, row.text, row.channel, row.at, place, tuple(row.photos))


def _feedback(row: Row[Any]) -> Feedback:
    return Feedback(
        row.complaint_id,
        row.conversation_id,
        row.opened_at,
        row.expires_at,
        row.solved,
        row.satisfied,
        row.contacted,
        row.reason,
        row.finished_at,
    )
