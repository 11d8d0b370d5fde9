"""What the city's own layers say of a place: who answers for what on the ground, and where special rules hold.

Grid cells, property managers, heating and gas companies, zones. `kb.places.layers` reads them from their files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kb.places.coordinates import checked, to_wgs84
from kb.places.shapes import Geometry, Shapes
from kb.text import folded

if TYPE_CHECKING:
    from kb.places.place import Place

KINDS = ("grid", "property", "heating", "gas", "zone", "other")
# Of these one answers at any spot; the others may overlap.
ONE_ONLY = frozenset({"grid", "property", "heating", "gas"})
LEVELS = ("district", "street", "community", "compound")
"""What a line of a list can cover, widest first."""
# Which branches of categories a layer has to do with, by the beginning of their codes; others concern all.
_BRANCHES = {"gas": ("1",), "heating": ("2",), "property": ("5",), "zone": ("6",)}
_LONGEST_TEXT = 200
_SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer is. `kind` is one of KINDS; `tell` allows the answer to the citizen to say its values."""

    id: str
    title: str
    kind: str
    tell: bool = False
    source: str = ""
    date: date | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """What a layer says of a place: `value` is the grid's number, the company's name, the rule.

    `layer` is the layer's id; the rest is the layer's own.
    """

    layer: str
    kind: str
    title: str
    value: str
    tell: bool
    source: str
    date: date | None


def concerns(kind: str, category: str) -> bool:
    """Whether a layer of that kind has to do with problems of that category: who heats, when it is cold."""
    return category.startswith(_BRANCHES.get(kind, ("",)))


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a list: `name` is the compound's name, or the division's official code or name.

    `level` is one of LEVELS. `district` is the district's official name, empty where `name` is a code.
    """

    level: str
    name: str
    district: str
    value: str


class Layers:
    """All layers of a city. Built once, never changed, safe to ask from several threads.

    `drawn` has polygons in WGS-84 with their values, `lists` lines; a layer may be in both. Raises
    kb.places.shapes.UnusableError for a polygon that cannot be used.
    """

    def __init__(
        self,
        drawn: Mapping[Layer, Sequence[tuple[Geometry, str]]] | None = None,
        lists: Mapping[Layer, Iterable[Listed]] | None = None,
    ) -> None:
        flat = [(layer, geometry, value) for layer, every in (drawn or {}).items() for geometry, value in every]
        self._shapes = Shapes([geometry for _, geometry, _ in flat])
        self._drawn = [(layer, value) for layer, _, value in flat]
        self._lists = [(layer, _Names(lines)) for layer, lines in (lists or {}).items()]
        self.all = tuple(sorted({*(drawn or ()), *(lists or ())}, key=lambda layer: layer.id))

    @classmethod
    def empty(cls) -> Layers:
        """A city without layers."""
        return cls()

    def of(self, place: Place) -> tuple[Fact, ...]:
        """What the layers say of the place, in the order of their ids.

        A coordinate is looked up in the polygons, names and codes in the lists. What a polygon says beats the lists of
        the same layer, and for grid, property, heating and gas, where one answers at any spot, all lists of that kind.
        A coordinate that cannot be one counts as none.
        """
        drawn = list(self._at(place))
        exact = {layer.id for layer, _ in drawn}
        settled = {layer.kind for layer, _ in drawn} & ONE_ONLY
        listed = [
            (layer, value)
            for layer, names in self._lists
            if layer.id not in exact and layer.kind not in settled and (value := names.find(place)) is not None
        ]
        order = {layer: n for n, layer in enumerate(self.all)}
        return tuple(
            Fact(layer.id, layer.kind, layer.title, value, layer.tell, layer.source, layer.date)
            for layer, value in sorted(dict.fromkeys([*drawn, *listed]), key=lambda pair: order[pair[0]])
        )

    def _at(self, place: Place) -> Iterator[tuple[Layer, str]]:
        """What the polygons say; of one kind the smallest one where only one answers."""
        if place.lat is None or place.lon is None:
            return
        try:
            found = self._shapes.at(to_wgs84(checked(place.lat, place.lon), place.crs or "WGS-84"))
        except ValueError:
            return
        settled: set[str] = set()
        for n in sorted(found, key=lambda n: (self._shapes.area(n), n)):
            layer, value = self._drawn[n]
            if layer.kind not in settled:
                yield layer, value
            if layer.kind in ONE_ONLY:
                settled.add(layer.kind)


class _Names:
    """The lines of one list, found by name; a line given twice keeps the first value."""

    def __init__(self, lines: Iterable[Listed]) -> None:
        self._divisions: dict[tuple[str, str, str], str] = {}
        self._compounds: dict[tuple[str, str], str] = {}
        lengths: dict[str, set[int]] = {}
        for line in lines:
            name = folded(line.name)
            if line.level == "compound":
                self._compounds.setdefault((line.district, name), line.value)
                lengths.setdefault(line.district, set()).add(len(name))
            else:
                self._divisions.setdefault((line.level, line.district, name), line.value)
        self._lengths = {district: sorted(every, reverse=True) for district, every in lengths.items()}

    def find(self, place: Place) -> str | None:
        """The value of the narrowest line that covers the place."""
        if place.district and (value := self._compound(place, place.district)) is not None:
            return value
        for level in ("community", "street", "district"):
            code: str | None = getattr(place, f"{level}_code")
            name: str | None = getattr(place, level)
            for key in ((level, "", code or ""), (level, place.district or "", folded(name or ""))):
                if key[-1] and (value := self._divisions.get(key)) is not None:
                    return value
        return None

    def _compound(self, place: Place, district: str) -> str | None:
        """The value of the longest listed compound of the district that the words contain, the spot's name first."""
        lengths = [length for length in self._lengths.get(district, ()) if length >= _SHORTEST_NAME]
        for words in (folded(place.spot or ""), folded(place.text[:_LONGEST_TEXT])):
            for length in lengths:
                for start in range(len(words) - length + 1):
                    value = self._compounds.get((district, words[start : start + length]))
                    if value is not None:
                        return value
        return None
