"""The rules that a given row must satisfy, told by its line before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from kb.places.gazetteer import KINDS, LEVELS, LONGEST_NAME
from kb.places.importing.coordinates_given import Box, point, shown_point
from kb.places.importing.problems import Collected, Steps, silent
from kb.places.importing.versions import DIVISIONS, FORMER, PLACES, Key, Row, TableForm, Version

_LENGTH = {"district": 6, "street": 9, "community": 12}
# Columns that together may come only once in a file.
_ONCE = {
    DIVISIONS.name: (DIVISIONS.key, ("level", "parent_code", "name")),
    FORMER.name: (FORMER.key,),
    PLACES.name: (PLACES.key,),
}
_ABOVE = {"street": "district", "community": "street"}
Cells = dict[str, str]
Numbered = list[tuple[str, Cells]]
"""Rows as ('file:line', cells by column)."""


@dataclass(frozen=True)
class Frame:
    """What rows are checked against: the version that they go into, the system of their points, the city's box."""

    version: Version
    crs: str = "WGS-84"
    box: Box | None = None


def table(
    form: TableForm, rows: Numbered, frame: Frame, problems: Collected, conflicts: list[str], steps: Steps = silent
) -> Numbered:
    """The rows with points in WGS-84. What is wrong goes to `problems`, what is said twice to `conflicts`."""
    check = _CHECKS[form.name](rows, frame)
    kept: Numbered = []
    seen = _there(form, rows, frame)
    stride = len(rows) // 100 + 1
    for n, (where, cells) in enumerate(rows, 1):
        if n % stride == 0 or n == len(rows):
            steps(f"checking {form.name}", n, len(rows))
        wrong = [*_name(cells), *check(cells)]
        placed, off = _with_point(cells, frame)
        for what in (*wrong, *off):
            problems.add(where, what)
        for columns in _ONCE[form.name]:
            key = (*columns, *(cells.get(column, "") for column in columns))
            if first := seen.get(key):
                told = ", ".join(f"{column} {cells.get(column) or '(empty)'}" for column in columns)
                conflicts.append(f"{where}: {told}: stands also at {first}; keep one")
                break
            seen[key] = where
        kept.append((where, placed))
    return kept


def _there(form: TableForm, rows: Numbered, frame: Frame) -> dict[Key, str]:
    """What is there already and stays, by the columns that may not come twice; the rows' own keys may, as updates."""
    if form is not DIVISIONS:
        return {}
    given = {cells["code"] for _, cells in rows}
    columns = _ONCE[form.name][1]
    return {
        (*columns, *(form.cell(row, column) for column in columns)): f"{form.file}, code {key[0]}"
        for key, row in frame.version.divisions.items()
        if key[0] not in given
    }


def _name(cells: Cells) -> Iterator[str]:
    name = cells["name"]
    if not name or len(name) > LONGEST_NAME or any(ord(letter) < 32 for letter in name):
        yield f"name: 1 to {LONGEST_NAME} characters on one line, not {name[:60]!r}"


def _with_point(cells: Cells, frame: Frame) -> tuple[Cells, list[str]]:
    if not (cells.get("lat") or cells.get("lon")):
        return cells, []
    found, wrong = point(cells.get("lat", ""), cells.get("lon", ""), frame.crs, frame.box)
    if found is None:
        return cells, [wrong or ""]
    if found == (float(cells["lat"]), float(cells["lon"])):
        return cells, []
    lat, lon = shown_point(*found)
    return {**cells, "lat": lat, "lon": lon}, []


def _divisions(rows: Numbered, frame: Frame) -> Callable[[Cells], Iterator[str]]:
    level_of = {cells["code"]: cells["level"] for _, cells in rows}
    known = {key[0]: DIVISIONS.cell(row, "level") for key, row in frame.version.divisions.items()} | level_of

    def check(cells: Cells) -> Iterator[str]:
        code, level, above = cells["code"], cells["level"], cells["parent_code"]
        if level not in LEVELS:
            yield f"level: unknown {level!r}; known: {', '.join(LEVELS)}"
            return
        if not (code.isascii() and code.isdigit() and len(code) == _LENGTH[level]):
            told = "; format the column as text, not as a number" if "E+" in code.upper() else ""
            yield f"code: a {level} has {_LENGTH[level]} digits, not {code!r}{told}"
        if level == "district":
            if not above:
                yield "parent_code: missing; for a district it is the code of the city, of 4 digits"
        elif known.get(above) != _ABOVE[level]:
            yield f"parent_code: no {_ABOVE[level]} {above!r}"
        elif not code.startswith(above):
            yield f"parent_code: {above} is not the beginning of {code}"

    return check


def _former(_rows: Numbered, frame: Frame) -> Callable[[Cells], Iterator[str]]:
    known = {key[0]: DIVISIONS.cell(row, "level") for key, row in frame.version.divisions.items()}

    def check(cells: Cells) -> Iterator[str]:
        if cells["level"] not in ("street", "community"):
            yield f"level: unknown {cells['level']!r}; known: street, community"
        if known.get(cells["parent_code"]) not in ("district", "street"):
            yield f"parent_code: no district or street {cells['parent_code']!r} among the divisions"

    return check


def _places(_rows: Numbered, frame: Frame) -> Callable[[Cells], Iterator[str]]:
    names = Names.of(frame.version)

    def check(cells: Cells) -> Iterator[str]:
        if cells["kind"] not in KINDS:
            yield f"kind: unknown {cells['kind']!r}; known: {', '.join(sorted(KINDS))}"
        inside = split(cells["district"])
        if wrong := [name for name in inside if name not in names.districts]:
            yield f"district: unknown {wrong[0]!r}; known: {', '.join(names.districts)}"
        elif (street := cells.get("street")) and not any((name, street) in names.streets for name in inside):
            yield f"street: unknown {street!r} in {cells['district'] or 'no district'}"

    return check


_CHECKS = {DIVISIONS.name: _divisions, FORMER.name: _former, PLACES.name: _places}


def split(cell: str) -> list[str]:
    """The values of a cell with several."""
    return [value.strip() for value in cell.split("|") if value.strip()]


@dataclass(frozen=True)
class Names:
    """District names to their codes, and (district, street) names to the streets' codes."""

    districts: dict[str, str]
    streets: dict[tuple[str, str], str]

    @classmethod
    def of(cls, version: Version) -> Names:
        """The names in a version."""
        name_of: dict[str, str] = {}
        streets: dict[tuple[str, str], str] = {}
        for level in ("district", "street"):
            for row in version.divisions.values():
                if DIVISIONS.cell(row, "level") != level:
                    continue
                code, name = DIVISIONS.cell(row, "code"), DIVISIONS.cell(row, "name")
                if level == "district":
                    name_of[code] = name
                else:
                    streets[name_of.get(DIVISIONS.cell(row, "parent_code"), ""), name] = code
        return cls({name: code for code, name in name_of.items()}, streets)


def without_what_is_gone(before: Version, after: Version) -> tuple[Version, list[str]]:
    """`after` without the places, former divisions and boundaries of divisions that are gone, and what to tell.

    A place follows a district or street that only got another name.
    """
    old, new = Names.of(before), Names.of(after)
    district_now = {code: name for name, code in new.districts.items()}
    street_now = {code: name for (_, name), code in new.streets.items()}
    places, moved, lost = {}, 0, 0
    for key, row in after.places.items():
        inside = split(PLACES.cell(row, "district"))
        now = [name if name in new.districts else district_now.get(old.districts.get(name, ""), "") for name in inside]
        now = [name for name in now if name]
        if inside and not now:
            lost += 1
            continue
        street = PLACES.cell(row, "street")
        if street and not any((name, street) in new.streets for name in now):
            was = [old.streets.get((name, street), "") for name in inside]
            street = next((street_now[code] for code in was if code in street_now), "")
        changed = PLACES.with_cells(row, district="|".join(now), street=street)
        moved += changed != row
        places[key] = changed
    codes = {key[0] for key in after.divisions}
    former = {key: row for key, row in after.former.items() if FORMER.cell(row, "parent_code") in codes}
    areas = {code: line for code, line in after.areas.items() if code in codes}
    gone = {"places": lost, "former divisions": len(after.former) - len(former)}
    gone["boundaries"] = len(after.areas) - len(areas)
    notes = [f"{count:,} {what} go with the divisions that are gone" for what, count in gone.items() if count]
    notes += [f"{moved:,} places follow a district or street whose name changed or that is gone"] if moved else []
    return replace(
        after.with_table(PLACES, PLACES.keyed(places.values())).with_table(FORMER, former), areas=areas
    ), notes


def rows_of(form: TableForm, rows: Numbered, before: Mapping[Key, Row], *, merge: bool) -> dict[Key, Row]:
    """The table with these rows: alone, or added to what was there. A column that is not given stays as it was."""
    given = {
        key: form.row(cells, before.get(key))
        for _, cells in rows
        for key in [tuple(cells.get(column, "") for column in form.key)]
    }
    return {**before, **given} if merge else given
