"""The city's own list of places: divisions with official codes, and what people name in between.

Two files under `content/places`: `divisions.csv` (districts, streets, communities) and `places.csv` (roads,
compounds, landmarks …). A city replaces both. All coordinates are WGS-84 degrees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import ahocorasick

from kb.content_files import CONTENT, ContentError, read_csv, shown

FOLDER = CONTENT / "places"
DIVISION_COLUMNS = ("code", "level", "name", "parent_code", "aliases")
PLACE_COLUMNS = ("name", "kind", "district", "street", "aliases", "lat", "lon")
LEVELS = ("district", "street", "community")
KINDS = frozenset(
    {"road", "crossing", "landmark", "compound", "market", "school", "hospital"}
    | {"park", "metro", "station", "scenic", "mall", "bus_hub"}
)


@dataclass(frozen=True, slots=True)
class Division:
    """A district, street (街道/镇) or community (社区/村) with its official code."""

    code: str
    level: str
    name: str
    parent: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A road, compound or landmark. `districts` has several entries for a road that runs through several."""

    name: str
    kind: str
    districts: tuple[str, ...]
    street: str | None
    aliases: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None


Entry = Division | NamedPlace


@dataclass(frozen=True, slots=True)
class Mention:
    """Characters `start` to `end` of a text name one of `entries` (several when the name is ambiguous)."""

    start: int
    end: int
    name: str
    entries: tuple[Entry, ...]


@dataclass
class Gazetteer:
    """All divisions by code, all places, and an index that finds every name in a text in one pass."""

    divisions: dict[str, Division]
    places: tuple[NamedPlace, ...]
    _by_name: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    _index: ahocorasick.Automaton = field(default_factory=ahocorasick.Automaton)

    def __post_init__(self) -> None:
        for division in self.divisions.values():
            for name in (division.name, *division.aliases):
                self._by_name[name].append(division)
        for place in self.places:
            for name in (place.name, *place.aliases):
                self._by_name[name].append(place)
        for name in self._by_name:
            self._index.add_word(name, name)
        self._index.make_automaton()

    def named(self, name: str) -> tuple[Entry, ...]:
        """Every entry with that name or alias."""
        return tuple(self._by_name.get(name, ()))

    def district(self, name: str) -> Division | None:
        """The district with this official name."""
        found = [e for e in self.named(name) if isinstance(e, Division) and e.level == "district" and e.name == name]
        return found[0] if found else None

    def parent(self, division: Division) -> Division | None:
        """The district of a street, the street of a community."""
        return self.divisions.get(division.parent)

    def children(self, code: str) -> Iterator[Division]:
        """The divisions directly under the one with this code."""
        return (division for division in self.divisions.values() if division.parent == code)

    def mentions(self, text: str) -> list[Mention]:
        """Every known name in the text, longest first where they overlap, in order of place."""
        hits = [(end - len(name) + 1, end + 1, name) for end, name in self._index.iter(text)]
        hits.sort(key=lambda hit: (hit[0], -(hit[1] - hit[0])))
        kept: list[Mention] = []
        for start, end, name in hits:
            if kept and start < kept[-1].end:
                if end - start > kept[-1].end - kept[-1].start:
                    kept[-1] = Mention(start, end, name, self.named(name))
                continue
            kept.append(Mention(start, end, name, self.named(name)))
        return kept


def load(folder: Path = FOLDER) -> Gazetteer:
    """Read and check both files. Raises ContentError naming file, line, key and value."""
    divisions = _divisions(folder / "divisions.csv")
    return Gazetteer(divisions, tuple(_places(folder / "places.csv", divisions)))


def _aliases(cell: str) -> tuple[str, ...]:
    return tuple(alias.strip() for alias in cell.split("|") if alias.strip())


def _divisions(path: Path) -> dict[str, Division]:
    found: dict[str, Division] = {}
    for line, row in read_csv(path, DIVISION_COLUMNS):
        if row["level"] not in LEVELS:
            raise ContentError(f"{shown(path)}:{line}: level: unknown {row['level']!r}; known: {', '.join(LEVELS)}")
        if row["code"] in found:
            raise ContentError(f"{shown(path)}:{line}: code: {row['code']} is given twice")
        if row["level"] != "district" and row["parent_code"] not in found:
            raise ContentError(f"{shown(path)}:{line}: parent_code: no division {row['parent_code']!r} above this line")
        found[row["code"]] = Division(
            row["code"], row["level"], row["name"], row["parent_code"], _aliases(row["aliases"])
        )
    return found


def _places(path: Path, divisions: dict[str, Division]) -> Iterator[NamedPlace]:
    districts = {d.name: d.code for d in divisions.values() if d.level == "district"}
    streets = {(d.parent, d.name) for d in divisions.values() if d.level == "street"}
    for line, row in read_csv(path, PLACE_COLUMNS):
        where = f"{shown(path)}:{line}"
        if row["kind"] not in KINDS:
            raise ContentError(f"{where}: kind: unknown {row['kind']!r}; known: {', '.join(sorted(KINDS))}")
        inside = _aliases(row["district"])
        for name in inside:
            if name not in districts:
                raise ContentError(f"{where}: district: unknown {name!r}; known: {', '.join(districts)}")
        if row["street"] and not any((districts[name], row["street"]) in streets for name in inside):
            raise ContentError(f"{where}: street: unknown {row['street']!r} in {row['district']}")
        try:
            lat, lon = (float(row[key]) if row[key] else None for key in ("lat", "lon"))
        except ValueError as wrong:
            raise ContentError(f"{where}: lat, lon: not a number in {row['lat']!r}, {row['lon']!r}") from wrong
        yield NamedPlace(row["name"], row["kind"], inside, row["street"] or None, _aliases(row["aliases"]), lat, lon)
