"""Working time in China: which days offices work, and how much of it lies between two moments.

Holidays and make-up days come from the `chinesecalendar` package, which carries the State Council's yearly notice,
and from `content/working_days.yml`, where a city may give days of its own, or a whole year that the package lacks.
A year that neither knows is counted with Monday to Friday; `known_year` says so, and whoever promises a date must tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import chinese_calendar
from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown

CITY_TIME = ZoneInfo("Asia/Shanghai")
MORNING = (time(9, 0), time(12, 0))
AFTERNOON = (time(13, 30), time(17, 30))
OPENS, CLOSES = MORNING[0], AFTERNOON[1]
WORKING_DAY = timedelta(hours=7)
"""The working time of one day."""

FILE = CONTENT / "working_days.yml"
_YEARS: set[int] = {day.year for day in chinese_calendar.holidays}


class _Day(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    working: bool
    source: Annotated[str, Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    whole_years: tuple[Annotated[int, Field(ge=2004, le=2100)], ...] = ()
    days: tuple[_Day, ...] = ()


@dataclass(frozen=True)
class WorkingTime:
    """A calendar: the package's, with the city's own `days` (date: do offices work?) going before it.

    `whole_years` are those whose notice stands completely in `days`.
    """

    days: Mapping[date, bool] = field(default_factory=dict)
    whole_years: frozenset[int] = frozenset()

    def known_year(self, year: int) -> bool:
        """Whether the holidays and make-up days of that year are known."""
        return year in _YEARS or year in self.whole_years

    def known_until(self) -> int:
        """The last year of the unbroken run of known years."""
        year = max(_YEARS)
        while year + 1 in self.whole_years:
            year += 1
        return year

    def unknown_years(self, start: datetime, end: datetime) -> list[int]:
        """The years from `start` to `end` (aware) whose holidays are not known."""
        first, last = (one.astimezone(CITY_TIME).year for one in (start, end))
        return [year for year in range(first, last + 1) if not self.known_year(year)]

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on that day, make-up days included."""
        if day in self.days:
            return self.days[day]
        if day.year not in _YEARS:
            return day.weekday() < 5
        return bool(chinese_calendar.is_workday(day))

    def is_holiday(self, day: date) -> bool:
        """Whether that day is a holiday, weekends inside of one too; a plain weekend is none."""
        if day in self.days:
            return not self.days[day]
        return bool(day in chinese_calendar.holidays)

    def end_of_working_day(self, start: datetime, days: int) -> datetime:
        """When offices close on the `days`-th (1 or more) working day after the day of `start`."""
        day, left = start.astimezone(CITY_TIME).date(), days
        while left:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return datetime.combine(day, CLOSES, CITY_TIME)

    def after(self, start: datetime, amount: timedelta) -> datetime:
        """The first moment by which `amount` (above zero) of working time has passed since `start`."""
        here, left = start.astimezone(CITY_TIME), amount
        for begin, end in self._office_hours(here):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError("there is no last day")

    def before(self, end: datetime, amount: timedelta) -> datetime:
        """The last moment from which `amount` (above zero) of working time is left until `end`."""
        here, left = end.astimezone(CITY_TIME), amount
        day = here.date()
        while True:
            for opens, closes in reversed(list(self._spans(day))):
                finish = min(here, closes)
                if opens < finish:
                    if left <= finish - opens:
                        return finish - left
                    left -= finish - opens
            day -= timedelta(days=1)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; zero where `end` is not after it."""
        here, there, found = start.astimezone(CITY_TIME), end.astimezone(CITY_TIME), timedelta()
        for begin, close in self._office_hours(here):
            if begin >= there:
                return found
            found += min(close, there) - begin
        raise AssertionError("there is no last day")

    def _office_hours(self, here: datetime) -> Iterator[tuple[datetime, datetime]]:
        """(begin, end) of all working time from that moment on, without end."""
        day = here.date()
        while True:
            for opens, closes in self._spans(day):
                begin = max(here, opens)
                if begin < closes:
                    yield begin, closes
            day += timedelta(days=1)

    def _spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        if self.is_working_day(day):
            for opens, closes in (MORNING, AFTERNOON):
                yield datetime.combine(day, opens, CITY_TIME), datetime.combine(day, closes, CITY_TIME)


def load(path: Path = FILE) -> WorkingTime:
    """The calendar with the city's own days. Raises ContentError with file and line."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    days: dict[date, bool] = {}
    for one, entry in zip(file.days, raw.get("days") or (), strict=True):
        if one.date in days:
            raise ContentError(f"{shown(path)}:{entry.line}: date: {one.date} is given twice; leave one out")
        days[one.date] = one.working
    for year in file.whole_years:
        if year not in _YEARS and not any(day.year == year for day in days):
            missing = f"{year} has no day below; give its holidays and make-up days, or leave it out"
            raise ContentError(f"{shown(path)}:1: whole_years: {missing}")
    return WorkingTime(days, frozenset(file.whole_years))


@cache
def city() -> WorkingTime:
    """The calendar in use, read once. Raises ContentError."""
    return load()
