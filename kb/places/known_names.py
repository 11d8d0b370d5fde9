"""Names of the gazetteer as they stand in a text.

What follows a name may make another one of it: 李村 is a street, 李村小学 a school, 李村二路 a road.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.places.element import COUNT, HAN, Element, Found, Kind
from kb.places.endings import Endings
from kb.places.everyday import EverydayWords
from kb.places.gazetteer import Division, Entry, NamedPlace
from kb.places.meanings import Meanings, in_full, kind_of, spelled
from kb.places.tokens import PLACE, Token
from kb.places.vocabulary import Vocabulary

# A road that is called like a district: 黄岛路上, 黄岛路口.
_LIKE_A_DISTRICT = re.compile(r"路(?=[上口段])")
# A village that is one of several of a name: 洪山坡五村; not 五村镇.
_NUMBERED_VILLAGE = re.compile(rf"{COUNT}村(?!镇)")
# What makes a village of a spot's name: 河西 + 村委会, 村, 社区; not 村庄, 社区医院.
_VILLAGE = re.compile(r"居委会|村委会|村(?!庄|镇)|社区(?!医院|卫生)")
# What a village's short name ends with: 河西 + 村.
_VILLAGE_WORD = re.compile(r"村|社区")
# A school called by district and number: 胶州 + 一中; not 一中路.
_SCHOOL = re.compile(r"[一二三四五六七八九十]{1,3}(?:中|小|高)(?![路街心])")
_PARTS = "支路|大街|大道|路|街"
# What makes a road of a name: 海尔 + 路, 香港 + 中路, 台东 + 三路, 黄河 + 中支路; not 路灯, 路口, 路边 …
_ROAD = re.compile(
    rf"[东西南北中]?(?:[一二三四五六七八九十]{{1,3}}|\d{{1,2}})?(?:{_PARTS}|巷)(?!道)(?![灯口边上面段旁]|[{HAN}]?小区)|"
    # with a direction or before a number it is a road whatever follows: 香港中路口, 台东三路12号
    rf"[东西南北中](?:[一二三四五六七八九十]{{1,3}}|\d{{1,2}})?(?:{_PARTS})|"
    r"(?:[一二三四五六七八九十]{1,3}|\d{1,2})(?:支路|路|街)(?=\d)"
)
# Where a village's name may end without the word for it: at the end, a sign, a house number.
_EDGE = re.compile(rf"$|[^{HAN}]|{COUNT}+号")
_DISTRICT_OR_STREET_WORDS = ("区", "市", "镇", "街道", "办事处")
# Names that are complete, after which nothing belongs to them.
_COMPLETE_SPOTS = ("小区", "广场", "市场")
_LARGE = (Kind.DISTRICT, Kind.STREET)
_DIVISIONS = (Kind.DISTRICT, Kind.STREET, Kind.COMMUNITY)
# Characters between a spot's name and the ending that belongs to it: 翠湖 + 国际 + 花园.
_MOST_BETWEEN = 4


@dataclass(frozen=True, slots=True)
class _Said:
    """A name of the gazetteer in its text. `whole`: it was said in full, so nothing after it belongs to it."""

    token: Token
    entries: tuple[Entry, ...]
    kind: Kind
    whole: bool
    found: Found

    @property
    def official(self) -> bool:
        """Whether a division was named in full."""
        return self.kind in _DIVISIONS and self.whole

    @property
    def other_name(self) -> bool:
        """Whether it is only a short or former name of divisions, and of nothing else."""
        return all(isinstance(e, Division) and self.token.text not in (e.name, e.spoken) for e in self.entries)

    def next(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The pattern right after the name."""
        return pattern.match(self.found.text, self.token.end)

    def up_to(self, end: int) -> str:
        """The text from the name's beginning to `end`."""
        return self.found.text[self.token.start : end]

    def made(self, kind: Kind, end: int, entries: tuple[Entry, ...] = (), name: str | None = None) -> Element:
        """An element from the name's beginning to `end`."""
        return self.found.element(kind, self.token.start, end, name, entries)


class KnownNames:
    """Finds the names of one gazetteer."""

    def __init__(self, meanings: Meanings, endings: Endings, everyday: EverydayWords, words: Vocabulary) -> None:
        self._meanings, self._endings, self._everyday = meanings, endings, everyday
        self._common = frozenset(words.common)
        # What the words after a name can make of it; the first that fits is meant.
        self._longer = (
            self._office,
            self._numbered_village,
            self._village_of_spot,
            self._school,
            self._road,
            self._longer_spot,
            self._village,
            self._village_of_street,
            self._community_of_street,
        )

    def add_to(self, found: Found) -> None:
        """Add every known name of the text."""
        for token in found.tokens:
            if token.tag == PLACE:
                found.add(self._element(token, found))

    def _element(self, token: Token, found: Found) -> Element | None:
        if token.text.endswith("街") and found.text.startswith("道", token.end):
            return None  # 北街 in 胶北街道
        said = self._said(token, found)
        if said.kind is Kind.DISTRICT and (road := said.next(_LIKE_A_DISTRICT)):
            return said.made(Kind.ROAD, road.end())
        if not said.official and found.text.startswith("□", token.end):
            return None  # 赵家□村: the name goes on with a character that a font did not have
        if self._elsewhere(said) or self._after_a_road(said) or (said.kind is Kind.SPOT and token.text in self._common):
            return None
        for longer in self._longer:
            if element := longer(said):
                return element
        if said.kind is Kind.COMMUNITY and not said.whole:
            return self._bare(said)
        entries = said.entries
        if said.kind is Kind.STREET and (wide := tuple(e for e in entries if isinstance(e, NamedPlace))):
            entries = wide  # 李村 is said of more than 李村街道
        return said.made(said.kind, token.end, entries, in_full(token.text, entries))

    def _said(self, token: Token, found: Found) -> _Said:
        entries = self._meanings.today(token.text)
        entries = self._meanings.inside(entries, found.names(Kind.DISTRICT)) or entries
        kind = kind_of(token.text, entries)
        whole = any(isinstance(e, Division) and token.text in (e.name, e.spoken) for e in entries)
        whole = whole or (kind in _LARGE and token.text.endswith(_DISTRICT_OR_STREET_WORDS))
        if kind is Kind.COMMUNITY and not whole and token.text.endswith(("路", "街", "巷")):
            kind = Kind.ROAD  # 沧怡路, of which only the community 沧怡路社区 is listed, runs through it
        return _Said(token, entries, kind, whole, found)

    def _elsewhere(self, said: _Said) -> bool:
        """A short name of a division of another district than the one right before it: 莱西市水集街道凤台埠村."""
        token, before = said.token, said.found.before(said.token.start)
        if before is None or before.end != token.start or len(token.text) > 3:
            return False
        if not said.other_name:
            return False
        around = {name for e in before.entries for name in self._meanings.districts(e)}
        return bool(around) and not self._meanings.inside(said.entries, around)

    def _after_a_road(self, said: _Said) -> bool:
        """A division's short name right after a road begins another name: 龙泉路世园美墅小区."""
        before = said.found.before(said.token.start)
        adjoins = before is not None and before.kind is Kind.ROAD and before.end == said.token.start
        return adjoins and said.kind in _LARGE and not said.whole

    # -- what follows makes another name of it ---------------------------------------------------------------

    def _office(self, said: _Said) -> Element | None:
        """华阳路街道, which no list has."""
        office = None if said.whole else said.next(self._endings.office)
        return said.made(Kind.STREET, office.end()) if office else None

    def _numbered_village(self, said: _Said) -> Element | None:
        """洪山坡五村."""
        village = None if said.whole else said.next(_NUMBERED_VILLAGE)
        return self._community(said, village.end()) if village else None

    def _village_of_spot(self, said: _Said) -> Element | None:
        """台东村委会: a place's name is a village's as well."""
        village = said.next(_VILLAGE) if said.kind is Kind.SPOT else None
        return self._community(said, village.end(), said.entries) if village else None

    def _school(self, said: _Said) -> Element | None:
        """胶州一中."""
        school = said.next(_SCHOOL) if said.kind is Kind.DISTRICT else None
        return said.made(Kind.SPOT, school.end(), said.entries) if school else None

    def _road(self, said: _Said) -> Element | None:
        """海尔路, 台东三路."""
        road = None if said.official or said.kind is Kind.ROAD else said.next(_ROAD)
        if road is None:
            return None
        name = spelled(said.up_to(road.end()))
        return said.made(Kind.ROAD, road.end(), self._meanings.named(name), name)

    def _longer_spot(self, said: _Said) -> Element | None:
        """翠湖花园 where only 翠湖 is listed; 城阳汽车站, but not 城阳 宝龙广场: after a district only these."""
        if said.official or said.kind is Kind.ROAD:
            return None
        if said.kind in _LARGE:
            public = said.next(self._endings.institution)
            return said.made(Kind.SPOT, public.end(), said.entries) if public else None
        end = self._spot_end(said)
        return said.made(Kind.SPOT, end) if end else None

    def _spot_end(self, said: _Said) -> int | None:
        """Where the name ends that begins with this one: behind the first ending of a spot close after it.

        A village is often followed by a compound of another name; only an ending right after it belongs to it.
        """
        end, between = said.token.end, 0 if said.kind is Kind.COMMUNITY else _MOST_BETWEEN
        if said.token.text.endswith(_COMPLETE_SPOTS):
            return None
        for word in said.found.words_from(end):
            ending = word.text in self._endings.spot_words
            speech = self._everyday.stops(word) or self._everyday.breaks(word)
            if (speech and not ending) or end - said.token.end > between:
                return None
            end = word.end
            if ending or self._endings.of_kind[Kind.SPOT].fullmatch(word.text):
                return end
        return None

    def _village(self, said: _Said) -> Element | None:
        """河西村 where the list has 河西."""
        village = said.next(_VILLAGE_WORD) if said.kind is Kind.COMMUNITY and not said.whole else None
        return said.made(Kind.COMMUNITY, village.end(), said.entries) if village else None

    def _village_of_street(self, said: _Said) -> Element | None:
        """夏庄村, where 夏庄 is a street; which of its villages, no list says."""
        apart = said.kind is Kind.STREET and not said.whole and said.found.text.startswith("村", said.token.end)
        return said.made(Kind.COMMUNITY, said.token.end + 1) if apart else None

    def _community_of_street(self, said: _Said) -> Element | None:
        """夏庄社区."""
        apart = said.kind is Kind.STREET and said.found.text.startswith("社区", said.token.end)
        return self._community(said, said.token.end + 2) if apart else None

    def _community(self, said: _Said, end: int, otherwise: tuple[Entry, ...] = ()) -> Element:
        """The community named up to `end`, with `otherwise` where no list has it."""
        name = said.up_to(end).replace("村委会", "村").replace("居委会", "社区")
        return said.made(Kind.COMMUNITY, end, self._meanings.named(name) or otherwise, name)

    # -- villages without the word for it --------------------------------------------------------------------

    def _bare(self, said: _Said) -> Element | None:
        """河西 for 河西村: directly after what it lies in, or as a quarter that everybody knows by its name."""
        if any(isinstance(e, NamedPlace) for e in said.entries):
            return said.made(Kind.COMMUNITY, said.token.end, said.entries)
        before = said.found.text[: said.token.start]
        names = self._around(said.entries) if said.next(_EDGE) else self._streets_above(said.entries)
        if any(before.endswith(name) for name in names if len(name) > 1):
            return said.made(Kind.COMMUNITY, said.token.end, said.entries)
        return None

    def _streets_above(self, entries: Sequence[Entry]) -> set[str]:
        return {one.name for e in entries if (one := self._meanings.above(e)) and one.level == "street"}

    def _around(self, entries: Sequence[Entry]) -> set[str]:
        """What the villages lie in: the division above in full and in short, and the district."""
        above = [one for e in entries if (one := self._meanings.above(e))]
        districts = [d for one in above if (d := self._meanings.district_of(one))]
        return {d.name for d in (*above, *districts)} | {one.name.rstrip("街道镇") for one in above}
