"""Three systems for one point: WGS-84 (GPS, browsers), GCJ-02 (WeChat, most Chinese maps), BD-09 (Baidu).

GCJ-02 shifts every point inside China by some hundred metres by a fixed formula; BD-09 shifts GCJ-02 once more. The
formulas have been public for many years; the way back is found by iteration, to well below a metre.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Point = tuple[float, float]
"""(latitude, longitude) in degrees."""

SYSTEMS = ("WGS-84", "GCJ-02", "BD-09")
_A, _EE = 6_378_245.0, 0.006_693_421_622_965_943
_X = math.pi * 3000.0 / 180.0
_ENOUGH = 1e-9


def to_wgs84(point: Point, crs: str) -> Point:
    """The point, given in `crs`, in WGS-84. Raises ValueError for an unknown system."""
    match crs:
        case "WGS-84":
            return point
        case "GCJ-02":
            return _back(point, gcj02)
        case "BD-09":
            return _back(_back(point, _bd09), gcj02)
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
    lat, lon = point
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347):
        return point
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
