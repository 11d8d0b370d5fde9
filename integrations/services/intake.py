"""Taking a complaint in: hear what the citizen says, and fill the draft."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from integrations.services.comparing import Comparing, Offer
from integrations.services.contacting import Contacting, without
from integrations.services.correcting import Correcting
from integrations.services.describing import LONGEST_WISH, Describing
from integrations.services.informing import Informing
from integrations.services.locating import Locating
from integrations.services.more_asked import MoreAsked
from integrations.services.photographed import with_noted
from integrations.services.placing import Placing
from integrations.services.ports import Clock
from integrations.services.utterances import Heard as Heard
from integrations.services.utterances import Outcome as Outcome
from integrations.services.utterances import Stance as Stance
from integrations.services.utterances import Utterance as Utterance
from kb import contact_wishes, corrections, matching, questions, times
from kb.contact_wishes import ContactWishes
from kb.corrections import Corrections
from kb.feelings import distress
from kb.feelings.distress import Feelings
from kb.known_issues import KnownIssue
from kb.normalising import plain
from kb.questions import Library, Question
from kb.referrals import Duty
from kb.report import ASK_AT_MOST, MAX_DESCRIPTION, Ask, Contact, Draft, next_ask
from kb.screening import Reason
from kb.taxonomy import UNLISTED, Category, Taxonomy
from kb.text import agrees, clean, find_nth, says_something
from kb.times import Times
from kb.understanding import Understanding
from kb.urgency import Danger

# How it begins when somebody says that it is another problem: 不是那个，是旁边那盏灯.
_NOT_THAT = ("不是", "不一样", "都不是", "另一")
# What is said to words with nothing to act on in them.
_EMPTY = {Reason.MALICE: "report.angry", Reason.MEANINGLESS: "report.nothing_said"}
# To these the words 不是 A，是 B are an answer, and no correction of what was told before.
_ANSWERED_BY_NOT_BUT = (Ask.SIMILAR, Ask.REFERRAL, Ask.KNOWN_ISSUE)
# To these they may be either: it depends on whether A was told before.
_PERHAPS_ANSWERED = (Ask.MORE, Ask.PLACE, Ask.CATEGORY)


@dataclass(frozen=True, kw_only=True)
class Intake:
    """The use case. It keeps nothing: drafts live in the conversation, complaints in the store."""

    taxonomy: Taxonomy
    understanding: Understanding
    duties: dict[str, Duty]
    locating: Locating
    informing: Informing
    comparing: Comparing
    clock: Clock
    questions: Library = field(default_factory=questions.shipped)
    times: Times = field(default_factory=times.shipped)
    wishes: ContactWishes = field(default_factory=contact_wishes.shipped)
    corrections: Corrections = field(default_factory=corrections.shipped)
    feelings: Feelings = field(default_factory=distress.shipped)

    @cached_property
    def describing(self) -> Describing:
        """Reads descriptions."""
        return Describing(
            taxonomy=self.taxonomy,
            understanding=self.understanding,
            locating=self.locating,
            times=self.times,
            wishes=self.wishes,
            clock=self.clock,
        )

    @cached_property
    def contacting(self) -> Contacting:
        """Reads numbers and wishes."""
        return Contacting(wishes=self.wishes)

    @cached_property
    def placing(self) -> Placing:
        """Hears where it is."""
        return Placing(locating=self.locating, describing=self.describing, corrections=self.corrections)

    @cached_property
    def more(self) -> MoreAsked:
        """Asks what matters for a problem of one kind."""
        return MoreAsked(library=self.questions, describing=self.describing)

    @cached_property
    def correcting(self) -> Correcting:
        """Hears corrections."""
        return Correcting(
            corrections=self.corrections, describing=self.describing, contacting=self.contacting, more=self.more
        )

    # -- hearing ---------------------------------------------------------------------------------------------

    def hear(self, draft: Draft, asked: Ask | None, said: Utterance) -> Heard:
        """The draft with everything this utterance tells; `asked` is the question it may answer."""
        draft = draft.with_photos(said.photos)
        if said.option:
            heard = self._tapped(draft, said.option)
        elif said.pin:
            pinned, remarks = self.locating.pinned(replace(draft, editing=None), said.pin)
            heard = Heard(pinned, remarks=remarks)
        elif said.photos and not says_something(said.text):
            heard = Heard(draft, remarks=("report.photo_kept",))
        else:
            cut = replace(said, text=clean(said.text)[:MAX_DESCRIPTION], said=clean(said.said)[:MAX_DESCRIPTION])
            heard = self._spoken(draft, asked, cut)
        if heard.outcome is not Outcome.ASK:
            return heard
        heard = with_noted(heard, said, self.locating)
        if heard.draft.description and not heard.draft.category:
            heard = replace(heard, draft=self.describing.classified(heard.draft))
        return replace(heard, draft=self.more.next(self._looked_up(heard.draft)))

    def opened(self, draft: Draft, said: Utterance) -> Heard:
        """The draft after words that open a report: its number and place, and the matter where they name a sure one."""
        if self.describing.surely_told(said.text):
            return self.hear(draft, Ask.DESCRIPTION, said)
        return Heard(self.describing.facts(draft, said.text))

    def next_question(self, draft: Draft) -> Ask | None:
        """What to ask next; an answer that is being changed comes first."""
        return Ask(draft.editing) if draft.editing else next_ask(draft)

    def _tapped(self, draft: Draft, option: str) -> Heard:
        kind, _, value = option.partition(":")
        match kind, value:
            case "category", code if code in self.taxonomy.leaves:
                chosen = replace(draft, category=code, category_confidence=1.0, category_options=(), editing=None)
                return Heard(replace(chosen, known_issue=None, similar=(), join=None, refer_to=None, unclear=False))
            case "category", "none":
                return self._for_a_person(draft)
            case "problems", "one":
                whole = replace(draft, later=()).told("\n".join(draft.later))
                return Heard(self.describing.classified(whole))
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
            case "more", answer if (answered := self.more.tapped(draft, answer)) is not None:
                return answered
            case "contact", "anonymous":
                return Heard(without(draft))
            case "contact", "secret":
                return self.contacting.secret(draft)
            case "since", "unknown":
                return Heard(replace(draft, since=None, editing=None))
            case "at", which if (placed := self.locating.chosen(draft, which)) is not None:
                return Heard(replace(placed, editing=None))
            case "elsewhere", "enough" if draft.elsewhere:
                return Heard(draft, Outcome.DROP, ("report.referral_enough",))
            case "place", "unknown":
                return Heard(self.placing.without(draft))
            case "edit", Ask.CATEGORY.value:
                return Heard(self.correcting.choosing(draft))
            case "edit", what if what in set(Ask):
                return Heard(replace(draft, editing=what))
            case "edit", "back":
                return Heard(self._left_alone(draft))
            case "confirm", draft_id if draft_id == draft.id:
                return self.contacting.confirmed(draft)
        return Heard(draft, remarks=("report.button_is_old",))

    def _spoken(self, draft: Draft, asked: Ask | None, said: Utterance) -> Heard:
        if not says_something(said.text):
            return Heard(draft, remarks=("report.nothing_said",))
        refused = said.stance in (Stance.UNSURE, Stance.NO) and asked not in (Ask.PLACE, Ask.CONTACT)
        if refused and draft.editing and draft.editing == asked:
            return Heard(self._left_alone(draft))
        if aside := self._aside(draft, asked, said):
            return aside
        if asked is Ask.CONFIRMATION and agrees(said.text):
            said = replace(said, stance=Stance.YES)
        match asked:
            case Ask.PLACE:
                return self.placing.answered(draft, said)
            case Ask.CONTACT if not draft.editing and agrees(said.text, outright=True):
                return self.contacting.confirmed(draft)
            case Ask.CONTACT:
                answered = self.contacting.answered(draft, said)
                return answered or Heard(self._described(draft, said), remarks=("report.noted",))
            case Ask.MORE:
                return self.more.answered(draft, said)
            case Ask.SINCE:
                return self.correcting.when(draft, said.text)
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
            case Ask.CATEGORY if draft.editing == Ask.CATEGORY:
                return Heard(self.correcting.category(draft, said.text))
            case Ask.CATEGORY if said.stance is Stance.NO:
                return self._for_a_person(draft)
            case Ask.CATEGORY if said.stance is Stance.UNSURE:
                return Heard(replace(draft, category_options=()))
            case Ask.CONFIRMATION if said.stance is Stance.YES and next_ask(draft) is Ask.CONFIRMATION:
                return Heard(draft, Outcome.FILE)
            case Ask.CONFIRMATION if said.stance is not Stance.OTHER and not self.correcting.meant(draft, said.text):
                return Heard(draft, remarks=("report.say_what_is_wrong",))
            case Ask.CONFIRMATION:
                return self.correcting.at_the_card(draft, said.text, said.words)
            case Ask.DESCRIPTION if draft.editing == Ask.DESCRIPTION:
                return Heard(self._described(replace(draft, description="", editing=None), said))
            case _:
                if said.stance is not Stance.OTHER and draft.description:
                    return Heard(draft)
                return self._first_told(draft, said) if not draft.description else self._more(draft, said)

    def _aside(self, draft: Draft, asked: Ask | None, said: Utterance) -> Heard | None:
        """A correction of what was told before, or a wish to stay unknown, whatever is asked; None for an answer."""
        if not draft.description or asked is None or asked in _ANSWERED_BY_NOT_BUT or asked is Ask.CONFIRMATION:
            return None
        short = len(said.text) <= LONGEST_WISH
        if asked is not Ask.CONTACT and short and (wished := self.contacting.wished(draft, said.text)):
            return wished
        # to 要不要留个手机号, 不对，是5号楼 is no refusal
        if asked is Ask.CONTACT and self.correcting.meant(draft, said.text):
            return self.correcting.beside(draft, said.text, said.words)
        if draft.editing:
            return None
        found = [one for one in self.corrections.read(said.text).items if one.line or one.wrong]
        if not found:
            return None
        told = any(one.wrong and _is_told(draft, one.wrong) for one in found)
        if asked in _PERHAPS_ANSWERED and not told and not any(one.line for one in found):
            return None
        return self.correcting.heard(draft, said.text, said.words)

    @staticmethod
    def _left_alone(draft: Draft) -> Draft:
        """The draft when a line is not changed after all."""
        options = () if draft.editing == Ask.CATEGORY else draft.category_options
        return replace(draft, editing=None, category_options=options)

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
        return self._more(refused if said.text.startswith(_NOT_THAT) else draft, said)

    def _first_told(self, draft: Draft, said: Utterance) -> Heard:
        """The first words about a matter: one problem, several, or none yet."""
        text = said.text
        empty = self.understanding.empty_words(text)
        if empty and draft.asked.get(Ask.DESCRIPTION, 0) < ASK_AT_MOST:
            return Heard(draft, remarks=(_EMPTY[empty],))
        if not self.describing.matter(text):
            return Heard(self.describing.facts(draft, text))
        first, *later = self.understanding.problems(text) or (text,)
        if not later or not all(self.describing.matter(one) for one in (first, *later)):
            return self._more(draft, said)  # a part that is a place alone is no problem: 流亭小学｜门口路灯坏了
        # who has two problems, one of them dangerous, is helped with that one first
        urgent = next((one for one in later if self._dangerous(one) and not self._dangerous(first)), None)
        if urgent:
            later[later.index(urgent)], first = first, urgent
        heard = self._more(replace(draft, later=(*later, *draft.later)), Utterance(first))
        told = self.describing.with_contact(heard.draft, text)
        return Heard(told, heard.outcome, ("report.several_problems", *heard.remarks))

    def _dangerous(self, text: str) -> bool:
        return self.understanding.dangers.find(text) is not None

    def _more(self, draft: Draft, said: Utterance) -> Heard:
        described = self._described(draft, said)
        known = described.refer_to or described.insisted or described.question
        nobodys = described.category == UNLISTED and not (known or described.unclear)
        told = draft.category == UNLISTED and not draft.unclear
        return Heard(described, remarks=("report.for_a_person",) if nobodys and not told else ())

    def _for_a_person(self, draft: Draft) -> Heard:
        """Nothing fits: it is filed all the same, and a person finds out whose it is."""
        given_up = replace(draft, category=UNLISTED, category_confidence=1.0, category_options=(), unclear=False)
        return Heard(replace(given_up, editing=None), remarks=("report.for_a_person",))

    def next_problem(self, draft: Draft) -> Draft | None:
        """The draft of the next problem that was told beside this one, at the same place if the words name no other.

        "" stands for a problem that was only announced.
        """
        if not draft.later:
            return None
        fresh = draft.following()
        if not draft.later[0]:
            return fresh
        told = self._described(fresh, Utterance(plain(draft.later[0]).text, said=draft.later[0]))
        if told.place is None:
            told = replace(told, place=draft.place, place_options=draft.place_options, elsewhere=draft.elsewhere)
        return self.more.next(self._looked_up(told))

    def _described(self, draft: Draft, said: Utterance) -> Draft:
        return self.describing.told(draft, said.text, said.words)

    def danger(self, draft: Draft) -> Danger | None:
        """The danger to life or limb that the words speak of; not what was answered as distress already."""
        heard = plain(draft.description).text
        found = self.understanding.dangers.find(heard)
        if found and found.key in distress.ANSWERED and self.feelings.find(heard):
            return None
        return found

    def duty(self, draft: Draft) -> Duty | None:
        """The authority to which the citizen is referred."""
        return self.duties.get(draft.refer_to or "")

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

    def asked_more(self, draft: Draft) -> Question | None:
        """The question of its kind that waits for an answer."""
        return self.more.question(draft)

    def puts_right(self, text: str) -> bool:
        """Whether the words are a correction or a wish about the contact: 把电话删了 is no wish to stop reporting."""
        if any(one.line or one.wrong for one in self.corrections.read(text).items) or self.correcting.told_alone(text):
            return True
        return len(text) <= LONGEST_WISH and bool(self.wishes.heard(text))

    def answers(self, draft: Draft) -> list[tuple[str, str]]:
        """What was answered to such questions, with the labels that stand on the card."""
        return [(question.label, value) for question, value in self.more.named(draft)]

    def category(self, draft: Draft) -> Category | None:
        """The draft's leaf."""
        return self.taxonomy.leaves.get(draft.category or "")


def _is_told(draft: Draft, wrong: str) -> bool:
    """Whether what is called wrong was told before."""
    return wrong in draft.description or bool(draft.place and wrong in draft.place.text)


def new_draft() -> Draft:
    """An empty draft with an id of its own."""
    return Draft(id=uuid.uuid4().hex)
