"""When somebody sits at the desk: a weekly table in the city's time, holidays, make-up days and single exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.working_time import CITY_TIME, WorkingTime

FILE = CONTENT / "desk.yml"
DAY = 24 * 60
# Nobody is told of an opening that lies further ahead: a desk that is not manned for so long is not one.
LOOKED_AHEAD = 60
_SPAN = re.compile(r"\s*(\d{1,2})[:：](\d{2})\s*[-–~至]\s*(\d{1,2})[:：](\d{2})\s*")
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

Hours = tuple[tuple[int, int], ...]
"""Spans of one day in minutes from midnight, in order and apart: ((510, 720), (810, 1050))."""


def hours(spans: tuple[str, ...]) -> Hours:
    """('8:30-12:00', '13:30-17:30') as minutes. Raises ValueError with what would do."""
    found: list[tuple[int, int]] = []
    for span in spans:
        read = _SPAN.fullmatch(span)
        if read is None:
            raise ValueError(f"{span!r}: expected two times of the day such as 8:30-17:30")
        first, minute, last, other = map(int, read.groups())
        begins, ends = first * 60 + minute, last * 60 + other
        if minute > 59 or other > 59 or not begins < ends <= DAY:
            raise ValueError(f"{span!r}: the first time must come before the second, neither after 24:00")
        if found and begins < found[-1][1]:
            raise ValueError(f"{span!r}: begins before the span before it ends; give them in order and apart")
        found.append((begins, ends))
    return tuple(found)


def _checked(spans: tuple[str, ...]) -> tuple[str, ...]:
    hours(spans)
    return spans


Spans = Annotated[tuple[str, ...], AfterValidator(_checked)]


class _Day(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    hours: Spans
    why: Annotated[str, Field(min_length=1)]


class _Week(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    monday: Spans
    tuesday: Spans
    wednesday: Spans
    thursday: Spans
    friday: Spans
    saturday: Spans
    sunday: Spans


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    weekly: _Week
    make_up_days: Weekday | Spans
    holidays: Spans
    days: tuple[_Day, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        days = [one.date for one in self.days]
        if twice := next((day for day in days if days.count(day) > 1), None):
            raise ValueError(f"{twice} is given twice; leave one out")
        return self


@dataclass(frozen=True)
class Desk:
    """The desk's hours. `days` go before everything; without any hours nobody is ever there."""

    weekly: tuple[Hours, ...]
    make_up: Hours = ()
    holidays: Hours = ()
    days: Mapping[date, Hours] = field(default_factory=dict)
    calendar: WorkingTime = field(default_factory=WorkingTime)

    def hours_of(self, day: date) -> Hours:
        """When somebody is there on that day."""
        if day in self.days:
            return self.days[day]
        weekend = day.weekday() >= 5
        if self.calendar.is_working_day(day):
            return self.make_up if weekend else self.weekly[day.weekday()]
        return self.holidays if not weekend or self.calendar.is_holiday(day) else self.weekly[day.weekday()]

    def is_open(self, at: datetime) -> bool:
        """Whether somebody is there at that moment (aware)."""
        return self._span(at) is not None

    def closes(self, at: datetime) -> datetime | None:
        """When the desk closes that is open at `at`, past midnight too; None when it is closed, or never closes."""
        span = self._span(at)
        if span is None:
            return None
        end = span[1]
        for begins, ends in self.spans(end):
            if begins > end:
                return end
            end = ends
        return None

    def opens(self, at: datetime) -> datetime | None:
        """The next opening at or after `at`; `at` itself when it is open, None when there is none in sight."""
        return next((max(begins, at.astimezone(CITY_TIME)) for begins, _ in self.spans(at)), None)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from `start` to `end` somebody was there; zero where `end` is not after it."""
        found = timedelta()
        day, last = start.astimezone(CITY_TIME).date(), end.astimezone(CITY_TIME).date()
        while day <= last:
            for begins, ends in self._of_day(day):
                found += max(timedelta(), min(ends, end) - max(begins, start))
            day += timedelta(days=1)
        return found

    def spans(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """(begins, ends) in the city's time of every span that is not over at `at`, for the days that are looked at."""
        today = at.astimezone(CITY_TIME).date()
        for ahead in range(LOOKED_AHEAD + 1):
            for begins, ends in self._of_day(today + timedelta(days=ahead)):
                if ends > at:
                    yield begins, ends

    def _span(self, at: datetime) -> tuple[datetime, datetime] | None:
        today = self._of_day(at.astimezone(CITY_TIME).date())
        return next(((begins, ends) for begins, ends in today if begins <= at < ends), None)

    def _of_day(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        midnight = datetime.combine(day, time(), CITY_TIME)
        for begins, ends in self.hours_of(day):
            yield midnight + timedelta(minutes=begins), midnight + timedelta(minutes=ends)


ALWAYS = Desk(weekly=(((0, DAY),),) * 7, make_up=((0, DAY),), holidays=((0, DAY),))
NEVER = Desk(weekly=((),) * 7)


def load(calendar: WorkingTime, path: Path = FILE) -> Desk:
    """The desk's hours. Raises ContentError with file and line."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    week = tuple(hours(getattr(file.weekly, day)) for day in WEEK)
    make_up = file.make_up_days
    desk = Desk(
        weekly=week,
        make_up=week[WEEK.index(make_up)] if isinstance(make_up, str) else hours(make_up),
        holidays=hours(file.holidays),
        days={one.date: hours(one.hours) for one in file.days},
        calendar=calendar,
    )
    if not any(week):
        raise ContentError(f"{shown(path)}:1: weekly: no day has hours; give some, or set JIESU_DESK_HOURS=never")
    return desk
