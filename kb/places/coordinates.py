"""Three systems for one point: WGS-84 (GPS, browsers), GCJ-02 (WeChat, most Chinese maps), BD-09 (Baidu).

GCJ-02 shifts every point inside China by some hundred metres by a fixed formula; BD-09 shifts GCJ-02 once more. The
formulas have been public for many years; the way back is found by iteration, to well below a metre.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from kb.places.distances import metres

Point = tuple[float, float]
"""(latitude, longitude) in degrees."""

SYSTEMS = ("WGS-84", "GCJ-02", "BD-09")
_A, _EE = 6_378_245.0, 0.006_693_421_622_965_943
_X = math.pi * 3000.0 / 180.0
_ENOUGH = 1e-9
# Where the fixed formula shifts: a box around China, south, north, west, east.
_BOX = (0.8293, 55.8271, 72.004, 137.8347)
# Within these no latitude and longitude of China can be taken for each other.
_CHINA_LAT, _CHINA_LON = (18.0, 54.0), (73.0, 135.1)


def checked(lat: float, lon: float) -> Point:
    """The pair as a point, in any of the systems. Raises ValueError for what cannot be one, and for a swapped pair."""
    if not (math.isfinite(lat) and math.isfinite(lon)):
        raise ValueError(f"latitude {lat}, longitude {lon}: not finite numbers")
    if (_within(lat, _CHINA_LON) and _within(lon, _CHINA_LAT)) or (90 < abs(lat) <= 180 and abs(lon) <= 90):
        raise ValueError(f"latitude {lat}, longitude {lon}: seem to be swapped; the latitude comes first")
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError(f"latitude {lat}, longitude {lon}: out of range; latitude is -90 to 90, longitude -180 to 180")
    return float(lat), float(lon)


def likely_crs(point: Point, near: Iterable[Point]) -> tuple[str, float]:
    """The system that puts a raw point of unstated system nearest to one of the WGS-84 points, and how clearly.

    How clearly runs from 0 (no points given, or two systems do as well) to 1 (exactly on a point in one system only):
    the difference between the two shortest distances over their sum. Without any point it is 'WGS-84'.
    """
    known = tuple(near)
    if not known:
        return SYSTEMS[0], 0.0
    away = sorted((min(metres(to_wgs84(point, crs), one) for one in known), n) for n, crs in enumerate(SYSTEMS))
    (best, which), (second, _) = away[:2]
    return SYSTEMS[which], (second - best) / (second + best) if second else 0.0


def to_wgs84(point: Point, crs: str) -> Point:
    """The point, given in `crs`, in WGS-84. Raises ValueError for an unknown system."""
    match crs:
        case "WGS-84":
            return point
        case "GCJ-02":
            return _unshifted(point)
        case "BD-09":
            return _unshifted(_back(point, _bd09))
    raise ValueError(f"unknown coordinate system {crs!r}; known: {', '.join(SYSTEMS)}")


def from_wgs84(point: Point, crs: str) -> Point:
    """The WGS-84 point in `crs`. Raises ValueError for an unknown system."""
    match crs:
        case "WGS-84":
            return point
        case "GCJ-02":
            return gcj02(point)
        case "BD-09":
            return _bd09(gcj02(point))
    raise ValueError(f"unknown coordinate system {crs!r}; known: {', '.join(SYSTEMS)}")


def gcj02(point: Point) -> Point:
    """A WGS-84 point as Chinese maps show it; outside China nothing is shifted."""
    return _shifted(point) if _in_box(point) else point


def _unshifted(point: Point) -> Point:
    """The WGS-84 point that GCJ-02 shows as `point`."""
    found = _back(point, _shifted)
    return found if _in_box(found) else point


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _in_box(point: Point) -> bool:
    return _within(point[0], _BOX[:2]) and _within(point[1], _BOX[2:])


def _shifted(point: Point) -> Point:
    lat, lon = point
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    radians = math.radians(lat)
    magic = 1 - _EE * math.sin(radians) ** 2
    root = math.sqrt(magic)
    north = north * 180.0 / ((_A * (1 - _EE)) / (magic * root) * math.pi)
    east = east * 180.0 / (_A / root * math.cos(radians) * math.pi)
    return lat + north, lon + east


def _bd09(point: Point) -> Point:
    lat, lon = point
    z = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _X)
    theta = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _X)
    return z * math.sin(theta) + 0.006, z * math.cos(theta) + 0.0065


def _back(point: Point, forth: Callable[[Point], Point]) -> Point:
    """The point that `forth` carries to `point`."""
    lat, lon = point
    for _ in range(30):
        there = forth((lat, lon))
        off = there[0] - point[0], there[1] - point[1]
        lat, lon = lat - off[0], lon - off[1]
        if max(map(abs, off)) < _ENOUGH:
            break
    return lat, lon
