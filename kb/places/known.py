"""What is known of a name, a code or a point, for people who check their own files."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from itertools import islice

from kb.content_files import ContentError
from kb.places.atlas import Atlas
from kb.places.coordinates import Point, checked, to_wgs84
from kb.places.gazetteer import LEVELS, Division, Entry, Gazetteer
from kb.places.place import Place

_POINT = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,，]\s*(-?\d+(?:\.\d+)?)\s*")
_MOST = 10
# From so many names on, comparing the spelling with each takes too long.
_MANY = 50_000


@dataclass(frozen=True)
class Known:
    """One thing that is known: a title, and (what, value) lines."""

    title: str
    lines: tuple[tuple[str, str], ...]


def known(text: str, atlas: Atlas, crs: str = "WGS-84") -> list[Known]:
    """What is known of 'LAT,LON' (in `crs`), an official code, or a name. Raises ContentError where it is nothing."""
    text, gazetteer = text.strip(), atlas.gazetteer
    if given := _POINT.fullmatch(text):
        try:
            point = to_wgs84(checked(float(given[1]), float(given[2])), crs)
        except ValueError as wrong:
            raise ContentError(str(wrong)) from wrong
        return [_point(point, atlas)]
    entries: tuple[Entry, ...] = gazetteer.named(text)
    if text in gazetteer.divisions:
        entries = (gazetteer.divisions[text],)
    if not entries:
        like = "、".join(_like(text, gazetteer))
        raise ContentError(f"{text!r} is no name, code or point that is known" + (f"; perhaps {like}" if like else ""))
    return [_entry(entry, atlas) for entry in entries]


def _point(point: Point, atlas: Atlas) -> Known:
    found = atlas.at(point)
    how = {"inside": "by its boundary", "near": "by what is nearby"}.get(found.how or "", "")
    names = [f"{name} {code}" for name, code in _chain(found.district_code, atlas.gazetteer)]
    for name, code in ((found.street, found.street_code), (found.community, found.community_code)):
        names += [f"{name} {code}"] if name else []
    lines = [("point", f"{point[0]:.6f}, {point[1]:.6f} (latitude, longitude, WGS-84)")]
    lines.append(("lies in", " > ".join(names) or ("outside the city" if found.outside else "unknown")))
    if how:
        lines.append(("known", f"{how}, confidence {found.confidence:.2f}"))
    if found.near and found.metres is not None:
        lines.append(("near", f"{found.near}, {found.metres:,.0f} m"))
    place = Place(
        "",
        found.district,
        found.district_code,
        found.street,
        found.street_code,
        found.community,
        found.community_code,
        lat=point[0],
        lon=point[1],
        crs="WGS-84",
    )
    return Known(f"{point[0]:.6f},{point[1]:.6f}", (*lines, *_facts(place, atlas)))


def _chain(code: str | None, gazetteer: Gazetteer) -> list[tuple[str, str]]:
    """Name and code of a division and those above it, the widest first."""
    found: list[tuple[str, str]] = []
    division = gazetteer.divisions.get(code or "")
    while division:
        found.insert(0, (division.name, division.code))
        division = gazetteer.parent(division)
    return found


def _entry(entry: Entry, atlas: Atlas) -> Known:
    gazetteer = atlas.gazetteer
    lines: list[tuple[str, str]] = []
    if isinstance(entry, Division):
        chain = _chain(entry.code or entry.parent, gazetteer)
        by_level: dict[str, tuple[str, str]] = {gazetteer.divisions[code].level: (name, code) for name, code in chain}
        lines.append(("what", entry.level if entry.code else f"former {entry.level}: {entry.was}"))
        lines.append(("lies in", " > ".join(f"{name} {code}" for name, code in chain)))
        if entry.code:
            lines.append(("boundary", "drawn" if entry.code in atlas.areas else "not known"))
            below = sum(1 for _ in gazetteer.children(entry.code))
            lines += [("below it", f"{below:,} divisions")] if below else []
    else:
        district = gazetteer.district(entry.districts[0]) if len(entry.districts) == 1 else None
        by_level = {"district": (district.name, district.code)} if district else {}
        lines.append(("what", entry.kind))
        lines.append(("lies in", " > ".join(part for part in (" | ".join(entry.districts), entry.street) if part)))
    if entry.aliases:
        lines.append(("also called", "、".join(entry.aliases)))
    if entry.lat is not None and entry.lon is not None:
        lines.append(("coordinate", f"{entry.lat}, {entry.lon} (latitude, longitude, WGS-84)"))
    (district_name, district_code), (street, street_code), (community, community_code) = (
        by_level.get(level, (None, None)) for level in LEVELS
    )
    place = Place(
        entry.name,
        district_name,
        district_code,
        street,
        street_code,
        community,
        community_code,
        spot=entry.name if not isinstance(entry, Division) else None,
        lat=entry.lat,
        lon=entry.lon,
        crs="WGS-84" if entry.lat is not None else None,
    )
    return Known(entry.name, (*lines, *_facts(place, atlas)))


def _facts(place: Place, atlas: Atlas) -> list[tuple[str, str]]:
    return [(f"layer {fact.layer}", f"{fact.title}: {fact.value}") for fact in atlas.facts(place)]


def _like(text: str, gazetteer: Gazetteer) -> list[str]:
    """Names that contain the text or are spelled much like it."""
    holding = list(islice((name for name in gazetteer.names() if text and text in name), _MOST))
    names = list(islice(gazetteer.names(), _MANY))
    return list(dict.fromkeys([*holding, *difflib.get_close_matches(text, names, n=3, cutoff=0.6)]))[:_MOST]
