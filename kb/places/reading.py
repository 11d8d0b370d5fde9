"""Reading from what a citizen wrote where the problem is: the candidates, how sure each is, and why.

Names are found (`elements`), joined to addresses and told apart by what the words around them say (`addresses`), and
resolved to district, street and community (`resolving`). What the evidence does not say stays None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kb.places.addresses import LIKELY, WORTH_NAMING, Address, Role, Roles, grouped
from kb.places.element import TAIL, Element, Kind
from kb.places.elements import Finder
from kb.places.gazetteer import Division, Gazetteer, NamedPlace
from kb.places.place import Place
from kb.places.private import without_flat
from kb.places.resolving import Resolved, Resolver
from kb.places.vocabulary import Vocabulary
from kb.places.vocabulary import load as load_vocabulary

MOST_CANDIDATES = 4
# Longer texts are read up to here; what a citizen writes is shorter.
MOST_CHARACTERS = 4_000
# After another city's name: what makes a road of this city, a dish or a shop of it: 济南路, 兰州拉面, 北京烤鸭店.
_ELSEWHERE_AFTER = (
    r"(?!路|街|巷|大道|支路|[东西南北中]路|[一二三四五六七八九十]路|花园|小区|"
    r"饭店|面馆|烧烤|人(?![民行])|牌|菜|小吃|包子|烤鸭|拉面)"
)


_HERE = (Role.OURS, Role.PROBLEM, Role.VISIT)


class Doubt(StrEnum):
    """Why it should be asked before anybody is sent there."""

    NOWHERE = "nowhere"
    """No place is named."""
    VAGUE = "vague"
    """Only a district or street, where nobody would find it."""
    WHICH = "which"
    """There are several of that name, or what was said does not agree."""
    ELSEWHERE = "elsewhere"
    """The place is in another city."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where the problem may be. `reasons` are keys such as 'district_stated', for logs and for staff."""

    place: Place
    confidence: float
    reasons: tuple[str, ...]
    role: Role = Role.PROBLEM


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says of the place. Candidates are ordered, the likeliest first."""

    candidates: tuple[Candidate, ...] = ()
    doubt: Doubt | None = Doubt.NOWHERE
    elsewhere: str | None = None

    @property
    def place(self) -> Place | None:
        """The likeliest place, or None when none is named."""
        return self.candidates[0].place if self.candidates else None


class Reader:
    """Reads texts against one gazetteer. Safe to use from several threads."""

    def __init__(self, gazetteer: Gazetteer, vocabulary: Vocabulary | None = None) -> None:
        words = vocabulary or load_vocabulary()
        self.gazetteer = gazetteer
        self._finder, self._roles, self._resolver = Finder(gazetteer, words), Roles(words), Resolver(gazetteer)
        self._city = re.compile(rf"{words.city}(?=[\u4e00-\u9fa5])")
        self._elsewhere = re.compile(rf"(?:{'|'.join(words.elsewhere)})市?{_ELSEWHERE_AFTER}")

    def spelt(self, syllables: Sequence[str]) -> list[str]:
        """Names that are written so in pinyin, without tones: ('tong', 'an', 'lu') is 同安路."""
        return list(self._finder.sounds.spelt(syllables))

    def read(self, text: str) -> Reading:
        """The place of the problem that the text tells of."""
        text = self._without_city(unicodedata.normalize("NFKC", text)[:MOST_CHARACTERS])
        elements, other_city = self._without_elsewhere(text, self._finder.elements(text))
        addresses = self._roles.given(text, grouped(text, elements))
        worth = [one for one in addresses if LIKELY[one.role] >= WORTH_NAMING]
        best = max(worth, key=lambda one: one.rank, default=None)
        if other_city and (best is None or best.role not in _HERE):
            return Reading(doubt=Doubt.ELSEWHERE, elsewhere=other_city)
        if best is None:
            return Reading()
        candidates = self._candidates(text, best, addresses)
        return Reading(candidates, self._doubt(candidates))

    def _doubt(self, candidates: Sequence[Candidate]) -> Doubt | None:
        first = candidates[0].place
        if not first.precise:
            return Doubt.VAGUE
        return Doubt.WHICH if len(candidates) > 1 else None

    # -- candidates ------------------------------------------------------------------------------------------

    def _candidates(self, text: str, best: Address, addresses: Sequence[Address]) -> tuple[Candidate, ...]:
        context, weak = self._context(best, addresses)
        resolved = self._resolver.resolve(best, context)
        sure, reasons = _confidence(best, resolved, bool(context), weak)
        first = self._place(text, best, resolved, sure)
        found = [Candidate(first, sure, reasons, best.role)]
        for other in resolved.alternatives[: MOST_CANDIDATES - (resolved.district is not None)]:
            again = self._resolver.resolve(best, [other])
            elsewhere = replace(again, district=other, street=again.street if again.district == other else None)
            part = round((1 - sure) / len(resolved.alternatives), 3)
            found.append(Candidate(self._place(text, best, elsewhere, part), part, ("also_there",), best.role))
        if resolved.district is None and len(found) > 1 and len(found) <= MOST_CANDIDATES:
            return tuple(found[:1] + found[1:])
        return tuple(found)

    def _context(self, best: Address, addresses: Sequence[Address]) -> tuple[list[Division], bool]:
        """Districts named elsewhere in the text; `weak` where only a home or a workplace names them."""
        if best.first(Kind.DISTRICT) or best.first(Kind.STREET):
            return [], False
        for roles in (_HERE, (Role.HOME,)):
            others = [one for one in addresses if one is not best and one.role in roles]
            others.sort(key=lambda one: (one.start > best.start, abs(one.start - best.start)))
            for one in others:
                district = self._resolver.resolve(one).district
                if district and (roles is _HERE or best.role not in _HERE or one.first(Kind.DISTRICT)):
                    return [district], roles is not _HERE
        return [], False

    def _place(self, text: str, address: Address, resolved: Resolved, confidence: float) -> Place:
        road, spot = _road(address), address.first(Kind.SPOT)
        district, street, community = resolved.district, resolved.street, resolved.community
        point = self._point(spot, district)
        crossing = _crossing(spot)
        if crossing and spot:
            road, spot = road or replace(spot, name=crossing), None
        said_street, said_community = address.first(Kind.STREET), address.first(Kind.COMMUNITY)
        now = self._today(street)
        return Place(
            text=self._span(text, address),
            district=district.name if district else None,
            district_code=district.code if district else None,
            street=(now or street).name
            if street
            else said_street.name
            if said_street and not said_street.known
            else None,
            street_code=now.code if now else None,
            community=(community.spoken if community and community.code else said_community.name)
            if said_community
            else None,
            community_code=community.code or None if community else None,
            road=road.name if road else None,
            spot=(without_flat(spot.name) or None) if spot else None,
            lat=point[0] if point else None,
            lon=point[1] if point else None,
            crs="WGS-84" if point else None,
            confidence=confidence,
        )

    def _today(self, street: Division | None) -> Division | None:
        """The street of today; None where it is not known what became of a former one."""
        if street is None or street.code:
            return street
        above = self.gazetteer.parent(street)
        return above if above and above.level == "street" else None

    def _point(self, spot: Element | None, district: Division | None) -> tuple[float, float] | None:
        for entry in spot.entries if spot else ():
            if not isinstance(entry, NamedPlace) or (district and district.name not in entry.districts):
                continue
            if entry.lat is not None and entry.lon is not None:
                return entry.lat, entry.lon
        return None

    def _span(self, text: str, address: Address) -> str:
        """The words of the address and what they say of where at it, without unit and flat."""
        end = address.end
        if tail := TAIL.match(text, end):
            end = tail.end()
        said, at = list(text), address.start
        road = _road(address)
        if road and road.slip and len(road.name) == road.end - road.start:
            said[road.start : road.end] = road.name  # 燕尔岛路 is 燕儿岛路: a worker finds the one that there is
        return without_flat("".join(said[at:end]))

    # -- around it -------------------------------------------------------------------------------------------

    def _without_city(self, text: str) -> str:
        """The city's own name says nothing inside it; it is blanked where it does not begin a place's name."""

        def blank(found: re.Match[str]) -> str:
            names = self.gazetteer.starting(text[found.end() - 2 :]) + self.gazetteer.starting(text[found.start() :])
            if any(len(name) > 2 and text.startswith(name, found.start()) for name in names):
                return found.group()
            return " " * len(found.group())

        return self._city.sub(blank, text)

    def _without_elsewhere(self, text: str, elements: Sequence[Element]) -> tuple[list[Element], str | None]:
        """The elements that may lie in this city, and the other city that the text names."""
        kept, named = list(elements), None
        for found in self._elsewhere.finditer(text):
            over = [e for e in kept if e.start < found.end() and found.start() < e.tail]
            if any(e.known or e.end - found.end() < 3 for e in over):
                continue  # 济南路, but not 济南泉城路
            kept = [e for e in kept if e not in over and (e.start != found.end() or e.kind is Kind.DISTRICT)]
            named = named or found.group()
        return kept, named


def _crossing(spot: Element | None) -> str | None:
    """The first road of a crossing that the list knows as one place."""
    if spot is None or not any(isinstance(e, NamedPlace) and e.kind == "crossing" for e in spot.entries):
        return None
    road = re.match(r"[^与和跟]{2,6}?(?:大街|大道|路|街)(?!口)", spot.name)
    return road.group() if road else None


def _road(address: Address) -> Element | None:
    """The road of the address; one that only gives its name to a compound (广饶路小区) comes last."""
    roads = [element for element in address.elements if element.kind is Kind.ROAD]
    lending = {element.start for element in address.elements if element.kind is Kind.SPOT}
    return next((road for road in roads if road.end not in lending), roads[0] if roads else None)


def _confidence(address: Address, resolved: Resolved, context: bool, weak: bool) -> tuple[float, tuple[str, ...]]:
    """How likely the district and what stands below it are right, and why."""
    reasons = []
    if resolved.district is None:
        sure = 0.9 / len(resolved.alternatives) if resolved.alternatives else 0.25
        reasons.append("several_of_that_name" if resolved.alternatives else "no_district")
    elif resolved.conflict:
        sure = 0.55
        reasons.append("names_disagree")
    elif resolved.stated:
        sure = 0.98 if resolved.agree else 0.94
        reasons.append("district_stated")
    elif context and not resolved.agree:
        sure = 0.6 if weak else 0.85
        reasons.append("district_of_the_home" if weak else "district_said_elsewhere")
    else:
        sure = 0.96 if resolved.agree > 1 else 0.9
        reasons.append("known_names")
    if any(element.slip for element in address.elements):
        sure *= 0.92
        reasons.append("spelled_otherwise")
    if address.role not in (Role.OURS, Role.PROBLEM):
        sure *= LIKELY[address.role]
        reasons.append(f"only_the_{address.role}")
    return round(sure, 3), tuple(reasons)


_READERS: list[Reader] = []


def read(gazetteer: Gazetteer, text: str) -> Place | None:
    """The problem's place in the text, or None when none is named."""
    for reader in _READERS:
        if reader.gazetteer is gazetteer:
            return reader.read(text).place
    _READERS[:] = [Reader(gazetteer)]
    return _READERS[0].read(text).place
