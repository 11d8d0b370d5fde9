"""The boundaries of the city's divisions: in which district, street and community a point lies.

One file, `areas.geojson`: a FeatureCollection whose features have `properties.code`, an official division code, and
a Polygon or MultiPolygon in WGS-84. A city without boundaries has none, and every answer says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kb.places import geojson
from kb.places.coordinates import Point
from kb.places.shapes import Geometry, Shapes, UnusableError

if TYPE_CHECKING:
    from kb.places.gazetteer import Gazetteer

# A bay or a lake that no division claims: land of the city within this reach in all directions but one.
_BAY_M, _BAY_DIRECTIONS = 15_000.0, 7


class Areas:
    """Boundaries by division code. Built once, never changed, safe to ask from several threads.

    `whole` says that together they cover the city, so that a point in none of them is outside it. A code is told by
    the code above it: a street's code begins with its district's. Raises ValueError naming the code of a polygon that
    cannot be used or is given twice.
    """

    def __init__(self, features: Iterable[tuple[str, Geometry]], *, whole: bool = True) -> None:
        given = list(features)
        self.codes = tuple(code for code, _ in given)
        self._at = {code: n for n, code in enumerate(self.codes)}
        if len(self._at) < len(given):
            twice = next(code for n, code in enumerate(self.codes) if self._at[code] != n)
            raise ValueError(f"{twice}: has two boundaries; give one MultiPolygon")
        try:
            self._shapes = Shapes([geometry for _, geometry in given])
        except UnusableError as wrong:
            raise ValueError(f"{self.codes[wrong.position]}: {wrong.why}") from wrong
        self.whole = whole and bool(given)

    @classmethod
    def empty(cls) -> Areas:
        """No boundaries known."""
        return cls(())

    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, code: str) -> bool:
        return code in self._at

    def codes_at(self, point: Point) -> tuple[str, ...]:
        """The codes of the divisions around a WGS-84 point: district, street, community, as far as they have polygons.

        They always belong together. On a boundary, or where drawings overlap, it is the chain with most levels, of
        those the one with the lowest code: always the same.
        """
        return self._chain(self._shapes.at(point))

    def codes_near(self, point: Point) -> tuple[tuple[str, ...], float]:
        """The codes of the polygon nearest to the point, with those above it, and the metres to it (0 inside).

        Raises ValueError when there are no boundaries.
        """
        found = self._shapes.nearest(point)
        if found is None:
            raise ValueError("there are no boundaries")
        if codes := self.codes_at(point):
            return codes, 0.0
        which, away = found
        at_edge = self._shapes.at(self._shapes.edge_point(point, which))
        return self._chain([which, *at_edge]), away

    def covers(self, point: Point) -> bool | None:
        """Whether the point is inside the city; None when the boundaries cannot tell.

        They cannot when they do not cover the city, and for a point that they enclose, such as a bridge over a bay.
        """
        if self._shapes.at(point):
            return True
        if not self.whole or self._shapes.directions(point, _BAY_M) >= _BAY_DIRECTIONS:
            return None
        return False

    def point_of(self, code: str) -> Point:
        """A WGS-84 point inside the division. Raises KeyError for a code without a polygon."""
        return self._shapes.point_of(self._at[code])

    def outline(self, code: str) -> Geometry:
        """The division's polygon in WGS-84 degrees. Raises KeyError for a code without one."""
        return self._shapes.outline(self._at[code])

    def distance_to_edge(self, point: Point, code: str) -> float:
        """Metres from the point to the division's boundary, from inside or outside, good to one in a hundred.

        Raises KeyError for a code without a polygon.
        """
        return self._shapes.to_edge(point, self._at[code])

    def _chain(self, found: Iterable[int]) -> tuple[str, ...]:
        codes = {self.codes[n] for n in found}
        chains = [tuple(sorted((c for c in codes if code.startswith(c)), key=len)) for code in codes]
        return min(chains, key=lambda chain: (-len(chain), -len(chain[-1]), chain), default=())


def load(path: Path, gazetteer: Gazetteer) -> Areas:
    """The boundaries in the file; none when there is no such file. Raises ContentError naming line and feature."""
    if not path.exists():
        return Areas.empty()
    _, features = geojson.read(path)
    kept: dict[str, Geometry] = {}
    for n, feature in enumerate(features):
        code = feature.properties.get("code")
        if not isinstance(code, str) or code not in gazetteer.divisions:
            raise geojson.wrong(path, n, f"{feature.where}: code: {code!r} is no code of a division in divisions.csv")
        if code in kept:
            first = list(kept).index(code) + 1
            raise geojson.wrong(
                path, n, f"{feature.where}: code: {code} has a boundary already, feature {first}; make them one"
            )
        kept[code] = feature.geometry
    return Areas(kept.items(), whole=_whole(kept, gazetteer))


def _whole(codes: Iterable[str], gazetteer: Gazetteer) -> bool:
    """Whether every district is drawn, itself or by all of its streets."""
    drawn = set(codes)
    districts = [code for code, division in gazetteer.divisions.items() if division.level == "district"]
    streets = {code: [one.code for one in gazetteer.children(code)] for code in districts}
    return all(code in drawn or (streets[code] and drawn.issuperset(streets[code])) for code in districts)
