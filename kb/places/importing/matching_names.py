"""Which official division a boundary or a point of the city's file is: by code, by name, by the district around it."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kb.places.coordinates import Point
from kb.places.gazetteer import LEVELS
from kb.places.importing.row_checks import split
from kb.places.importing.versions import DIVISIONS, Version
from kb.text import folded

_WORDS = {
    "district": ("district", "6", "区", "区县", "县", "市"),
    "street": ("street", "8", "街道", "镇", "乡镇", "街道办"),
    "community": ("community", "10", "社区", "村", "居委会", "村委会"),
}
LEVEL_OF = {word: level for level, words in _WORDS.items() for word in words}
ABOVE_DISTRICTS = frozenset({"2", "3", "4", "5", "city", "province"})
_BRACKETS = re.compile(r"^(.+?)[(（〔\[](.+?)[)）〕\]]$")
_ENDINGS = {
    "district": re.compile(r"(?:新区|区|县|市)$"),
    "street": re.compile(r"(?:街道办事处|街道办|街道|地区办事处|镇人民政府|乡人民政府|镇|乡)$"),
    "community": re.compile(r"(?:社区)?(?:居民委员会|村民委员会|居委会|村委会)$|社区$|村$"),
}
_SUGGESTED = 50


@dataclass(frozen=True, slots=True)
class Unit:
    """What a file says of one unit. `point` lies inside it; `district` is a name, where the file says one."""

    where: str
    name: str
    code: str = ""
    level: str = ""
    district: str = ""
    point: Point | None = None


@dataclass
class Matching:
    """Official codes by the position of a unit, and what to tell."""

    found: dict[int, str] = field(default_factory=dict)
    how: Counter[str] = field(default_factory=Counter)
    unmatched: list[str] = field(default_factory=list)
    unknown_codes: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


class OfficialNames:
    """The divisions of a version by every way to write their names."""

    def __init__(self, version: Version) -> None:
        self.level: dict[str, str] = {}
        self.name: dict[str, str] = {}
        self.parent: dict[str, str] = {}
        self._ways: dict[str, dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in version.divisions.values():
            code, level, name, parent, aliases = (DIVISIONS.cell(row, column) for column in DIVISIONS.columns)
            self.level[code], self.name[code], self.parent[code] = level, name, parent
            self._ways["name"][level, name].add(code)
            self._ways["name, otherwise written"][level, folded(name)].add(code)
            for alias in split(aliases):
                self._ways["alias"][level, folded(alias)].add(code)
            self._ways["name without its ending"][level, _bare(level, name)].add(code)

    def __contains__(self, code: str) -> bool:
        return code in self.level

    def shown(self, code: str) -> str:
        """'辽宁路街道 (370203001)'."""
        return f"{self.name[code]} ({code})"

    def district_of(self, code: str) -> str:
        """The code of the district around a division, its own for a district."""
        while self.level.get(code) not in ("district", None):
            code = self.parent[code]
        return code

    def candidates(self, name: str, level: str) -> tuple[str, tuple[str, ...]]:
        """How the name was found and the divisions that have it, of the first way that finds any."""
        levels = [level] if level else [*LEVELS]
        for way, by_name in self._ways.items():
            for one in levels:
                if found := by_name.get((one, _written(way, one, name))):
                    return way, tuple(sorted(found))
        if inside := _BRACKETS.match(name):
            for part in (inside[1], inside[2]):
                _, codes = self.candidates(part, level)
                if codes:
                    return "name in brackets", codes
        return "", ()

    def suggestions(self, name: str, level: str) -> list[str]:
        """Official names that are spelled much like it."""
        names = {self.name[code] for code in self.level if not level or self.level[code] == level}
        return difflib.get_close_matches(name, sorted(names), n=3, cutoff=0.5)


def _bare(level: str, name: str) -> str:
    short = _ENDINGS[level].sub("", folded(name))
    return short if len(short) > 1 else folded(name)


def _written(way: str, level: str, name: str) -> str:
    if way == "name":
        return name
    return _bare(level, name) if way == "name without its ending" else folded(name)


def trimmed_code(code: str, official: OfficialNames) -> str:
    """An official code that is written with zeros behind it (370202004000) as it stands in the table."""
    while code not in official and code.endswith("000"):
        code = code[:-3]
    return code


Around = Callable[[Point], Iterable[str]]
"""The codes of the divisions around a point, as far as their boundaries are known."""


def match(
    units: Sequence[Unit], official: OfficialNames, around: Around, *, more: Callable[[dict[int, str]], Around] | None
) -> Matching:
    """Find the official division of each unit, districts first.

    `around` is what is known of the ground; `more` makes a better one of what was matched so far, where the units
    are boundaries themselves.
    """
    made = Matching()
    passes = [[n for n, unit in enumerate(units) if unit.level == level] for level in LEVELS]
    passes.append([n for n, unit in enumerate(units) if unit.level not in LEVELS])
    for numbers in passes:
        for n in numbers:
            _match(n, units[n], official, around, made)
        if more and numbers:
            around = more(made.found)
    made.conflicts += _twice(units, official, made.found)
    return made


def _match(n: int, unit: Unit, official: OfficialNames, around: Around, made: Matching) -> None:
    code = trimmed_code(unit.code, official) if unit.code else ""
    way, named = official.candidates(unit.name, unit.level)
    if code in official and (not unit.level or official.level[code] == unit.level):
        if named and code not in named:
            others = ", ".join(map(official.shown, named[:3]))
            made.conflicts.append(
                f"{unit.where}: code {unit.code} is {official.shown(code)}, but {unit.name!r} is {others}; "
                "correct code or name"
            )
            return
        made.found[n] = code
        made.how["code"] += 1
        return
    if not named:
        if len(made.unmatched) < _SUGGESTED:
            like = ", ".join(official.suggestions(unit.name, unit.level))
            made.unmatched.append(f"{unit.where}: no official division" + (f"; perhaps {like}" if like else ""))
        else:
            made.unmatched.append(f"{unit.where}: no official division")
        return
    chosen = _inside(unit, named, official, around)
    if len(chosen) == 1:
        if unit.code:
            made.unknown_codes.append(f"{unit.where}: code {unit.code}, here {official.shown(chosen[0])}")
        made.found[n] = chosen[0]
        made.how[way if len(named) == 1 else f"{way}, and the district around it"] += 1
        return
    if chosen:
        others = ", ".join(map(official.shown, chosen[:4]))
        made.conflicts.append(f"{unit.where}: the name is that of {others}; give the code or the district")
        return
    made.conflicts.append(
        f"{unit.where}: lies in {_said(unit, official, around)}, but {', '.join(map(official.shown, named[:3]))} "
        "does not; correct the name or give the code"
    )


def _inside(unit: Unit, named: tuple[str, ...], official: OfficialNames, around: Around) -> tuple[str, ...]:
    """Those of the divisions that lie where the unit does; all where that is not known."""
    if unit.district:
        _, districts = official.candidates(unit.district, "district")
        if districts:
            named = tuple(code for code in named if official.district_of(code) in districts)
    if unit.point is None or unit.level == "district":
        return named
    codes = set(around(unit.point))
    for level in ("district", "street"):
        here = {code for code in codes if official.level.get(code) == level}
        if here:
            fitting = tuple(code for code in named if code in here or not here.isdisjoint(_above(code, official)))
            # A street's drawing may be a little off; only its district is relied upon to refuse.
            named = fitting or (named if level == "street" else ())
    return named


def _above(code: str, official: OfficialNames) -> Iterator[str]:
    while (code := official.parent.get(code, "")) in official:
        yield code


def _said(unit: Unit, official: OfficialNames, around: Around) -> str:
    here = around(unit.point) if unit.point else ()
    drawn = [official.name[code] for code in here if official.level.get(code) == "district"]
    return " and ".join(dict.fromkeys(name for name in (unit.district, *drawn) if name)) or "no district"


def _twice(units: Sequence[Unit], official: OfficialNames, found: dict[int, str]) -> Iterator[str]:
    first: dict[str, int] = {}
    for n in sorted(found):
        code = found[n]
        if code in first:
            there = units[first[code]].where
            yield f"{units[n].where}: is {official.shown(code)}, which stands also at {there}; keep one"
        first.setdefault(code, n)
