"""Telling a time on a card exactly as it was understood, beside the words for it: 11月18日（上周三）晚上."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kb.times import Precision, When
from kb.words import Words
from kb.working_time import CITY_TIME

_BY_DAY = (Precision.DAY, Precision.PART, Precision.HOUR, Precision.MINUTE)


@dataclass(frozen=True)
class TimeSpeech:
    """Says a `When`. Nothing finer than it was told."""

    words: Words

    def told(self, when: When, now: datetime) -> str:
        """The line of the card; `now` decides whether the year is said."""
        said = self._beginning(when, now.astimezone(CITY_TIME))
        if when.habit and when.habit not in said:
            return self._say("time_habit", said=said, habit=when.habit) if said else when.habit
        return said or when.words

    def _beginning(self, when: When, now: datetime) -> str:
        if when.begin is None:
            return when.words if when.precision is Precision.VAGUE or not when.habit else ""
        begin = when.begin.astimezone(CITY_TIME)
        if when.ago:
            return self._say("time_ago", said=when.words, day=self._moment(when, begin, now))
        spoken = self._moment(when, begin, now)
        if when.precision in _BY_DAY:
            return spoken
        if when.about:
            spoken = self._say("time_near", day=spoken)
        return self._say("time_named", day=spoken, said=when.named) if when.named else spoken

    def _moment(self, when: When, begin: datetime, now: datetime) -> str:
        year = begin.year != now.year
        month = self._month(begin, named_year=year)
        match when.precision:
            case Precision.YEAR:
                return self._say("time_year", year=begin.year)
            case Precision.HALF:
                key = "time_half_1" if begin.month < 7 else "time_half_7"
                return self._say(key, year=self._say("time_year", year=begin.year))
            case Precision.SEASON:
                key = f"time_season_{begin.month}"
                return self._say(key, year=self._say("time_year", year=begin.year))
            case Precision.MONTH:
                return month
            case Precision.THIRD:
                return self._say(f"time_third_{begin.day}", month=month)
            case Precision.WEEK if not when.ago:
                return self._say("time_week", day=self._day(begin, named_year=year))
            case Precision.WEEKEND:
                return self._say("time_weekend", day=self._day(begin, named_year=year))
        return self._at(when, begin, named_year=year)

    def _at(self, when: When, begin: datetime, *, named_year: bool) -> str:
        """A day with its hour, as far as either was told."""
        day = self._day(begin, named_year=named_year)
        timed = when.precision in (Precision.HOUR, Precision.MINUTE)
        if when.about and not timed and not when.ago:
            day = self._say("time_near", day=day)
        if when.named:
            day = self._say("time_named", day=day, said=when.named)
        if when.precision is Precision.PART:
            return day if when.part[:1] and when.part[0] in when.named else day + when.part
        if not timed:
            return day
        clock = self._say("time_hour", hour=begin.hour)
        if when.precision is Precision.MINUTE and begin.minute:
            clock = self._say("time_minute", hour=begin.hour, minute=f"{begin.minute:02d}")
        return day + (self._say("time_around", time=clock) if when.about and not when.ago else clock)

    def _day(self, begin: datetime, *, named_year: bool) -> str:
        key = "time_day_of_year" if named_year else "time_day"
        gaps = {"year": begin.year, "month": begin.month, "day": begin.day}
        return self._say(key, **{gap: gaps[gap] for gap in self.words.gaps(f"report.{key}")})

    def _month(self, begin: datetime, *, named_year: bool) -> str:
        key = "time_month" if named_year else "time_month_this_year"
        gaps = {"year": begin.year, "month": begin.month}
        return self._say(key, **{gap: gaps[gap] for gap in self.words.gaps(f"report.{key}")})

    def _say(self, key: str, **gaps: object) -> str:
        return self.words.say(f"report.{key}", **gaps)
