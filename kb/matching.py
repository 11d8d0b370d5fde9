"""Whether two reports are about one problem: category, place, text and time weighed together, with reasons.

A first version by rule: the weights are a table, every part of the score lies between 0 and 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.places import Place
from kb.places.distances import metres as metres
from kb.text import bigrams, folded

MOST = 5
RADIUS_M = 250.0
BAR = 0.55
WEIGHTS = {"place": 0.5, "category": 0.25, "text": 0.25}
# How long after its last report an open incident of a branch is still the same one. Others: until it is closed.
PERIOD = {"63": timedelta(days=14), "64": timedelta(days=21), "62": timedelta(days=21), "66": timedelta(days=14)}

_BUILDING = re.compile(
    r"(\d+|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])(?:号楼|栋|幢|号(?!线))"
)
_NUMERALS = {
    f"{tens}{ones}": str(10 * t + o)
    for t, tens in enumerate(["", "十", "二十", "三十", "四十", "五十", "六十", "七十", "八十", "九十"])
    for o, ones in enumerate(["", *"一二三四五六七八九"])
    if t + o
}


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An open incident as the matcher sees it: nothing personal."""

    id: str
    category: str
    place: Place
    summary: str
    opened_at: datetime
    last_report_at: datetime
    people: int


@dataclass(frozen=True, slots=True)
class Similar:
    """An incident that may be the same problem; `score` from 0 to 1, `reasons` in a citizen's words."""

    incident: OpenIncident
    score: float
    reasons: tuple[str, ...]


def similar(
    *, code: str, place: Place, text: str, now: datetime, incidents: Iterable[OpenIncident]
) -> tuple[Similar, ...]:
    """At most five incidents at or above the bar, best first."""
    found = [match for one in incidents if (match := _weigh(code, place, text, now, one)) and match.score >= BAR]
    return tuple(sorted(found, key=lambda match: match.score, reverse=True)[:MOST])


def _weigh(code: str, place: Place, text: str, now: datetime, other: OpenIncident) -> Similar | None:
    period = PERIOD.get(other.category[:2])
    if period and now - other.last_report_at > period:
        return None
    category, same_kind = _category(code, other.category)
    where, same_place = _place(place, other.place)
    if not category or not where:
        return None
    likeness = _text(text, other.summary)
    score = WEIGHTS["place"] * where + WEIGHTS["category"] * category + WEIGHTS["text"] * likeness
    days = (now - other.opened_at).days
    age = "今天有人反映" if days == 0 else f"{days}天前有人反映"
    return Similar(other, round(score, 3), (same_place, same_kind, age, f"已有{other.people}人反映"))


def _category(a: str, b: str) -> tuple[float, str]:
    if a == b:
        return 1.0, "同一类问题"
    if a[:4] == b[:4]:
        return 0.8, "相近的问题"
    if a[:2] == b[:2]:
        return 0.5, "同一大类"
    return 0.0, ""


def _place(a: Place, b: Place) -> tuple[float, str]:
    if a.district and b.district and a.district != b.district:
        return 0.0, ""
    if _contradict(a.text, b.text):
        return 0.0, ""
    if a.lat is not None and a.lon is not None and b.lat is not None and b.lon is not None and a.crs == b.crs:
        distance = metres((a.lat, a.lon), (b.lat, b.lon))
        if distance <= RADIUS_M:
            return 1.0 - 0.4 * distance / RADIUS_M, f"相距约{max(10, round(distance, -1)):.0f}米"
        if not (a.key and a.key == b.key):
            return 0.0, ""
    if folded(a.text) and folded(a.text) == folded(b.text):
        return 1.0, "同一地点"
    if a.spot and b.spot and (a.spot in b.spot or b.spot in a.spot):
        return 0.95, f"都在{a.spot}"
    if a.community and a.community == b.community and not (a.spot and b.spot):
        return 0.6, f"都在{a.community}"
    if a.road and a.road == b.road and not (a.spot and b.spot):
        return 0.7, f"都在{a.road}"
    return 0.0, ""


def _contradict(a: str, b: str) -> bool:
    """Both name a building, and not the same one."""
    first, second = _buildings(a), _buildings(b)
    return bool(first and second and not first & second)


def _buildings(text: str) -> set[str]:
    return {_NUMERALS.get(n, n) for n in _BUILDING.findall(folded(text))}


def _text(a: str, b: str) -> float:
    first, second = bigrams(a), bigrams(b)
    return min(1.0, 1.6 * len(first & second) / math.sqrt(len(first) * len(second))) if first and second else 0.0
