"""A city full of open incidents, made up: neighbourhoods of very unequal size, categories of very unequal frequency.

Most open problems of a city lie in few neighbourhoods. The middle one of ours has a third of what the mean has, the
largest some twenty times the mean. Three in ten reports have no pin, and some name nothing but a road. Besides there is
one compound, the hot spot, where `HOT` problems are open at once, most of them cold radiators.
"""

from __future__ import annotations

import math
import random
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain

import numpy as np

from kb import taxonomy
from kb.matching import Likely, OpenIncident
from kb.matching.meaning import packed
from kb.matching.weighing import MOST_LIKELY
from kb.places import Place
from kb.vectors import DIMENSIONS, Array, unit

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
# Neighbourhoods of a large city.
ONE_CITY = 3_500
# So many are open in the one compound, and of so many of them the heating is the trouble.
HOT, _COLD, _COLD_CODE = 600, 0.8, "21"
_DISTRICTS = ("市南区", "市北区", "李沧区", "崂山区", "黄岛区", "城阳区", "即墨区", "胶州市", "平度市", "莱西市")
_CENTRE, _BETWEEN_DISTRICTS, _WITHIN = (36.1, 120.4), 0.12, 0.035
_UNEQUAL = 1.0
_SCATTER = 0.0012  # degrees: some 130 m
_ONES = (
    "安宝滨昌长诚翠大德东丰福港广贵海和恒鸿湖华汇惠佳建江锦京景静康兰丽林隆绿茂美明宁平祺泉荣润山盛石顺松泰天旺文溪祥新"
)
_THINGS = ("路灯不亮", "垃圾没人清", "井盖松动", "占道摆摊", "半夜施工", "树枝挡路", "暖气不热", "楼道漏水", "油烟很大")
_PINNED, _SPOT, _HOUSE, _MEAN_AGE_DAYS = 0.7, 0.6, 0.5, 60.0
# How far the vectors of two texts about one thing lie apart.
_UNLIKE, _SHADES = 0.6, 4_096
# In memory for as long as one is filled; their order is that of chance.
_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """What one citizen tells, judged as a conversation judges it."""

    code: str
    place: Place
    text: str
    vector: bytes
    likely: Likely


@dataclass(frozen=True)
class _Neighbourhood:
    name: str
    road: str
    district: str
    lat: float
    lon: float


class City:
    """Gives incidents and new reports of the same distribution; the same ones for the same seed of the reports."""

    def __init__(self, neighbourhoods: int = ONE_CITY, *, seed: int = 20261122) -> None:
        self._chance = random.Random(20261122)
        self._codes = [leaf.code for leaf in taxonomy.load()]
        self._often = [self._chance.lognormvariate(0, _UNEQUAL) for _ in self._codes]
        self._cold = [code for code in self._codes if code.startswith(_COLD_CODE)]
        directions = _rows(len(_THINGS) + _SHADES)
        self._meanings = dict(zip(_THINGS, directions, strict=False))
        self._shades = directions[len(_THINGS) :]
        wide = math.sqrt(neighbourhoods / ONE_CITY)
        centres = [(district, self._around(_CENTRE, _BETWEEN_DISTRICTS * wide)) for district in _DISTRICTS]
        self._all = [self._neighbourhood(*self._chance.choice(centres), wide) for _ in range(neighbourhoods)]
        self._size = [self._chance.lognormvariate(0, _UNEQUAL) for _ in self._all]
        self._hot = replace(self._all[neighbourhoods // 2], name="翠湖小区")
        self._chance = random.Random(seed)

    def incidents(self, count: int) -> Iterator[OpenIncident]:
        """So many open ones, those of the hot spot among them."""
        for told in chain(self.hot(HOT), self._told(count - HOT)):
            opened = NOW - timedelta(days=self._chance.expovariate(1 / _MEAN_AGE_DAYS))
            last = opened + (NOW - opened) * self._chance.random() ** 3
            people = 1 + int(self._chance.expovariate(1.2))
            identity = uuid.UUID(int=self._chance.getrandbits(128)).hex
            yield OpenIncident(
                identity,
                told.code,
                told.place,
                told.text,
                opened,
                last,
                people,
                vector=told.vector,
                likely=told.likely,
            )

    def reports(self, count: int) -> list[Told]:
        """New ones, which come from where the incidents are."""
        return list(self._told(count))

    def hot(self, count: int) -> list[Told]:
        """New ones of the hot spot, all of which name the compound."""
        codes = [
            self._chance.choice(self._cold if self._chance.random() < _COLD else self._codes) for _ in range(count)
        ]
        return list(self._tell([(code, self._place(self._hot, named=True)) for code in codes]))

    def _told(self, count: int) -> Iterator[Told]:
        for begin in range(0, count, _CHUNK):
            some = min(_CHUNK, count - begin)
            where = self._chance.choices(self._all, self._size, k=some)
            what = self._chance.choices(self._codes, self._often, k=some)
            yield from self._tell([(code, self._place(here)) for code, here in zip(what, where, strict=True)])

    def _tell(self, several: list[tuple[str, Place]]) -> Iterator[Told]:
        things = self._chance.choices(_THINGS, k=len(several))
        texts = [
            f"{place.text}{thing}，已经好几天了，没有人来看过"
            for (_, place), thing in zip(several, things, strict=True)
        ]
        # the same words have the same vector
        shades = self._shades[[zlib.crc32(text.encode()) % _SHADES for text in texts]]
        vectors = unit(np.stack([self._meanings[thing] for thing in things]) + _UNLIKE * shades)
        for (code, place), text, vector in zip(several, texts, vectors, strict=True):
            others = self._chance.sample(self._codes, MOST_LIKELY - 1)
            likely = ((code, 0.7), *((other, round(0.3 / len(others), 3)) for other in others if other != code))
            yield Told(code, place, text, packed(vector), likely)

    def _place(self, here: _Neighbourhood, *, named: bool = False) -> Place:
        chance = self._chance
        spot = here.name if named or chance.random() < _SPOT else None
        house = f"{chance.randint(1, 300)}号" if chance.random() < _HOUSE else ""
        building = f"{chance.randint(1, 40)}号楼" if spot and chance.random() < 0.5 else ""
        text = f"{here.road}{house}{spot or ''}{building}"
        lat, lon = self._around((here.lat, here.lon), _SCATTER) if chance.random() < _PINNED else (None, None)
        crs = "WGS-84" if lat is not None else None
        return Place(
            text,
            here.district,
            road=here.road,
            spot=spot,
            lat=lat,
            lon=lon,
            crs=crs,
            pinned=True if lat is not None else None,
            confidence=0.9,
        )

    def _neighbourhood(self, district: str, centre: tuple[float, float], wide: float) -> _Neighbourhood:
        stem = "".join(self._chance.choices(_ONES, k=3))
        lat, lon = self._around(centre, _WITHIN * wide)
        # a road runs through some ten neighbourhoods
        road = f"{_ONES[int(lat * 400) % len(_ONES)]}{_ONES[int(lon * 60) % len(_ONES)]}路"
        return _Neighbourhood(f"{stem}小区", road, district, lat, lon)

    def _around(self, point: tuple[float, float], degrees: float) -> tuple[float, float]:
        return self._chance.gauss(point[0], degrees), self._chance.gauss(point[1], degrees * 1.2)


def _rows(count: int) -> Array:
    """Rows of length 1 in any direction, the same ones each time."""
    return unit(np.random.default_rng(20261122).standard_normal((count, DIMENSIONS), dtype=np.float32))
