"""What is near a point, and from that and the boundaries: in which division it lies, and how surely.

Distances are great circles, exactly, however many places are known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from kb.places.areas import Areas
from kb.places.coordinates import Point
from kb.places.gazetteer import Division, Gazetteer, NamedPlace
from kb.places.near_index import Nearby, street_of

__all__ = ["Located", "Nearby", "where"]

MARGIN_M = 1000.0
"""Outside all boundaries by no more, a point still counts as in the city: piers, beaches, coarse drawings."""
FAR_M = 30_000.0
"""Farther from every known place, nothing is said of a point by its neighbours; and it is outside the city, if the
places are spread over it: if they stand in half of its streets."""
SPARSE_FAR_M = 100_000.0
"""Farther from every known place, a point is outside also where few places have a coordinate."""
LABEL_M = 3000.0
"""A place farther away is no help in saying where something is."""
DISTRICT_BAR = 0.3
STREET_BAR = 0.6
"""A district or street is named by the places around only when it is at least so likely."""
# A phone's point is off by so much: one standard deviation, in metres.
_GPS_M = 25.0
# How the known places vote. Measured with random points in known boundaries, from 30 places in a city to 13,500:
# weight 1 / distance ** 3, as if a place of another division stood _ELSEWHERE_M away, then straightened by a logistic
# curve. The coordinates of places are good to _ROUGH_M.
_VOTERS, _ROUGH_M = 8, 200.0
_DISTRICT_ELSEWHERE_M, _DISTRICT_CURVE = 30_000.0, (-0.1, 0.85)
_STREET_ELSEWHERE_M, _STREET_CURVE = 6_000.0, (1.0, 0.57)
# Of a place whose street nobody wrote down, so much of its vote is for a street that has none.
_UNSAID = 0.3

Voters = tuple[tuple[int, float], ...]
"""Known places by their index, and the metres to each."""
Voted = tuple[str, float] | None
"""The code that won and how likely it is right."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a point lies. `how` is 'inside' (a boundary), 'near' (edges or known places nearby) or None (unknown);
    a street that has no boundary is by the places nearby either way.

    `confidence`, 0 to 1, is how likely all that is named is right; `district_confidence` the same for the district
    alone. `near` is the closest place that has a name, `metres` the way to it. `outside` is True for a point that is
    certainly not in the city; it has no divisions then.
    """

    district: str | None = None
    district_code: str | None = None
    street: str | None = None
    street_code: str | None = None
    community: str | None = None
    community_code: str | None = None
    how: str | None = None
    metres: float | None = None
    confidence: float = 0.0
    near: str | None = None
    district_confidence: float = 0.0
    outside: bool = False


def where(point: Point, areas: Areas, nearby: Nearby, gazetteer: Gazetteer) -> Located:
    """In which divisions a WGS-84 point lies, by the boundaries, else by the nearest known places."""
    voters = nearby.nearest(point, _VOTERS, FAR_M)
    label, metres = _label(voters, nearby)
    if inside := [code for code in areas.codes_at(point) if code in gazetteer.divisions]:
        sure = {code: _by_edge(areas.distance_to_edge(point, code)) for code in inside}
        widest, least = sure[inside[0]], min(sure.values())
        drawn = gazetteer.divisions[inside[-1]]
        if drawn.level == "district" and (street := _street(voters, (drawn.code, least), areas, nearby, gazetteer)):
            return _located(street[0], gazetteer, "inside", street[1], widest, label, metres)
        return _located(drawn.code, gazetteer, "inside", least, widest, label, metres)
    if areas.whole:
        # Outside of everything, a boundary is no reason against a division: the drawing or the phone is off, or it is
        # a bridge over a bay that no division claims. The places around may settle it.
        around = _district(voters, Areas.empty(), nearby, gazetteer)
        codes, away = areas.codes_near(point)
        known = [code for code in codes if code in gazetteer.divisions]
        if away <= MARGIN_M and known:
            beside = 0.5 * (1 - away / MARGIN_M)
            agreed = around[1] if around and known[-1].startswith(around[0]) else 0.0
            return _located(known[-1], gazetteer, "near", beside, max(beside, agreed), label, metres)
        if areas.covers(point) is False and away > MARGIN_M:
            return Located(near=label, metres=metres, outside=True)
        if around:
            return _located(around[0], gazetteer, "near", around[1], around[1], label, metres)
        return Located(near=label, metres=metres)
    if district := _district(voters, areas, nearby, gazetteer):
        street = _street(voters, district, areas, nearby, gazetteer)
        code, confidence = street or district
        return _located(code, gazetteer, "near", confidence, district[1], label, metres)
    return Located(near=label, metres=metres, outside=_far(point, areas, nearby, gazetteer))


def _far(point: Point, areas: Areas, nearby: Nearby, gazetteer: Gazetteer) -> bool:
    """Whether a point is too far from all that is known to be in the city. False when nothing is known."""
    streets = sum(division.level == "street" for division in gazetteer.divisions.values())
    limit = FAR_M if 2 * len(nearby.streets) >= max(1, streets) else SPARSE_FAR_M
    if not len(nearby) or nearby.nearest(point, 1, limit):
        return False
    return not len(areas) or areas.codes_near(point)[1] > limit


def _by_edge(metres: float) -> float:
    """How likely the true point is on this side of an edge: half on it, nearly surely some 50 m from it."""
    return 0.99 * 0.5 * (1 + math.erf(metres / _GPS_M / math.sqrt(2)))


def _label(voters: Voters, nearby: Nearby) -> tuple[str | None, float | None]:
    """Name and distance of the closest place that people would name; a road has its point anywhere along it."""
    for n, away in voters:
        entry = nearby.entries[n] if nearby.entries else None
        if away <= LABEL_M and isinstance(entry, NamedPlace) and entry.kind != "road":
            return entry.name, away
    return None, None


def _district(voters: Voters, areas: Areas, nearby: Nearby, gazetteer: Gazetteer) -> Voted:
    """The district by the places around. One that has a boundary gets no votes: the point is not in it."""
    votes: dict[str, float] = defaultdict(float)
    total = _DISTRICT_ELSEWHERE_M**-3
    for n, away in voters if nearby.entries else ():
        inside = _districts_of(nearby.entries[n], gazetteer)
        total += _weight(away)
        for code in inside:
            votes[code] += 0.0 if code in areas else _weight(away) / len(inside)
    best = max(sorted(votes), key=votes.__getitem__, default=None)
    if best is None:
        return None
    likely = _curve(votes[best] / total, *_DISTRICT_CURVE)
    return (best, likely) if likely >= DISTRICT_BAR else None


def _street(voters: Voters, within: tuple[str, float], areas: Areas, nearby: Nearby, gazetteer: Gazetteer) -> Voted:
    """The street by the places around, in a district that is so likely; again none that has a boundary."""
    district, at_most = within
    votes: dict[str, float] = defaultdict(float)
    total = _STREET_ELSEWHERE_M**-3
    for n, away in voters if nearby.entries else ():
        street = street_of(nearby.entries[n], gazetteer)
        total += _weight(away) * (1 if street else _UNSAID)
        if street and street.parent == district and street.code not in areas:
            votes[street.code] += _weight(away)
    best = max(sorted(votes), key=votes.__getitem__, default=None)
    if best is None:
        return None
    every = [one.code for one in gazetteer.children(district)]
    # Where few streets have a known place, the nearest place's street says little.
    covered = sum(code in nearby.streets for code in every) / len(every)
    likely = min(at_most, _curve(covered * votes[best] / total, *_STREET_CURVE))
    return (best, likely) if likely >= STREET_BAR else None


def _weight(away: float) -> float:
    return math.hypot(away, _ROUGH_M) ** -3


def _districts_of(entry: Division | NamedPlace, gazetteer: Gazetteer) -> list[str]:
    if isinstance(entry, Division):
        found = [gazetteer.district_of(entry)]
    else:
        found = [gazetteer.district(name) for name in entry.districts]
    return [district.code for district in found if district]


def _curve(share: float, level: float, steepness: float) -> float:
    share = min(max(share, 1e-4), 1 - 1e-4)
    return 1 / (1 + math.exp(-(level + steepness * math.log(share / (1 - share)))))


def _located(
    code: str,
    gazetteer: Gazetteer,
    how: str,
    confidence: float,
    district_confidence: float,
    near: str | None,
    metres: float | None,
) -> Located:
    """The division with this code and those above it."""
    above: dict[str, Division] = {}
    division: Division | None = gazetteer.divisions[code]
    while division:
        above[division.level] = division
        division = gazetteer.parent(division)
    names = {level: above[level].name for level in above}
    codes = {level: above[level].code for level in above}
    return Located(
        district=names.get("district"),
        district_code=codes.get("district"),
        street=names.get("street"),
        street_code=codes.get("street"),
        community=names.get("community"),
        community_code=codes.get("community"),
        how=how,
        metres=metres,
        confidence=round(confidence, 3),
        near=near,
        district_confidence=round(district_confidence, 3),
    )
