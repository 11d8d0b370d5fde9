"""When an answer is due: clock hours, working hours and working days of the Chinese calendar.

Holidays and make-up workdays come from the `chinesecalendar` package, which carries the State Council's
yearly notice; for a year that it does not know yet, Monday to Friday are taken for working days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import chinese_calendar

CITY_TIME = ZoneInfo("Asia/Shanghai")
_MORNING = (time(9, 0), time(12, 0))
_AFTERNOON = (time(13, 30), time(17, 30))


class Unit(StrEnum):
    """What an amount of a deadline counts."""

    HOURS = "hours"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long the responsible unit has."""

    amount: int
    unit: Unit


def is_working_day(day: date) -> bool:
    """Whether offices work on that day, make-up days included."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # a year without a published notice
        return day.weekday() < 5


def due(start: datetime, deadline: Deadline) -> datetime:
    """When `deadline`, counted from `start` (aware), runs out; in the city's time.

    Hours run day and night. Working hours run 9:00–12:00 and 13:30–17:30 on working days. Working days count
    from the day after `start`, and the last one ends at 17:30.
    """
    here = start.astimezone(CITY_TIME)
    match deadline.unit:
        case Unit.HOURS:
            return here + timedelta(hours=deadline.amount)
        case Unit.WORKING_DAYS:
            day, left = here.date(), deadline.amount
            while left:
                day += timedelta(days=1)
                left -= is_working_day(day)
            return datetime.combine(day, _AFTERNOON[1], CITY_TIME)
        case Unit.WORKING_HOURS:
            return _after_working_hours(here, timedelta(hours=deadline.amount))


def _after_working_hours(here: datetime, left: timedelta) -> datetime:
    day = here.date()
    while True:
        if is_working_day(day):
            for opens, closes in (_MORNING, _AFTERNOON):
                begin = max(here, datetime.combine(day, opens, CITY_TIME))
                end = datetime.combine(day, closes, CITY_TIME)
                if begin < end:
                    if left <= end - begin:
                        return begin + left
                    left -= end - begin
        day += timedelta(days=1)
