"""Reports made by rule from kb/content/matching_pairs.yml, for docs/tools/fit_matching.py."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from kb.content_files import CONTENT, read_yaml
from kb.places.coordinates import from_wgs84
from kb.places.gazetteer import NamedPlace, load

FILE = CONTENT / "matching_pairs.yml"
CN = ["", *"一二三四五六七八九十", "十一", "十二", "十三", "十四", "十五", "十六", "十七", "十八", "十九", "二十"]
# Compounds that no list knows.
FIRST = [
    "鑫水",
    "瑞海",
    "金茂",
    "中南",
    "海信",
    "龙湖",
    "保利",
    "绿地",
    "蓝岸",
    "锦绣",
    "翡翠",
    "御景",
    "和达",
    "世茂",
    "银盛",
    "新都",
    "福林",
    "阳光",
    "紫薇",
    "云岭",
]
SECOND = [
    "花园",
    "半岛",
    "华庭",
    "新苑",
    "雅居",
    "馨苑",
    "名郡",
    "公馆",
    "里院",
    "家园",
    "豪庭",
    "丽都",
    "山庄",
    "佳苑",
    "水岸",
]
LAST = ["", "小区", "", "一期", "二期", "南区", "北区"]
PIN = 0.4
# So many kinds of others stand beside each incident, so often of each.
HARD = 2
OTHERS = {"place": 3, "problem": 3, "next": 2, "district": 1, "weeks": 1, "detail": 2, "bare": 1}


@dataclass(frozen=True)
class Spot:
    """Where an incident lies. `point` is WGS-84."""

    at: str
    district: str
    name: str
    number: int = 0
    other: str = ""
    point: tuple[float, float] = (36.1, 120.4)


@dataclass(frozen=True)
class Made:
    """One report. `at` is the time since the start; `pin` in `crs`."""

    cluster: int
    incident: int
    text: str
    at: timedelta
    pin: tuple[float, float] | None
    crs: str | None
    telling: str = ""


class World:
    """Makes clusters of incidents that are hard to tell apart."""

    def __init__(self, chance: random.Random, file: Path = FILE) -> None:
        self.chance = chance
        content: dict[str, Any] = read_yaml(file)
        self.problems, self.bare = content["problems"], content["bare"]
        self.before, self.after = content["before"], content["after"]
        places: list[NamedPlace] = list(load().places)
        self.districts = sorted({district for place in places for district in place.districts})
        self.by_kind: dict[tuple[str, str], list[str]] = {}
        for place in places:
            kind = place.kind if place.kind in ("road", "compound") else "spot"
            for district in place.districts:
                self.by_kind.setdefault((kind, district), []).append(place.name)
        self._incident = 0
        self._says_district = 0.35

    def reports(self, clusters: int) -> Iterator[Made]:
        for cluster in range(clusters):
            yield from sorted(self._cluster(cluster), key=lambda made: made.at)

    def _cluster(self, cluster: int) -> Iterator[Made]:
        chance = self.chance
        problem = chance.choice(self.problems)
        spot = self._spot(problem["at"])
        detail = chance.choice(problem.get("details", [""]))
        start = timedelta(days=chance.uniform(20, 60))
        spread = problem.get("days", 4.0)
        kinds = chance.choices(list(OTHERS), list(OTHERS.values()), k=HARD)
        # Nobody could tell namesakes in two districts apart where the district is left out.
        self._says_district = 1.0 if "district" in kinds else 0.35
        yield from self._incident_of(cluster, problem, spot, detail, start, chance.randint(2, 4), spread)
        for kind in dict.fromkeys(kinds):
            when = start + timedelta(days=chance.uniform(-1.5, 4.0))
            count = chance.choice([1, 1, 2])
            if kind == "place":
                beside = self._beside(spot)
                yield from self._incident_of(cluster, problem, beside, detail, when, count, spread, sure=True)
            elif kind == "problem":
                other = chance.choice([one for one in self.problems if one is not problem and one["at"] == spot.at])
                more = chance.choice(other.get("details", [""]))
                yield from self._incident_of(cluster, other, spot, more, when, count, spread)
            elif kind == "next":
                near = replace(self._spot(spot.at, spot.district), point=self._moved(spot.point, 200, 2_000))
                yield from self._incident_of(cluster, problem, near, detail, when, count, spread)
            elif kind == "district":
                away = chance.choice([one for one in self.districts if one != spot.district])
                moved = replace(spot, district=away, point=self._moved(spot.point, 5_000, 30_000))
                yield from self._incident_of(cluster, problem, moved, detail, when, count, spread, sure=True)
            elif kind == "weeks" and "details" in problem:
                later = start + timedelta(days=chance.uniform(24, 40))
                yield from self._incident_of(cluster, problem, spot, detail, later, 1, spread)
            elif kind == "detail" and "details" in problem:
                more = chance.choice([one for one in problem["details"] if one != detail])
                where = self._beside(spot) if spot.at == "house" else spot
                yield from self._incident_of(cluster, problem, where, more, when, count, spread)
            elif kind == "bare":
                bare = chance.choice(self.bare)
                yield self._made(cluster, self._number(), bare, when, None, bare)

    def _incident_of(
        self, cluster: int, problem: Any, spot: Spot, detail: str, start: timedelta, count: int, spread: float,
        *, sure: bool = False,
    ) -> Iterator[Made]:  # fmt: skip
        chance, incident, at = self.chance, self._number(), start
        tellings = chance.sample(problem["tellings"], min(count, len(problem["tellings"])))
        for telling in tellings:
            if problem.get("own"):
                incident = self._number()
            where = "我们这边" if chance.random() < 0.05 and not sure else self._said(spot, sure)
            said = telling.replace("{w}", where).replace("{d}", detail if chance.random() < 0.85 else "")
            yield self._made(cluster, incident, said, at, spot, telling)
            at += timedelta(days=chance.expovariate(1 / spread))

    def _made(self, cluster: int, incident: int, said: str, at: timedelta, spot: Spot | None, telling: str) -> Made:
        chance = self.chance
        if chance.random() < 0.35:
            said = chance.choice(self.before) + said
        if chance.random() < 0.35:
            said += chance.choice(self.after)
        if chance.random() < 0.08:
            lost = chance.randrange(len(said))
            said = said[:lost] + said[lost + 1 :]
        if spot is None or chance.random() >= PIN:
            return Made(cluster, incident, said, at, None, None, telling)
        crs = chance.choice(["WGS-84", "GCJ-02"])
        return Made(cluster, incident, said, at, from_wgs84(self._moved(spot.point, 5, 80), crs), crs, telling)

    def _number(self) -> int:
        self._incident += 1
        return self._incident

    def _spot(self, at: str, district: str | None = None) -> Spot:
        chance = self.chance
        district = district or chance.choice(self.districts)
        point = (chance.uniform(36.06, 36.25), chance.uniform(120.30, 120.50))
        if at in ("compound", "building"):
            known = self.by_kind.get(("compound", district), [])
            coined = chance.choice(FIRST) + chance.choice(SECOND) + chance.choice(LAST)
            name = chance.choice(known) if known and chance.random() < 0.5 else coined
            return Spot(at, district, name, chance.randint(1, 20), point=point)
        if at == "spot":
            return Spot(at, district, chance.choice(self.by_kind[("spot", district)]), point=point)
        roads = chance.sample(self.by_kind[("road", district)], 2)
        return Spot(at, district, roads[0], chance.randint(1, 300), roads[1], point)

    def _beside(self, spot: Spot) -> Spot:
        """Another one of the same kind in the same compound or on the same road."""
        chance = self.chance
        if spot.at == "compound" and spot.name.endswith(tuple(LAST[3:])) and chance.random() < 0.5:
            other = chance.choice([part for part in LAST[3:] if part != spot.name[-2:]])
            return replace(spot, name=spot.name[:-2] + other, point=self._moved(spot.point, 150, 500))
        if spot.at in ("compound", "spot"):
            return replace(self._spot(spot.at, spot.district), point=self._moved(spot.point, 300, 1_500))
        number = chance.choice([n for n in range(1, 21) if n != spot.number])
        if spot.at == "building":
            return replace(spot, number=number, point=self._moved(spot.point, 40, 200))
        other = chance.choice(
            [road for road in self.by_kind[("road", spot.district)] if road not in (spot.name, spot.other)]
        )
        number = max(1, spot.number + chance.choice([-1, 1]) * chance.randint(12, 200))
        number = number if abs(number - spot.number) >= 10 else spot.number + 40
        return replace(spot, number=number, other=other, point=self._moved(spot.point, 150, 1_500))

    def _said(self, spot: Spot, sure: bool) -> str:
        chance = self.chance
        often = max(0.8 if sure else 0.0, self._says_district)
        district = spot.district if chance.random() < often else ""
        name, n = spot.name, spot.number
        if spot.at in ("compound", "building"):
            if not sure and name.endswith(tuple(LAST[3:])) and chance.random() < 0.25:
                name = name[:-2]
            if name[:2] in FIRST and chance.random() < 0.1 and len(name) >= 6:
                name = name[2:]
            if not name.endswith(("小区", "区", "期", "村")) and chance.random() < 0.3:
                name += "小区"
            if spot.at == "compound":
                own = f"{chance.randint(1, 20)}号楼" if chance.random() < 0.1 else ""
                return f"{district}{name}{own}"
            if not sure and chance.random() < 0.2:
                return f"{district}{name}"
            return district + name + chance.choice([f"{n}号楼", f"{n}号楼", f"{CN[n]}号楼", f"{n}栋", f"{n}#楼"])
        if spot.at == "house":
            if not sure and chance.random() < 0.2:
                return f"{district}{name}"
            return district + name + chance.choice([f"{n}号", f"{n}号", f"{n}号附近", f"{n}号甲", f"{n}-1号"])
        if spot.at == "crossing":
            one, two = (name, spot.other) if chance.random() < 0.6 else (spot.other, name)
            forms = [
                f"{one}与{two}路口",
                f"{one}和{two}交叉口",
                f"{one}{two}路口",
                f"{one}靠近{two}的地方",
                f"{one}跟{two}交界",
            ]
            return district + (name if chance.random() < 0.12 else chance.choice(forms))
        if spot.at == "road":
            forms = [] if sure else [name]
            forms += [f"{name}靠近{spot.other}那段", f"{name}（{spot.other}路口往北）"]
            return district + chance.choice(forms)
        return district + chance.choice([name, name, f"{name}附近", f"{name}旁边"])

    def _moved(self, point: tuple[float, float], least: float, most: float) -> tuple[float, float]:
        """A point so many metres away."""
        away, turn = self.chance.uniform(least, most), self.chance.uniform(0, 2 * math.pi)
        north, east = (
            away * math.cos(turn) / 111_195,
            away * math.sin(turn) / 111_195 / math.cos(math.radians(point[0])),
        )
        return point[0] + north, point[1] + east
