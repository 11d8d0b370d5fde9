"""Reading a CSV file of the city's: which of the tables it is, told by its columns, and its rows by line.

UTF-8 or GB18030, comma, semicolon or tab: as spreadsheets write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kb.content_files import shown
from kb.csv_files import FileProblems, Problems, open_sheet
from kb.places.importing.versions import DIVISIONS, FORMER, PLACES

POINTS = "points"
Columns = Sequence[tuple[str, ...]]
_LAT = ("lat", "latitude", "rep_lat", "纬度")
_LON = ("lon", "lng", "long", "longitude", "rep_lng", "rep_lon", "经度")
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}


@dataclass(frozen=True)
class Form:
    """One kind of file: the columns that it must have, and those that it may have."""

    kind: str
    title: str
    columns: Columns
    optional: Columns


def _names(*columns: str) -> Columns:
    return [{"lat": _LAT, "lon": _LON}.get(column, (column,)) for column in columns]


# The first that fits counts.
FORMS = (
    Form(DIVISIONS.name, "divisions", _names("code", "level", "name", "parent_code"), _names("aliases", "lat", "lon")),
    Form(FORMER.name, "former divisions", _names("name", "level", "parent_code", "was"), _names("aliases")),
    Form(PLACES.name, "places", _names("name", "kind", "district"), _names("street", "aliases", "lat", "lon")),
    Form(
        POINTS,
        "points of divisions",
        _names("name", "lat", "lon"),
        [("code", "division_code"), ("level", "admin_level"), ("district", "district_by_geom")],
    ),
)


@dataclass(frozen=True)
class Given:
    """What a file says: its kind and rows as (line, cells by column). `columns` are those that it has."""

    path: Path
    sha256: str
    kind: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]
    notes: tuple[str, ...]
    problems: Problems

    def where(self, line: int) -> str:
        """'file:line'."""
        return f"{self._shown}:{line}"

    @cached_property
    def _shown(self) -> str:
        return shown(self.path)


def read(path: Path) -> Given:
    """The file's rows. Raises FileProblems, naming what is accepted where the columns are of no known kind."""
    sheet = open_sheet(path, ",;\t")
    names = {name.strip().casefold() for name in sheet.header}
    form = next((form for form in FORMS if all(names.intersection(one) for one in form.columns)), None)
    if form is None:
        found = ", ".join(name.strip() for name in sheet.header)[:200].encode("utf-8", "replace").decode()
        raise FileProblems(path, [f"{shown(path)}:1: of no known kind by its columns ({found})", *accepted()])
    optional = [one for one in form.optional if names.intersection(one)]
    table = sheet.table(form.columns, optional)
    notes = []
    if sheet.encoding != "UTF-8":
        notes.append(f"{shown(path)}: read as {sheet.encoding}")
    if sheet.delimiter != ",":
        notes.append(f"{shown(path)}: cells are separated by {_SEPARATORS[sheet.delimiter]}")
    columns = tuple(one[0] for one in (*form.columns, *optional))
    return Given(path, sheet.sha256, form.kind, form.title, columns, table.rows, tuple(notes), table.problems)


def accepted() -> list[str]:
    """What is accepted, a line for each kind of file."""
    said = ["accepted are GeoJSON with polygons (name or code, admin_level) or points (name, kind), and CSV with:"]
    for form in FORMS:
        must = ", ".join(one[0] for one in form.columns)
        may = ", ".join(one[0] for one in form.optional)
        said.append(f"  {form.title}: {must}; may have {may}")
    return said
