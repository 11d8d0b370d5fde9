"""Names that only have the shape of one: an ending such as 路 or 小区, and before it what may be a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.places.beginnings import Beginnings
from kb.places.element import BUILDING, COUNT, NUMBER, Element, Found, Kind
from kb.places.endings import Endings
from kb.places.gazetteer import Entry
from kb.places.meanings import Meanings, in_full, spelled
from kb.places.slips import Slips
from kb.places.tokens import PLACE, PlaceTokenizer, Token

# What has a road but is none: 曲家炉村 + 路面, 翠湖小区 + 路灯.
_INHABITED = ("村", "社区", "小区", "镇", "花园")
_ROAD_BEGINS = re.compile(r"[面灯边口上旁段]")
# The order in which shapes are looked for: a street's office before the road it is called after.
_KINDS = (Kind.STREET, Kind.ROAD, Kind.COMMUNITY, Kind.SPOT)
# Parts and kinds, which name nothing: 三号楼, 第二小区, 一中, A区, 某某路3号楼.
_NO_NAME = re.compile(rf"(?:第?{COUNT}{{1,4}}|[a-zA-Z]\d*)(?:号?楼|院|区|厂|小区|中|店|号院|高|小)|.*{COUNT}号楼")
_BEGINS_WITH_NUMBER = re.compile(COUNT)
# 二路, 3街: which of them, nobody knows.
_ONLY_NUMBER = re.compile(rf"{COUNT}+[路街巷]")
# 23号路 is a road of a new district; after another name the number is a house's: 登州路66号 + 路灯.
_NUMBERED_ROAD = re.compile(rf"{COUNT}+号路")
# Endings that do not make a compound of the road before them: 嘉定路小区, but not 香港路中心.
_NOT_AFTER_A_ROAD = ("国际", "中心", "一中", "二中")
# Villages by their shape, compounds when a building follows: 河西新村3号楼.
_NEW_VILLAGE = ("新村", "国际村")
# Parts of speech of names, and single characters and longer words that names have besides.
_NAMES = ("ns", "nr", "nz", "nrt", "nrfg", "nt", PLACE, "x")
_IN_NAMES = ("a", "vn", "an", "j", "v")
_NOT_IN_NAMES = "vpcrud"
_SHORTEST, _LONGEST_STREET = 3, 7
# What has houses with numbers.
_HOUSED = (Kind.ROAD, Kind.COMMUNITY, Kind.SPOT)


class ShapedNames:
    """Finds names by their endings."""

    def __init__(
        self, meanings: Meanings, endings: Endings, beginnings: Beginnings, slips: Slips, tokenizer: PlaceTokenizer
    ) -> None:
        self._meanings, self._endings, self._beginnings = meanings, endings, beginnings
        self._slips, self._tokenizer = slips, tokenizer

    def add_to(self, found: Found) -> None:
        """Add every name that an ending gives away."""
        for kind in _KINDS:
            for shape in self._endings.of_kind[kind].finditer(found.text):
                found.add(self._ending_at(found, kind, *shape.span()))
        for shape in self._endings.short_spot.finditer(found.text):
            found.add(self._ending_at(found, Kind.SPOT, *shape.span()))

    def _ending_at(self, found: Found, kind: Kind, ending: int, end: int) -> Element | None:
        """The name whose ending goes from `ending` to `end`."""
        if not found.free(ending, end):
            return None
        start = self._beginnings.of(found, kind, ending)
        if start == ending:
            return _after_its_road(found, kind, ending, end)
        return self._listed(found, kind, start, end) or self._unlisted(found, kind, start, end)

    def _listed(self, found: Found, kind: Kind, start: int, end: int) -> Element | None:
        """A name of the list, or a slip of one, as the end of what may be the name: 大润发 + 翠湖小区."""
        for begin in _begins(found, start, end):
            said = spelled(found.text[begin:end])
            if entries := self._entries(said, kind, found if begin > start else None):
                return found.element(kind, begin, end, in_full(said, entries), entries)
            if len(said) >= _SHORTEST and (meant := self._slips.meant(said, kind, found)):
                return found.element(kind, begin, end, *meant, slip=True)
        return None

    def _entries(self, said: str, kind: Kind, found: Found | None) -> tuple[Entry, ...]:
        """What has that name, in the districts `found`, if any."""
        entries = self._meanings.of_kind(said, kind)
        districts = found.names(Kind.DISTRICT) if found else ()
        return self._meanings.inside(entries, districts) if districts else entries

    def _unlisted(self, found: Found, kind: Kind, start: int, end: int) -> Element | None:
        """A name that no list has, where it may be believed."""
        name = found.text[start:end]
        if kind is Kind.COMMUNITY and name.endswith(_NEW_VILLAGE) and BUILDING.match(found.text, end):
            kind = Kind.SPOT
        if kind is Kind.STREET and (today := self._meanings.street_of_today(name)):
            return found.element(kind, start, end, name, today)
        if not self._believable(found, kind, start, end):
            return None
        return found.element(kind, start, end, spelled(name) if kind is Kind.ROAD else name)

    # -- what may be believed --------------------------------------------------------------------------------

    def _believable(self, found: Found, kind: Kind, start: int, end: int) -> bool:
        """Whether the shape may be a name: a street only right after its district, for example."""
        name, before = found.text[start:end], found.before(start)
        adjoining = before if before and before.tail >= start else None
        if kind is Kind.STREET:
            return adjoining is not None and adjoining.kind is Kind.DISTRICT and len(name) <= _LONGEST_STREET
        if len(name) < _SHORTEST:
            return False
        if kind is Kind.COMMUNITY:
            return not _BEGINS_WITH_NUMBER.match(name) and (adjoining is not None or self._namelike(name))
        if kind is Kind.ROAD and name[:-1].endswith(_INHABITED) and _ROAD_BEGINS.match(found.text, end):
            return False  # 曲家炉村 + 路面
        if kind is Kind.ROAD and adjoining and adjoining.kind in _HOUSED and _NUMBERED_ROAD.fullmatch(name):
            return False
        if kind is Kind.ROAD:
            numbered = NUMBER.match(found.text, end) is not None
            return not _ONLY_NUMBER.fullmatch(name) and (adjoining is not None or self._namelike(name) or numbered)
        return not _NO_NAME.fullmatch(name)

    def _namelike(self, name: str) -> bool:
        """Whether a name that stands in running speech has no everyday word in it: 孟沙河二路, but not 日子路."""
        tokens = self._tokenizer.tokens(name)
        before_ending = tokens[:-1] if len(tokens) > 1 else tokens
        return all(token.end == len(name) or _may_be_in_a_name(token) for token in before_ending)


def _may_be_in_a_name(token: Token) -> bool:
    if token.tag in _NAMES:
        return True
    return token.tag in _IN_NAMES if len(token.text) > 1 else token.tag[:1] not in _NOT_IN_NAMES


def _begins(found: Found, start: int, end: int) -> Iterator[int]:
    """Where the name may begin: at `start`, or at a later word of it that leaves three characters and more."""
    yield start
    for word in found.words_in(start + 2, end - 2):
        yield word.start


def _after_its_road(found: Found, kind: Kind, ending: int, end: int) -> Element | None:
    """嘉定路小区, 延兴路社区: what is called after the road right before the ending."""
    road = found.before(ending)
    if kind not in (Kind.SPOT, Kind.COMMUNITY) or road is None or road.end != ending or road.kind is not Kind.ROAD:
        return None
    if found.text[ending:end] in _NOT_AFTER_A_ROAD:
        return None
    return found.element(kind, ending, end, found.text[road.start : end])
