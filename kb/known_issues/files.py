"""Entries from outside: a clerk's CSV or YAML file, and what a feed sends. All problems are told together, by line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kb.content_files import ContentError, Mapped, line_of, parse_yaml, shown
from kb.csv_files import MOST_PROBLEMS, FileProblems, decoded, read_raw, sheet_of
from kb.known_issues.checks import Problem
from kb.known_issues.issue import KnownIssue

Check = Callable[[KnownIssue], Iterable[Problem]]
"""What an entry names that is not there: `checks.problems` with the city's tree and places."""

LISTS = ("districts", "streets", "compounds", "places")
_CIRCLE = ("circle_lat", "circle_lon", "circle_metres")
# The Chinese names are for those who keep the list in a spreadsheet.
COLUMNS: tuple[tuple[str, ...], ...] = (
    ("id", "编号"),
    ("title", "标题"),
    ("category", "类别编码"),
    ("starts", "开始日期"),
    ("ends", "结束日期"),
    ("lead_unit", "牵头单位"),
    ("say", "告知内容"),
    ("source", "来源"),
)
OPTIONAL: tuple[tuple[str, ...], ...] = (
    ("districts", "区市"),
    ("streets", "街道"),
    ("compounds", "小区"),
    ("places", "地点"),
    ("circle_lat", "圆心纬度"),
    ("circle_lon", "圆心经度"),
    ("circle_metres", "半径米"),
    ("polygon", "多边形"),
    ("advice", "建议"),
    ("still_file", "仍可提交"),
    ("with_ticket", "随编号告知"),
)
_YES_NO = {"是": True, "否": False}
_SEPARATORS = str.maketrans("、；;", "|||")

_Raw = tuple[str, int, Mapping[str, Any]]
"""Where an entry stands ('file:3' or 'feed: entry 3'), for sorting its number, and its keys and values."""


def read(path: Path, check: Check) -> list[KnownIssue]:
    """The entries of a CSV or YAML file, in UTF-8 or GB18030. Raises FileProblems naming every line at fault."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".yml", ".yaml"):
        raise FileProblems(path, [f"{shown(path)}:1: of no known kind by its ending {kind!r}; .csv or .yml"])
    raw = read_raw(path)
    return read_csv(raw, path, check) if kind == ".csv" else read_yml(raw, path, check)


def read_csv(raw: bytes, path: Path, check: Check) -> list[KnownIssue]:
    """The entries of a CSV text; `path` is what problems call it. Raises FileProblems."""
    table = sheet_of(path, raw, ",;\t").table(COLUMNS, OPTIONAL)
    wrong: list[tuple[int, str]] = []
    given: list[_Raw] = []
    for line, row in table.rows:
        where = f"{shown(path)}:{line}"
        try:
            given.append((where, line, _of_row(row)))
        except ValueError as bad:
            wrong.append((line, f"{where}: {bad}"))
    table.problems.stop()
    return _checked(path, given, check, wrong)


def read_yml(raw: bytes, path: Path, check: Check) -> list[KnownIssue]:
    """The entries of a YAML text, a list; `path` is what problems call it. Raises FileProblems."""
    try:
        value = parse_yaml(decoded(raw)[0], path)
    except ContentError as bad:
        raise FileProblems(path, [str(bad)]) from bad
    except ValueError as bad:
        raise FileProblems(path, [f"{shown(path)}:1: {bad}"]) from bad
    entries = _entries(value, path)
    given = []
    for n, one in enumerate(entries, 1):
        if not isinstance(one, Mapped):
            raise FileProblems(path, [f"{shown(path)}:1: entry {n}: expected keys and values, found {str(one)[:40]!r}"])
        given.append((f"{shown(path)}:{one.line}", one.line, one))
    return _checked(path, given, check)


def read_json(raw: bytes, path: Path, check: Check) -> list[KnownIssue]:
    """The entries of a JSON text, a list of objects with the keys of KnownIssue. Raises FileProblems."""
    try:
        value = json.loads(raw)
    except json.JSONDecodeError as bad:
        raise FileProblems(path, [f"{shown(path)}:{bad.lineno}: column {bad.colno}: not JSON ({bad.msg})"]) from bad
    except (ValueError, RecursionError) as bad:
        raise FileProblems(path, [f"{shown(path)}:1: not JSON ({type(bad).__name__})"]) from bad
    given = []
    for n, one in enumerate(_entries(value, path), 1):
        if not isinstance(one, dict):
            raise FileProblems(path, [f"{shown(path)}: entry {n}: expected keys and values, found {str(one)[:40]!r}"])
        given.append((f"{shown(path)}: entry {n} ({str(one.get('id'))[:40]})", n, one))
    return _checked(path, given, check)


def _entries(value: Any, path: Path) -> Sequence[Any]:
    if value is None:
        raise FileProblems(path, [f"{shown(path)}:1: the file is empty; a list without entries is []"])
    if not isinstance(value, list):
        raise FileProblems(path, [f"{shown(path)}:1: expected a list of entries, found {str(value)[:40]!r}"])
    return value


def _checked(
    path: Path, given: Sequence[_Raw], check: Check, wrong: Sequence[tuple[int, str]] = ()
) -> list[KnownIssue]:
    found: dict[str, tuple[str, KnownIssue]] = {}
    problems = list(wrong)
    for where, at, value in given:
        try:
            issue = KnownIssue.model_validate(dict(value))
        except ValidationError as bad:
            problems += ((at, said) for said in _said(where, value, bad))
            continue
        problems += ((at, f"{where}: {key}: {what}") for key, what in check(issue))
        if issue.id in found:
            problems.append((at, f"{where}: id: {issue.id} is given twice, first at {found[issue.id][0]}"))
        found.setdefault(issue.id, (where, issue))
    if problems:
        ordered = [said for _, said in sorted(problems, key=lambda one: one[0])]
        raise FileProblems(path, ordered[:MOST_PROBLEMS], more=len(ordered) > MOST_PROBLEMS)
    return [issue for _, issue in found.values()]


def _said(where: str, value: Any, wrong: ValidationError) -> Iterator[str]:
    for one in wrong.errors():
        key = ".".join(map(str, one["loc"])) or "(entry)"
        plain = one["type"] != "missing" and isinstance(one["input"], str | int | float)
        shown_value = f" ({str(one['input'])[:60]!r})" if plain else ""
        what = one["msg"].removeprefix("Value error, ")
        at = line_of(value, one["loc"])
        spot = f"{where.rpartition(':')[0]}:{at}" if at else where
        yield f"{spot}: {key}: {what}{shown_value}".encode("utf-8", "replace").decode()


def _of_row(row: Mapping[str, str]) -> dict[str, Any]:
    """The keys and values of a row. Raises ValueError that begins with the column."""
    value: dict[str, Any] = {}
    for key, cell in row.items():
        if key in LISTS:
            value[key] = [name.strip() for name in cell.translate(_SEPARATORS).split("|") if name.strip()]
        elif key in ("still_file", "with_ticket"):
            if cell:
                value[key] = _YES_NO.get(cell, cell)
        elif key == "polygon" and cell:
            value[key] = _geometry(cell)
        elif key not in (*_CIRCLE, "polygon", "advice") or (key == "advice" and cell):
            value[key] = cell
    filled = [key for key in _CIRCLE if row.get(key)]
    if filled and len(filled) < len(_CIRCLE):
        missing = next(key for key in _CIRCLE if key not in filled)
        raise ValueError(f"{missing}: empty, though {filled[0]} is given; a circle needs {', '.join(_CIRCLE)}")
    if filled:
        value["circle"] = {key.removeprefix("circle_"): row[key] for key in _CIRCLE}
    return value


def _geometry(cell: str) -> Any:
    try:
        return geometry_of(json.loads(cell))
    except (ValueError, RecursionError) as bad:
        raise ValueError(f"polygon: {bad}") from bad


def geometry_of(value: Any) -> Any:
    """The one geometry of a GeoJSON geometry, Feature or FeatureCollection. Raises ValueError where it has several."""
    if isinstance(value, dict) and value.get("type") == "FeatureCollection":
        features = value.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise ValueError("expected one polygon; make several a MultiPolygon")
        value = features[0]
    if isinstance(value, dict) and value.get("type") == "Feature":
        value = value.get("geometry")
    if not isinstance(value, dict):
        raise ValueError(f"expected GeoJSON, found {str(value)[:40]!r}")
    return {key: value[key] for key in ("type", "coordinates") if key in value}
