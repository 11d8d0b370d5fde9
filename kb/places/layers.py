"""The city's own layers in the folder `layers`: polygons, and lists that anybody can keep in a spreadsheet.

`ID.geojson` is a FeatureCollection in WGS-84 with a member `layer` that says what the layer is; every feature has
`properties.value`. `ID.csv` has the columns of COLUMNS and beside it `ID.yml`, which says what the layer is. Either way
these are `title`, `kind`, and if need be `tell`, `source`, `date` and `id` (the file's name). One id may have both.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import ContentError, as_model, read_csv, read_mapping, shown
from kb.places import geojson
from kb.places.gazetteer import Division, Gazetteer
from kb.places.layer_facts import KINDS, LEVELS, Fact, Layer, Layers, Listed
from kb.places.shapes import Geometry

__all__ = ["COLUMNS", "ID", "KINDS", "Fact", "Header", "Layer", "Layers", "load"]

COLUMNS = ("value", "district", "street", "community", "compound")
"""The last cell that is filled says what the line covers. Divisions by official name, or by code."""
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SHORTEST_COMPOUND = 2


class Header(BaseModel):
    """What a layer's file says of the layer. `id` must be the file's name without its ending."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: Annotated[str, Field(min_length=1, max_length=60)]
    kind: Literal["grid", "property", "heating", "gas", "zone", "other"]
    tell: bool = False
    source: str = ""
    date: datetime.date | None = None


def load(folder: Path, gazetteer: Gazetteer | None = None) -> Layers:
    """Every layer in the folder; none when there is no such folder. Raises ContentError naming file and line.

    With a gazetteer the names of divisions in lists are checked, and understood by their codes.
    """
    drawn: dict[Layer, list[tuple[Geometry, str]]] = {}
    lists: dict[Layer, list[Listed]] = {}
    headers: dict[str, tuple[Layer, Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix == ".geojson":
            layer, polygons = _polygons(path)
            drawn[layer] = polygons
        elif path.suffix == ".csv":
            layer = _header(path.with_suffix(".yml"), read_mapping(path.with_suffix(".yml")))
            lists[layer] = _lines(path, gazetteer)
        elif path.suffix == ".yml" and path.with_suffix(".csv").exists():
            continue
        else:
            raise ContentError(f"{shown(path)}:1: {path.name}: a layer is ID.geojson, or ID.csv beside ID.yml")
        other, there = headers.setdefault(layer.id, (layer, path))
        if other != layer:
            raise ContentError(f"{shown(path)}:1: layer: {there.name} says something else of {layer.id}; make it one")
    return Layers(drawn, lists)


def _header(path: Path, value: Any) -> Layer:
    if not isinstance(value, dict):
        raise ContentError(
            f"{shown(path)}:1: layer: expected title, kind ({', '.join(KINDS)}) and so on, found {value!r}"
        )
    given = as_model(Header, value, path, id=value.get("id", path.stem))
    if given.id != path.stem or not ID.fullmatch(given.id):
        raise ContentError(
            f"{shown(path)}:1: id: {given.id!r}; the id is the file's name, small letters, digits, '-' and '_'"
        )
    return Layer(**given.model_dump())


def _polygons(path: Path) -> tuple[Layer, list[tuple[Geometry, str]]]:
    members, features = geojson.read(path)
    layer = _header(path, members.get("layer"))
    kept = []
    for n, feature in enumerate(features):
        value = feature.properties.get("value")
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            raise geojson.wrong(
                path, n, f"{feature.where}: value: {value!r}; write what holds inside, such as a company's name"
            )
        kept.append((feature.geometry, str(value).strip()))
    return layer, kept


def _lines(path: Path, gazetteer: Gazetteer | None) -> list[Listed]:
    found: dict[tuple[str, str, str], tuple[int, Listed]] = {}
    for line, row in read_csv(path, COLUMNS):
        where = f"{shown(path)}:{line}"
        if not row["value"]:
            raise ContentError(f"{where}: value: empty; write what holds there, such as a company's name")
        listed = _listed(where, row, gazetteer)
        first, _ = found.setdefault((listed.level, listed.district, listed.name), (line, listed))
        if first != line:
            raise ContentError(f"{where}: {listed.level}: {row[listed.level]!r} stands on line {first} already")
    return [listed for _, listed in found.values()]


def _listed(where: str, row: dict[str, str], gazetteer: Gazetteer | None) -> Listed:
    level = next((level for level in reversed(LEVELS) if row[level]), None)
    if level is None:
        raise ContentError(f"{where}: district, street, community, compound: all empty; say where this holds")
    name, district = row[level], row["district"]
    if level != "compound" and name.isascii() and name.isdigit():
        if gazetteer and name not in gazetteer.divisions:
            raise ContentError(f"{where}: {level}: no division has the code {name}")
        return Listed(level, name, "", row["value"])
    if not district:
        raise ContentError(f"{where}: district: empty; names such as {name!r} occur in several districts")
    if level == "compound" and len(name) < _SHORTEST_COMPOUND:
        raise ContentError(f"{where}: compound: {name!r} is too short to be found in what people write")
    if gazetteer is None:
        return Listed(level, name, district, row["value"])
    return _checked(where, Listed(level, name, district, row["value"]), row, gazetteer)


def _checked(where: str, listed: Listed, row: dict[str, str], gazetteer: Gazetteer) -> Listed:
    """The line with its division's code in place of the name; a compound keeps its name."""
    above = _one(where, "district", listed.district, gazetteer, None)
    for level in ("street", "community"):
        if row[level]:
            above = _one(where, level, row[level], gazetteer, above)
    if listed.level == "compound":
        district = gazetteer.district_of(above)
        return Listed("compound", listed.name, district.name if district else listed.district, listed.value)
    return Listed(listed.level, above.code, "", listed.value)


def _one(where: str, level: str, name: str, gazetteer: Gazetteer, above: Division | None) -> Division:
    """The division of today with that code or name, under `above` if given."""
    known = gazetteer.divisions.get(name)
    entries = (known,) if known else gazetteer.named(name)
    found = [
        e
        for e in entries
        if isinstance(e, Division) and e.level == level and e.code and (not above or e.code.startswith(above.code))
    ]
    if len(found) == 1:
        return found[0]
    exact = [e for e in found if e.name == name]
    if len(exact) == 1:
        return exact[0]
    inside = f" in {above.name}" if above else ""
    if not found:
        raise ContentError(f"{where}: {level}: no {level} {name!r}{inside}; write the official name or the code")
    codes = ", ".join(f"{e.code} {e.name}" for e in found)
    raise ContentError(f"{where}: {level}: {name!r} may be {codes}; write the code")
