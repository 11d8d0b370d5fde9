"""Taking a complaint in: hear what the citizen says, fill the draft, and file it once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from integrations.services.errors import Conflict, Rejected
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, Conversation, Task
from kb import known_issues, matching, ticket_number
from kb.deadlines import CITY_TIME, due
from kb.known_issues import KnownIssue
from kb.lifecycle import Status, move
from kb.places import Gazetteer, Place, read, without_flat
from kb.referrals import Duty
from kb.report import MAX_DESCRIPTION, Ask, Contact, Draft, next_ask
from kb.taxonomy import UNLISTED, Category, Taxonomy, Urgency
from kb.text import clean, declines, find_phone, find_since, hide_personal, hide_phones, says_something, shortened
from kb.urgency import Danger, Dangers
from kb.verdict import Decision, Verdict


class Categoriser(Protocol):
    """What `kb.classifier.Classifier` does."""

    def judge(self, text: str) -> Verdict: ...


class Stance(StrEnum):
    """What a short answer amounts to, whatever its words were."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing the citizen said: words, a tapped option ('category:110101'), or a pin, and what it amounts to."""

    text: str = ""
    option: str | None = None
    pin: Place | None = None
    stance: Stance = Stance.OTHER


class Outcome(StrEnum):
    """What follows from an utterance."""

    ASK = "ask"
    FILE = "file"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Heard:
    """The draft afterwards, what follows, and remarks to make before the next question (keys of the words)."""

    draft: Draft
    outcome: Outcome = Outcome.ASK
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Intake:
    """The use case. It keeps nothing: drafts live in the conversation, complaints in the store."""

    taxonomy: Taxonomy
    classifier: Categoriser
    duties: dict[str, Duty]
    dangers: Dangers
    gazetteer: Gazetteer
    known_issues: tuple[KnownIssue, ...]
    unit_of_work: UnitOfWork
    clock: Clock

    # -- hearing ---------------------------------------------------------------------------------------------

    def hear(self, draft: Draft, asked: Ask | None, said: Utterance) -> Heard:
        """The draft with everything this utterance tells; `asked` is the question it may answer."""
        if said.option:
            heard = self._tapped(draft, said.option)
        elif said.pin:
            heard = Heard(replace(draft, place=_with_pin(draft.place, said.pin), editing=None))
        else:
            heard = self._spoken(draft, asked, replace(said, text=clean(said.text)[:MAX_DESCRIPTION]))
        if heard.outcome is not Outcome.ASK:
            return heard
        return replace(heard, draft=self._looked_up(heard.draft))

    def next_question(self, draft: Draft) -> Ask | None:
        """What to ask next; an answer that is being changed comes first."""
        return Ask(draft.editing) if draft.editing else next_ask(draft)

    def _tapped(self, draft: Draft, option: str) -> Heard:
        kind, _, value = option.partition(":")
        match kind, value:
            case "category", code if code in self.taxonomy.leaves:
                chosen = replace(draft, category=code, category_confidence=1.0, category_options=(), editing=None)
                return Heard(replace(chosen, known_issue=None, similar=(), join=None))
            case "refer", "file":
                return Heard(replace(draft, insisted=True, refer_to=None, category=UNLISTED, category_confidence=1.0))
            case "refer", "enough":
                return Heard(draft, Outcome.DROP, ("report.referral_enough",))
            case "known", "file":
                return Heard(replace(draft, known_issue_answered=True))
            case "known", "enough":
                return Heard(draft, Outcome.DROP, ("report.known_issue_enough",))
            case "similar", "none":
                return Heard(replace(draft, similar_answered=True, join=None))
            case "similar", incident if incident in draft.similar:
                return Heard(replace(draft, similar_answered=True, join=incident))
            case "contact", "anonymous":
                return Heard(replace(draft, contact=Contact.ANONYMOUS, phone=None, editing=None))
            case "place", "unknown":
                return Heard(replace(draft, editing=None).counted(Ask.PLACE).counted(Ask.PLACE))
            case "edit", what if what in set(Ask):
                return Heard(replace(draft, editing=what))
            case "edit", "back":
                return Heard(replace(draft, editing=None))
            case "confirm", draft_id if draft_id == draft.id:
                ready = next_ask(draft) is Ask.CONFIRMATION
                return Heard(draft, Outcome.FILE if ready else Outcome.ASK)
        return Heard(draft, remarks=("report.button_is_old",))

    def _spoken(self, draft: Draft, asked: Ask | None, said: Utterance) -> Heard:
        if not says_something(said.text):
            return Heard(draft, remarks=("report.nothing_said",))
        match asked:
            case Ask.PLACE:
                return Heard(self._place_told(draft, said))
            case Ask.CONTACT:
                return self._contact_told(draft, said)
            case Ask.SIMILAR if said.stance is Stance.YES and draft.similar:
                return Heard(replace(draft, similar_answered=True, join=draft.similar[0]))
            case Ask.SIMILAR if said.stance in (Stance.NO, Stance.UNSURE):
                return Heard(replace(draft, similar_answered=True))
            case Ask.REFERRAL if said.stance is Stance.YES:
                return Heard(draft, Outcome.DROP, ("report.referral_enough",))
            case Ask.REFERRAL if said.stance is Stance.NO:
                return self._tapped(draft, "refer:file")
            case Ask.KNOWN_ISSUE if said.stance is Stance.YES:
                return Heard(replace(draft, known_issue_answered=True))
            case Ask.KNOWN_ISSUE if said.stance is Stance.NO:
                return Heard(draft, Outcome.DROP, ("report.known_issue_enough",))
            case Ask.CATEGORY if said.stance in (Stance.UNSURE, Stance.NO):
                return Heard(replace(draft, category_options=()))
            case Ask.CONFIRMATION if said.stance is Stance.YES and next_ask(draft) is Ask.CONFIRMATION:
                return Heard(draft, Outcome.FILE)
            case Ask.CONFIRMATION if said.stance in (Stance.NO, Stance.UNSURE):
                return Heard(draft, remarks=("report.say_what_is_wrong",))
            case Ask.CONFIRMATION:
                return Heard(self._corrected(draft, said.text))
            case Ask.DESCRIPTION if draft.editing == Ask.DESCRIPTION:
                return Heard(self._described(replace(draft, description="", editing=None), said.text))
            case _:
                if said.stance is not Stance.OTHER and draft.description:
                    return Heard(draft)
                return Heard(self._described(draft, said.text))

    def _described(self, draft: Draft, text: str) -> Draft:
        draft = draft.told(text)
        if phone := find_phone(text):
            draft = replace(draft, contact=Contact.PHONE, phone=phone)
        if (place := read(self.gazetteer, text)) and _better(place, draft.place):
            draft = replace(draft, place=place)
        if since := find_since(text):
            draft = replace(draft, since=draft.since or since)
        return self._classified(draft)

    def _classified(self, draft: Draft) -> Draft:
        if draft.category and draft.category_confidence == 1.0:  # the citizen chose it
            return draft
        verdict = self.classifier.judge(draft.description)
        danger = self.dangers.find(draft.description)
        refer = verdict.refer_to if verdict.decision is Decision.REFER and not danger else None
        if refer and not draft.insisted:
            return replace(draft, category=UNLISTED, category_confidence=0.5, refer_to=refer)
        options: tuple[str, ...] = ()
        if verdict.decision is Decision.CHOOSE and self._told_apart(verdict):
            options = tuple(one.code for one in verdict.ranking[:2])
        code = verdict.best.code
        if danger and danger.leaf and self.taxonomy.leaf(code).entry.urgency is not Urgency.CRITICAL:
            code, options = danger.leaf, ()
        return replace(
            draft,
            category=UNLISTED if draft.insisted and refer else code,
            category_confidence=min(round(verdict.best.probability, 3), 0.999),
            category_options=options,
            refer_to=None,
        )

    def danger(self, draft: Draft) -> Danger | None:
        """The danger to life or limb that the words speak of."""
        return self.dangers.find(draft.description)

    def duty(self, draft: Draft) -> Duty | None:
        """The authority to which the citizen is referred."""
        return self.duties.get(draft.refer_to or "")

    def _told_apart(self, verdict: Verdict) -> bool:
        """Asking pays only when the answer sends the complaint to another unit."""
        first, second = (self.taxonomy.leaf(one.code).entry for one in verdict.ranking[:2])
        return first.unit != second.unit

    def _place_told(self, draft: Draft, said: Utterance) -> Draft:
        draft = replace(draft, editing=None)
        if phone := find_phone(said.text):
            draft = replace(draft, contact=Contact.PHONE, phone=phone)
        if said.stance in (Stance.UNSURE, Stance.NO):
            return draft.counted(Ask.PLACE).counted(Ask.PLACE)
        place = read(self.gazetteer, said.text)
        if place is None:
            words = without_flat(hide_phones(said.text))
            place = Place(text=shortened(words, 80), spot=shortened(words, 40), confidence=0.1)
        return replace(draft, place=_completed(place, draft.place), known_issue=None, similar=(), join=None)

    def _contact_told(self, draft: Draft, said: Utterance) -> Heard:
        if phone := find_phone(said.text):
            return Heard(replace(draft, contact=Contact.PHONE, phone=phone, editing=None))
        if said.stance in (Stance.NO, Stance.UNSURE) or "匿名" in said.text or declines(said.text):
            return Heard(replace(draft, contact=Contact.ANONYMOUS, phone=None, editing=None))
        if sum(c.isdigit() for c in said.text) >= 6:
            return Heard(draft, remarks=("report.phone_looks_wrong",))
        if said.stance is Stance.YES:
            return Heard(draft, remarks=("report.phone_please",))
        return Heard(self._described(draft, said.text), remarks=("report.noted",))

    def _corrected(self, draft: Draft, text: str) -> Draft:
        """A correction of the card in words: a phone, a place, a time, or more about the problem."""
        if phone := find_phone(text):
            return replace(draft, contact=Contact.PHONE, phone=phone)
        if place := read(self.gazetteer, text):
            return replace(
                draft.told(text), place=_completed(place, draft.place), known_issue=None, similar=(), join=None
            )
        return self._classified(replace(draft.told(text), since=find_since(text) or draft.since))

    def _looked_up(self, draft: Draft) -> Draft:
        """What the city knows already about this category at this place, looked up once both are known."""
        if not draft.category or draft.category_options:
            return draft
        now = self.clock()
        if not draft.known_issue_answered:
            issue = known_issues.applying(
                self.known_issues, code=draft.category, place=draft.place, on=now.astimezone(CITY_TIME).date()
            )
            draft = replace(draft, known_issue=issue.id if issue else None)
        if draft.similar_answered or not (draft.category and draft.place and draft.place.precise):
            return draft
        with self.unit_of_work() as tx:
            candidates = tx.incidents.near(level1=draft.category[:2], district=draft.place.district)
        found = matching.similar(
            code=draft.category, place=draft.place, text=draft.description, now=now, incidents=candidates
        )
        return replace(draft, similar=tuple(one.incident.id for one in found))

    def offers(self, draft: Draft) -> tuple[matching.Similar, ...]:
        """The similar incidents of the draft, with reasons, for showing."""
        if not (draft.similar and draft.place and draft.category):
            return ()
        with self.unit_of_work() as tx:
            known = [one for incident in draft.similar if (one := tx.incidents.get(incident))]
        return matching.similar(
            code=draft.category, place=draft.place, text=draft.description, now=self.clock(), incidents=known
        )

    def issue(self, issue_id: str | None) -> KnownIssue | None:
        """The known issue with this id."""
        return next((one for one in self.known_issues if one.id == issue_id), None)

    def category(self, draft: Draft) -> Category | None:
        """The draft's leaf."""
        return self.taxonomy.leaves.get(draft.category or "")

    # -- filing ----------------------------------------------------------------------------------------------

    def submit(self, draft: Draft, conversation_id: str) -> Complaint:
        """File the draft; a draft that was filed before gives the same complaint and files nothing.

        Raises Rejected when the draft is not complete, TryLater when the store does not answer.
        """
        if not (draft.description and draft.category in self.taxonomy.leaves):
            raise Rejected("a complaint needs a description and a category")
        for _ in range(3):
            try:
                with self.unit_of_work() as tx:
                    return tx.complaints.by_draft(draft.id) or self._file(tx, draft, conversation_id)
            except Conflict:  # another process filed it, or drew the same number, in this very moment
                continue
        raise Conflict(f"draft {draft.id} could not be filed in three tries")

    def _file(self, tx: Transaction, draft: Draft, conversation_id: str) -> Complaint:
        now = self.clock()
        conversation = tx.conversations.get(conversation_id)
        if conversation is None:
            raise Rejected(f"no conversation {conversation_id}")
        leaf = self.taxonomy.leaf(draft.category or "")
        joined = tx.incidents.get(draft.join) if draft.join else None
        incident_id = joined.id if joined else self._open_incident(tx, draft, leaf, now)
        if joined:
            tx.incidents.reported_again(joined.id, now)
        complaint = self._complaint(draft, conversation, leaf, incident_id, joined is not None, now)
        tx.complaints.add(complaint, draft.phone if draft.contact is Contact.PHONE else None)
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


def new_draft() -> Draft:
    """An empty draft with an id of its own."""
    return Draft(id=uuid.uuid4().hex)


def _better(place: Place, known: Place | None) -> bool:
    return known is None or (place.precise and not known.precise) or place.confidence > known.confidence


def _completed(place: Place, known: Place | None) -> Place:
    """The newly told place; the district told before stays when the new words name none."""
    if known and known.district and not place.district:
        return replace(
            place,
            district=known.district,
            district_code=known.district_code,
            street=place.street or known.street,
            street_code=place.street_code or known.street_code,
        )
    return place


def _with_pin(known: Place | None, pin: Place) -> Place:
    """The words told before, at the pin's coordinates."""
    if known is None:
        return pin
    return replace(known, lat=pin.lat, lon=pin.lon, crs=pin.crs, confidence=max(known.confidence, pin.confidence))
