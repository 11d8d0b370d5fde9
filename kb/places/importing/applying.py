"""Applying a city's files to the version in use: what would be there then, what changes, what contradicts itself.

Nothing is written here. Several files are applied together, divisions first, so that a city can replace all of it in
one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kb.content_files import ContentError, shown
from kb.csv_files import FileProblems
from kb.places.importing import boundaries, geojson_files, row_checks, unit_tables
from kb.places.importing.changes import Change, compare
from kb.places.importing.coordinates_given import shown_point
from kb.places.importing.matching_names import Matching, OfficialNames
from kb.places.importing.problems import Collected, Steps, silent
from kb.places.importing.versions import DIVISIONS, FORMER, PLACES, TABLES, TableForm, Version

_GEOJSON, _CSV = (".geojson", ".json"), (".csv", ".tsv", ".txt")
_ORDER = (DIVISIONS.name, FORMER.name, "areas", unit_tables.POINTS, PLACES.name)


@dataclass(frozen=True)
class Plan:
    """What an import would do. `lists` are titles with what to tell one by one; with conflicts nothing may be done."""

    before: Version
    after: Version
    sha256: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    lists: dict[str, list[str]]
    conflicts: tuple[str, ...]


@dataclass
class _Telling:
    notes: list[str] = field(default_factory=list)
    lists: dict[str, list[str]] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)


def apply(
    version: Version, paths: Sequence[Path], *, merge: bool = False, crs: str = "WGS-84", steps: Steps = silent
) -> Plan:
    """What the files would make of the version. With `merge` they add and update, else they replace what is there.

    `crs` is the system of their coordinates. Raises ContentError for a file that cannot be used.
    """
    tables, collections = [], []
    telling = _Telling()
    for path in paths:
        if path.suffix.casefold() in _GEOJSON:
            collections.append(geojson_files.read(path, crs, steps=steps))
            telling.notes += collections[-1].notes
        elif path.suffix.casefold() in _CSV:
            tables.append(unit_tables.read(path))
            telling.notes += tables[-1].notes
        else:
            raise ContentError("\n".join([f"{shown(path)}:1: neither .geojson nor .csv", *unit_tables.accepted()]))
    kinds = [(table.kind, table.path) for table in tables]
    kinds += [("areas" if one.areas else PLACES.name, one.path) for one in collections]
    for n, (kind, path) in enumerate(kinds):
        if (other := next((there for known, there in kinds[:n] if known == kind), None)) and not merge:
            raise ContentError(f"{shown(path)}:1: {kind}, as {shown(other)}; with --merge both are taken")
    after = version
    for kind in _ORDER:
        for table in (table for table in tables if table.kind == kind):
            after = _table(after, table, merge, crs, telling, steps)
        for one in (one for one in collections if kind == ("areas" if one.areas else PLACES.name)):
            geojson_files.refuse_far(one, boundaries.box_of(after))
            after = (
                _areas(after, one, merge, telling, steps) if one.areas else _points(after, one, merge, telling, steps)
            )
    steps("comparing", 0, 1)
    changes = compare(version, after)
    steps("comparing", 1, 1)
    sha256 = " ".join([*(one.sha256 for one in tables), *(one.sha256 for one in collections)])
    return Plan(
        version, after, sha256, changes, tuple(telling.notes), telling.lists, tuple(dict.fromkeys(telling.conflicts))
    )


def _table(
    version: Version, table: unit_tables.Given, merge: bool, crs: str, telling: _Telling, steps: Steps
) -> Version:
    """The version with a CSV file applied. Raises FileProblems."""
    table.problems.stop()
    if not table.rows:
        raise ContentError(f"{table.where(1)}: no row below the first line")
    rows = [(table.where(line), cells) for line, cells in table.rows]
    if table.kind == unit_tables.POINTS:
        return _division_points(version, table.path, rows, merge, crs, telling)
    form = next(form for form in TABLES if form.name == table.kind)
    into, box = version, boundaries.box_of(version)
    if form is DIVISIONS and not merge:
        into = version.with_table(DIVISIONS, {})
        if not any((cells["code"],) in version.divisions for _, cells in rows):
            box = None  # another city: what is known of this one says nothing of its points
    return _rows(version, form, table.path, rows, row_checks.Frame(into, crs, box), merge, telling, steps)


def _rows(
    version: Version,
    form: TableForm,
    path: Path,
    rows: row_checks.Numbered,
    frame: row_checks.Frame,
    merge: bool,
    telling: _Telling,
    steps: Steps,
) -> Version:
    """The version with rows of one of its tables. Raises FileProblems."""
    problems = Collected(path)
    rows = row_checks.table(form, rows, frame, problems, telling.conflicts, steps)
    problems.stop()
    after = version.with_table(form, row_checks.rows_of(form, rows, version.tables[form.name], merge=merge))
    if form is DIVISIONS:
        after, notes = row_checks.without_what_is_gone(version, after)
        telling.notes += notes
    return after


def _points(version: Version, given: geojson_files.Collection, merge: bool, telling: _Telling, steps: Steps) -> Version:
    """The version with a GeoJSON file of points as its places. Raises FileProblems."""
    around, official = boundaries.around(version), OfficialNames(version)
    rows, found = [], 0
    for feature in given.features:
        assert feature.point
        lat, lon = shown_point(*feature.point)
        cells = {name: feature.text(name) for name in ("name", "kind", "district", "street")}
        aliases = feature.properties.get("aliases")
        cells["aliases"] = "|".join(map(str, aliases)) if isinstance(aliases, list) else feature.text("aliases")
        if not cells["district"]:
            for code in around(feature.point):
                cells[official.level[code]] = official.name[code]
            found += bool(cells["district"])
        cells.pop("community", None)
        given_cells = {name: cell for name, cell in cells.items() if cell or name in ("name", "kind", "district")}
        rows.append((feature.where, {**given_cells, "lat": lat, "lon": lon}))
    if found:
        telling.notes.append(f"{shown(given.path)}: {found:,} places got their district from its boundary")
    return _rows(version, PLACES, given.path, rows, row_checks.Frame(version), merge, telling, steps)


def _areas(version: Version, given: geojson_files.Collection, merge: bool, telling: _Telling, steps: Steps) -> Version:
    """The version with a GeoJSON file of polygons as its boundaries. Raises FileProblems."""
    drawn = boundaries.read(version, given, steps)
    _tell(telling, given.path, drawn.matching, drawn.units)
    telling.notes += drawn.notes
    after = replace(version, areas={**version.areas, **drawn.lines} if merge else drawn.lines)
    if without := boundaries.without(after):
        telling.lists["official divisions without a boundary"] = without
    return after


def _division_points(
    version: Version, path: Path, rows: row_checks.Numbered, merge: bool, crs: str, telling: _Telling
) -> Version:
    """The version whose divisions have the points of the file. Raises FileProblems."""
    points = boundaries.points(version, path, rows, crs)
    _tell(telling, path, points.matching, points.units)
    telling.notes += points.notes
    divisions = dict(version.divisions)
    if not merge:
        divisions = {key: DIVISIONS.with_cells(row, lat="", lon="") for key, row in divisions.items()}
    for n, code in points.matching.found.items():
        lat, lon = shown_point(*points.given[n])
        divisions[code,] = DIVISIONS.with_cells(divisions[code,], lat=lat, lon=lon)
    without = [f"{key[0]} {DIVISIONS.cell(row, 'name')}" for key, row in divisions.items() if not row[-1]]
    if without:
        telling.lists["official divisions without a point"] = without
    return version.with_table(DIVISIONS, divisions)


def _tell(telling: _Telling, path: Path, matching: Matching, units: int) -> None:
    """How the units of a file were matched. Raises FileProblems where none was."""
    if not matching.found and not matching.conflicts:
        raise FileProblems(path, [f"{shown(path)}:1: nothing in it is an official division", *matching.unmatched[:9]])
    ways = ", ".join(f"{count:,} by {way}" for way, count in matching.how.most_common())
    telling.notes.append(f"{shown(path)}: {len(matching.found):,} of {units:,} matched: {ways}")
    telling.conflicts += matching.conflicts
    if matching.unknown_codes:
        telling.lists.setdefault("codes that are not official here, matched by name", []).extend(matching.unknown_codes)
    if matching.unmatched:
        telling.lists.setdefault("matching no official division, left out", []).extend(matching.unmatched)
