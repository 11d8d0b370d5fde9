"""Filing a confirmed draft: complaint, first status, tags and outbox row in one transaction, and only once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.services.errors import Conflict, Rejected
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, Conversation, Task
from kb import matching, ticket_number
from kb.deadlines import due
from kb.lifecycle import Status, move
from kb.places import Place
from kb.report import Contact, Draft
from kb.request_types import RequestType
from kb.taxonomy import Category, Taxonomy
from kb.text import hide_personal, shortened
from kb.understanding import Understanding


@dataclass(frozen=True, kw_only=True)
class Filing:
    """The use case. What is filed is written once, whoever asks and however often."""

    taxonomy: Taxonomy
    understanding: Understanding
    unit_of_work: UnitOfWork
    clock: Clock

    def submit(self, draft: Draft, conversation_id: str) -> Complaint:
        """File the draft; a draft that was filed before gives the same complaint and files nothing.

        Raises Rejected when the draft is not complete, TryLater when the store does not answer.
        """
        if not (draft.description and draft.category in self.taxonomy.leaves):
            raise Rejected("a complaint needs a description and a category")
        request_type = self.understanding.request_types.judge(draft.description).type
        for _ in range(3):
            try:
                with self.unit_of_work() as tx:
                    return tx.complaints.by_draft(draft.id) or self._file(tx, draft, request_type, conversation_id)
            except Conflict:  # another process filed it, or drew the same number, in this very moment
                continue
        raise Conflict(f"draft {draft.id} could not be filed in three tries")

    def _file(self, tx: Transaction, draft: Draft, request_type: RequestType, conversation_id: str) -> Complaint:
        now = self.clock()
        conversation = tx.conversations.get(conversation_id)
        if conversation is None:
            raise Rejected(f"no conversation {conversation_id}")
        leaf = self.taxonomy.leaf(draft.category or "")
        joined = tx.incidents.get(draft.join) if draft.join else None
        incident_id = joined.id if joined else self._open_incident(tx, draft, leaf, now)
        repeats = tx.complaints.times_reported(conversation.citizen_id, incident_id) if joined else 0
        if joined:
            tx.incidents.reported_again(joined.id, now)
        complaint = replace(
            self._complaint(draft, conversation, leaf, incident_id, joined is not None, now),
            request_type=request_type,
        )
        tx.complaints.add(complaint, draft.phone if draft.contact is Contact.PHONE else None)
        tags = self.understanding.screening.tag(draft.description, repeats=repeats, out_of_scope=draft.insisted)
        tx.screenings.add(complaint.id, tags, at=now)
        tx.outbox.add(Task.FILE, complaint.id, {}, at=now)
        return complaint

    def _open_incident(self, tx: Transaction, draft: Draft, leaf: Category, now: datetime) -> str:
        incident = matching.OpenIncident(
            id=uuid.uuid4().hex,
            category=leaf.code,
            place=draft.place or Place(text=""),
            summary=shortened(hide_personal(draft.description), 200),
            opened_at=now,
            last_report_at=now,
            people=1,
        )
        tx.incidents.add(incident)
        return incident.id

    def _complaint(
        self, draft: Draft, conversation: Conversation, leaf: Category, incident: str, joined: bool, now: datetime
    ) -> Complaint:
        return Complaint(
            id=uuid.uuid4().hex,
            number=ticket_number.new(),
            draft_id=draft.id,
            conversation_id=conversation.id,
            citizen_id=conversation.citizen_id,
            incident_id=incident,
            description=draft.description,
            category=leaf.code,
            category_confidence=draft.category_confidence,
            place=draft.place,
            since=draft.since,
            anonymous=draft.contact is not Contact.PHONE,
            filed_at=now,
            due_at=due(now, leaf.deadline),
            joined=joined,
            history=(move(None, Status.FILED, at=now, actor="citizen"),),
        )
