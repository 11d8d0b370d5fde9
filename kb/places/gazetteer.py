"""The city's own list of places: divisions with official codes, and what people name in between.

Three files under `content/places`: `divisions.csv` (districts, streets, communities), `former.csv` (streets and
villages that are no more, and what they belong to now) and `places.csv` (roads, compounds, landmarks …). A city
replaces all of them. All coordinates are WGS-84 degrees.

A city may bring a million places, so they are kept packed: one run of bytes, taken apart when a name is found, and
the names in a trie that needs a few bytes each.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, overload

import marisa_trie
import numpy as np

from kb.content_files import CONTENT, ContentError, read_csv, shown

FOLDER = CONTENT / "places"
DIVISION_COLUMNS = ("code", "level", "name", "parent_code", "aliases")
DIVISION_EXTRAS = ("lat", "lon")
FORMER_COLUMNS = ("name", "level", "parent_code", "aliases", "was")
PLACE_COLUMNS = ("name", "kind", "district", "street", "aliases", "lat", "lon")
LEVELS = ("district", "street", "community")
KINDS = frozenset(
    {"road", "crossing", "landmark", "compound", "market", "school", "hospital"}
    | {"park", "metro", "station", "scenic", "mall", "bus_hub"}
)
LONGEST_NAME = 32
_OFFICES = ("居民委员会", "村民委员会", "村民委会", "居委会", "村委会")


@dataclass(frozen=True, slots=True)
class Division:
    """A district, street (街道/镇) or community (社区/村) with its official code.

    A former one has no code of its own: `code` is empty, `parent` the present street or district, `was` what is
    known of its end.
    """

    code: str
    level: str
    name: str
    parent: str
    aliases: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None
    was: str = ""

    @property
    def spoken(self) -> str:
        """The name as people say it: 石嘴子社区居民委员会 is 石嘴子社区."""
        for office in _OFFICES:
            if self.name.endswith(office) and len(self.name) > len(office) + 1:
                bare = self.name[: -len(office)]
                bare = bare[:-1] if bare.endswith(("社区村", "村村")) else bare
                return bare if bare.endswith(("村", "社区")) else bare + ("社区" if "居" in office else "村")
        return self.name


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


_Shared = tuple[str, tuple[str, ...], str | None]
"""Kind, districts and street of a place."""


class PackedPlaces(Sequence[NamedPlace]):
    """Places in the order of their file, kept as bytes and taken apart when one is asked for.

    Kind, districts and street are kept once for all places that share them, and only those with a point have one.
    """

    def __init__(self, places: Iterable[NamedPlace] = ()) -> None:
        names, starts = bytearray(), array("Q", [0])
        shared: dict[_Shared, int] = {}
        which, pointed, points = array("I"), array("I"), array("d")
        for number, one in enumerate(places):
            names += "\t".join((one.name, *one.aliases)).encode()
            starts.append(len(names))
            which.append(shared.setdefault((one.kind, one.districts, one.street), len(shared)))
            if one.lat is not None and one.lon is not None:
                pointed.append(number)
                points.extend((one.lat, one.lon))
        self._names, self._starts = bytes(names), starts
        self._shared, self._which = tuple(shared), which
        self._pointed, self._points = pointed, points

    def __len__(self) -> int:
        return len(self._which)

    @overload
    def __getitem__(self, index: int) -> NamedPlace: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NamedPlace]: ...
    def __getitem__(self, index: int | slice) -> NamedPlace | Sequence[NamedPlace]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        kind, districts, street = self._shared[self._which[index]]
        name, *aliases = self.names(index)
        lat = lon = None
        at = bisect_left(self._pointed, index)
        if at < len(self._pointed) and self._pointed[at] == index:
            lat, lon = self._points[2 * at : 2 * at + 2]
        return NamedPlace(name, kind, districts, street, tuple(aliases), lat, lon)

    def names(self, index: int) -> list[str]:
        """Name and aliases of the place with this index, which must be one."""
        return self._names[self._starts[index] : self._starts[index + 1]].decode().split("\t")

    def with_point(self) -> tuple[Any, Any]:
        """The indices of the places that have a point, (n,), and the points, (n, 2): latitude and longitude."""
        return np.array(self._pointed, dtype=np.uint32), np.array(self._points, dtype=np.float64).reshape(-1, 2)

    def kinds(self, indices: Any) -> Any:
        """The kinds of the places with these indices."""
        shared = np.array([kind for kind, _, _ in self._shared], dtype="U16")
        return shared[np.array(self._which, dtype=np.uint32)[indices]]

    def unlike(self, indices: Any) -> Iterator[NamedPlace]:
        """Of the places with these indices one for each kind, districts and street that they have."""
        _, first = np.unique(np.array(self._which, dtype=np.uint32)[indices], return_index=True)
        return (self[int(indices[at])] for at in first)


class Gazetteer:
    """All divisions by code, former ones, all places, and an index that finds every name in a text."""

    def __init__(
        self,
        divisions: dict[str, Division],
        places: Iterable[NamedPlace] = (),
        former: Iterable[Division] = (),
    ) -> None:
        self.divisions = divisions
        self.former = tuple(former)
        self.places = places if isinstance(places, PackedPlaces) else PackedPlaces(places)
        self._units = (*divisions.values(), *self.former)
        self._children: dict[str, list[Division]] = defaultdict(list)
        for division in divisions.values():
            self._children[division.parent].append(division)
        self._districts: dict[str, Division] = {}
        for division in divisions.values():
            if division.level == "district":
                self._districts.setdefault(division.name, division)
        self._names = marisa_trie.Trie(chain.from_iterable(self._names_of_each()))
        keys, counts = array("I"), array("I")
        for names in self._names_of_each():
            keys.extend(map(self._names.key_id, names))
            counts.append(len(names))
        by_key = np.array(keys, dtype=np.uint32)
        order = np.argsort(by_key, kind="stable")
        self._entries = np.repeat(np.arange(len(counts), dtype=np.uint32), counts)[order]
        self._first = np.searchsorted(by_key[order], np.arange(len(self._names) + 1)).astype(np.uint32)

    def _names_of_each(self) -> Iterator[Collection[str]]:
        """For each entry, by its number, its names and aliases, each once."""
        for unit in self._units:
            yield {unit.name, unit.spoken, *unit.aliases}
        for index in range(len(self.places)):
            names = self.places.names(index)
            yield set(names) if len(names) > 1 else names

    def _entry(self, number: int) -> Entry:
        return self._units[number] if number < len(self._units) else self.places[number - len(self._units)]

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def named(self, name: str) -> tuple[Entry, ...]:
        """Every entry with that name or alias, divisions of today first."""
        key = self._names.get(name)
        if key is None:
            return ()
        return tuple(self._entry(number) for number in self._entries[self._first[key] : self._first[key + 1]].tolist())

    def names(self) -> Iterator[str]:
        """Every name and alias once, in the order of `name`, from 0."""
        return map(self._names.restore_key, range(len(self._names)))

    def name(self, number: int) -> str:
        """The name or alias with this number; the numbers mean nothing else. Raises KeyError where there is none."""
        return str(self._names.restore_key(number))

    def district(self, name: str) -> Division | None:
        """The district with this official name."""
        return self._districts.get(name)

    def parent(self, division: Division) -> Division | None:
        """The district of a street, the street of a community (the district, where that is all that is known)."""
        return self.divisions.get(division.parent)

    def district_of(self, division: Division) -> Division | None:
        """The district in which a division lies, itself if it is one."""
        above: Division | None = division
        while above and above.level != "district":
            above = self.parent(above)
        return above

    def children(self, code: str) -> Iterator[Division]:
        """The divisions directly under the one with this code."""
        return iter(self._children.get(code, ()))

    def starting(self, text: str) -> list[str]:
        """Every name with which the text begins, shortest first."""
        return list(self._names.prefixes(text[:LONGEST_NAME]))

    def mentions(self, text: str) -> list[Mention]:
        """Every known name in the text, longest first where they overlap, in order of place."""
        kept: list[tuple[int, str]] = []
        for start in range(len(text)):
            names = self.starting(text[start : start + LONGEST_NAME])
            if not names:
                continue
            name = names[-1]
            if kept and start < kept[-1][0] + len(kept[-1][1]):
                if len(name) > len(kept[-1][1]):
                    kept[-1] = start, name
                continue
            kept.append((start, name))
        return [Mention(start, start + len(name), name, self.named(name)) for start, name in kept]


def load(folder: Path = FOLDER) -> Gazetteer:
    """Read and check the three files; `former.csv` may be missing.

    Raises ContentError naming file, line, key and value.
    """
    divisions = _divisions(folder / "divisions.csv")
    former = _former(folder / "former.csv", divisions) if (folder / "former.csv").exists() else ()
    return Gazetteer(divisions, _places(folder / "places.csv", divisions), former)


def _aliases(cell: str) -> tuple[str, ...]:
    if not cell:
        return ()
    return tuple(alias for part in cell.split("|") if (alias := " ".join(part.split())))


def _point(row: dict[str, str], where: str) -> tuple[float | None, float | None]:
    given = row.get("lat", ""), row.get("lon", "")
    if given == ("", ""):
        return None, None
    try:
        lat, lon = (float(cell) if cell else None for cell in given)
    except ValueError as wrong:
        raise ContentError(f"{where}: lat, lon: not a number in {given[0]!r}, {given[1]!r}") from wrong
    if (lat is None) != (lon is None):
        raise ContentError(f"{where}: lat, lon: one of them is missing in {given[0]!r}, {given[1]!r}")
    if lat is not None and lon is not None and not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ContentError(f"{where}: lat, lon: {given[0]}, {given[1]} is no point on earth; latitude comes first")
    return lat, lon


def _checked_name(row: dict[str, str], where: str) -> str:
    name = row["name"]
    if not name or "\t" in name or len(name) > LONGEST_NAME:
        raise ContentError(f"{where}: name: 1 to {LONGEST_NAME} characters on one line, not {name!r}")
    return name


def _divisions(path: Path) -> dict[str, Division]:
    found: dict[str, Division] = {}
    file = shown(path)
    for line, row in read_csv(path, DIVISION_COLUMNS, DIVISION_EXTRAS):
        where = f"{file}:{line}"
        if row["level"] not in LEVELS:
            raise ContentError(f"{where}: level: unknown {row['level']!r}; known: {', '.join(LEVELS)}")
        if row["code"] in found:
            raise ContentError(f"{where}: code: {row['code']} is given twice")
        if row["level"] != "district" and row["parent_code"] not in found:
            raise ContentError(f"{where}: parent_code: no division {row['parent_code']!r} above this line")
        lat, lon = _point(row, where)
        found[row["code"]] = Division(
            row["code"], row["level"], _checked_name(row, where), row["parent_code"], _aliases(row["aliases"]), lat, lon
        )
    return found


def _former(path: Path, divisions: dict[str, Division]) -> Iterator[Division]:
    file = shown(path)
    for line, row in read_csv(path, FORMER_COLUMNS):
        where = f"{file}:{line}"
        if row["level"] not in ("street", "community"):
            raise ContentError(f"{where}: level: unknown {row['level']!r}; known: street, community")
        above = divisions.get(row["parent_code"])
        if above is None or above.level == "community":
            raise ContentError(f"{where}: parent_code: no district or street {row['parent_code']!r} in divisions.csv")
        name, aliases = _checked_name(row, where), _aliases(row["aliases"])
        if row["level"] == "community":
            aliases += _bare(name)
        yield Division("", row["level"], name, above.code, aliases, was=row["was"] or "已合并")


def _bare(name: str) -> tuple[str, ...]:
    """A village is also said without the word for what it is: 王家河头村, 王家河头."""
    for suffix in ("社区", "村"):
        if name.endswith(suffix) and len(name) > len(suffix) + 1:
            return (name[: -len(suffix)],)
    return ()


def _places(path: Path, divisions: dict[str, Division]) -> Iterator[NamedPlace]:
    districts = {d.name: d.code for d in divisions.values() if d.level == "district"}
    streets = {(d.parent, d.name) for d in divisions.values() if d.level == "street"}
    checked: dict[tuple[str, str], tuple[str, ...]] = {}
    file = shown(path)
    for line, row in read_csv(path, PLACE_COLUMNS):
        where = f"{file}:{line}"
        if row["kind"] not in KINDS:
            raise ContentError(f"{where}: kind: unknown {row['kind']!r}; known: {', '.join(sorted(KINDS))}")
        inside = checked.get((row["district"], row["street"]))
        if inside is None:
            inside = checked[row["district"], row["street"]] = _inside(row, where, districts, streets)
        lat, lon = _point(row, where)
        yield NamedPlace(
            _checked_name(row, where), row["kind"], inside, row["street"] or None, _aliases(row["aliases"]), lat, lon
        )


def _inside(
    row: dict[str, str], where: str, districts: dict[str, str], streets: set[tuple[str, str]]
) -> tuple[str, ...]:
    """The districts in which a place lies, which must be known, as must its street in one of them."""
    inside = _aliases(row["district"])
    for name in inside:
        if name not in districts:
            raise ContentError(f"{where}: district: unknown {name!r}; known: {', '.join(districts)}")
    if row["street"] and not any((districts[name], row["street"]) in streets for name in inside):
        raise ContentError(f"{where}: street: unknown {row['street']!r} in {row['district']}")
    return inside
