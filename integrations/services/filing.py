"""Filing a confirmed draft: complaint, first status, tags and outbox row in one transaction, and only once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.services.errors import Conflict, Rejected
from integrations.services.locating import Locating
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, Conversation, Task
from kb import matching, ticket_number
from kb.deadlines import Deadline, Unit, due
from kb.lifecycle import Status, move
from kb.places import Place
from kb.report import Contact, Draft
from kb.request_types import RequestType
from kb.taxonomy import Category, Taxonomy, Urgency
from kb.text import hide_personal, shortened
from kb.understanding import Understanding
from kb.urgency import Danger

# What is dangerous is answered within two hours, whatever its category may take (draft DB11/T on hotlines, 2021).
EMERGENCY = Deadline(2, Unit.HOURS)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the words say that is kept with the complaint."""

    request_type: RequestType
    danger: Danger | None


@dataclass(frozen=True, kw_only=True)
class Filing:
    """The use case. What is filed is written once, whoever asks and however often."""

    taxonomy: Taxonomy
    understanding: Understanding
    locating: Locating
    unit_of_work: UnitOfWork
    clock: Clock

    def submit(self, draft: Draft, conversation_id: str) -> Complaint:
        """File the draft; a draft that was filed before gives the same complaint and files nothing.

        Raises Rejected when the draft is not complete, TryLater when the store does not answer.
        """
        if not (draft.description and draft.category in self.taxonomy.leaves):
            raise Rejected("a complaint needs a description and a category")
        words = draft.description
        draft = replace(draft, place=self.locating.with_layers(draft.place))
        heard = _Heard(self.understanding.request_types.judge(words).type, self.understanding.dangers.find(words))
        for _ in range(3):
            try:
                with self.unit_of_work() as tx:
                    return tx.complaints.by_draft(draft.id) or self._file(tx, draft, heard, conversation_id)
            except Conflict:  # another process filed it, or drew the same number, in this very moment
                continue
        raise Conflict(f"draft {draft.id} could not be filed in three tries")

    def _file(self, tx: Transaction, draft: Draft, heard: _Heard, conversation_id: str) -> Complaint:
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
        complaint = self._complaint(draft, heard, conversation, leaf, incident_id, now)
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
        self, draft: Draft, heard: _Heard, conversation: Conversation, leaf: Category, incident: str, now: datetime
    ) -> Complaint:
        urgency, deadlines = leaf.entry.urgency, [leaf.deadline]
        if heard.danger and heard.danger.degree is Urgency.CRITICAL:
            urgency, deadlines = Urgency.CRITICAL, [leaf.deadline, EMERGENCY]
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
            due_at=min(due(now, one) for one in deadlines),
            joined=incident == draft.join,
            request_type=heard.request_type,
            urgency=urgency,
            history=(move(None, Status.FILED, at=now, actor="citizen"),),
        )
