"""Where a name begins of which only the ending is certain: back from 路 in 我家门口的鹤山东路, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.places.element import HAN, Element, Found, Kind
from kb.places.everyday import EverydayWords
from kb.places.tokens import Token
from kb.places.vocabulary import Vocabulary

# How many characters a name has before its ending.
_MOST = {Kind.ROAD: 6, Kind.STREET: 5, Kind.COMMUNITY: 6, Kind.SPOT: 12}
# … and when it fills all between the element before it and its ending: 李沧区 + 鹤山 + 路.
_MOST_BETWEEN = {Kind.ROAD: 4, Kind.COMMUNITY: 4, Kind.SPOT: 6}
# Kinds whose names may begin with a single everyday character: 大路, 老村.
_WITH_WEAK = (Kind.ROAD, Kind.COMMUNITY, Kind.STREET)
_HAN = re.compile(rf"[{HAN}]")
_OF_A_NAME = re.compile(rf"[{HAN}a-zA-Z0-9]")
# First letters of jieba's parts of speech: single characters that begin no spot (verb, preposition, pronoun,
# particle, adverb, measure, place of) …
_NO_SPOT = "vpcrudmf"
# … longer words that no name has before its ending …
_NO_NAME = "vdrcpuyti"
# … and common ones, of which a name has one at most: 科技 + 街, but not 小学 + 旁边 + 街.
_COMMON, _PROPER = "nva", ("ns", "nr", "nz")


@dataclass(slots=True)
class _Walk:
    """One walk back: the ending's place, how far it came, and whether a common word is behind it."""

    kind: Kind
    ending: int
    start: int
    adjoining: Element | None
    common: bool = False


class Beginnings:
    """Finds where names begin."""

    def __init__(self, everyday: EverydayWords, words: Vocabulary) -> None:
        self._everyday, self._leads = everyday, frozenset(words.leads)

    def of(self, found: Found, kind: Kind, ending: int) -> int:
        """The beginning of the name whose ending begins at `ending`; `ending` itself where nothing precedes it."""
        adjoining = found.before(ending)
        if adjoining and self._fills(found.text[adjoining.tail : ending], kind):
            return adjoining.tail
        walk = _Walk(kind, ending, ending, adjoining)
        for word in found.words_before(ending):
            if not self._goes_on(found, walk, word):
                break
            walk.common = walk.common or (word.end <= ending and _is_common(word))
            walk.start = word.start
        return walk.start

    def _fills(self, between: str, kind: Kind) -> bool:
        """Whether what stands between an element and the ending is all name."""
        return 2 <= len(between) <= _MOST_BETWEEN.get(kind, 0) and self._everyday.none_in(between, digits=True)

    def _goes_on(self, found: Found, walk: _Walk, word: Token) -> bool:
        if word.end > walk.ending:  # the word swallowed the ending: 西路, 二路
            before = found.text[word.start : walk.ending]
            return found.free(word.start, walk.ending) and before not in self._leads
        if not found.free(word.start, word.end) or self._is_speech(found, walk, word):
            return False
        return not (_too_long(walk, word) or _out_of_place(walk, word))

    def _is_speech(self, found: Found, walk: _Walk, word: Token) -> bool:
        if self._everyday.breaks(word):
            return True
        if self._everyday.stops(word) and not (walk.kind in _WITH_WEAK and _is_weak(found, walk, word)):
            return True
        return walk.kind is Kind.SPOT and len(word.text) == 1 and word.tag[:1] in _NO_SPOT


def _is_weak(found: Found, walk: _Walk, word: Token) -> bool:
    """Whether it is a single character that may begin a name after all: right before the ending, or at an edge."""
    if len(word.text) != 1 or not _HAN.match(word.text):
        return False
    return walk.start == walk.ending or _opens(found, walk, word.start)


def _opens(found: Found, walk: _Walk, at: int) -> bool:
    """Whether no character of a name stands right before `at`."""
    if at == 0 or not _OF_A_NAME.match(found.text, at - 1):
        return True
    return walk.adjoining is not None and walk.adjoining.tail == at


def _too_long(walk: _Walk, word: Token) -> bool:
    """Whether the name would have too many characters or a second long word with this one."""
    if walk.ending - word.start > _MOST[walk.kind]:
        return True
    return walk.common and len(word.text) > 1 and walk.kind is not Kind.SPOT


def _out_of_place(walk: _Walk, word: Token) -> bool:
    """Whether it is a verb or the like; right before the ending even these make names: 团结路, but not 团结小区."""
    speech = len(word.text) > 1 and word.tag[:1] in _NO_NAME and word.tag != "vn"
    return speech and (word.end != walk.ending or walk.kind is Kind.SPOT)


def _is_common(word: Token) -> bool:
    return len(word.text) > 1 and word.tag[:1] in _COMMON and word.tag not in _PROPER
