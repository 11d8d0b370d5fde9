"""A version of the city's places: a folder with the tables, the boundaries and the layers, and the same in memory.

Rows are kept as the cells that stand in the files, so that what nobody changed is written as it was read.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kb.content_files import ContentError, read_csv, shown
from kb.places.gazetteer import DIVISION_COLUMNS, DIVISION_EXTRAS, FORMER_COLUMNS, LEVELS, PLACE_COLUMNS

Key = tuple[str, ...]
Row = tuple[str, ...]
AREAS = "areas.geojson"
LAYERS = "layers"


@dataclass(frozen=True)
class TableForm:
    """One of the tables: its file, its columns, and the columns by which a row is known again."""

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def every(self) -> tuple[str, ...]:
        """All columns, in order."""
        return self.columns + self.optional

    def cell(self, row: Row, column: str) -> str:
        """The cell of a row of this table."""
        return row[self.every.index(column)]

    def row(self, cells: Mapping[str, str], before: Row | None = None) -> Row:
        """A row of these cells; a column that is not among them keeps what it was before."""
        kept = dict(zip(self.every, before, strict=True)) if before else {}
        return tuple(cells.get(column, kept.get(column, "")) for column in self.every)

    def with_cells(self, row: Row, **cells: str) -> Row:
        """The row with other cells in some columns."""
        return self.row(cells, row)

    def keyed(self, rows: Iterable[Row]) -> dict[Key, Row]:
        """The rows by key; where one comes again, a number at its end keeps both."""
        at = [self.every.index(column) for column in self.key]
        found: dict[Key, Row] = {}
        for row in rows:
            key = tuple(row[n] for n in at)
            number = 2
            while key in found:
                key, number = (*key[: len(at)], str(number)), number + 1
            found[key] = row
        return found


DIVISIONS = TableForm("divisions", DIVISION_COLUMNS, DIVISION_EXTRAS, ("code",))
FORMER = TableForm("former", FORMER_COLUMNS, (), ("name", "level", "parent_code"))
PLACES = TableForm("places", PLACE_COLUMNS, (), ("kind", "name", "district"))
TABLES = (DIVISIONS, FORMER, PLACES)


@dataclass(frozen=True)
class Version:
    """The tables by file name without ending, rows by key, and the boundaries: a line of GeoJSON by division code.

    `layers` is the folder of the layers' files, which an import leaves as they are; it may be missing.
    """

    tables: dict[str, dict[Key, Row]]
    areas: dict[str, str] = field(default_factory=dict)
    layers: Path | None = None

    @property
    def divisions(self) -> dict[Key, Row]:
        return self.tables[DIVISIONS.name]

    @property
    def former(self) -> dict[Key, Row]:
        return self.tables[FORMER.name]

    @property
    def places(self) -> dict[Key, Row]:
        return self.tables[PLACES.name]

    def with_table(self, form: TableForm, rows: dict[Key, Row]) -> Version:
        """The version with other rows in one of its tables."""
        return replace(self, tables={**self.tables, form.name: rows})


def read(folder: Path) -> Version:
    """The version in a folder. Raises ContentError naming file and line."""
    tables = {}
    for form in TABLES:
        path = folder / form.file
        rows = read_csv(path, form.columns, form.optional) if form is not FORMER or path.exists() else ()
        tables[form.name] = form.keyed(form.row(cells) for _, cells in rows)
    return Version(tables, _read_areas(folder / AREAS), folder / LAYERS)


def _read_areas(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return {feature["properties"]["code"]: _line(feature) for feature in features}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise ContentError(f"{shown(path)}:1: cannot be read; `jiesu places back` returns to the one before") from wrong


def area(code: str, name: str, geometry: Mapping[str, Any]) -> str:
    """One boundary as a line of the file."""
    return _line({"type": "Feature", "properties": {"code": code, "name": name}, "geometry": geometry})


def _line(feature: Any) -> str:
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))


def write(version: Version, folder: Path) -> None:
    """Write the version into a folder that does not exist. Raises OSError."""
    folder.mkdir(parents=True)
    for form in TABLES:
        rows = version.tables[form.name].values()
        if form is DIVISIONS:
            # whatever is above stands above: districts, streets, communities
            rows = sorted(rows, key=lambda row: LEVELS.index(DIVISIONS.cell(row, "level")))  # type: ignore[assignment]
        with (folder / form.file).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(_trimmed(form, list(rows)))
    if version.areas:
        with (folder / AREAS).open("w", encoding="utf-8") as stream:
            stream.write('{"type":"FeatureCollection","features":[\n')
            stream.write(",\n".join(line for _, line in sorted(version.areas.items())))
            stream.write("\n]}\n")
    if version.layers and version.layers.is_dir():
        shutil.copytree(version.layers, folder / LAYERS)


def _trimmed(form: TableForm, rows: list[Row]) -> Iterator[Row]:
    """Header and rows, without optional columns where no row has anything there."""
    wide = any(any(row[len(form.columns) :]) for row in rows)
    width = len(form.every if wide else form.columns)
    yield form.every[:width]
    yield from (row[:width] for row in rows)
