"""Are given coordinates believable: in range, not swapped, not metres, not far from the city; and then WGS-84."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb.places.coordinates import SYSTEMS, Point, to_wgs84
from kb.places.distances import metres

FAR_M = 300_000.0
LAT, LON = (18.0, 54.0), (73.0, 135.1)
"""Where China is, in degrees."""

Array = Any


@dataclass(frozen=True)
class Box:
    """The smallest rectangle around known points, in WGS-84 degrees."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def around(cls, points: Iterable[Point]) -> Box | None:
        """None without points."""
        known = list(points)
        if not known:
            return None
        lats, lons = [lat for lat, _ in known], [lon for _, lon in known]
        return cls(min(lats), min(lons), max(lats), max(lons))

    def holds(self, point: Point) -> bool:
        """Whether the point is within the rectangle."""
        return self.south <= point[0] <= self.north and self.west <= point[1] <= self.east

    def away(self, point: Point) -> float:
        """Metres from a point to the rectangle, 0 inside."""
        nearest = min(max(point[0], self.south), self.north), min(max(point[1], self.west), self.east)
        return metres(point, nearest)


def believable(lat: Array, lon: Array, box: Box | None) -> str | None:
    """What is wrong with these coordinates (arrays of degrees or what was given as such); None when nothing is.

    `box` is what is known of the city, in WGS-84; None where nothing is known.
    """
    for one, other, said in ((lat, lon, "latitude"), (lon, lat, "longitude")):
        if not np.isfinite(one).all():
            at = int(np.flatnonzero(~np.isfinite(one))[0])
            return f"{said} {one[at]} beside {other[at]}: not a finite number"
    high = np.maximum(np.abs(lat), np.abs(lon))
    if (high > 180).any():
        at = int(np.argmax(high))
        return (
            f"longitude {lon[at]:.10g}, latitude {lat[at]:.10g}: no degrees; metres of a projected system? "
            "save the file in WGS-84 (EPSG:4326) or CGCS2000 degrees (EPSG:4490)"
        )
    swapped = _within(lat, LON) & _within(lon, LAT)
    swapped |= (np.abs(lat) > 90) & (np.abs(lon) <= 90)
    if swapped.any():
        at = int(np.argmax(swapped))
        return (
            f"longitude {lon[at]:.10g}, latitude {lat[at]:.10g}: seem to be swapped; "
            f"China is at longitude {LON[0]:.0f} to {LON[1]:.0f} and latitude {LAT[0]:.0f} to {LAT[1]:.0f}"
        )
    outside = ~(_within(lat, LAT) & _within(lon, LON))
    if outside.any():
        at = int(np.argmax(outside))
        return f"longitude {lon[at]:.10g}, latitude {lat[at]:.10g}: not in China"
    if box:
        away, point = _farthest(lat, lon, box)
        if away > FAR_M:
            return (
                f"longitude {point[1]:.10g}, latitude {point[0]:.10g}: {away / 1000:,.0f} km from the city's "
                f"known places, at most {FAR_M / 1000:.0f} km are believed; is it another city's file?"
            )
    return None


def _farthest(lat: Array, lon: Array, box: Box) -> tuple[float, Point]:
    corners = [int(one) for one in (lat.argmin(), lat.argmax(), lon.argmin(), lon.argmax())]
    points = [(float(lat[at]), float(lon[at])) for at in corners]
    return max((box.away(point), point) for point in points)


def _within(values: Array, bounds: tuple[float, float]) -> Array:
    return (values >= bounds[0]) & (values <= bounds[1])


def point(lat: str, lon: str, crs: str, box: Box | None) -> tuple[Point | None, str | None]:
    """A point of two cells, in WGS-84 rounded to 6 decimals, or what is wrong with it; (None, None) for empty cells."""
    if not lat and not lon:
        return None, None
    try:
        given = float(lat), float(lon)
    except ValueError:
        return None, f"lat, lon: not a number in {lat!r}, {lon!r}"
    if box and box.holds(given):  # as nearly all are; what is known was believable
        return rounded(to_wgs84(given, crs)), None
    if wrong := believable(np.array([given[0]]), np.array([given[1]]), box):
        return None, wrong
    return rounded(to_wgs84(given, crs)), None


def rounded(given: Point) -> Point:
    """To 6 decimals, a tenth of a metre."""
    return round(given[0], 6), round(given[1], 6)


def shown_point(lat: float, lon: float) -> tuple[str, str]:
    """The two cells of a point."""
    return (f"{lat:.6f}".rstrip("0").rstrip("."), f"{lon:.6f}".rstrip("0").rstrip("."))


def known_system(crs: str) -> str:
    """The system by the name that a person gives it. Raises ValueError naming those that are known."""
    plain = {name.replace("-", "").casefold(): name for name in SYSTEMS}
    plain |= {"cgcs2000": "WGS-84", "epsg4490": "WGS-84", "epsg4326": "WGS-84", "crs84": "WGS-84"}
    found = plain.get("".join(letter for letter in crs.casefold() if letter.isalnum()))
    if found is None:
        raise ValueError(f"unknown coordinate system {crs!r}; known: {', '.join(SYSTEMS)}, CGCS2000")
    return found
