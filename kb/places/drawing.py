"""What a map shows of the city: its divisions and places as GeoJSON, as many and as exact as a zoom has room for.

Boundaries that touch are simplified together, so that no gap opens between two of them. Of places that would stand on
each other the first by PLACE_KINDS is drawn. A district without a boundary is a point, in the middle of its places.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import shapely

from kb.places.atlas import Atlas
from kb.places.gazetteer import Division
from kb.places.shapes import METRES_A_DEGREE

MOST_FEATURES = 500
MOST_CORNERS = 20_000
DEEPEST = 20
# From which zoom on a kind of place is drawn; where two would stand on each other, the one named first.
PLACE_KINDS = {
    **dict.fromkeys(("station", "hospital", "scenic", "park", "metro"), 9),
    **dict.fromkeys(("mall", "market", "school", "bus_hub", "landmark"), 12),
    "compound": 14,
    "community": 14,
    "crossing": 15,
    "road": 15,
}
# Metres of a pixel at the equator at zoom 0; the room of one name, in pixels; boundaries are no more exact than this.
_PIXEL_M, _ROOM_PX, _EXACT_M = 156_543.0, 56, 5.0
# More than there are cells around the earth at the deepest zoom.
_COLUMNS = 2**32
# Around the outermost known thing, in degrees, and for a city of which nothing is known: the whole country.
_AROUND, _COUNTRY = 0.02, (73.0, 18.0, 135.1, 54.0)
_LEVELS = {"districts": "district", "streets": "street"}
# Of so many places the middle of a district is worked out; more would only take longer.
_LOOKED_AT = 20_000
# A district that is only a point says nothing of a place any more where the map shows a few streets.
_POINTS_TO = 13
_FROM = {"districts": 0, "streets": 11, "places": min(PLACE_KINDS.values())}


class Box(NamedTuple):
    """West, south, east, north in WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A layer of the map: its name, and from which zoom on it has something to show."""

    name: str
    min_zoom: int


class _Outlines(NamedTuple):
    """Divisions of one level with their boundaries, by position; x is the longitude."""

    divisions: tuple[Division, ...]
    shapes: Any


class _Points(NamedTuple):
    """Names with kinds at points, the most important first."""

    names: Any
    kinds: Any
    degrees: Any
    zooms: Any


class Drawing:
    """The map of one atlas. Safe to use from several threads."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self._outlines = {layer: self._drawn(level) for layer, level in _LEVELS.items()}
        self._making, self._fine = Lock(), dict[str, Any]()
        self._simple = lru_cache(maxsize=2 * DEEPEST)(self._simplified)

    @cached_property
    def bounds(self) -> Box:
        """Around all that is known of the city."""
        known = [shapely.total_bounds(one.shapes) for one in self._outlines.values() if len(one.shapes)]
        if not known and len(self._places.degrees):
            low, high = self._places.degrees.min(axis=0), self._places.degrees.max(axis=0)
            known = [np.array([low[1] - _AROUND, low[0] - _AROUND, high[1] + _AROUND, high[0] + _AROUND])]
        if not known:
            return Box(*_COUNTRY)
        every = np.array(known)
        return Box(*(round(float(one), 4) for one in (*every[:, :2].min(axis=0), *every[:, 2:].max(axis=0))))

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Latitude and longitude where the map opens: amid the places that people name, else of the bounds."""
        if len(self._places.degrees):
            lat, lon = np.median(self._places.degrees, axis=0)
            return round(float(lat), 4), round(float(lon), 4)
        west, south, east, north = self.bounds
        return (south + north) / 2, (west + east) / 2

    @cached_property
    def layers(self) -> tuple[Shown, ...]:
        """The layers that have something to show, those below first."""
        filled = {name for name, one in self._outlines.items() if len(one.shapes)}
        if len(self._places.names):
            filled.add("places")
        if "districts" not in filled and self._district_points.names:
            filled.add("districts")
        return tuple(Shown(name, zoom) for name, zoom in _FROM.items() if name in filled)

    def features(self, layer: str, box: Box, zoom: int) -> list[dict[str, Any]]:
        """GeoJSON features that lie in the box or touch it. Raises KeyError for a layer that is unknown."""
        if zoom < _FROM[layer]:
            return []
        if layer == "places":
            return self._thinned(self._places, box, zoom)
        if len(self._outlines[layer].shapes):
            return list(self._boundaries(layer, box, zoom))
        as_points = layer == "districts" and zoom <= _POINTS_TO
        return self._thinned(self._district_points, box, zoom) if as_points else []

    # -- boundaries --------------------------------------------------------------------------------------------

    def _drawn(self, level: str) -> _Outlines:
        """The divisions of that level that have a boundary."""
        known = self._atlas.gazetteer.divisions
        wanted = tuple(known[code] for code in self._atlas.areas.codes if code in known and known[code].level == level)
        shapes = np.empty(len(wanted), dtype=object)
        shapes[:] = [self._atlas.areas.outline(one.code) for one in wanted]
        return _Outlines(wanted, shapes)

    def _boundaries(self, layer: str, box: Box, zoom: int) -> Iterator[dict[str, Any]]:
        outlines, frame = self._outlines[layer], shapely.box(*box)
        near = np.flatnonzero(shapely.intersects(outlines.shapes, frame))[:MOST_FEATURES]
        simple = self._simple(layer, zoom)
        for at in near.tolist():
            if not shapely.is_empty(simple[at]):
                division = outlines.divisions[at]
                yield _feature(division.name, division.level, shapely.geometry.mapping(simple[at]))

    def _simplified(self, layer: str, zoom: int) -> Any:
        """The boundaries as exact as a pixel of that zoom."""
        exact = max(_EXACT_M, _pixel(zoom, self.bounds)) / METRES_A_DEGREE
        simple = _within(self._finest(layer), exact, MOST_CORNERS)
        return shapely.transform(simple, lambda corners: np.round(corners, 5))

    def _finest(self, layer: str) -> Any:
        """The boundaries as exact as they are ever drawn: made once, there may be millions of corners."""
        with self._making:
            if layer not in self._fine:
                exact = _EXACT_M / METRES_A_DEGREE
                self._fine[layer] = _within(self._outlines[layer].shapes, exact, 5 * MOST_CORNERS)
            return self._fine[layer]

    # -- points ------------------------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> _Points:
        gazetteer = self._atlas.gazetteer
        indices, degrees = gazetteer.places.with_point()
        kinds = gazetteer.places.kinds(indices)
        names: list[Any] = indices.tolist()
        units = [one for one in gazetteer.divisions.values() if one.level == "community" and one.lat is not None]
        names += [one.spoken for one in units]
        kinds = np.concatenate((kinds, np.array([one.level for one in units], dtype=kinds.dtype)))
        degrees = np.concatenate((degrees, np.array([(one.lat, one.lon) for one in units]).reshape(-1, 2)))
        return _sorted(names, kinds, degrees)

    @cached_property
    def _district_points(self) -> _Points:
        """The districts where the city told their points, else amid their places."""
        places = self._atlas.gazetteer.places
        indices, degrees = places.with_point()
        found: dict[str, list[int]] = {}
        for at in range(0, len(indices), 1 + len(indices) // _LOOKED_AT):
            for name in places[int(indices[at])].districts:
                found.setdefault(name, []).append(at)
        names, points = [], []
        for one in self._atlas.gazetteer.divisions.values():
            if one.level != "district":
                continue
            if one.lat is not None:
                names.append(one.name)
                points.append((one.lat, one.lon))
            elif one.name in found:
                names.append(one.name)
                points.append(tuple(np.median(degrees[found[one.name]], axis=0)))
        return _Points(names, np.full(len(names), "district"), np.array(points).reshape(-1, 2), np.zeros(len(names)))

    def _thinned(self, points: _Points, box: Box, zoom: int) -> list[dict[str, Any]]:
        """Those in the box that this zoom has room for, the most important of each spot."""
        lat, lon = points.degrees[:, 0], points.degrees[:, 1]
        inside = (lat >= box.south) & (lat <= box.north) & (lon >= box.west) & (lon <= box.east)
        within = np.flatnonzero(inside & (points.zooms <= zoom))
        room = _ROOM_PX * _pixel(zoom, self.bounds) / METRES_A_DEGREE
        rows, columns = np.floor(points.degrees[within].T / room * _narrowed(self.bounds)).astype(np.int64)
        _, first = np.unique(rows * _COLUMNS + columns, return_index=True)
        chosen = within[np.sort(first)][:MOST_FEATURES].tolist()
        return [self._point(points, at) for at in chosen]

    def _point(self, points: _Points, at: int) -> dict[str, Any]:
        name = points.names[at]
        shown = name if isinstance(name, str) else self._atlas.gazetteer.places.names(name)[0]
        lat, lon = (round(float(one), 5) for one in points.degrees[at])
        return _feature(shown, str(points.kinds[at]), {"type": "Point", "coordinates": [lon, lat]})


def _sorted(names: list[Any], kinds: Any, degrees: Any) -> _Points:
    """The points by how important their kinds are, in the order of their files within one kind."""
    ranks = {kind: rank for rank, kind in enumerate(PLACE_KINDS)}
    order = np.argsort(np.array([ranks[str(kind)] for kind in kinds], dtype=np.uint8), kind="stable")
    zooms = np.array([PLACE_KINDS[str(kind)] for kind in kinds], dtype=np.uint8)
    return _Points([names[at] for at in order.tolist()], kinds[order], degrees[order], zooms[order])


def _narrowed(bounds: Box) -> Any:
    """What makes a square on the ground of a square of degrees, (2, 1)."""
    return np.array([[1.0], [math.cos(math.radians(bounds.south))]])


def _within(shapes: Any, exact: float, most: int) -> Any:
    """The shapes as exact as so many degrees; less exact where they would have more corners than `most`."""
    simple = shapely.coverage_simplify(shapes, exact)
    while shapely.get_num_coordinates(simple).sum() > most and exact < 1:
        exact *= 2
        simple = shapely.coverage_simplify(simple, exact)
    return simple


def _pixel(zoom: int, bounds: Box) -> float:
    """Metres of a pixel in the middle of the city."""
    return _PIXEL_M * math.cos(math.radians((bounds.south + bounds.north) / 2)) * 0.5**zoom


def _feature(name: str, kind: str, geometry: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": name, "kind": kind}, "geometry": geometry}


def collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The features as one GeoJSON document."""
    return {"type": "FeatureCollection", "features": list(features)}
