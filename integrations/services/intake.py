"""Taking a complaint in: hear what the citizen says, and fill the draft."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from integrations.services.comparing import Comparing, Offer
from integrations.services.informing import Informing
from integrations.services.locating import Locating
from kb import matching
from kb.known_issues import KnownIssue
from kb.places import Place
from kb.referrals import Duty
from kb.report import ASK_AT_MOST, MAX_DESCRIPTION, Ask, Contact, Draft, next_ask
from kb.screening import Reason
from kb.taxonomy import UNLISTED, Category, Taxonomy
from kb.text import clean, declines, find_nth, find_phone, find_since, says_something
from kb.understanding import Understanding
from kb.urgency import Danger
from kb.verdict import Decision, Verdict

# A message shorter than this that fits no category is asked about once more; a longer one has said what it can.
VAGUE = 20
# So many categories are offered when none is likely enough.
MOST_OFFERED = 3
# How it begins when somebody says that it is another problem: 不是那个，是旁边那盏灯.
_NOT_THAT = ("不是", "不一样", "都不是", "另一")
# What is said to words with nothing to act on in them.
_EMPTY = {Reason.MALICE: "report.angry", Reason.MEANINGLESS: "report.nothing_said"}


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
    understanding: Understanding
    duties: dict[str, Duty]
    locating: Locating
    informing: Informing
    comparing: Comparing

    # -- hearing ---------------------------------------------------------------------------------------------

    def hear(self, draft: Draft, asked: Ask | None, said: Utterance) -> Heard:
        """The draft with everything this utterance tells; `asked` is the question it may answer."""
        if said.option:
            heard = self._tapped(draft, said.option)
        elif said.pin:
            pinned, remarks = self.locating.pinned(replace(draft, editing=None), said.pin)
            heard = Heard(pinned, remarks=remarks)
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
            case "category", "none":
                return self._for_a_person(draft)
            case "problems", "one":
                whole = replace(draft, later=()).told("\n".join(draft.later))
                return Heard(self._classified(whole))
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
            case "similar", "more" if draft.similar:
                return Heard(replace(draft, similar_shown=matching.MOST))
            case "similar", incident if incident in draft.similar:
                return self._joined(draft, incident)
            case "contact", "anonymous":
                return Heard(replace(draft, contact=Contact.ANONYMOUS, phone=None, editing=None))
            case "at", which if (placed := self.locating.chosen(draft, which)) is not None:
                return Heard(replace(placed, editing=None))
            case "elsewhere", "enough" if draft.elsewhere:
                return Heard(draft, Outcome.DROP, ("report.referral_enough",))
            case "place", "unknown":
                return Heard(self._without_place(draft))
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
            case Ask.SIMILAR if draft.similar:
                return self._same_or_not(draft, said)
            case Ask.REFERRAL if said.stance is Stance.YES:
                return Heard(draft, Outcome.DROP, ("report.referral_enough",))
            case Ask.REFERRAL if said.stance is Stance.NO:
                return self._tapped(draft, "refer:file")
            case Ask.KNOWN_ISSUE if said.stance is Stance.YES:
                return Heard(replace(draft, known_issue_answered=True))
            case Ask.KNOWN_ISSUE if said.stance is Stance.NO:
                return Heard(draft, Outcome.DROP, ("report.known_issue_enough",))
            case Ask.DETAIL if said.stance is not Stance.OTHER:
                return self._for_a_person(replace(draft, unclear=False))
            case Ask.CATEGORY if said.stance is Stance.NO:
                return self._for_a_person(draft)
            case Ask.CATEGORY if said.stance is Stance.UNSURE:
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
                return self._first_told(draft, said.text) if not draft.description else self._more(draft, said.text)

    def _joined(self, draft: Draft, incident: str) -> Heard:
        """One tap is enough: what the others have told need not be told again, a contact may be given later."""
        contact = draft.contact or Contact.ANONYMOUS
        return Heard(replace(draft, similar_answered=True, join=incident, contact=contact), Outcome.FILE)

    def _same_or_not(self, draft: Draft, said: Utterance) -> Heard:
        """In words: the first one, the one with that number, none of them, or more about the problem."""
        if (nth := find_nth(said.text)) is not None and nth <= len(draft.similar):
            return self._joined(draft, draft.similar[nth - 1])
        if said.stance is Stance.YES:
            only = len(draft.similar) == 1 or draft.similar_shown == 1
            return self._joined(draft, draft.similar[0]) if only else Heard(draft, remarks=("report.similar_which",))
        refused = replace(draft, similar_answered=True)
        if said.stance in (Stance.NO, Stance.UNSURE):
            return Heard(refused)
        return self._more(refused if said.text.startswith(_NOT_THAT) else draft, said.text)

    def _first_told(self, draft: Draft, text: str) -> Heard:
        """The first words about a matter: one problem, several, or none yet."""
        empty = self.understanding.empty_words(text)
        if empty and draft.asked.get(Ask.DESCRIPTION, 0) < ASK_AT_MOST:
            return Heard(draft, remarks=(_EMPTY[empty],))
        first, *later = self.understanding.problems(text) or (text,)
        if not later:
            return self._more(draft, text)
        # who has two problems, one of them dangerous, is helped with that one first
        urgent = next((one for one in later if self._dangerous(one) and not self._dangerous(first)), None)
        if urgent:
            later[later.index(urgent)], first = first, urgent
        heard = self._more(replace(draft, later=tuple(later)), first)
        told = self._with_contact(heard.draft, text)
        return Heard(told, heard.outcome, ("report.several_problems", *heard.remarks))

    def _dangerous(self, text: str) -> bool:
        return self.understanding.dangers.find(text) is not None

    def _more(self, draft: Draft, text: str) -> Heard:
        described = self._described(draft, text)
        known = described.refer_to or described.insisted or described.question
        nobodys = described.category == UNLISTED and not known
        return Heard(described, remarks=("report.for_a_person",) if nobodys and draft.category != UNLISTED else ())

    def _for_a_person(self, draft: Draft) -> Heard:
        """Nothing fits: it is filed all the same, and a person finds out whose it is."""
        given_up = replace(draft, category=UNLISTED, category_confidence=1.0, category_options=(), unclear=False)
        return Heard(given_up, remarks=("report.for_a_person",))

    def next_problem(self, draft: Draft) -> Draft | None:
        """The draft of the next problem that was told beside this one.

        The contact stays as it was given, and the place where the words name no other. The draft's id follows from
        this one's, so that asking twice begins the same draft.
        """
        if not draft.later:
            return None
        base, _, nth = draft.id.partition("-")
        fresh = Draft(id=f"{base}-{int(nth or 1) + 1}", later=draft.later[1:], contact=draft.contact, phone=draft.phone)
        told = self._described(fresh, draft.later[0])
        if told.place is None:
            told = replace(told, place=draft.place, place_options=draft.place_options, elsewhere=draft.elsewhere)
        return self._looked_up(told)

    def _described(self, draft: Draft, text: str) -> Draft:
        draft = self._with_contact(draft.told(text), text)
        draft = self.locating.heard(draft, text)
        if since := find_since(text):
            draft = replace(draft, since=draft.since or since)
        return self._classified(draft)

    def _classified(self, draft: Draft) -> Draft:
        if draft.category and draft.category_confidence == 1.0:  # the citizen chose it
            return draft
        found = self.understanding.classify(draft.description)
        draft = replace(draft, unclear=False, category_options=(), refer_to=None)
        if found.refer_to:
            refer_to = None if draft.insisted else found.refer_to
            return replace(draft, category=UNLISTED, category_confidence=0.5, refer_to=refer_to)
        if draft.question:
            code = found.code if found.decision is Decision.FILE else UNLISTED
            return replace(draft, category=code, category_confidence=0.5)
        sure = min(round(found.verdict.best.probability, 3), 0.999)
        draft = replace(draft, category=found.code, category_confidence=sure)
        match found.decision:
            case Decision.CHOOSE:
                return replace(draft, category_options=self._apart(found.verdict, 2))
            case Decision.ASK | Decision.HANDOVER if self._vague(draft):
                return replace(draft, unclear=True)
            case Decision.ASK:
                return replace(draft, category_options=self._apart(found.verdict, MOST_OFFERED))
            case Decision.HANDOVER:
                return replace(draft, category=UNLISTED, category_confidence=0.5)
        return draft

    def _vague(self, draft: Draft) -> bool:
        return len(draft.description) < VAGUE and not draft.asked.get(Ask.DETAIL)

    def _with_contact(self, draft: Draft, text: str) -> Draft:
        phone = find_phone(text)
        return replace(draft, contact=Contact.PHONE, phone=phone) if phone else draft

    def danger(self, draft: Draft) -> Danger | None:
        """The danger to life or limb that the words speak of."""
        return self.understanding.dangers.find(draft.description)

    def duty(self, draft: Draft) -> Duty | None:
        """The authority to which the citizen is referred."""
        return self.duties.get(draft.refer_to or "")

    def _apart(self, verdict: Verdict, most: int) -> tuple[str, ...]:
        """The likeliest categories, one for each responsible unit: asking pays only when the answer sends elsewhere."""
        likeliest: dict[str, str] = {}
        for one in verdict.ranking[: max(most, 2 * most - 2)]:
            likeliest.setdefault(self.taxonomy.leaf(one.code).entry.unit, one.code)
        codes = tuple(likeliest.values())[:most]
        return codes if len(codes) > 1 else ()

    def _place_told(self, draft: Draft, said: Utterance) -> Draft:
        draft = self._with_contact(replace(draft, editing=None), said.text)
        if said.stance in (Stance.UNSURE, Stance.NO) and not draft.place_options:
            return self._without_place(draft)
        if said.stance in (Stance.NO, Stance.UNSURE):
            return self.locating.chosen(draft, "none") or draft
        if said.stance is Stance.YES and draft.place_options:
            return self.locating.chosen(draft, "0") or draft
        return self.locating.answered(draft, said.text)

    def _without_place(self, draft: Draft) -> Draft:
        """Whoever cannot say where it is, is not asked again; a person will find out."""
        return replace(draft, editing=None, place_options=(), elsewhere=None).counted(Ask.PLACE).counted(Ask.PLACE)

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
        if moved := self.locating.corrected(draft.told(text), text):
            return moved
        return self._classified(replace(draft.told(text), since=find_since(text) or draft.since))

    def _looked_up(self, draft: Draft) -> Draft:
        """What the city knows already about this category at this place, looked up once both are known."""
        if not draft.category or draft.category_options or draft.question:
            return draft
        if not draft.known_issue_answered:
            # who is in danger gets help, not news
            issue = None
            if self.danger(draft) is None:
                issue = self.informing.applying(code=draft.category, place=draft.place)
            draft = replace(draft, known_issue=issue.id if issue else None)
        if draft.similar_answered or not (draft.category and draft.place and draft.place.precise):
            return draft
        return replace(draft, similar=tuple(one.incident.id for one in self.comparing.similar(draft)))

    def offers(self, draft: Draft, conversation_id: str) -> tuple[Offer, ...]:
        """The similar incidents of the draft, with reasons, for showing."""
        return self.comparing.offers(draft, conversation_id)

    def shown(self, draft: Draft, offers: Sequence[Offer]) -> int:
        """How many of these the citizen is to see."""
        return self.comparing.shown(draft, offers)

    def issue(self, issue_id: str | None) -> KnownIssue | None:
        """The known issue with this id."""
        return self.informing.issue(issue_id)

    def category(self, draft: Draft) -> Category | None:
        """The draft's leaf."""
        return self.taxonomy.leaves.get(draft.category or "")


def new_draft() -> Draft:
    """An empty draft with an id of its own."""
    return Draft(id=uuid.uuid4().hex)
