"""A time as it was said and as it was understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kb.working_time import CITY_TIME

LONGEST_WORDS = 40


class Precision(StrEnum):
    """How finely a beginning was told. With VAGUE and UNCLEAR there are words, but no date can be worked out."""

    MINUTE = "minute"
    HOUR = "hour"
    PART = "part"
    DAY = "day"
    WEEKEND = "weekend"
    WEEK = "week"
    THIRD = "third"
    MONTH = "month"
    SEASON = "season"
    HALF = "half"
    YEAR = "year"
    VAGUE = "vague"
    UNCLEAR = "unclear"


# As much of an ISO time as each precision knows; the rest would be made up.
_KNOWN = {Precision.MINUTE: 16, Precision.HOUR: 13, Precision.MONTH: 7, Precision.SEASON: 7, Precision.HALF: 7}
_KNOWN |= {Precision.YEAR: 4}
_DAY = 10


@dataclass(frozen=True, slots=True)
class When:
    """Since when, or how often.

    `words` are the citizen's. `begin` (aware, the city's time) is the first moment of what was said, None where it
    cannot be known. `about`: give or take. `part`: the part of the day in plain words (晚上). `named`: the words that
    name the day where they are no date themselves (上周三). `ago`: told as a length of time (半个月了). `every`: how
    often, such as 'daily 06:00-09:00', 'weekly 6,7', 'often', with the words for it in `habit`; "" for once.
    """

    words: str
    begin: datetime | None
    precision: Precision
    about: bool = False
    part: str = ""
    named: str = ""
    ago: bool = False
    every: str = ""
    habit: str = ""

    @property
    def began(self) -> str:
        """The beginning as ISO 8601, cut where the knowledge ends: '2026-11', '2026-11-18', '2026-11-18T22'; or ""."""
        return self.begin.isoformat()[: _KNOWN.get(self.precision, _DAY)] if self.begin else ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values; `from_dict` reads them back."""
        values: dict[str, Any] = {name: value for name in self.__slots__ if (value := getattr(self, name))}
        values |= {"words": self.words, "precision": self.precision.value}
        return values | ({"begin": self.begin.isoformat(timespec="minutes")} if self.begin else {})

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> When:
        """Raises TypeError, KeyError or ValueError when `value` is no time."""
        known = {name: value[name] for name in cls.__slots__ if name in value}
        begin = known.get("begin")
        known["begin"] = datetime.fromisoformat(begin).astimezone(CITY_TIME) if begin else None
        known["precision"] = Precision(known["precision"])
        return cls(**known)
