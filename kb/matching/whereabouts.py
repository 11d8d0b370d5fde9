"""How the places of two reports compare: what speaks for one place, what against, and the words for it.

Every figure lies between 0 and 1, `far` up to 3; each is the same from both sides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

from kb.matching.policy import Reach, Sameness
from kb.matching.sides import Side
from kb.matching.texts import shared_name
from kb.places.distances import metres

# House numbers up to so far apart are neighbours or one yard.
NEXT_HOUSES = 8
# A coordinate from a list of names is good to a few hundred metres.
LISTED_M = 400.0
_SHORTEST_NAME = 3
# Characters that tell one name from another, never a slip.
_TELLING = "东西南北中上下大小新老前后里外"
_WIDE = (Reach.COMPOUND, Reach.AREA)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """`figures` by name of the feature. `said` is (key of the reason, name or metres) of what puts both at one place.

    `against` are the contradictions that forbid joining without a person.
    """

    figures: dict[str, float]
    said: tuple[str, str] | None
    against: tuple[str, ...]


def compare(one: Side, other: Side, kind: Sameness) -> Whereabouts:
    """The two places, for a problem of that kind."""
    figures: dict[str, float] = {}
    against: list[str] = []
    said = _by_name(one, other, figures)
    away = _by_distance(one, other, kind, figures)
    if away is not None and "pin" in figures and (said is None or said[0] in ("road", "community", "name")):
        said = ("metres", f"{max(10, round(away, -1)):.0f}")
    if figures.get("far", 0.0) >= 1.0:
        against.append("far")
    _contradictions(one, other, kind.reach, figures, against)
    placed = one.placed + other.placed
    if placed < 2:
        figures["half_placed" if placed else "placeless"] = 1.0
    return Whereabouts(figures, said, tuple(against))


def _by_name(one: Side, other: Side, figures: dict[str, float]) -> tuple[str, str] | None:
    """Fills in the closest name that both have: house, crossing, spot, community, road, or any rare name."""
    mine, theirs = same_roads(one.roads, other.roads)
    common = mine & theirs
    if common and one.details.houses & other.details.houses:
        figures["house"] = 1.0
        return "house", f"{min(common)}{min(one.details.houses & other.details.houses)}号"
    if len(common) >= 2:
        figures["crossing"] = 1.0
        return "crossing", "和".join(sorted(common)[:2])
    if one.spot and other.spot and (name := _alike(one.spot, other.spot)):
        figures["spot"] = 1.0
        return "spot", name
    if name := _mentioned(one, other):
        figures["mention"] = 1.0
        return "spot", name
    name = shared_name(one.letters, other.letters)
    if name and _alike_only(name, one, other):
        figures["other_name"] = 1.0
    elif len(name) >= _SHORTEST_NAME and not any(name in road or road in name for road in common):
        figures["name"] = min(1.0, (len(name) - 2) / 4)
    if one.community and one.community == other.community:
        figures["community"] = 1.0
        return "community", one.community
    if common:
        # Along a road there are many: it says most where neither names more of where.
        figures["road_alone" if _no_more(one) and _no_more(other) else "road"] = 1.0
        return "road", min(common)
    if one.street and one.street == other.street:
        figures["street"] = 1.0
        return "community", one.street
    return ("name", name) if "name" in figures else None


def _by_distance(one: Side, other: Side, kind: Sameness, figures: dict[str, float]) -> float | None:
    if one.point is None or other.point is None:
        return None
    away = metres(one.point, other.point)
    pinned = one.pinned and other.pinned
    radius = kind.radius if pinned else kind.radius + LISTED_M
    if away <= radius:
        # A place that both named is at its own coordinate for both: that is the name once more, no pin.
        if pinned or one.pinned != other.pinned:
            figures["pin" if pinned else "half_pin"] = 1.0 - 0.5 * away / radius
    else:
        figures["far"] = min(3.0, away / radius - 1.0)
    return away


def _contradictions(one: Side, other: Side, reach: Reach, figures: dict[str, float], against: list[str]) -> None:
    here, there, wide = one.details, other.details, reach in _WIDE
    named = any(figures.get(name) for name in ("house", "crossing", "spot", "mention"))
    if one.district and other.district and one.district != other.district:
        sure = one.stated and other.stated
        figures["other_district" if sure else "other_listed_district"] = 1.0
        # A list knows the district of a road or a name, and a road goes on into the next.
        if sure or not (named or one.roads & other.roads):
            against.append("district")
    for kind, mine, theirs in (
        ("building", here.buildings, there.buildings),
        ("unit", here.units, there.units),
        ("gate", here.gates, there.gates),
        ("part", here.parts, there.parts),
        ("exit", here.exits, there.exits),
    ):
        if _disjoint(mine, theirs):
            figures[f"other_{kind}_wide" if wide else f"other_{kind}"] = 1.0
            against.append(kind)
        elif kind in ("building", "unit", "gate") and mine and theirs:
            figures[f"same_{kind}"] = 1.0
        elif not wide and kind == "building" and bool(mine) != bool(theirs):
            figures["half_building"] = 1.0
            if reach is Reach.BUILDING:
                against.append("building")
        elif kind == "part" and bool(mine) != bool(theirs) and (named or "name" in figures):
            figures["half_part"] = 1.0
            against.append("part")
    mine, theirs = same_roads(one.roads, other.roads)
    common = mine & theirs
    if _disjoint(here.houses, there.houses) and common:
        apart = min(abs(a - b) for a in here.houses for b in there.houses)
        figures["next_house" if apart <= NEXT_HOUSES else "other_house"] = 1.0
        against.append("house")
    if "other_name" in figures:
        against.append("name")
    unlike = (one.spot and other.spot) or _disjoint(here.compounds, there.compounds)
    if unlike and not named:
        figures["other_spot_here" if common else "other_spot"] = 1.0
        against.append("spot")
    mine, theirs = same_roads(one.read_roads, other.read_roads)
    if mine and theirs and named and not common and not wide:
        figures["other_road_here"] = 1.0
        if reach is Reach.THING:
            against.append("road")
    if mine and theirs and not named:
        if not common:
            figures["other_road"] = 1.0
            if not figures.get("pin"):
                against.append("road")
        elif _disjoint(mine - theirs, theirs - mine):
            figures["other_section"] = 1.0
            against.append("section")


def same_roads(one: Collection[str], other: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The roads of both, one that only has a town before its name as the other has it: 平度郑州路 and 郑州路."""
    known = {*one, *other}

    def shortest(road: str) -> str:
        return min((each for each in known if road.endswith(each)), key=len)

    return frozenset(map(shortest, one)), frozenset(map(shortest, other))


def _no_more(side: Side) -> bool:
    """Whether a road is all that is said of where."""
    here = side.details
    return len(side.roads) == 1 and not (side.spot or side.community or here.houses or here.gates or here.exits)


def _disjoint(mine: Collection[T], theirs: Collection[T]) -> bool:
    return bool(mine) and bool(theirs) and set(mine).isdisjoint(theirs)


def _alike(one: str, other: str) -> str:
    """The shorter of two spots that are told for each other; "" for two of them."""
    short, long = sorted((one, other), key=lambda name: (len(name), name))
    if short == long or (len(short) >= _SHORTEST_NAME and short in long):
        return short
    return short if _slipped(short, long) or _within(short, long) else ""


def _within(short: str, long: str) -> bool:
    """Whether words were left out inside a name, none that tells it from another: 敦化路站 for 敦化路地铁站."""
    if len(short) < _SHORTEST_NAME + 1 or len(short) < 0.6 * len(long) or short[0] != long[0] or short[-1] != long[-1]:
        return False
    rest, left_out = iter(long), []
    for wanted in short:
        for c in rest:
            if c == wanted:
                break
            left_out.append(c)
        else:
            return False
    return not any(c.isdigit() or c in _TELLING for c in left_out)


def _alike_only(name: str, one: Side, other: Side) -> bool:
    """Whether a shared name is but the rest of two that differ before it: 上王埠 and 下王埠."""
    before = [{side.letters.plain[at - 1] for at in _places(name, side.letters.plain) if at} for side in (one, other)]
    mine, theirs = ({c for c in some if c in _TELLING or c.isdigit()} for some in before)
    return _disjoint(mine, theirs) and len(mine) == len(before[0]) and len(theirs) == len(before[1])


def _places(name: str, text: str) -> list[int]:
    found, at = [], text.find(name)
    while at >= 0:
        found.append(at)
        at = text.find(name, at + 1)
    return found


def _slipped(one: str, other: str) -> bool:
    """Whether one character was mistyped: no digit and no point of the compass, which make another name."""
    if len(one) != len(other) or len(one) < 4:
        return False
    wrong = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return len(wrong) == 1 and not any(c.isdigit() or c in _TELLING for c in wrong[0])


def _mentioned(one: Side, other: Side) -> str:
    """A spot or community of one that the words of the other name, where those were not read as a place."""
    for mine, theirs in ((one, other), (other, one)):
        for name in (mine.spot, mine.community):
            if name and len(name) >= _SHORTEST_NAME and name in theirs.letters.plain and name not in ("", theirs.road):
                return name
    return ""
