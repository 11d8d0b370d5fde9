"""How often something happens: 每天早上六点到九点, 三天两头, 每周六, 周一到周五."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.times.content import TimeWords
from kb.times.numbers import NUMBER, value

_NAMES = "一二三四五六日"
_WEEK = "(?:周|星期|礼拜)"
_EACH_WEEKDAY = re.compile(
    rf"每个?{_WEEK}(?P<days>[一二三四五六日天末](?:[、和,，]?{_WEEK}?[一二三四五六日天])*)(?![次趟回])"
)
_WEEKDAYS = re.compile(
    rf"(?<![上下这本]){_WEEK}(?P<first>[一二三四五六日])(?:到|至|-|~){_WEEK}?(?P<last>[一二三四五六日天])"
)
_EVERY_OTHER = re.compile(
    rf"每?隔(?P<days>{NUMBER})天|每(?P<every>{NUMBER})天|(?P<once>{NUMBER})天(?:停|堵|坏|来)?一[次回趟]"
)


@dataclass(frozen=True, slots=True)
class Habit:
    """`often` and its detail, such as ('weekly', '6,7'), and where the words for it stand."""

    often: str
    detail: str
    start: int
    end: int
    part: str = ""


@dataclass(frozen=True)
class Habits:
    """Finds them; the longest at the earliest place."""

    words: TimeWords

    def find(self, text: str) -> Habit | None:
        """The first habit of a `flat` text."""
        found = [one for one in (_weekly(text), _range(text), _other(text), *self._listed(text)) if one]
        return min(found, key=lambda one: (_WEIGHT.get(one.often, 0), one.start, -one.end), default=None)

    def _listed(self, text: str) -> list[Habit]:
        habits = []
        for pattern, often, detail in self.words.habits:
            if hit := pattern.search(text):
                days = detail if detail[:1].isdigit() else ""
                habits.append(Habit(often, days, hit.start(), hit.end(), "" if days else detail))
        return habits


# 每天 says more than 老是: what names days or hours goes before what only says often.
_WEIGHT = {"often": 1, "sometimes": 1, "always": 1}


def _weekly(text: str) -> Habit | None:
    hit = _EACH_WEEKDAY.search(text)
    if not hit:
        return None
    if "末" in hit["days"]:
        return Habit("weekly", "6,7", hit.start(), hit.end())
    days = sorted({_number(c) for c in hit["days"] if c in _NAMES or c == "天"})
    return Habit("weekly", ",".join(map(str, days)), hit.start(), hit.end())


def _range(text: str) -> Habit | None:
    hit = _WEEKDAYS.search(text)
    if not hit or (first := _number(hit["first"])) >= (last := _number(hit["last"])):
        return None
    return Habit("weekly", ",".join(map(str, range(first, last + 1))), hit.start(), hit.end())


def _other(text: str) -> Habit | None:
    hit = _EVERY_OTHER.search(text)
    number = value(hit["days"] or hit["every"] or hit["once"]) if hit else None
    if not hit or not number:
        return None
    days = number + 1 if hit["days"] else number
    return Habit("daily" if days == 1 else "other", "" if days == 1 else f"{days} days", hit.start(), hit.end())


def _number(name: str) -> int:
    return _NAMES.index("日" if name == "天" else name) + 1
