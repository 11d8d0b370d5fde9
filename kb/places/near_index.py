"""Known places by distance: the nearest to a point, exactly by great circles, however many places there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from kb.places.coordinates import Point
from kb.places.distances import RADIUS_M
from kb.places.gazetteer import Division, Entry, Gazetteer


class Nearby:
    """An index over WGS-84 points. Built once, never changed, safe to ask from several threads.

    `entries`, if given, says what stands at each point, in the points' order; `streets` are the codes of the streets
    in which one of them is known to stand. Raises ValueError for a pair that is no point, or entries that are not as
    many.
    """

    def __init__(
        self, points: Sequence[Point] | Any, entries: Sequence[Entry] = (), streets: frozenset[str] = frozenset()
    ) -> None:
        degrees = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        bad = np.flatnonzero(~(np.isfinite(degrees).all(axis=1) & (np.abs(degrees) <= (90, 180)).all(axis=1)))
        if bad.size:
            raise ValueError(f"point {bad[0] + 1}: {tuple(map(float, degrees[bad[0]]))} is no latitude and longitude")
        if len(entries) not in (0, len(degrees)):
            raise ValueError(f"{len(degrees)} points, but {len(entries)} entries")
        self.entries, self.streets = entries, streets
        # Balanced trees of many equal points take very long to build, and these are shallow enough.
        # Imported here because scipy takes memory that the gateway and the worker do without.
        from scipy.spatial import cKDTree

        self._tree = cKDTree(_on_sphere(degrees), balanced_tree=False, compact_nodes=False)

    @classmethod
    def of(cls, gazetteer: Gazetteer) -> Nearby:
        """Every place, street and community of the gazetteer that has a coordinate."""
        divisions = [
            (number, one)
            for number, one in enumerate(gazetteer.divisions.values())
            if one.lat is not None and one.lon is not None and one.level != "district"
        ]
        indices, points = gazetteer.places.with_point()
        known: list[Entry] = [one for _, one in divisions]
        known += gazetteer.places.unlike(indices)
        streets = {street.code for entry in known if (street := street_of(entry, gazetteer))}
        numbers = np.array([number for number, _ in divisions], dtype=np.uint32)
        entries = _Numbered(gazetteer, np.concatenate((numbers, indices + np.uint32(len(gazetteer.divisions)))))
        above = np.array([(one.lat, one.lon) for _, one in divisions], dtype=np.float64).reshape(-1, 2)
        return cls(np.concatenate((above, points)), entries, frozenset(streets))

    def __len__(self) -> int:
        return int(self._tree.n)

    def nearest(self, point: Point, most: int = 5, within: float = 3000.0) -> tuple[tuple[int, float], ...]:
        """At most so many (index of the point, metres) within so many metres, nearest first."""
        if not len(self) or most < 1:
            return ()
        chord = 2 * np.sin(min(within / RADIUS_M, np.pi) / 2)
        spot = _on_sphere(np.array([point], dtype=np.float64))[0]
        chords, found = self._tree.query(spot, k=[*range(1, most + 1)], distance_upper_bound=np.nextafter(chord, 3))
        away = 2 * RADIUS_M * np.arcsin(np.minimum(chords, 2.0) / 2)
        return tuple((int(n), float(d)) for n, d in zip(found, away, strict=True) if n < len(self) and d <= within)


def street_of(entry: Entry, gazetteer: Gazetteer) -> Division | None:
    """The street in which an entry is known to lie, itself if it is one."""
    if isinstance(entry, Division):
        street = entry if entry.level == "street" else gazetteer.parent(entry)
        return street if street and street.level == "street" else None
    if entry.street is None or len(entry.districts) != 1:
        return None
    district = gazetteer.district(entry.districts[0])
    return (
        next((one for one in gazetteer.children(district.code) if one.name == entry.street), None) if district else None
    )


def _on_sphere(degrees: Any) -> Any:
    """(n, 2) latitudes and longitudes as (n, 3) points of the unit sphere, where nearer is nearer everywhere."""
    lat, lon = np.radians(degrees).T
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


class _Numbered(Sequence[Entry]):
    """Some entries of a gazetteer, taken from it when asked for: a million of them need a number each.

    `numbers`: divisions in the order of their file, then places.
    """

    def __init__(self, gazetteer: Gazetteer, numbers: Any) -> None:
        self._divisions = tuple(gazetteer.divisions.values())
        self._places, self._numbers = gazetteer.places, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        number = int(self._numbers[index])
        return self._divisions[number] if number < len(self._divisions) else self._places[number - len(self._divisions)]
