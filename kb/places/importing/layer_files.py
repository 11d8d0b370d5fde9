"""Bringing a layer of the city's own (grids, companies, zones) into the form in which it is kept.

Polygons or a list; what both must say is in `kb/places/layers.py`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError
from shapely.geometry import mapping

from kb.content_files import ContentError, shown
from kb.csv_files import open_sheet
from kb.places import layers
from kb.places.gazetteer import Gazetteer
from kb.places.importing import geojson_files
from kb.places.importing.coordinates_given import Box
from kb.places.importing.problems import Collected, Steps, silent
from kb.places.importing.whole import without_folder
from kb.places.layers import COLUMNS, ID, Header


@dataclass(frozen=True)
class Written:
    """What was written: the file's checksum, how many polygons or lines, and what to tell."""

    sha256: str
    count: int
    notes: tuple[str, ...]


def header(given: Mapping[str, object]) -> Header:
    """What the layer is, from the command's options by name. Raises ContentError naming the option."""
    try:
        made = Header.model_validate({name: value for name, value in given.items() if value not in (None, "")})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise ContentError(f"--{first['loc'][0]}: {first['msg']} ({first['input']!r:.60})") from wrong
    if not ID.fullmatch(made.id):
        raise ContentError(
            f"--id: {made.id!r}: small letters, digits, '-' and '_', at most 40, a letter or digit first"
        )
    return made


def write(
    path: Path,
    about: Header,
    folder: Path,
    gazetteer: Gazetteer,
    *,
    crs: str = "WGS-84",
    box: Box | None = None,
    steps: Steps = silent,
) -> Written:
    """Write the file as a layer into the folder, in place of the one with that id, and check it.

    Raises ContentError naming the line or feature of the file that was given.
    """
    remove(about.id, folder)
    folder.mkdir(parents=True, exist_ok=True)
    if path.suffix.casefold() in (".geojson", ".json"):
        return _polygons(path, about, folder, crs, box, steps)
    if path.suffix.casefold() in (".csv", ".tsv", ".txt"):
        return _list(path, about, folder, gazetteer)
    raise ContentError(
        f"{shown(path)}:1: neither .geojson (polygons with value) nor .csv (columns {', '.join(COLUMNS)})"
    )


def remove(name: str, folder: Path) -> bool:
    """Remove the layer's files from the folder; False where there are none."""
    there = [path for path in (folder / f"{name}{ending}" for ending in (".geojson", ".csv", ".yml")) if path.exists()]
    for path in there:
        path.unlink()
    return bool(there)


def _polygons(path: Path, about: Header, folder: Path, crs: str, box: Box | None, steps: Steps) -> Written:
    given = geojson_files.read(path, crs, steps=steps)
    if not given.areas:
        raise ContentError(f"{shown(path)}:1: features: a layer is drawn by polygons, found points")
    geojson_files.refuse_far(given, box)
    problems, lines = Collected(path), []
    for feature in given.features:
        value = feature.text("value", "name")
        if not value:
            problems.add(feature.where, "value: missing; write what holds inside, such as a company's name")
        drawn = {"type": "Feature", "properties": {"value": value}, "geometry": mapping(feature.geometry)}
        lines.append(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")))
    problems.stop()
    with (folder / f"{about.id}.geojson").open("w", encoding="utf-8") as stream:
        said = json.dumps(about.model_dump(mode="json"), ensure_ascii=False)
        stream.write(f'{{"type":"FeatureCollection","layer":{said},"features":[\n')
        stream.write(",\n".join(lines))
        stream.write("\n]}\n")
    return Written(given.sha256, len(lines), given.notes)


def _list(path: Path, about: Header, folder: Path, gazetteer: Gazetteer) -> Written:
    sheet = open_sheet(path, ",;\t")
    table = sheet.table([("value",)], [(column,) for column in COLUMNS[1:]])
    table.problems.stop()
    if not table.rows:
        raise ContentError(f"{shown(path)}:1: no row below the first line")
    kept = folder / f"{about.id}.csv"
    with kept.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows([" ".join(cells.get(column, "").split()) for column in COLUMNS] for _, cells in table.rows)
    about_text = yaml.safe_dump(about.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
    kept.with_suffix(".yml").write_text(about_text, encoding="utf-8")
    try:
        layers.load(folder, gazetteer)
    except ContentError as wrong:
        raise ContentError(_by_given_line(str(wrong), kept, path, [line for line, _ in table.rows])) from wrong
    notes = [] if sheet.encoding == "UTF-8" else [f"{shown(path)}: read as {sheet.encoding}"]
    return Written(table.sha256, len(table.rows), tuple(notes))


def _by_given_line(message: str, kept: Path, given: Path, lines: list[int]) -> str:
    """The message about a line of the kept file, by the line of the given one."""

    def line(number: str) -> str:
        return str(lines[int(number) - 2]) if 2 <= int(number) <= len(lines) + 1 else number

    message = re.sub(rf"{re.escape(shown(kept))}:(\d+)", lambda found: f"{shown(given)}:{line(found[1])}", message)
    message = re.sub(r"(?<=stands on line )\d+", lambda found: line(found[0]), message)
    return without_folder(message, kept.parent)
