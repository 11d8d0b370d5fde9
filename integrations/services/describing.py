"""Taking in what words tell of a problem: its category, its place, since when, whom to call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from integrations.services.locating import Locating
from integrations.services.ports import Clock
from kb import openers, phones
from kb.contact_wishes import ContactWishes, Wish
from kb.feelings import distress
from kb.feelings.distress import Feelings
from kb.normalising import plain
from kb.report import Contact, Draft
from kb.taxonomy import UNLISTED, Taxonomy
from kb.times import Precision, Read, Times, When
from kb.understanding import Classified, Understanding
from kb.verdict import Decision, Verdict

# A message shorter than this that fits no category is asked about once more; a longer one has said what it can.
VAGUE = 20
# So many categories are offered when none is likely enough.
MOST_OFFERED = 3
# Who asks to stay unknown says so in a few words; in a long story the same words may be about somebody else.
LONGEST_WISH = 24


@dataclass(frozen=True, kw_only=True)
class Describing:
    """The part of the intake that reads descriptions. It keeps nothing."""

    taxonomy: Taxonomy
    understanding: Understanding
    locating: Locating
    times: Times
    wishes: ContactWishes
    clock: Clock
    feelings: Feelings = field(default_factory=distress.shipped)

    def told(self, draft: Draft, text: str, words: str = "") -> Draft:
        """The draft with everything that a message tells; `words` are the citizen's own, for the record."""
        return self.classified(self.facts(draft.told(words or text), text))

    def facts(self, draft: Draft, text: str) -> Draft:
        """The draft with the contact, the place and the beginning that the words tell; the description stays."""
        draft = self.locating.heard(self.with_contact(draft, text), text)
        return self.with_time(draft, text)

    def matter(self, text: str) -> str:
        """What a message says beside opening words, its place and its numbers; '' where that is all it tells."""
        read = self.locating.read(text).place
        parts = (read.text, read.full, read.spot or "", read.district or "", read.street or "") if read else ()
        return openers.shipped().beside(text, *parts)

    def surely_told(self, text: str) -> bool:
        """Whether words that open a report name a matter that belongs somewhere for sure."""
        matter = self.matter(text)
        return bool(matter) and self.classify(matter).decision is Decision.FILE

    # -- since when ------------------------------------------------------------------------------------------

    def read_time(self, text: str) -> Read:
        """What the words say of time, reckoned from now."""
        return self.times.read(text, self.clock())

    def with_time(self, draft: Draft, text: str) -> Draft:
        """The draft with the beginning, where the words tell it better than before."""
        when = self.read_time(text).when
        return replace(draft, since=_better(draft.since, when)) if when else draft

    def now(self) -> datetime:
        """The moment from which everything is reckoned."""
        return self.clock()

    # -- whom to call ----------------------------------------------------------------------------------------

    def with_contact(self, draft: Draft, text: str) -> Draft:
        """The draft with the numbers in the words, and with what is wished of them."""
        if found := phones.find_all(text):
            draft = reached(draft, found)
        wished = self.wishes.heard(text) if len(text) <= LONGEST_WISH or found else frozenset()
        if Wish.ANONYMOUS in wished and not found and draft.contact is None:
            draft = replace(draft, contact=Contact.ANONYMOUS)
        return replace(draft, confidential=True) if Wish.CONFIDENTIAL in wished else draft

    # -- the category ----------------------------------------------------------------------------------------

    def classified(self, draft: Draft) -> Draft:
        """The draft with the category of its words; what the citizen chose stays."""
        if draft.category and draft.category_confidence == 1.0:
            return draft
        found = self.classify(draft.description)
        draft = replace(draft, unclear=False, category_options=(), refer_to=None)
        if found.refer_to:
            refer_to = None if draft.insisted else found.refer_to
            return replace(draft, category=UNLISTED, category_confidence=0.5, refer_to=refer_to)
        if draft.question:
            code = found.code if found.decision is Decision.FILE else UNLISTED
            return replace(draft, category=code, category_confidence=0.5)
        sure = min(round(found.verdict.best.probability, 3), 0.999)
        # words in which there is nothing to go by are nobody's, until more is told
        draft = replace(draft, category=found.code or UNLISTED, category_confidence=sure)
        match found.decision:
            case Decision.CHOOSE:
                return replace(draft, category_options=self.apart(found.verdict, 2))
            case Decision.ASK | Decision.HANDOVER if _is_vague(draft):
                return replace(draft, unclear=True)
            case Decision.ASK:
                return replace(draft, category_options=self.apart(found.verdict, MOST_OFFERED))
            case Decision.HANDOVER:
                return replace(draft, category=UNLISTED, category_confidence=0.5)
        return draft

    def classify(self, text: str) -> Classified:
        """Where words belong, in whatever spelling; distress that stands beside a matter is answered elsewhere."""
        heard = plain(text).text
        found = self.understanding.classify(heard)
        if found.refer_to == distress.DUTY and (matter := self.feelings.beside(heard)):
            return self.understanding.classify(matter)
        return found

    def apart(self, verdict: Verdict, most: int) -> tuple[str, ...]:
        """The likeliest categories, one for each responsible unit: asking pays only when the answer sends elsewhere."""
        likeliest: dict[str, str] = {}
        for one in verdict.ranking[: max(most, 2 * most - 2)]:
            likeliest.setdefault(self.taxonomy.leaf(one.code).entry.unit, one.code)
        codes = tuple(likeliest.values())[:most]
        return codes if len(codes) > 1 else ()

    def likely(self, draft: Draft, most: int = MOST_OFFERED) -> tuple[str, ...]:
        """The likeliest categories other than the draft's own, to choose from."""
        ranking = self.classify(draft.description).verdict.ranking
        return tuple(one.code for one in ranking if one.code != draft.category)[:most]


def reached(draft: Draft, found: tuple[str, ...]) -> Draft:
    """The draft with the first number as its contact and the second beside it."""
    other = found[1] if len(found) > 1 else None
    return replace(draft, contact=Contact.PHONE, phone=found[0], other_phone=other)


def _is_vague(draft: Draft) -> bool:
    return len(draft.description) < VAGUE and not draft.asked.get("report_detail")


def _better(known: When | None, when: When) -> When:
    """Of two beginnings the first told stays, unless only the second is a date; a habit told later is added."""
    if known is None:
        return when
    if known.begin is None and when.begin is not None:
        return when if when.every else replace(when, every=known.every, habit=known.habit)
    if when.every and not known.every:
        return replace(known, every=when.every, habit=when.habit)
    vague = (Precision.VAGUE, Precision.UNCLEAR)
    return when if known.precision in vague and when.precision not in vague else known
