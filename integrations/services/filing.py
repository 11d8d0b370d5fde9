"""Filing a confirmed draft: report, complaint, incident, tags and outbox row in one transaction, and only once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime

from integrations.services.clocks import Clocks
from integrations.services.errors import Conflict, Rejected
from integrations.services.judging import Judging
from integrations.services.ledger import LedgerKeeping
from integrations.services.locating import Locating
from integrations.services.own_tickets import record
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, Conversation, Report, Task, UpdateKind
from integrations.services.recurring import Belongs, Window, recurrence, window
from integrations.services.time_speech import TimeSpeech
from kb import matching, ticket_number
from kb.lifecycle import OPEN, Status, move
from kb.matching import Likely
from kb.places import Place
from kb.public_words import public_place, public_words
from kb.questions import Library
from kb.report import MAX_DESCRIPTION, Contact, Draft
from kb.request_types import RequestType
from kb.taxonomy import UNLISTED, Category, Taxonomy, Urgency
from kb.text import shortened
from kb.understanding import Understanding
from kb.urgency import Danger
from kb.words import Words

# How often filing begins anew when somebody else has changed the same incident or drawn the same number.
TRIES = 5
# As much as the table takes of how a time is told.
LONGEST_SINCE = 64


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the words say that is kept with the complaint."""

    request_type: RequestType
    danger: Danger | None
    summary: str
    likely: Likely


@dataclass(frozen=True, kw_only=True)
class Filing:
    """The use case. What is filed is written once, whoever asks and however often."""

    taxonomy: Taxonomy
    understanding: Understanding
    locating: Locating
    judging: Judging
    clocks: Clocks
    ledger: LedgerKeeping
    words: Words
    questions: Library
    unit_of_work: UnitOfWork
    clock: Clock
    recurs_within: Window = field(default=window)

    def submit(self, draft: Draft, conversation_id: str) -> Complaint:
        """File the draft; a draft that was filed before gives the same complaint and files nothing.

        `draft.join` names an incident. Whoever has an open ticket about it gets that one, with the words added.
        Otherwise, if it is open, the complaint joins it, or what it was merged into; if it was
        closed within its category's window, it has come back: a new incident is opened and linked to the old one.

        Raises Rejected when the draft is not complete, TryLater when the store does not answer.
        """
        if not draft.category:  # where nobody could place it, a person does
            draft = replace(draft, category=UNLISTED, category_confidence=0.5)
        if not (draft.description and draft.category in self.taxonomy.leaves):
            raise Rejected("a complaint needs a description and a category")
        draft = self._with_other_phone(draft)
        words = draft.description
        draft = replace(draft, place=self.locating.with_layers(draft.place))
        summary = shortened(public_words(words), 200)
        heard = _Heard(
            self.understanding.request_types.judge(words).type,
            self.understanding.dangers.find(words),
            summary,
            self.judging.likely(summary),
        )
        for _ in range(TRIES):
            try:
                with self.unit_of_work() as tx:
                    return tx.complaints.by_draft(draft.id) or self._file(tx, draft, heard, conversation_id)
            except Conflict:  # another process filed it, drew the same number or merged its incident, in this moment
                continue
        raise Conflict(f"draft {draft.id} could not be filed in {TRIES} tries")

    def _file(self, tx: Transaction, draft: Draft, heard: _Heard, conversation_id: str) -> Complaint:
        now = self.clock()
        conversation = tx.conversations.get(conversation_id)
        if conversation is None:
            raise Rejected(f"no conversation {conversation_id}")
        leaf = self.taxonomy.leaf(draft.category or "")
        belongs = recurrence(tx, draft.join, now=now, within=self.recurs_within) if draft.join else Belongs()
        # a closed incident too: while its closure is checked again, the ticket is open
        ended = (belongs.closed.id if belongs.closed else draft.join,)
        for known in (belongs.open.id,) if belongs.open else filter(None, ended):
            if mine := self._added(tx, known, draft, conversation, now):
                return mine
        repeats = tx.complaints.times_reported(conversation.citizen_id, belongs.open.id) if belongs.open else 0
        incident_id = belongs.open.id if belongs.open else self._open_incident(tx, draft, leaf, heard, belongs, now)
        complaint = self._complaint(draft, heard, conversation, leaf, incident_id, now)
        complaint = replace(complaint, joined=belongs.open is not None)
        tx.complaints.add(complaint, draft.phone if draft.contact is Contact.PHONE else None)
        self.clocks.start(tx, complaint, now)
        said = Report(
            complaint.id, Report.FIRST, draft.description, conversation.channel, now, draft.place, draft.photos
        )
        tx.reports.add(said)
        if belongs.open:
            tx.incidents.recount(incident_id)
            self.ledger.reported(tx, incident_id, now)
        tags = self.understanding.screening.tag(draft.description, repeats=repeats, out_of_scope=draft.insisted)
        tx.screenings.add(complaint.id, tags, at=now)
        tx.outbox.add(Task.FILE, complaint.id, {}, at=now)
        return complaint

    def _added(
        self, tx: Transaction, incident_id: str, draft: Draft, conversation: Conversation, now: datetime
    ) -> Complaint | None:
        """The citizen's own open ticket about the incident, with these words added: nobody gets two for one thing."""
        mine = tx.complaints.first_of_incident(incident_id, conversation.citizen_id)
        if mine is None or mine.status not in OPEN:
            return None
        said = Report(mine.id, draft.id, draft.description, conversation.channel, now, draft.place, draft.photos)
        if tx.reports.add(said):
            tx.incidents.recount(incident_id)
            self.ledger.reported(tx, incident_id, now)
            times = len(tx.reports.of_complaint(mine.id)) - 1
            known = {one.tag.reason for one in tx.screenings.of_complaint(mine.id)}
            tags = self.understanding.screening.tag(draft.description, repeats=times)
            tx.screenings.add(mine.id, [tag for tag in tags if tag.reason not in known], at=now)
            record(tx, mine, UpdateKind.SUPPLEMENT, key=draft.id, text="", at=now, tell=draft.description)
        return mine

    def _open_incident(
        self, tx: Transaction, draft: Draft, leaf: Category, heard: _Heard, belongs: Belongs, now: datetime
    ) -> str:
        incident = matching.OpenIncident(
            id=uuid.uuid4().hex,
            category=leaf.code,
            place=public_place(draft.place or Place(text="")),
            summary=heard.summary,
            opened_at=now,
            last_report_at=now,
            people=1,
            likely=() if draft.category_confidence == 1.0 else heard.likely,
        )
        before = belongs.closed
        tx.incidents.add(incident, recurrence_of=before.id if before else None)
        if before:
            tx.incidents.recurred(before.id, now)
        return incident.id

    def _complaint(
        self, draft: Draft, heard: _Heard, conversation: Conversation, leaf: Category, incident: str, now: datetime
    ) -> Complaint:
        dangerous = heard.danger and heard.danger.degree is Urgency.CRITICAL
        urgency = Urgency.CRITICAL if dangerous else leaf.entry.urgency
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
            since=TimeSpeech(self.words).told(draft.since, now)[:LONGEST_SINCE] if draft.since else None,
            began=(draft.since.began or None) if draft.since else None,
            confidential=draft.confidential,
            answers=self._answers(draft),
            anonymous=draft.contact is not Contact.PHONE,
            filed_at=now,
            due_at=self.clocks.promised(leaf.code, urgency, now),
            request_type=heard.request_type,
            urgency=urgency,
            history=(move(None, Status.FILED, at=now, actor="citizen"),),
        )

    def _answers(self, draft: Draft) -> tuple[tuple[str, str], ...]:
        """What was answered to questions of its kind, with the labels that staff read."""
        known = self.questions.by_id
        return tuple((known[name].label, value) for name, value in draft.answers.items() if value and name in known)

    def _with_other_phone(self, draft: Draft) -> Draft:
        """A second number stands in the words, which only those read whole who may see numbers."""
        if not draft.other_phone or draft.other_phone in draft.description:
            return draft
        line = self.words.say("report.other_phone", phone=draft.other_phone)
        room = MAX_DESCRIPTION - len(line) - 1
        return replace(draft, description=f"{draft.description[:room]}\n{line}")
