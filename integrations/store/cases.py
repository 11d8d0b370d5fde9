"""Complaints with their appended history and their reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.errors import Conflict
from integrations.services.followup_records import Owner
from integrations.services.records import (
    Complaint,
    Report,
)
from integrations.store import histories
from integrations.store import tables as t
from integrations.store.contacts import ContactTable
from integrations.store.incidents import group, withdrawn
from integrations.store.media import go_with
from integrations.store.table import Repository
from kb.lifecycle import StatusChange
from kb.places import Place
from kb.request_types import RequestType
from kb.taxonomy import Urgency
from kb.text import has_numbers, hide_personal


class ComplaintTable(Repository):
    """Complaints with their history. Phones are in the contacts."""

    def __init__(self, connection: Connection, contacts: ContactTable) -> None:
        super().__init__(connection)
        self._contacts = contacts

    def add(self, complaint: Complaint, phone: str | None) -> None:
        place = complaint.place.as_dict() if complaint.place else None
        # Whoever gets the case with its contacts gets the numbers too; everybody else reads the case without them.
        told = has_numbers(complaint.description)
        shown = hide_personal(complaint.description) if told else complaint.description
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
                        description=shown,
                        category=complaint.category,
                        category_confidence=complaint.category_confidence,
                        place=place,
                        since=complaint.since,
                        began=complaint.began,
                        confidential=complaint.confidential,
                        answers=[list(one) for one in complaint.answers] or None,
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
            self._contacts.put(complaint.id, phone)
        if told:
            self._contacts.put_words(complaint.id, complaint.description)
        for change in complaint.history:
            self.append(complaint.id, change)

    def append(self, complaint_id: str, change: StatusChange) -> None:
        try:
            with self._db.begin_nested():
                histories.write(self._db, complaint_id, change)
        except (IntegrityError, LookupError) as taken:
            raise Conflict(f"complaint {complaint_id} has moved on since it was read") from taken

    def extend(self, complaint_id: str, due_at: datetime) -> None:
        self._db.execute(update(t.complaints).where(t.complaints.c.id == complaint_id).values(due_at=due_at))

    def get(self, complaint_id: str) -> Complaint | None:
        return self._one(t.complaints.c.id == complaint_id)

    def by_number(self, number: str) -> Complaint | None:
        return self._one(t.complaints.c.number == number)

    def owner(self, number: str) -> Owner | None:
        wanted = select(t.complaints.c.id, t.complaints.c.citizen_id).where(t.complaints.c.number == number)
        row = self._db.execute(wanted).first()
        return Owner(row.id, row.citizen_id) if row else None

    def by_draft(self, draft_id: str) -> Complaint | None:
        return self._one(t.complaints.c.draft_id == draft_id)

    def of_citizen(self, citizen_id: str, *, limit: int = 5, offset: int = 0) -> Sequence[Complaint]:
        rows = self._db.execute(
            select(t.complaints)
            .where(t.complaints.c.citizen_id == citizen_id)
            .order_by(t.complaints.c.filed_at.desc(), t.complaints.c.id)
            .limit(limit)
            .offset(offset)
        )
        return [self._complaint(row) for row in rows.all()]

    def of_incident(self, incident_id: str) -> Sequence[Complaint]:
        rows = self._db.execute(
            select(t.complaints)
            .where(t.complaints.c.incident_id.in_(group(incident_id)))
            .order_by(t.complaints.c.filed_at, t.complaints.c.id)
        )
        return [self._complaint(row) for row in rows.all()]

    def guard(self, complaint_id: str, *, anonymous: bool, confidential: bool | None = None) -> None:
        values = {"anonymous": anonymous} | ({} if confidential is None else {"confidential": confidential})
        self._db.execute(update(t.complaints).where(t.complaints.c.id == complaint_id).values(**values))

    def lead(self, complaint_id: str) -> None:
        self._db.execute(update(t.complaints).where(t.complaints.c.id == complaint_id).values(joined=False))

    def first_of_incident(self, incident_id: str, citizen_id: str | None = None) -> Complaint | None:
        wanted = select(t.complaints).where(t.complaints.c.incident_id.in_(group(incident_id)))
        if citizen_id is None:
            wanted = wanted.order_by(withdrawn(), t.complaints.c.filed_at, t.complaints.c.joined, t.complaints.c.id)
        else:
            wanted = wanted.where(t.complaints.c.citizen_id == citizen_id)
            wanted = wanted.order_by(t.complaints.c.filed_at.desc(), t.complaints.c.id)
        row = self._db.execute(wanted.limit(1)).first()
        return self._complaint(row) if row else None

    def phone(self, complaint_id: str) -> str | None:
        return self._contacts.phone(complaint_id)

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
            began=row.began,
            confidential=row.confidential,
            answers=tuple((label, value) for label, value in row.answers or ()),
            anonymous=row.anonymous,
            joined=row.joined,
            request_type=RequestType(row.request_type),
            urgency=Urgency(row.urgency),
            filed_at=row.filed_at,
            due_at=row.due_at,
            history=tuple(histories.read(one) for one in history),
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
                        text=hide_personal(report.text) if has_numbers(report.text) else report.text,
                        place=place,
                        channel=report.channel,
                        photos=list(report.photos),
                        at=report.at,
                    )
                )
        except IntegrityError:
            return False
        go_with(self._db, report.complaint_id, report.photos)
        return True

    def of_complaint(self, complaint_id: str) -> Sequence[Report]:
        return self._where(t.reports.c.complaint_id == complaint_id)

    def of_incident(self, incident_id: str) -> Sequence[Report]:
        mine = select(t.complaints.c.id).where(t.complaints.c.incident_id.in_(group(incident_id)))
        return self._where(t.reports.c.complaint_id.in_(mine))

    def _where(self, condition: Any) -> Sequence[Report]:
        rows = self._db.execute(select(t.reports).where(condition).order_by(t.reports.c.at, t.reports.c.id))
        return [_report(row) for row in rows]


def _report(row: Row[Any]) -> Report:
    place = Place.from_dict(row.place) if row.place else None
    return Report(row.complaint_id, row.key, row.text, row.channel, row.at, place, tuple(row.photos))
