"""A small city of squares: two districts, each with a street of the same name, for trying files on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DIVISIONS = """code,level,name,parent_code,aliases
990101,district,东山区,9901,东山|老东山市
990102,district,西河区,9901,西河
990101001,street,和平路街道,990101,
990101002,street,中山镇,990101,老中山
990102001,street,和平路街道,990102,
990102002,street,河口街道,990102,
990101001001,community,和平路社区居民委员会,990101001,和平路社区
990102001001,community,柳林村村民委员会,990102001,柳林村
"""
FORMER = """name,level,parent_code,aliases,was
石桥乡,street,990101,,2001年并入
老柳村,community,990102001,,
"""
PLACES = """name,kind,district,street,aliases,lat,lon
五四广场,park,东山区,和平路街道,五月的风,36.05,120.05
人民路,road,东山区|西河区,,,,
幸福小区,compound,西河区,河口街道,,36.15,119.95
"""
Ring = list[list[float]]
EAST, WEST = (120.0, 36.0, 120.2, 36.2), (119.8, 36.0, 120.0, 36.2)
SQUARES = {
    "990101": EAST,
    "990102": WEST,
    "990101001": (120.0, 36.0, 120.2, 36.1),
    "990101002": (120.0, 36.1, 120.2, 36.2),
    "990102001": (119.8, 36.0, 120.0, 36.1),
    "990102002": (119.8, 36.1, 120.0, 36.2),
}
NAMES = {
    "990101": "东山区",
    "990102": "西河区",
    "990101001": "和平路街道",
    "990101002": "中山镇",
    "990102001": "和平路街道",
    "990102002": "河口街道",
}


def city(folder: Path) -> Path:
    """The small city's tables, without boundaries and layers."""
    folder.mkdir(parents=True)
    for name, text in (("divisions", DIVISIONS), ("former", FORMER), ("places", PLACES)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def ring(west: float, south: float, east: float, north: float) -> Ring:
    """A rectangle as a closed ring of [longitude, latitude]."""
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def area(code: str, /, **properties: Any) -> dict[str, Any]:
    """The official square of a division as a feature, with name and level; other properties replace these."""
    level = {6: "6", 9: "8", 12: "10"}[len(code)]
    geometry = {"type": "Polygon", "coordinates": [ring(*SQUARES[code])]}
    return feature(geometry, **{"name": NAMES[code], "admin_level": level, **properties})


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    """A feature; a property that is None is left out."""
    kept = {name: value for name, value in properties.items() if value is not None}
    return {"type": "Feature", "properties": kept, "geometry": geometry}


def point(lon: float, lat: float, **properties: Any) -> dict[str, Any]:
    """A point as a feature."""
    return feature({"type": "Point", "coordinates": [lon, lat]}, **properties)


def geojson(path: Path, features: Iterable[Any], **members: Any) -> Path:
    """A file of these features."""
    value = {"type": "FeatureCollection", **members, "features": list(features)}
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def every_area() -> list[dict[str, Any]]:
    """The boundaries of all districts and streets, streets first."""
    return [area(code) for code in sorted(SQUARES, key=len, reverse=True)]
