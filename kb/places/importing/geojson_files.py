"""Reading a GeoJSON file of the city's: boundaries (polygons) or places (points), checked and brought to WGS-84.

Everything that is wrong names the file and the feature by number and name, or line and column where it is no JSON.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kb.content_files import ContentError, shown
from kb.places.coordinates import Point, to_wgs84
from kb.places.importing.coordinates_given import Box, believable, rounded
from kb.places.importing.problems import Collected, Steps, silent
from kb.places.shapes import Geometry, sound

# CGCS2000 (EPSG:4490) is WGS-84 to within centimetres.
_DEGREES = re.compile(r"(?:CRS:?:?84|(?:EPSG:+(?:[\d.]*:+)?)(?:4326|4490))$", re.IGNORECASE)
_AREAS, _POINTS = ("Polygon", "MultiPolygon"), ("Point",)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature. `geometry` is a polygon in WGS-84 with 6 decimals, or None where `point` is given."""

    where: str
    number: int
    properties: dict[str, Any]
    geometry: Geometry | None = None
    point: Point | None = None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        if self.point:
            return (*self.point[::-1], *self.point[::-1])
        west, south, east, north = shapely.bounds(self.geometry)
        return west, south, east, north

    def text(self, *names: str) -> str:
        """The first of these properties that says anything, as text."""
        for name in names:
            value = self.properties.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return " ".join(str(value).split())
        return ""


@dataclass(frozen=True)
class Collection:
    """A file's features, all of them polygons (`areas`) or all of them points. `notes` is what to tell."""

    path: Path
    sha256: str
    areas: bool
    features: tuple[Feature, ...]
    notes: tuple[str, ...]


def read(path: Path, crs: str = "WGS-84", *, steps: Steps = silent) -> Collection:
    """The file's features, given in `crs` where the file itself does not say degrees of WGS-84.

    Raises ContentError.
    """
    raw = _raw(path)
    steps("reading", 0, 1)
    value = _value(path, raw)
    steps("reading", 1, 1)
    _check_crs(path, value, crs)
    given = value["features"]
    kinds = {_kind(one) for one in given} - {None}
    areas = not kinds <= {*_POINTS}
    if areas and not kinds <= {*_AREAS}:
        found = ", ".join(sorted(map(str, kinds)))
        raise ContentError(f"{shown(path)}: features: all polygons (boundaries) or all points (places), found {found}")
    problems, features, mended = Collected(path), [], []
    stride = len(given) // 100 + 1
    for n, one in enumerate(given, 1):
        feature = _feature(path, n, one, areas, crs, problems)
        if feature:
            features.append(feature[0])
            mended += feature[1]
        if n % stride == 0 or n == len(given):
            steps("checking features", n, len(given))
    problems.stop()
    return Collection(path, hashlib.sha256(raw).hexdigest(), areas, tuple(features), tuple(mended))


def refuse_far(collection: Collection, box: Box | None) -> None:
    """Raises FileProblems for features that are far from what is known of the city."""
    problems = Collected(collection.path)
    for feature in collection.features:
        west, south, east, north = feature.bounds
        if wrong := believable(np.array([south, north]), np.array([west, east]), box):
            problems.add(feature.where, f"geometry: {wrong}")
    problems.stop()


def _raw(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as away:
        raise ContentError(f"{shown(path)}:1: cannot be read ({away.strerror})") from away


def _value(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise ContentError(f"{shown(path)}:{line}: not UTF-8 (byte {wrong.start}); GeoJSON is always UTF-8") from wrong
    except json.JSONDecodeError as wrong:
        cut = ": the file is cut off" if not wrong.doc[wrong.pos :].strip() else ""
        raise ContentError(f"{shown(path)}:{wrong.lineno}:{wrong.colno}: not JSON ({wrong.msg}){cut}") from wrong
    except (RecursionError, ValueError) as wrong:
        raise ContentError(f"{shown(path)}:1: not GeoJSON ({type(wrong).__name__})") from wrong
    kind = value.get("type") if isinstance(value, dict) else None
    if kind != "FeatureCollection":
        found = repr(kind)[:60] if isinstance(value, dict) else type(value).__name__
        raise ContentError(f"{shown(path)}:1: type: expected 'FeatureCollection', found {found}")
    if not isinstance(value.get("features"), list):
        raise ContentError(f"{shown(path)}:1: features: expected a list, found {value.get('features')!r:.60}")
    if not value["features"]:
        raise ContentError(f"{shown(path)}:1: features: there is none")
    return dict(value)


def _check_crs(path: Path, value: dict[str, Any], crs: str) -> None:
    given = value.get("crs")
    if given is None:
        return
    properties = given.get("properties") if isinstance(given, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else given
    if isinstance(name, str) and _DEGREES.search(name):
        if crs != "WGS-84":
            raise ContentError(f"{shown(path)}:1: crs: the file says {name!r}, `--crs` says {crs}; which is right?")
        return
    raise ContentError(
        f"{shown(path)}:1: crs: {str(name)[:80]!r}: accepted are degrees of WGS-84 (EPSG:4326, OGC:1.3:CRS84) and "
        "CGCS2000 (EPSG:4490); convert a projected file first, for example with QGIS or ogr2ogr -t_srs EPSG:4326"
    )


def _kind(feature: object) -> str | None:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    return kind if isinstance(kind, str) else None


def _feature(
    path: Path, n: int, value: object, areas: bool, crs: str, problems: Collected
) -> tuple[Feature, list[str]] | None:
    properties = value.get("properties") if isinstance(value, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    name = properties.get("name") or properties.get("code")
    where = f"{shown(path)}: feature {n}" + (f" ({str(name)[:40]})" if name else "")
    if not isinstance(value, dict) or value.get("type") != "Feature":
        problems.add(where, f"type: expected 'Feature', found {str(value)[:40]!r}")
        return None
    geometry = value.get("geometry")
    if not isinstance(geometry, dict):
        problems.add(where, f"geometry: there is none ({geometry!r:.40})")
        return None
    try:
        if not areas:
            return Feature(where, n, properties, point=_point(geometry, crs)), []
        drawn, mended = _polygon(geometry, crs)
    except ValueError as wrong:
        problems.add(where, f"geometry: {wrong}")
        return None
    return Feature(where, n, properties, drawn), [f"{where}: a slip in the boundary was mended"] if mended else []


def _point(geometry: dict[str, Any], crs: str) -> Point:
    pair = _positions([geometry.get("coordinates")])[0]
    if wrong := believable(pair[1:2], pair[0:1], None):
        raise ValueError(wrong)
    return rounded(to_wgs84((float(pair[1]), float(pair[0])), crs))


def _polygon(geometry: dict[str, Any], crs: str) -> tuple[Geometry, bool]:
    given = geometry.get("coordinates")
    if not isinstance(given, list) or not given:
        raise ValueError("the polygon is empty")
    parts = [given] if geometry.get("type") == "Polygon" else given
    drawn = []
    for part in parts:
        if not isinstance(part, list) or not part:
            raise ValueError("a part of it is empty")
        rings = [_ring(ring) for ring in part]
        drawn.append(shapely.Polygon(rings[0], rings[1:]))
    whole = drawn[0] if len(drawn) == 1 else shapely.MultiPolygon(drawn)
    whole = shapely.transform(whole, lambda corners: _six_decimals(corners, crs))
    return sound(whole), not whole.is_valid


def _ring(ring: object) -> Any:
    if not isinstance(ring, list) or len(ring) < 4:
        raise ValueError("a ring needs at least four corners, the last the same as the first")
    if ring[0] != ring[-1]:
        raise ValueError(f"a ring is not closed: it begins at {ring[0]!r:.60} and ends at {ring[-1]!r:.60}")
    corners = _positions(ring)
    if wrong := believable(corners[:, 1], corners[:, 0], None):
        raise ValueError(wrong)
    return corners


def _positions(given: list[Any]) -> Any:
    """Longitudes and latitudes of a list of positions; a height is left out. Raises ValueError."""
    try:
        found = np.asarray(given)
    except ValueError:  # some with a height and some without
        found = np.asarray([one[:2] if isinstance(one, list) and len(one) > 1 else [None, None] for one in given])
    if found.ndim != 2 or found.shape[0] != len(given) or found.shape[1] < 2 or found.dtype.kind not in "if":
        bad = next(_odd(given), given[0] if given else None)
        raise ValueError(f"a position is a pair of numbers, [longitude, latitude], not {bad!r:.60}")
    return found[:, :2].astype(float)


def _odd(given: list[Any]) -> Iterator[Any]:
    for one in given:
        if not isinstance(one, list) or len(one) < 2 or any(type(value) not in (int, float) for value in one):
            yield one


def _six_decimals(corners: Any, crs: str) -> Any:
    if crs != "WGS-84":
        corners = np.array([to_wgs84((lat, lon), crs)[::-1] for lon, lat in corners.tolist()])
    return np.round(corners, 6)
