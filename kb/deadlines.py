"""When an answer is due: clock hours, working hours and working days of the Chinese calendar (`kb.working_time`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from kb import working_time
from kb.working_time import CITY_TIME as CITY_TIME
from kb.working_time import WorkingTime


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
    return working_time.city().is_working_day(day)


def due(start: datetime, deadline: Deadline, calendar: WorkingTime | None = None) -> datetime:
    """When `deadline`, counted from `start` (aware), runs out; in the city's time.

    Hours run day and night. Working hours run 9:00–12:00 and 13:30–17:30 on working days. Working days count
    from the day after `start`, and the last one ends at 17:30. Without `calendar`, the city's is taken.
    """
    here, calendar = start.astimezone(CITY_TIME), calendar or working_time.city()
    match deadline.unit:
        case Unit.HOURS:
            return here + timedelta(hours=deadline.amount)
        case Unit.WORKING_DAYS:
            return calendar.end_of_working_day(here, deadline.amount)
        case Unit.WORKING_HOURS:
            return calendar.after(here, timedelta(hours=deadline.amount))
