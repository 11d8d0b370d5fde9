"""What a text names, one element after the other, and which characters are taken by which.

Here are also the patterns that every way of finding names needs: characters of names, numbers, and the tail that
leads a worker further once he is at the place.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from kb.places.gazetteer import Division, Entry
from kb.places.tokens import Token

# Inside of brackets: a character that a name may have. □ stands for one that a font did not have.
HAN = r"\u4e00-\u9fa5\u25a1"
# One digit, as it is said or written: 三, 3.
COUNT = r"[一二三四五六七八九十百\d]"
# A house number: 12号, 甲5号, 100-3号, 五号-2.
NUMBER = re.compile(rf"(?:甲|乙|丙)?{COUNT}{{1,5}}(?:[-－之]\d{{1,4}})?[甲乙丙]?号(?:[-－]\d+)?")
# A building of a compound: 3号楼, A12栋, 二十座, 5号门头; 2区 only before its building, as in 2区3号楼.
BUILDING = re.compile(rf"[a-zA-Z]?{COUNT}{{1,4}}[a-zA-Z]?(?:号楼|号院|栋|幢|座|号门头?|区(?=\d))")

_TAILS = (
    # a house number and its yard: 12号, 8号大院; not 3号线, not 3号楼, which is a building
    rf"{NUMBER.pattern}(?!线|楼)(?:大?院)?",
    BUILDING.pattern,
    # a part of a compound or village: 二期, 五区, 3组
    rf"{COUNT}{{1,2}}[期区组排]",
    # 北区, 东院; not 北区南路, a road
    rf"[东南西北中]{{1,2}}(?:区|院)(?![{HAN}]?[路街])",
    # an exit of a station: A口, B2出口
    r"[A-Za-z]\d?(?:出?口|区|座)",
    # a gate: 北门, 东南门口, 正门, 大门口
    r"[东南西北正侧后前大]{1,2}门口?",
    r"大?门口",
    r"院内",
    # a crossing: 与山东路路口, 江西路交叉口
    rf"(?:与|和|跟)?[{HAN}]{{2,6}}(?:路|街)?(?:交叉口|路口|交界处?|交汇处?)",
    r"(?:十字|丁字|三岔)?路口",
    r"街口|路段|拐角处?|交叉口|交界处?|交汇处?",
    # a way on: 往北走约200米, 偏东50米处
    rf"(?:往|向|朝|再往|偏)?(?:[东南西北]{{1,2}}|里|前)(?:侧|边|面|走|拐|行|首|头)?(?:大?约|大概)?"
    rf"{COUNT}+(?:多|来)?米(?:左右|处|远)?",
    # a side: 路东侧, 西边, 以南
    r"(?:路)?[东南西北](?:侧|边|面|首|头)|以[东南西北]",
    # what is beside, before or under it
    r"附近|对面|斜对面|旁边?|楼下|楼前|楼后|后面|前面|门前|周边|沿线",
    r"桥下|桥上|地下通道|公交站牌?|站牌|地铁口|出入口|段(?!泊)",
)
# What stands right after a name and leads a worker further: 12号东门对面.
TAIL = re.compile(f"(?:{'|'.join(_TAILS)})+")


class Kind(StrEnum):
    """What an element names, from the large to the small."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    ROAD = "road"
    SPOT = "spot"


ORDER = {kind: number for number, kind in enumerate(Kind)}
_WITH_TAIL = (Kind.COMMUNITY, Kind.ROAD, Kind.SPOT)


@dataclass(frozen=True, slots=True)
class Element:
    """Characters `start` to `end` name something; up to `tail` they say where at it.

    `name` is the name in right spelling. `entries` is empty for a name that no list knows. `slip`: it was written
    otherwise.
    """

    kind: Kind
    start: int
    end: int
    tail: int
    name: str
    entries: tuple[Entry, ...] = ()
    slip: bool = False

    @property
    def known(self) -> bool:
        """Whether a list has something of that name."""
        return bool(self.entries)


class Found:
    """A text, its words in order and without gaps, and the elements found in it so far.

    Where one element begins inside another, the one that was there first stays.
    """

    def __init__(self, text: str, tokens: Sequence[Token] = ()) -> None:
        self.text, self.tokens = text, tokens
        self._starts = [token.start for token in tokens]
        self._ends = [token.end for token in tokens]
        self._taken = bytearray(len(text) + 1)
        self._elements: list[Element] = []

    def words_from(self, at: int) -> Iterator[Token]:
        """The word that has the character at `at`, and all after it."""
        for number in range(bisect_right(self._ends, at), len(self.tokens)):
            yield self.tokens[number]

    def words_before(self, at: int) -> Iterator[Token]:
        """The words that begin before `at`, the last one first."""
        for number in range(bisect_left(self._starts, at) - 1, -1, -1):
            yield self.tokens[number]

    def words_in(self, start: int, end: int) -> Sequence[Token]:
        """The words that begin from `start` to before `end`."""
        return self.tokens[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def element(
        self,
        kind: Kind,
        start: int,
        end: int,
        name: str | None = None,
        entries: tuple[Entry, ...] = (),
        *,
        slip: bool = False,
    ) -> Element:
        """An element of this text with the tail that follows it; not yet added. `name`: None for what is written."""
        tail = TAIL.match(self.text, end) if kind in _WITH_TAIL else None
        said = self.text[start:end] if name is None else name
        return Element(kind, start, end, tail.end() if tail else end, said, entries, slip)

    def free(self, start: int, end: int) -> bool:
        """Whether no element has any of these characters."""
        return not any(self._taken[start:end])

    def add(self, element: Element | None) -> None:
        """Add it where its characters are free."""
        if element is None or not self.free(element.start, element.end):
            return
        self._taken[element.start : element.end] = b"\1" * (element.end - element.start)
        self._elements.append(element)

    def replace(self, old: Element, new: Element) -> None:
        """Put `new` in the place of the element that begins where `old` does."""
        self._elements = [one for one in self._elements if one.start != old.start]
        self._taken[new.start : new.end] = b"\1" * (new.end - new.start)
        self._elements.append(new)

    def before(self, at: int) -> Element | None:
        """The last element that ends at or before `at`."""
        return max((e for e in self._elements if e.end <= at), key=lambda e: e.end, default=None)

    def names(self, kind: Kind) -> tuple[str, ...]:
        """The official names of the divisions found so far."""
        divisions = (d for e in self._elements if e.kind is kind for d in e.entries if isinstance(d, Division))
        return tuple(dict.fromkeys(d.name for d in divisions))

    def in_order(self) -> list[Element]:
        """All of them; a tail that runs into the next element is cut there."""
        ordered = sorted(self._elements, key=lambda e: e.start)
        cut = [replace(one, tail=max(one.end, min(one.tail, after.start))) for one, after in pairwise(ordered)]
        return cut + ordered[-1:]
