"""What words say of where exactly: building, entrance, house number, gate, part of a compound, roads that cross.

Two reports that name the same kind of detail and have none in common contradict each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kb.matching.numerals import with_digits
from kb.text import folded

_BUILDINGS = re.compile(
    r"(?<![\d号.])(?P<list>\d{1,3}(?:[-、,，和与及到至~]\d{1,3}){0,6})(?:号楼|[栋幢](?!楼(?![道下顶上前后门梯]))|#楼?)"
    r"|(?<![a-z])(?P<letter>[a-k]\d?)(?:座|栋|号楼)"
)
# One building as a number of them, not as its number: 这一栋, 整1栋.
_COUNTED = re.compile(r"[这那整每同另有共几]1[栋幢]")
_UNITS = re.compile(r"(\d{1,2}|[甲乙丙丁东西中])单元")
_HOUSES = re.compile(r"(?:大街|大道|路|街|巷|村|道)(\d{1,5})(?:-\d{1,4})?[甲乙丙丁]?号(?![楼线])")
_GATES = re.compile(r"([东南西北]{1,2}|正|\d)(?:大)?门(?![面诊禁市店])")
_PARTS = re.compile(r"(?<!\d)(\d{1,2})期(?![间望待])|(?<!市)([东西南北a-h]\d?)区(?!别)")
_EXITS = re.compile(r"(?<![a-z])([a-h]\d?)(?:出入?|入)?口")
_ROAD = re.compile(
    r"[^\W_的在从到和与及跟由往向至是有离过了把被占靠近我们您这那条段口边上下个没整叫]{1,5}?(?:大街|大道|支路|路|街)"
    r"(?![灯面边上下过况人标牌障由途沿灯政缘基沟坑费道])"
)
# What follows a road that another one meets: 靠近青山路口.
_CROSSING = re.compile(r"路?口|交叉|交界")
# What compounds are called, with or without 小区 after it; the two characters before it tell them apart.
_COMPOUND = re.compile(
    r"[^\W\d_a-z的在]{2}(?:花园|花苑|家园|嘉园|佳园|佳苑|山庄|华庭|豪庭|名郡|丽都|半岛|公馆|雅居|雅苑|馨苑|新苑|水岸|新城|新村|华府|国际城|公寓)"
)
_NO_ROAD = re.compile(
    r"(?:马|道|公|铁|线|半|走|修|一|十字|丁字|小|大|主|辅|电|迷|堵|占|问|让|人行道|柏油|水泥|便民|步行)(?:路|街)$"
)

# The division before its road: 市北区合肥路.
_DIVISION = re.compile(r"^.*[区市镇](?=..)")

# A clause that says where it is not: 跟早上17号楼不是一个地方, 不是海尔山庄. Asking is not that: 是不是.
_NOT = re.compile(r"[^,，。;；!！?？()（）\n]*(?<!是)不是(?!吗|么|有病)[^,，。;；!！?？()（）\n]*")


@dataclass(frozen=True, slots=True)
class Details:
    """Each kind of detail that the words name; empty where they name none. `crossed` are roads that another meets."""

    buildings: frozenset[str]
    units: frozenset[str]
    houses: frozenset[int]
    gates: frozenset[str]
    parts: frozenset[str]
    exits: frozenset[str]
    roads: frozenset[str]
    crossed: frozenset[str]
    compounds: frozenset[str]


@lru_cache(maxsize=4_096)
def details(text: str) -> Details:
    """What the text names."""
    plain = with_digits(folded(_NOT.sub(" ", text)))
    numbers = _COUNTED.sub(" ", plain)
    roads, crossed = _roads(plain)
    return Details(
        buildings=frozenset(_buildings(numbers)),
        units=frozenset(_UNITS.findall(plain)),
        houses=frozenset(int(number) for number in _HOUSES.findall(plain)),
        gates=frozenset(_GATES.findall(plain)),
        parts=frozenset(one or other for one, other in _PARTS.findall(plain)),
        exits=frozenset(_EXITS.findall(plain)),
        roads=frozenset(roads),
        crossed=frozenset(crossed),
        compounds=frozenset(_COMPOUND.findall(plain)),
    )


def _buildings(plain: str) -> set[str]:
    found = set()
    for one in _BUILDINGS.finditer(plain):
        if one.group("letter"):
            found.add(one.group("letter"))
            continue
        numbers = [int(number) for number in re.findall(r"\d+", one.group("list"))]
        ranged = len(numbers) == 2 and re.search(r"[-到至~]", one.group("list")) and 0 < numbers[1] - numbers[0] <= 20
        found |= {str(number) for number in (range(numbers[0], numbers[1] + 1) if ranged else numbers)}
    return found


def _roads(plain: str) -> tuple[set[str], set[str]]:
    """All roads, and those at a crossing: named as one, or right beside another: 金水路青山路."""
    roads, crossed = set(), set()
    spans = list(_ROAD.finditer(plain))
    ends, starts = {one.end() for one in spans}, {one.start() for one in spans}
    for one in spans:
        road = _DIVISION.sub("", one.group())
        if len(road) < 3 or _NO_ROAD.search(road):
            continue
        roads.add(road)
        if _CROSSING.match(plain, one.end()) or one.start() in ends or one.end() in starts:
            crossed.add(road)
    return roads, crossed
