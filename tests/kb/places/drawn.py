"""A drawn city of two districts side by side, for tests: squares, so that everybody can see what is right.

West 000001 is 120.0 to 120.1 east, East 000002 120.1 to 120.2; both 36.0 to 36.1 north. Each has a southern street
(…001) and a northern one (…002), cut at 36.05; the western southern street has one community, its western half.
"""

import json
from pathlib import Path
from typing import Any

from shapely.geometry import box, mapping

from kb.places.gazetteer import Division, Gazetteer, NamedPlace

WEST, EAST = "000001", "000002"
WEST_SOUTH, WEST_NORTH, EAST_SOUTH, EAST_NORTH = f"{WEST}001", f"{WEST}002", f"{EAST}001", f"{EAST}002"
VILLAGE = f"{WEST_SOUTH}001"
NAMES = {
    WEST: "西湖区",
    EAST: "东湖区",
    WEST_SOUTH: "南山街道",
    WEST_NORTH: "北山街道",
    EAST_SOUTH: "南河街道",
    EAST_NORTH: "北河街道",
    VILLAGE: "柳树社区居民委员会",
}
SQUARES = {
    WEST: box(120.0, 36.0, 120.1, 36.1),
    EAST: box(120.1, 36.0, 120.2, 36.1),
    WEST_SOUTH: box(120.0, 36.0, 120.1, 36.05),
    WEST_NORTH: box(120.0, 36.05, 120.1, 36.1),
    EAST_SOUTH: box(120.1, 36.0, 120.2, 36.05),
    EAST_NORTH: box(120.1, 36.05, 120.2, 36.1),
    VILLAGE: box(120.0, 36.0, 120.05, 36.05),
}
LEVEL = {6: "district", 9: "street", 12: "community"}


def gazetteer(*places: NamedPlace) -> Gazetteer:
    """The drawn city's divisions, and these places."""
    divisions = {
        code: Division(code, LEVEL[len(code)], name, code[:-3] if len(code) > 6 else "0000")
        for code, name in NAMES.items()
    }
    return Gazetteer(divisions, places)


def named(name: str, lat: float, lon: float, street: str | None = None, **more: Any) -> NamedPlace:
    """A place of the drawn city, in the district where it stands."""
    district = NAMES[WEST] if lon < 120.1 else NAMES[EAST]
    return NamedPlace(name, more.get("kind", "landmark"), more.get("districts", (district,)), street, (), lat, lon)


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    """A GeoJSON feature of a shapely geometry, or of a geometry as it stands."""
    drawn = geometry if isinstance(geometry, dict) or geometry is None else json.loads(json.dumps(mapping(geometry)))
    return {"type": "Feature", "properties": properties, "geometry": drawn}


def collection(path: Path, features: list[dict[str, Any]], **members: Any) -> Path:
    """A GeoJSON file with one feature a line: the first stands on line 2."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"type": "FeatureCollection", **members}, ensure_ascii=False)[:-1]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    path.write_text(f'{head}, "features": [\n{lines}\n]}}\n', encoding="utf-8")
    return path
