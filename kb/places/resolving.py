"""From the names of an address to district, street and community: what agrees with what, and what does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kb.places.addresses import Address
from kb.places.element import Element, Kind
from kb.places.gazetteer import Division, Entry, Gazetteer, NamedPlace


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where an address lies. `alternatives`: other districts in which it may lie, likeliest first.

    `agree` counts the known names that lie in the district; `stated` says that the district itself was named.
    """

    district: Division | None
    street: Division | None = None
    community: Division | None = None
    alternatives: tuple[Division, ...] = ()
    agree: int = 0
    stated: bool = False
    conflict: bool = False


class Resolver:
    """Resolves addresses against one gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def resolve(self, address: Address, context: Sequence[Division] = ()) -> Resolved:
        """`context`: districts named elsewhere in the text, which count where the address itself names none."""
        stated = [d for e in address.elements if e.kind is Kind.DISTRICT for d in self._divisions(e, "district")]
        finer = [e for e in address.elements if e.kind is not Kind.DISTRICT and e.entries]
        votes = Counter(district.code for e in finer for district in self._options(e))
        district, alternatives, conflict = self._district(stated or list(context), finer, votes, bool(stated))
        inside = [e for e in finer if district in self._options(e)]
        street, community = self._below(address, district)
        return Resolved(
            district, street, community, alternatives, len(inside), bool(stated) and district in stated, conflict
        )

    def _district(
        self, stated: Sequence[Division], finer: Sequence[Element], votes: Counter[str], own: bool
    ) -> tuple[Division | None, tuple[Division, ...], bool]:
        options = [self._gazetteer.divisions[code] for code, _ in votes.most_common()]
        if stated:
            fitting = [d for d in stated if d.code in votes] or list(stated)
            district = fitting[-1] if len(fitting) > 1 and votes else fitting[0]
            sure = [e for e in finer if len(self._options(e)) == 1 and not e.slip]
            against = Counter(d.code for e in sure for d in self._options(e) if d != district)
            if not against or district.code in votes:
                return district, (), False
            other = self._gazetteer.divisions[against.most_common(1)[0][0]]
            strong = sum(other in self._options(e) for e in sure)
            if strong >= 2 or not own:
                return other, (district,) if own else (), own
            return district, (other,), True
        common = self._common(finer)
        if len(common) == 1:
            return common[0], (), False
        return None, tuple(common or options), False

    def _common(self, finer: Sequence[Element]) -> list[Division]:
        """Districts that every known name of the address allows; where none does, those of the surest name."""
        if not finer:
            return []
        sets = [self._options(e) for e in finer]
        both = [d for d in sets[0] if all(d in other for other in sets[1:])]
        if both:
            return both
        order = (Kind.STREET, Kind.SPOT, Kind.COMMUNITY, Kind.ROAD)
        surest = min(finer, key=lambda e: (len(self._options(e)), order.index(e.kind)))
        return self._options(surest)

    def _options(self, element: Element) -> list[Division]:
        """The districts in which something of that name lies."""
        found: dict[str, Division] = {}
        for entry in element.entries:
            for district in self._districts(entry):
                found.setdefault(district.code, district)
        return list(found.values())

    def _districts(self, entry: Entry) -> list[Division]:
        if isinstance(entry, NamedPlace):
            return [d for name in entry.districts if (d := self._gazetteer.district(name))]
        above = self._gazetteer.district_of(entry)
        return [above] if above else []

    def _divisions(self, element: Element, level: str) -> list[Division]:
        return [e for e in element.entries if isinstance(e, Division) and e.level == level]

    # -- streets and communities -----------------------------------------------------------------------------

    def _below(self, address: Address, district: Division | None) -> tuple[Division | None, Division | None]:
        said_street, said_community = address.first(Kind.STREET), address.first(Kind.COMMUNITY)
        street = self._only(said_street, "street", district) if said_street else None
        community = self._only(said_community, "community", district, street) if said_community else None
        if community and street is None:
            above = self._gazetteer.parent(community)
            street = above if above and above.level == "street" else None
        if street is None and not (said_street and not said_street.entries):
            street = self._of_place(address, district)
        return street, community

    def _only(
        self, element: Element, level: str, district: Division | None, street: Division | None = None
    ) -> Division | None:
        found = [e for e in self._divisions(element, level) if self._inside(e, district) and self._inside(e, street)]
        if not found and street:  # a village that was moved to another street since
            found = [e for e in self._divisions(element, level) if self._inside(e, district)]
        today = [e for e in found if e.code]
        found = today if len(today) == 1 else found
        return found[0] if len(found) == 1 else None

    def _inside(self, division: Division, above: Division | None) -> bool:
        return above is None or (division.code or division.parent).startswith(above.code)

    def _of_place(self, address: Address, district: Division | None) -> Division | None:
        """The street in which the list says that the spot or road lies."""
        for kind in (Kind.SPOT, Kind.COMMUNITY, Kind.ROAD):
            element = address.first(kind)
            if element is None or district is None:
                continue
            places = [e for e in element.entries if isinstance(e, NamedPlace) and district.name in e.districts]
            streets = {e.street for e in places}
            if len(streets) == 1 and (name := streets.pop()):
                return next((d for d in self._gazetteer.children(district.code) if d.name == name), None)
        return None
