"""Polygons on the ground, found by point: what boundaries and layers have in common.

Inside, everything is in metres east and north (an equirectangular map around the middle of the polygons), so that
distances need no second copy of the geometry; across a whole city they are right to about one part in a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape

from kb.places.coordinates import Point, checked
from kb.places.distances import RADIUS_M

Geometry = Any
"""A shapely Polygon or MultiPolygon; x is the longitude and y the latitude, WGS-84 degrees."""

METRES_A_DEGREE = math.radians(RADIUS_M)
# From this many corners on, a search tree over the edges pays for its memory.
_MANY_CORNERS = 64
# A self-crossing that changes the area by less is a slip of the drawing hand, and repaired.
_SLIP = 0.01


def polygon(geometry: object) -> Geometry:
    """A GeoJSON geometry as a valid, flat Polygon or MultiPolygon. Raises ValueError that says what is wrong."""
    if not isinstance(geometry, dict):
        raise ValueError(f"expected a Polygon or MultiPolygon, found {str(geometry)[:40]!r}")
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"expected a Polygon or MultiPolygon, found {geometry.get('type')!r}")
    _rings_close(geometry)
    try:
        made = shape(geometry)
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError, shapely.errors.ShapelyError) as wrong:
        raise ValueError(f"the coordinates are no rings of numbers ({wrong})") from wrong
    return sound(made)


def sound(geometry: Geometry) -> Geometry:
    """The geometry, flat and valid; a slip of the pen is repaired. Raises ValueError for what cannot be used."""
    if getattr(geometry, "geom_type", None) not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"expected a Polygon or MultiPolygon, found {getattr(geometry, 'geom_type', geometry)!r}")
    if geometry.is_empty:
        raise ValueError("the polygon is empty")
    geometry = shapely.force_2d(geometry)
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise ValueError("a coordinate is not a finite number")
    west, south, east, north = geometry.bounds
    for lat, lon in ((south, west), (north, east)):
        checked(lat, lon)
    if geometry.is_valid:
        return geometry
    repaired = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    usable = repaired.geom_type in ("Polygon", "MultiPolygon") and not repaired.is_empty
    if not usable or abs(repaired.area - geometry.area) > _SLIP * repaired.area:
        raise ValueError(f"the boundary is not a simple one: {shapely.is_valid_reason(geometry)} (longitude, latitude)")
    return repaired


def _rings_close(geometry: dict[str, Any]) -> None:
    """Raises ValueError for what is no ring, or not closed: shapely would close it silently."""
    parts = geometry.get("coordinates")
    if not isinstance(parts, list) or not parts:
        raise ValueError("the polygon is empty")
    for part in [parts] if geometry["type"] == "Polygon" else parts:
        for ring in part if isinstance(part, list) else [part]:
            if not isinstance(ring, list) or len(ring) < 4:
                raise ValueError("a ring needs at least four corners, the last the same as the first")
            for corner in ring:
                if not _is_corner(corner):
                    raise ValueError(f"a corner is no [longitude, latitude]: {str(corner)[:40]}")
            if ring[0] != ring[-1]:
                raise ValueError(f"a ring is not closed: it begins at {ring[0]} and ends at {ring[-1]}")


def _is_corner(value: object) -> bool:
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        return False
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)


def _surely_sound(geometries: Any) -> Any:
    """For each of an array of geometries, whether `sound` would give it back as it is: all at once, for speed."""
    bounds = shapely.bounds(geometries)
    with np.errstate(invalid="ignore"):
        west, south, east, north = bounds.T
        within = (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)
        # what could be a swapped pair is looked at more closely
        plain = within & (north <= 55) if len(bounds) else np.zeros(0, dtype=bool)
    polygons = np.isin(shapely.get_type_id(geometries), (3, 6))
    return plain & polygons & ~shapely.has_z(geometries) & shapely.is_valid(geometries)


class UnusableError(ValueError):
    """The polygon at that `position` (from 0) cannot be used; `why` says what is wrong with it."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(f"polygon {position + 1}: {why}")
        self.position, self.why = position, why


class Shapes:
    """An index over polygons, built once and never changed; safe to ask from several threads.

    Raises UnusableError for a polygon that cannot be used.
    """

    def __init__(self, geometries: Sequence[Geometry]) -> None:
        flat = np.empty(len(geometries), dtype=object)
        flat[:] = geometries
        for n in np.flatnonzero(~_surely_sound(flat)):
            try:
                flat[n] = sound(flat[n])
            except ValueError as wrong:
                raise UnusableError(int(n), str(wrong)) from wrong
        bounds = shapely.total_bounds(flat) if len(flat) else np.zeros(4)
        self._east = METRES_A_DEGREE * math.cos(math.radians((bounds[1] + bounds[3]) / 2))
        scale = np.array([self._east, METRES_A_DEGREE])
        self._shapes = shapely.transform(flat, lambda corners: corners * scale)
        self._tree = shapely.STRtree(self._shapes)
        if len(flat):
            big = self._shapes[shapely.get_num_coordinates(self._shapes) > _MANY_CORNERS]
            shapely.prepare(big)
            # Some of what is prepared is made at the first question; that must not be two threads' first.
            rings = shapely.get_exterior_ring(shapely.get_geometry(big, 0))
            corners = shapely.get_coordinates(shapely.get_point(rings, 0))
            shapely.intersects_xy(big, corners[:, 0], corners[:, 1])
            self.at((bounds[1], bounds[0]))

    def __len__(self) -> int:
        return len(self._shapes)

    def at(self, point: Point) -> list[int]:
        """The polygons that contain the point or have it on their edge, by position, in order."""
        x, y = self._east * point[1], METRES_A_DEGREE * point[0]
        near = self._tree.query(shapely.points(x, y))
        if not near.size:
            return []
        inside = near[shapely.intersects_xy(self._shapes[near], x, y)]
        return sorted(map(int, inside))

    def nearest(self, point: Point) -> tuple[int, float] | None:
        """The polygon nearest to the point and the metres to it, 0 inside; None when there is no polygon."""
        if not len(self):
            return None
        spot = self._spot(point)
        which = int(self._tree.nearest(spot))
        return which, float(shapely.distance(self._shapes[which], spot))

    def to_edge(self, point: Point, which: int) -> float:
        """Metres from the point, inside or not, to the nearest edge of the polygon (a hole's edge counts)."""
        return float(shapely.distance(shapely.boundary(self._shapes[which]), self._spot(point)))

    def directions(self, point: Point, reach: float) -> int:
        """In how many of the eight directions of the compass a polygon lies within so many metres."""
        start = np.array([self._east * point[1], METRES_A_DEGREE * point[0]])
        turns = np.arange(8) * math.pi / 4
        ends = start + reach * np.column_stack((np.sin(turns), np.cos(turns)))
        rays = shapely.linestrings(np.stack((np.broadcast_to(start, ends.shape), ends), axis=1))
        return len(np.unique(self._tree.query(rays, predicate="intersects")[0]))

    def edge_point(self, point: Point, which: int) -> Point:
        """The point of the polygon that is nearest to the point; itself when it is inside."""
        line = shapely.shortest_line(self._shapes[which], self._spot(point))
        return self._degrees(shapely.get_point(line, 0))

    def point_of(self, which: int) -> Point:
        """A point inside the polygon, also where its centre lies outside."""
        return self._degrees(shapely.point_on_surface(self._shapes[which]))

    def outline(self, which: int) -> Geometry:
        """The polygon in degrees, x the longitude, to a millimetre."""
        scale = np.array([self._east, METRES_A_DEGREE])
        return shapely.transform(self._shapes[which], lambda corners: np.round(corners / scale, 8))

    def area(self, which: int) -> float:
        """Square metres."""
        return float(shapely.area(self._shapes[which]))

    def _spot(self, point: Point) -> Geometry:
        return shapely.points(self._east * point[1], METRES_A_DEGREE * point[0])

    def _degrees(self, spot: Geometry) -> Point:
        return float(spot.y) / METRES_A_DEGREE, float(spot.x) / self._east
