"""Names that are told only by where they stand: between a district and what is known, or before an address ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from kb.places.element import COUNT, NUMBER, TAIL, Element, Found, Kind
from kb.places.endings import Endings
from kb.places.everyday import EverydayWords
from kb.places.meanings import Meanings, spelled
from kb.places.tokens import PLACE, Token
from kb.places.vocabulary import Vocabulary

_LARGE = (Kind.DISTRICT, Kind.STREET)
# How many characters between a division and a name belong to the name.
_MOST_ABSORBED = {Kind.ROAD: 1, Kind.COMMUNITY: 3}
# With one of these the gap is a name of its own: 白卜镇 + 耿家集村.
_ENDINGS = frozenset("镇乡街道路")
# First letters of jieba's parts of speech of which no name consists.
_SPEECH = "vadrcpuytixz"
_NOUNS = (PLACE, "x", "vn", "j")
_COUNTED = re.compile(COUNT)
# Where an address is over.
_ADDRESS_END = re.compile(r"$|[,，。;；、\s)）]")
_LONGEST = 14
# What stands at any road and names nothing: 登州路66号 + 路灯.
_OF_A_ROAD = re.compile(r"路(?:[灯面口边上旁沿牙肩障缘中]|段(?!泊))")


class Positions:
    """Finds names by what stands before and after them."""

    def __init__(self, meanings: Meanings, endings: Endings, everyday: EverydayWords, words: Vocabulary) -> None:
        self._meanings, self._endings, self._everyday = meanings, endings, everyday
        self._stops = words.stops

    def absorb(self, found: Found) -> None:
        """龙山街道鹤山东路 names 鹤山东路, not 山东路: between two names that adjoin stands no single character."""
        ordered = found.in_order()
        for before, after in pairwise(ordered):
            gap = found.text[before.end : after.start]
            if before.kind not in _LARGE or not 1 <= len(gap) <= _MOST_ABSORBED.get(after.kind, 0):
                continue
            if self._everyday.none_in(gap) and not set(gap) & _ENDINGS:
                name = spelled(found.text[before.end : after.end])
                entries = self._meanings.named(name)
                found.replace(after, found.element(after.kind, before.end, after.end, name, entries))

    def add_to(self, found: Found) -> None:
        """Add what stands between a house number, a street or a district and the end of the address."""
        for before in found.in_order():
            if before.tail < len(found.text) and found.free(before.tail, before.tail + 1):
                found.add(self._village(found, before) or self._spot(found, before))

    def _village(self, found: Found, before: Element) -> Element | None:
        """大信街道南王庄."""
        if before.kind not in _LARGE:
            return None
        village = self._endings.bare_village.match(found.text, before.tail)
        if village is None or village.group() in self._stops or not found.free(*village.span()):
            return None
        if any(self._is_speech(word) for word in found.words_in(*village.span())):
            return None
        return found.element(Kind.COMMUNITY, *village.span())

    def _is_speech(self, word: Token) -> bool:
        return self._everyday.stops(word) or (word.tag[:1] == "v" and len(word.text) > 1)

    def _spot(self, found: Found, before: Element) -> Element | None:
        """市南区南京路100号海信 ; not 南京路100号门口占道, where the address is over at 门口."""
        numbered = NUMBER.fullmatch(found.text, before.end, before.tail)
        if before.kind is Kind.SPOT or ((before.kind is Kind.ROAD or before.tail > before.end) and not numbered):
            return None
        run = self._run(found, before.tail)
        if not run or (numbered and _OF_A_ROAD.match(found.text, before.tail)):
            return None
        start, end = before.tail, run[-1].end
        if TAIL.match(found.text, end):
            return found.element(Kind.SPOT, start, end) if 2 <= end - start <= _LONGEST else None
        over = before.kind is not Kind.DISTRICT and _ADDRESS_END.match(found.text, end)
        whole = over and _is_noun(run[-1]) and 3 <= end - start <= _LONGEST
        return found.element(Kind.SPOT, start, end) if whole else None

    def _run(self, found: Found, start: int) -> Sequence[Token]:
        """The words from `start` on that may make a name; none where one of them is speech."""
        run: list[Token] = []
        for word in found.words_from(start):
            if word.start < start or not found.free(word.start, word.end) or self._everyday.stops(word):
                break
            if word.tag[:1] in _SPEECH and len(word.text) > 1:
                return ()
            if _COUNTED.match(word.text) and TAIL.match(found.text, word.start):
                break
            run.append(word)
        return run


def _is_noun(word: Token) -> bool:
    return word.tag[:1] == "n" or word.tag in _NOUNS
