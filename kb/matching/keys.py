"""Under which keys an incident is found again: cells of the map, branches of the tree, names of its place.

An incident is stored under `cell_of` of its point and under `place_keys`; a report looks under `cells_around` its point
and under `asked_keys`, each together with `branches` of its category. Looking under `place_keys` finds the same and
more: namesakes in other districts too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from kb.matching.details import details
from kb.matching.numerals import with_digits
from kb.matching.policy import shipped
from kb.places import Place
from kb.places.atlas import point_of as _point_of
from kb.places.coordinates import Point
from kb.text import folded

CELL_DEGREES = 0.005
_CELLS_A_DEGREE = round(1 / CELL_DEGREES)
_METRES_A_DEGREE = 111_195.0
# A radius that would ask for more cells than this is cut: nothing that far away is the same problem.
_FARTHEST_M = 5_000.0
_LONGEST = 24
_MOST_ROADS = 4
_ANY, _UNKNOWN = "*", "-"

_PART = re.compile(r"(?:第?\d+期|[东西南北中][1-9]?[区院]|[a-z]\d?[区座])$")
_ENDING = re.compile(r"(?:小区|社区|居委会|村委会|[村区])$")
_ROAD = re.compile(r"[\u4e00-\u9fa5\d]{1,6}?(?:大街|大道|支路|路|街|巷)(?![段口])")
# What stands between the roads of a crossing or of a section, and before the first one.
_BETWEEN = re.compile(r"(?<=[路街道巷])(?:[与和跟及同交到至]|路?口)|[、,，。;；:：/~×—（）() -]|从|由|自")
_HOUSE = re.compile(r"(\d{1,5})(?:[-－]\d{1,4})?[甲乙丙丁]?号(?![楼线院])")


def point_of(place: Place) -> Point | None:
    """(latitude, longitude) in WGS-84; None without a coordinate, or with one in an unknown system."""
    try:
        return _point_of(place)
    except ValueError:
        return None


def cell_of(point: Point) -> str:
    """The cell of a WGS-84 point in a grid of 0.005 degrees (some 550 m by 450 m): '7213:24076'."""
    return f"{_step(point[0])}:{_step(point[1])}"


def cells_around(point: Point, metres: float) -> tuple[str, ...]:
    """Every cell that a square of that half side around a WGS-84 point touches, in order."""
    metres = min(max(metres, 0.0), _FARTHEST_M)
    lat, lon = point
    up = metres / _METRES_A_DEGREE
    aside = up / max(math.cos(math.radians(lat)), 0.01)
    rows = range(_step(lat - up), _step(lat + up) + 1)
    columns = range(_step(lon - aside), _step(lon + aside) + 1)
    return tuple(f"{row}:{column}" for row in rows for column in columns)


def cells_within(south_west: Point, north_east: Point, most: int) -> tuple[str, ...]:
    """Every cell that a box of WGS-84 points touches, in order; none where they would be more than `most`."""
    rows = range(_step(south_west[0]), _step(north_east[0]) + 1)
    columns = range(_step(south_west[1]), _step(north_east[1]) + 1)
    if len(rows) * len(columns) > most:
        return ()
    return tuple(f"{row}:{column}" for row in rows for column in columns)


def branches(code: str) -> tuple[str, ...]:
    """The two-digit codes of the branches in which the same problem may stand, the category's own first."""
    return shipped().branches(code)


def place_keys(place: Place, text: str = "") -> tuple[str, ...]:
    """The keys under which a place is stored, some dozen at most: each of its names in its district and in any.

    `text` are the words of the report, for the other roads that they name.
    """
    within = place.district or _UNKNOWN
    return tuple(f"{where}/{name}" for name in names(place, text) for where in (within, _ANY))


def asked_keys(place: Place, text: str = "") -> tuple[str, ...]:
    """The keys under which to look for the place: names in its district and where none was said."""
    wheres = (place.district, _UNKNOWN) if place.district else (_ANY,)
    return tuple(f"{where}/{name}" for name in names(place, text) for where in wheres)


def names(place: Place, text: str = "") -> tuple[str, ...]:
    """The names of a place, most exact first, normalised: house number at its road, spot, roads, community."""
    return tuple(
        dict.fromkeys(name[:_LONGEST] for name in (*_names(place), *(_more_roads(place, text) if text else ())))
    )


def core(name: str) -> str:
    """A name as it is compared: 翠湖小区三期 and 翠湖 are one, as are 源头社区 and 源头村."""
    name = "".join(c for c in with_digits(folded(name)) if c.isalnum())
    for ending in (_PART, _ENDING, _PART):
        shorter = ending.sub("", name)
        name = shorter if len(shorter) >= 2 else name
    return name


def roads(place: Place) -> tuple[str, ...]:
    """The roads that the words of the place name, normalised, in order of their characters: two at a crossing."""
    said = {core(place.road)} if place.road else set()
    words = folded(place.text)
    for above in (place.district, place.street, place.community, place.spot):
        if above:  # 李沧区金水路 and 金水路小区 are no roads
            words = words.replace(folded(above), " ")
    for part in _BETWEEN.split(with_digits(words)):
        found = _ROAD.match(part)
        if found and len(found.group()) >= 3:
            said.add(found.group())
    return tuple(sorted(road for road in said if not any(road != other and road.endswith(other) for other in said)))


def house_of(text: str) -> int | None:
    """The first house number of the words: 合肥路98-3号 -> 98."""
    found = _HOUSE.search(with_digits(folded(text)))
    return int(found.group(1)) if found else None


def _names(place: Place) -> Iterator[str]:
    along = roads(place)
    house = house_of(place.text)
    if place.road and house is not None:
        yield f"{core(place.road)}{house}号"
    if len(along) >= 2:
        yield "×".join(along[:2])
    for name in (place.spot, place.community):
        if name and (short := core(name)):
            yield short
            if len(short) >= 5:  # 恒大御景半岛 is 御景半岛 to those who live there
                yield short[-(len(short) - 2) :][:_LONGEST]
    yield from along[:3]


def _more_roads(place: Place, text: str) -> Iterator[str]:
    along = sorted({*roads(place), *details(text).roads})
    if len(along) == 2:
        yield "×".join(along)
    yield from along[:_MOST_ROADS]


def _step(degrees: float) -> int:
    return math.floor(degrees * _CELLS_A_DEGREE)
