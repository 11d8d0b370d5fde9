"""Putting a draft right by words: 不是3号楼，是5号楼; 时间不对，昨天开始的; 电话换成…; several at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from integrations.services.contacting import Contacting, without
from integrations.services.describing import Describing, reached
from integrations.services.more_asked import MoreAsked
from integrations.services.utterances import Heard
from kb import phones
from kb.corrections import Correction, Corrections, Line, is_a_part, same_part
from kb.places import Place
from kb.report import MAX_DESCRIPTION, Ask, Draft
from kb.text import declines
from kb.times import Precision, When
from kb.verdict import Decision

# Which question asks for a line that was called wrong without saying what is right.
ASK_OF_LINE = {
    Line.SINCE: Ask.SINCE,
    Line.PLACE: Ask.PLACE,
    Line.CONTACT: Ask.CONTACT,
    Line.CATEGORY: Ask.CATEGORY,
    Line.DESCRIPTION: Ask.DESCRIPTION,
}
CHANGED = "report.changed"
# Words with a time or a place in them that are hardly longer are nothing but that.
BESIDE_IT = 5
# A kind of problem is named in so many characters at most; more tells of the problem.
LONGEST_KIND = 7


@dataclass(frozen=True, kw_only=True)
class Correcting:
    """The part of the intake that hears corrections. It keeps nothing."""

    corrections: Corrections
    describing: Describing
    contacting: Contacting
    more: MoreAsked

    def heard(self, draft: Draft, text: str, words: str = "") -> Heard | None:
        """The draft with every correction of the message; None where it holds none.

        A line that is only called wrong is asked for; words beside the corrections are taken in as told.
        """
        found = self.corrections.read(text)
        if not found.items:
            return None
        after, remarks = draft, list[str]()
        # 哎不对，不是国城路，是泰城路: what is right has been said
        whole = [one for one in found.items if one.right or one.line] or found.items
        for one in whole:
            after, remark = self._put_right(after, _compared(after, one), text)
            if remark:
                remarks.append(remark)
        if found.rest and after.editing is None:
            after = self._beside(after, found.rest, found.rest if found.rest in (words or text) else "")
        if after != draft and not remarks and after.editing is None:
            remarks.append(CHANGED)
        return Heard(after, remarks=tuple(dict.fromkeys(remarks)))

    def meant(self, draft: Draft, text: str) -> bool:
        """Whether 不对，是三天前开始的 puts something right for sure, though it names no line and nothing wrong.

        A time, a place or what the problem is; never a refusal or anything about a telephone.
        """
        for one in self.corrections.read(text).items:
            of_contact = phones.find_all(one.right) or self.corrections.lines[Line.CONTACT].search(one.right)
            if not one.right or of_contact or declines(one.right) or self.contacting.wished(draft, one.right):
                continue
            line = self._line(draft, _compared(draft, one))
            if line not in (Line.CONTACT, Line.DESCRIPTION) or self.describing.surely_told(one.right):
                return True
        return False

    def beside(self, draft: Draft, text: str, words: str = "") -> Heard | None:
        """As `heard`, while a line is being changed: that line is asked for again, unless it was put right too."""
        heard = self.heard(draft, text, words)
        if heard is None or heard.draft.editing or heard.draft.phone != draft.phone:
            return heard
        return replace(heard, draft=replace(heard.draft, editing=draft.editing))

    def told_alone(self, text: str) -> bool:
        """Whether what is said to be right is a time or a place and hardly more: 不对，是5号楼."""
        return any(self._alone(one.right) for one in self.corrections.read(text).items if one.right)

    def _alone(self, right: str) -> bool:
        if self._is_a_time(right) or is_a_part(right):
            return True
        place = self.describing.locating.read(right).place
        return place is not None and len(right) <= len(place.text) + BESIDE_IT

    def _is_a_time(self, right: str) -> bool:
        read = self.describing.read_time(right)
        return bool(read.ahead) or bool(read.when and len(right) <= len(read.when.words) + BESIDE_IT)

    def at_the_card(self, draft: Draft, text: str, words: str = "") -> Heard:
        """What somebody says to the card beside yes and no: a correction in any form, or more about the problem."""
        if heard := self.heard(draft, text, words):
            # the card itself shows what has changed
            return replace(heard, remarks=tuple(one for one in heard.remarks if one != CHANGED))
        if wished := self.contacting.wished(draft, text):
            return wished
        if found := phones.find_all(text):
            return Heard(reached(draft, found))
        read = self.describing.read_time(text)
        if read.ahead:
            return Heard(replace(draft, editing=Ask.SINCE), remarks=("report.time_is_ahead",))
        if read.when and len(text) <= len(read.when.words) + BESIDE_IT:
            return Heard(replace(draft, since=read.when))
        if moved := self.describing.locating.corrected(draft.told(words or text), text):
            return Heard(moved)
        told = draft.told(words or text)
        return Heard(self.describing.classified(replace(told, since=read.when or draft.since)))

    def when(self, draft: Draft, text: str) -> Heard:
        """The draft after an answer to the question since when; words without a date stay as they are."""
        read = self.describing.read_time(text)
        if read.ahead:
            return Heard(draft, remarks=("report.time_is_ahead",))
        words = text.strip()[:40]
        when = read.when or (When(words, None, Precision.VAGUE) if words else None)
        return Heard(replace(draft, since=when, editing=None))

    def category(self, draft: Draft, text: str) -> Draft:
        """The draft in the category that somebody names: 停水, 是红绿灯."""
        found = self.describing.classify(text)
        changed = replace(draft, category_options=(), known_issue=None, similar=(), join=None, editing=None)
        if found.decision is Decision.FILE:
            sure = min(round(found.verdict.best.probability, 3), 0.999)
            return replace(changed, category=found.code, category_confidence=sure, refer_to=None, unclear=False)
        return self._reclassified(changed.told(text))

    def _kind(self, draft: Draft, right: str) -> Draft:
        """The draft of the kind that was named; words that tell of the problem itself belong to it, and the kind stays.

        类别不对，是有人烧树叶: what is told later of the same problem does not bring the former kind back.
        """
        named = self.category(draft, right)
        if named.category == draft.category or named.category_options or named.unclear:
            return named
        told = named.told(right) if len(right) > LONGEST_KIND else named
        return replace(told, category_confidence=1.0)

    # -- one correction --------------------------------------------------------------------------------------

    def _put_right(self, draft: Draft, one: Correction, text: str) -> tuple[Draft, str | None]:
        if not one.right:
            if one.line is None:
                return draft, "report.say_what_is_wrong"
            return self._asked_again(draft, one.line), None
        match self._line(draft, one):
            case Line.SINCE:
                return self._time(draft, one)
            case Line.CONTACT:
                return self._contact(draft, one)
            case Line.PLACE:
                return self._place(draft, one), None
            case Line.CATEGORY:
                return self._kind(draft, one.right), None
            case _:
                if answered := self.more.corrected(draft, text, one.right):
                    return answered, None
                return self._words(draft, one), None

    def _line(self, draft: Draft, one: Correction) -> Line:
        """The line that is meant: the named one, else the one that the right words fit."""
        if one.line:
            return one.line
        if phones.find_all(one.right):
            return Line.CONTACT
        if any(value and value in one.wrong for _, value in self.more.named(draft)):
            return Line.DESCRIPTION
        if one.wrong and draft.place and (one.wrong in draft.place.text or one.wrong == draft.place.spot):
            return Line.PLACE
        if self._is_a_time(one.right):
            return Line.SINCE
        if is_a_part(one.right) or self.describing.locating.names_a_place(one.right):
            return Line.PLACE
        return Line.DESCRIPTION

    def _asked_again(self, draft: Draft, line: Line) -> Draft:
        asked = replace(draft, editing=ASK_OF_LINE[line])
        return self.choosing(asked) if line is Line.CATEGORY else asked

    def choosing(self, draft: Draft) -> Draft:
        """The draft while its category is chosen anew: the likeliest others are offered."""
        return replace(draft, editing=Ask.CATEGORY, category_options=self.describing.likely(draft))

    def _time(self, draft: Draft, one: Correction) -> tuple[Draft, str | None]:
        read = self.describing.read_time(one.right)
        if read.ahead:
            return replace(draft, editing=Ask.SINCE), "report.time_is_ahead"
        when = read.when or When(one.right[:40], None, Precision.VAGUE)
        return replace(draft, since=when, editing=None), None

    def _contact(self, draft: Draft, one: Correction) -> tuple[Draft, str | None]:
        local = self.contacting.wishes.local
        if found := phones.find_all(one.right, local):
            return replace(reached(draft, found), editing=None), None
        if wished := self.contacting.wished(draft, one.right, asked=True):
            return wished.draft, wished.remarks[0]
        if phones.wrong(one.right):
            return replace(draft, editing=Ask.CONTACT), "report.phone_looks_wrong"
        return without(draft), "report.stays_unknown"

    def _place(self, draft: Draft, one: Correction) -> Draft:
        locating, place = self.describing.locating, draft.place
        draft = replace(draft, editing=None, description=_exchanged(draft.description, one))
        right = locating.read(one.right).place
        a_part = right is None or not (right.district or right.road)  # 5号楼, 南门: the rest of the place stays
        if one.wrong and place and one.wrong in place.text and a_part:
            text = place.text.replace(one.wrong, one.right)
            moved = locating.corrected(draft, text)
            moved = moved or replace(draft, place=_renamed(place, one), known_issue=None, similar=(), join=None)
            return replace(moved, similar_answered=False)
        joined = place.text + one.right if place and is_a_part(one.right) else one.right
        if moved := locating.corrected(draft, joined):
            return replace(moved, similar_answered=False)
        return replace(locating.answered(replace(draft, place_hint=None), one.right), similar_answered=False)

    def _words(self, draft: Draft, one: Correction) -> Draft:
        """What the problem is, put right in its words, and its category with them."""
        exchanged = _exchanged(draft.description, one)
        told = replace(draft, description=exchanged, editing=None)
        return self._reclassified(told if exchanged != draft.description else told.told(one.right))

    def _beside(self, draft: Draft, text: str, words: str) -> Draft:
        if found := phones.find_all(text):
            return reached(draft, found)
        return self.describing.told(draft, text, words)

    def _reclassified(self, draft: Draft) -> Draft:
        fresh = replace(draft, category=None, category_confidence=0.0, category_options=(), refer_to=None, join=None)
        return self.describing.classified(replace(fresh, known_issue=None, similar=(), similar_answered=False))


def _compared(draft: Draft, one: Correction) -> Correction:
    """The correction with the part of the place that it is about, where it says only the right one: 不对，是5号楼."""
    if one.wrong or one.line not in (None, Line.PLACE) or draft.place is None:
        return one
    return replace(one, wrong=same_part(one.right, draft.place.text))


def _exchanged(description: str, one: Correction) -> str:
    return description.replace(one.wrong, one.right)[:MAX_DESCRIPTION] if one.wrong else description


def _renamed(place: Place, one: Correction) -> Place:
    spot = place.spot.replace(one.wrong, one.right) if place.spot else place.spot
    return replace(place, text=place.text.replace(one.wrong, one.right), spot=spot)
