"""Names that stand together are one address; the words around it say whether the problem is there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kb.places.element import ORDER, Element, Kind
from kb.places.vocabulary import Vocabulary

_ONWARD = re.compile(r"\s*(?:[,，、]|的|里的?|内的?|上的?|中的?|这边的?|那边的?|附近的?|靠近|\s)?\s*")
_BESIDE = re.compile(r"\s*(?:和|与|跟|及|以及|、|到|至|同|/|-|－|—)\s*")
_LINK = r"(?:和|与|跟|、|/|的|那个|这个|那边的?|这边的?|那里的?)?"
# Between a district and a road these show running speech: 市北区那边的人去南京路.
_SPOKEN = re.compile(r"[来的了是在有去到从我你他她这那就都跟说看]")
# 从李村到台东: a way, not a place, unless it is the stretch itself that is spoken of.
_WAY = re.compile(r"从[^，。,；！？\s]{2,14}?(?:到|去|往|回)[^，。,；！？\s\n]{2,10}")
_SECTION = re.compile(r"(?:这|那)(?:一)?(?:段|条|路|截)|之间|沿线|路段|的(?:路|人行道|绿化|路灯|井盖|下水|盲道)")


class Role(StrEnum):
    """What an address is to the problem, by the words around it."""

    OURS = "ours"
    PROBLEM = "problem"
    VISIT = "visit"
    HOME = "home"
    WORK = "work"
    PAST = "past"
    ROUTE = "route"
    ORGANISATION = "organisation"
    COMPARISON = "comparison"
    PRODUCT = "product"
    NOT_HERE = "not_here"


# How likely the problem is at an address of that role when nothing else is named.
LIKELY = {
    Role.OURS: 1.0,
    Role.PROBLEM: 1.0,
    Role.VISIT: 0.85,
    Role.HOME: 0.75,
    Role.WORK: 0.8,
    Role.ROUTE: 0.2,
    Role.ORGANISATION: 0.2,
    Role.PAST: 0.15,
    Role.COMPARISON: 0.05,
    Role.PRODUCT: 0.0,
    Role.NOT_HERE: 0.0,
}
# Which address is believed among several, by role; multiplied by how fine it is.
_RANK = {**LIKELY, Role.OURS: 1.3, Role.HOME: 0.69, Role.WORK: 0.6}
WORTH_NAMING = 0.25


@dataclass(frozen=True, slots=True)
class Address:
    """Elements that stand together in a text, and what they are to the problem."""

    elements: tuple[Element, ...]
    role: Role = Role.PROBLEM

    @property
    def start(self) -> int:
        return self.elements[0].start

    @property
    def end(self) -> int:
        return max(element.tail for element in self.elements)

    def first(self, kind: Kind) -> Element | None:
        """The first element of that kind."""
        return next((element for element in self.elements if element.kind is kind), None)

    @property
    def rank(self) -> float:
        """Which of several addresses is the problem's: the highest."""
        street = any(element.kind is Kind.STREET for element in self.elements)
        return _RANK[self.role] * (1.0 if self.precise else 0.9 if street else 0.7)

    @property
    def precise(self) -> bool:
        return any(ORDER[element.kind] >= ORDER[Kind.COMMUNITY] for element in self.elements)


def grouped(text: str, elements: Sequence[Element]) -> list[Address]:
    """Addresses in the order of the text."""
    found: list[list[Element]] = []
    for element in elements:
        if found and _joins(text, found[-1], element):
            found[-1].append(element)
        else:
            found.append([element])
    return [Address(tuple(group)) for group in found]


def _joins(text: str, group: Sequence[Element], after: Element) -> bool:
    before = group[-1]
    gap = text[before.tail : after.start]
    finer = ORDER[after.kind] > ORDER[before.kind]
    if not gap.strip():
        if after.kind is Kind.DISTRICT and gap == "" and before.kind is not Kind.DISTRICT:  # 环秀街道即墨汽车站
            return any(element.kind is Kind.DISTRICT and element.entries == after.entries for element in group)
        return ORDER[after.kind] >= ORDER[before.kind] or (
            before.kind in (Kind.ROAD, Kind.SPOT) and ORDER[after.kind] >= ORDER[Kind.COMMUNITY]
        )
    coarse = all(ORDER[element.kind] < ORDER[Kind.COMMUNITY] for element in group)
    if coarse and finer and len(gap) <= 6 and not re.search(r"[。;；!！?？,，\s]", gap) and not _SPOKEN.search(gap):
        return True
    if before.kind is Kind.ROAD and after.kind is Kind.ROAD and _BESIDE.fullmatch(gap):
        return True
    if _ONWARD.fullmatch(gap):
        return finer or (after.kind is Kind.ROAD and before.kind is Kind.SPOT and "的" in gap)
    return False


class Roles:
    """Tells what each address is to the problem."""

    def __init__(self, words: Vocabulary) -> None:
        names = ("home", "work", "route", "visit", "comparison", "past")
        self._before = {Role(name): words.before(name) for name in (*names, "ours")}
        self._after = {Role(name): words.after(name) for name in (*names, "organisation", "product")}
        self._not_here = words.before("negation")
        self._at_organisation = re.compile(words.organisation_place_after)

    def given(self, text: str, addresses: Sequence[Address]) -> list[Address]:
        """The addresses with their roles."""
        ways = [way.span() for way in _WAY.finditer(text) if not _SECTION.search(text, way.start(), way.end() + 8)]
        found: list[Address] = []
        for address in addresses:
            role = self._role(text, address)
            if found and self._goes_on(text, found[-1], address):
                role = found[-1].role
            if role in (Role.PROBLEM, Role.VISIT) and any(start < address.start < end for start, end in ways):
                role = Role.ROUTE
            found.append(replace(address, role=role))
        compared = self._after[Role.COMPARISON]
        for number, one in enumerate(found):  # 黄岛都用上暖气了，我们胶州还没有
            others = [other for other in found if other is not one and other.role in (Role.OURS, Role.PROBLEM)]
            if others and one.role is Role.PROBLEM and compared.match(text, one.end):
                found[number] = replace(one, role=Role.COMPARISON)
        return found

    def _role(self, text: str, address: Address) -> Role:
        sentence = re.split(r"[。;；!！?？\n]", text[: address.start])[-1]
        clause = re.split(r"[,，\s]", sentence.rstrip())[-1] if not sentence.endswith((",", "，")) else ""
        last = address.elements[-1]
        after, named = text[address.end :], text[max(element.end for element in address.elements) :]
        if self._not_here.search(clause):
            return Role.NOT_HERE
        if self._is_product(address, named):
            return Role.PRODUCT
        body = self._after[Role.ORGANISATION].match(named) if last.kind is not Kind.SPOT else None
        if body and not self._at_organisation.match(named[body.end() :]):
            return Role.ORGANISATION
        for role in (Role.PAST, Role.WORK):
            if self._after[role].match(after) or self._before[role].search(clause):
                return role
        if self._before[Role.COMPARISON].search(clause) or (
            re.search(r"人家|别的|你看", sentence + after[:3]) and self._after[Role.COMPARISON].match(after)
        ):
            return Role.COMPARISON
        if self._before[Role.HOME].search(clause) or self._after[Role.HOME].match(after):
            return Role.HOME
        if self._before[Role.OURS].search(clause):
            return Role.OURS
        if self._before[Role.ROUTE].search(clause) or self._after[Role.ROUTE].match(after):
            return Role.ROUTE
        if self._before[Role.VISIT].search(clause) or self._after[Role.VISIT].match(after):
            return Role.VISIT
        return Role.PROBLEM

    def _is_product(self, address: Address, named: str) -> bool:
        """青岛啤酒, 胶州大白菜: the name of a division and what comes from there."""
        last = address.elements[-1]
        if len(address.elements) > 1 or last.kind is Kind.ROAD or last.name.endswith(("区", "市", "小区")):
            return False
        return bool(self._after[Role.PRODUCT].match(named))

    def _goes_on(self, text: str, before: Address, address: Address) -> bool:
        """我住市南和崂山交界: the second name belongs to what was said of the first."""
        gap = text[before.end : address.start]
        return before.role not in (Role.PROBLEM, Role.OURS) and bool(re.fullmatch(_LINK, gap))
