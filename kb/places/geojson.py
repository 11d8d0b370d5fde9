"""Reading the GeoJSON files that the system itself wrote, so that every complaint names file, line and feature."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.content_files import ContentError, shown
from kb.places.shapes import Geometry, polygon

# WGS-84 by its names; CGCS2000 (EPSG:4490) is the same to within centimetres.
_CRS = re.compile(r"CRS:?:?84$|EPSG:+(?:[\d.]+:+)?(?:4326|4490)$|^WGS-?84$", re.IGNORECASE)
_BEFORE_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Feature:
    """One polygon of a file. `where` is 'file:line: feature 3 (辽宁路街道)', for messages."""

    where: str
    properties: dict[str, Any]
    geometry: Geometry


def read(path: Path) -> tuple[dict[str, Any], list[Feature]]:
    """The file's other members, and its polygons in WGS-84. Raises ContentError naming file, line and feature."""
    collection = _collection(path)
    raw = collection.pop("features")
    return collection, [_feature(path, n, one) for n, one in enumerate(raw)]


def _collection(path: Path) -> dict[str, Any]:
    value = _value(path)
    if not isinstance(value, dict) or value.get("type") != "FeatureCollection":
        found = value.get("type") if isinstance(value, dict) else type(value).__name__
        raise ContentError(f"{shown(path)}:1: type: expected a FeatureCollection, found {found!r}")
    if not isinstance(value.get("features"), list):
        raise ContentError(f"{shown(path)}:1: features: expected a list of polygons, found {value.get('features')!r}")
    if crs := value.get("crs"):
        named = crs.get("properties") if isinstance(crs, dict) else None
        name = str(named.get("name") if isinstance(named, dict) else crs)
        if not _CRS.search(name):
            raise ContentError(f"{shown(path)}:1: crs: {name!r} is not WGS-84 (EPSG:4326); convert the file first")
    return value


def _value(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as missing:
        raise ContentError(f"{shown(path)}:1: the file does not exist") from missing
    except UnicodeDecodeError as wrong:
        raise ContentError(f"{shown(path)}:1: not UTF-8 text (byte {wrong.start})") from wrong
    except json.JSONDecodeError as wrong:
        raise ContentError(f"{shown(path)}:{wrong.lineno}: column {wrong.colno}: not JSON ({wrong.msg})") from wrong
    except RecursionError as wrong:
        raise ContentError(f"{shown(path)}:1: not GeoJSON: brackets within brackets without end") from wrong


def _feature(path: Path, n: int, value: object) -> Feature:
    properties = value.get("properties") if isinstance(value, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    name = properties.get("name") or properties.get("value") or properties.get("code")
    where = f"feature {n + 1}" + (f" ({str(name)[:40]})" if name else "")
    if not isinstance(value, dict) or value.get("type") != "Feature":
        raise wrong(path, n, f"{where}: type: expected a Feature, found {str(value)[:40]!r}")
    try:
        return Feature(where, properties, polygon(value.get("geometry")))
    except ValueError as bad:
        raise wrong(path, n, f"{where}: geometry: {bad}; redraw this polygon") from bad


def wrong(path: Path, n: int, what: str) -> ContentError:
    """What to raise about the feature at position `n`: 'file:line: what'."""
    return ContentError(f"{shown(path)}:{_line(path, n)}: {what}")


def _line(path: Path, n: int) -> int:
    """The line on which the feature at that position begins. Read again: only messages need it."""
    text = path.read_text(encoding="utf-8-sig")
    starts = list(_starts(text, n))
    return text.count("\n", 0, starts[n]) + 1 if len(starts) > n else 1


def _starts(text: str, last: int) -> Iterator[int]:
    decoder = json.JSONDecoder()
    before = _BEFORE_FEATURES.search(text)
    at = before.end() if before else len(text)
    for _ in range(last + 1):
        gap = _BETWEEN.match(text, at)
        at = gap.end() if gap else at
        yield at
        try:
            _, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return
