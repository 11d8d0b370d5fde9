"""Complaints with their appended history, incidents, and ratings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.errors import Conflict
from integrations.services.records import (
    Complaint,
    Feedback,
)
from integrations.store import tables as t
from integrations.store.table import Repository
from kb.lifecycle import Status, StatusChange
from kb.matching import OpenIncident
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
            .where(t.complaints.c.incident_id == incident_id)
            .order_by(t.complaints.c.filed_at, t.complaints.c.id)
        )
        return [self._complaint(row) for row in rows.all()]

    def phone(self, complaint_id: str) -> str | None:
        found = select(t.contacts.c.phone).where(t.contacts.c.complaint_id == complaint_id)
        return self._db.execute(found).scalar()

    def times_reported(self, citizen_id: str, incident_id: str) -> int:
        mine = (t.complaints.c.citizen_id == citizen_id) & (t.complaints.c.incident_id == incident_id)
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


class IncidentTable(Repository):
    """Incidents; how many people reported one is counted from its complaints, never kept."""

    def add(self, incident: OpenIncident) -> None:
        self._db.execute(
            insert(t.incidents).values(
                id=incident.id,
                category=incident.category,
                level1=incident.category[:2],
                district=incident.place.district,
                place=incident.place.as_dict(),
                summary=incident.summary,
                opened_at=incident.opened_at,
                last_report_at=incident.last_report_at,
            )
        )

    def get(self, incident_id: str) -> OpenIncident | None:
        row = self._db.execute(
            self._with_people().where(t.incidents.c.id == incident_id, t.incidents.c.closed_at.is_(None))
        ).first()
        return _incident(row) if row else None

    def near(self, *, level1: str, district: str | None, limit: int = 200) -> Sequence[OpenIncident]:
        wanted = self._with_people().where(t.incidents.c.level1 == level1, t.incidents.c.closed_at.is_(None))
        if district:
            wanted = wanted.where(or_(t.incidents.c.district == district, t.incidents.c.district.is_(None)))
        rows = self._db.execute(wanted.order_by(t.incidents.c.last_report_at.desc()).limit(limit))
        return [_incident(row) for row in rows]

    def reported_again(self, incident_id: str, at: datetime) -> None:
        self._db.execute(update(t.incidents).where(t.incidents.c.id == incident_id).values(last_report_at=at))

    def close(self, incident_id: str, at: datetime) -> None:
        self._db.execute(
            update(t.incidents)
            .where(t.incidents.c.id == incident_id, t.incidents.c.closed_at.is_(None))
            .values(closed_at=at)
        )

    @staticmethod
    def _with_people() -> Any:
        people = (
            select(func.count(t.complaints.c.citizen_id.distinct()))
            .where(t.complaints.c.incident_id == t.incidents.c.id)
            .scalar_subquery()
        )
        return select(t.incidents, people.label("people"))


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


def _incident(row: Row[Any]) -> OpenIncident:
    return OpenIncident(
        row.id,
        row.category,
        Place.from_dict(row.place or {"text": ""}),
        row.summary,
        row.opened_at,
        row.last_report_at,
        row.people,
    )


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
