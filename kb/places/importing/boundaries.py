"""Boundaries and points of divisions: what a file says of each is given to its official division."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely.geometry import mapping, shape

from kb.places.areas import Areas
from kb.places.coordinates import Point
from kb.places.importing import versions
from kb.places.importing.coordinates_given import Box, point
from kb.places.importing.geojson_files import Collection, Feature
from kb.places.importing.matching_names import ABOVE_DISTRICTS, LEVEL_OF, Around, Matching, OfficialNames, Unit, match
from kb.places.importing.problems import Collected, Steps
from kb.places.importing.row_checks import Numbered
from kb.places.importing.versions import DIVISIONS, PLACES, Version
from kb.places.shapes import Geometry


@dataclass(frozen=True)
class Drawn:
    """The boundaries of a file, a line of GeoJSON by division code. `units` is how many were to be matched."""

    lines: dict[str, str]
    matching: Matching
    units: int
    notes: list[str]


@dataclass(frozen=True)
class Given:
    """The points of a file, by the position that `matching` names."""

    given: list[Point]
    matching: Matching
    units: int
    notes: list[str]


def read(version: Version, collection: Collection, steps: Steps) -> Drawn:
    """Match a file's polygons with the divisions. Raises FileProblems for features without name and code."""
    problems = Collected(collection.path)
    features, notes = [], []
    for feature in collection.features:
        if feature.text("level", "admin_level") in ABOVE_DISTRICTS:
            notes.append(f"{feature.where}: is above the districts (the city itself), left out")
            continue
        if not feature.text("name", "code", "division_code"):
            problems.add(feature.where, "name: missing, and code too; one of them says which division it is")
        features.append(feature)
    problems.stop()
    units = [_unit(feature) for feature in features]
    official = OfficialNames(version)
    known = around(version)

    def more(found: dict[int, str]) -> Around:
        drawn = {code: features[n].geometry for n, code in found.items()}
        districts = any(official.level[code] == "district" for code in drawn)
        return Areas(drawn.items(), whole=False).codes_at if districts else known

    steps("matching names", 0, 1)
    matching = match(units, official, known, more=more)
    steps("matching names", 1, 1)
    lines = {
        code: versions.area(code, official.name[code], mapping(features[n].geometry))
        for code, n in sorted((code, n) for n, code in matching.found.items())
    }
    return Drawn(lines, matching, len(units), notes)


def _unit(feature: Feature) -> Unit:
    inside = shapely.point_on_surface(feature.geometry)
    code = feature.text("code", "division_code")
    return Unit(
        feature.where,
        feature.text("name") or code,
        code,
        LEVEL_OF.get(feature.text("level", "admin_level"), ""),
        feature.text("district", "district_by_geom"),
        (inside.y, inside.x),
    )


def points(version: Version, path: Path, rows: Numbered, crs: str) -> Given:
    """Match the rows of a CSV file of points with the divisions. Raises FileProblems."""
    problems, box = Collected(path), box_of(version)
    units, given, notes = [], [], []
    for where, cells in rows:
        if cells.get("level") in ABOVE_DISTRICTS:
            notes.append(f"{where}: {cells['name']} is above the districts (the city itself), left out")
            continue
        if not (cells["name"] or cells.get("code")):
            problems.add(where, "name: missing, and code too; one of them says which division it is")
            continue
        spot, wrong = point(cells["lat"], cells["lon"], crs, box)
        if spot is None:
            problems.add(where, wrong or "lat, lon: missing")
            continue
        level = LEVEL_OF.get(cells.get("level", ""), "")
        code = cells.get("code", "")
        units.append(Unit(where, cells["name"] or code, code, level, cells.get("district", ""), spot))
        given.append(spot)
    problems.stop()
    matching = match(units, OfficialNames(version), around(version), more=None)
    return Given(given, matching, len(units), notes)


def without(version: Version) -> list[str]:
    """The divisions without a boundary, of the levels that have any."""
    drawn = {
        DIVISIONS.cell(version.divisions[code,], "level") for code in version.areas if (code,) in version.divisions
    }
    return [
        f"{DIVISIONS.cell(row, 'code')} {DIVISIONS.cell(row, 'name')}"
        for row in version.divisions.values()
        if DIVISIONS.cell(row, "level") in drawn and DIVISIONS.cell(row, "code") not in version.areas
    ]


def around(version: Version) -> Around:
    """The codes of the divisions around a point, by the version's own boundaries."""
    return Areas(shapes(version), whole=False).codes_at


def shapes(version: Version) -> Sequence[tuple[str, Geometry]]:
    """The version's boundaries by code."""
    return [(code, shape(json.loads(line)["geometry"])) for code, line in version.areas.items()]


def box_of(version: Version) -> Box | None:
    """The rectangle around everything whose coordinates are known; None where nothing is."""
    return Box.around(_known(version))


def _known(version: Version) -> Iterator[Point]:
    for form, rows in ((DIVISIONS, version.divisions), (PLACES, version.places)):
        lat, lon = form.every.index("lat"), form.every.index("lon")
        for row in rows.values():
            if row[lat] and row[lon]:
                yield float(row[lat]), float(row[lon])
    for _, geometry in shapes(version):
        west, south, east, north = geometry.bounds
        yield south, west
        yield north, east
