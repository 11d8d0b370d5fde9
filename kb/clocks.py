"""The clock of a complaint: when its answer is due, when that turns yellow and red, and who hears of it then.

Yellow: one working day is left, or half of the time where less than that was given. Red: the time is past.
After that it goes up, level by level, as `content/escalation.yml` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kb import working_time
from kb.deadline_rules import Escalation, Extension
from kb.deadlines import Deadline, Unit, due
from kb.taxonomy import Urgency
from kb.working_time import CITY_TIME, WORKING_DAY, WorkingTime

# What is dangerous is answered within two hours, whatever its category may take (draft DB11/T on hotlines, 2021).
EMERGENCY = Deadline(2, Unit.HOURS)


class Colour(StrEnum):
    """How a deadline stands."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a clock says at `at`: it turns yellow, or red, or (`level` 1 or more) it goes up to that level."""

    at: datetime
    colour: Colour
    level: int = 0


def promised(start: datetime, deadline: Deadline, urgency: Urgency, calendar: WorkingTime | None = None) -> datetime:
    """When an answer is due (in the city's time) to what was filed at `start` under a category with that deadline."""
    deadlines = [deadline, EMERGENCY] if urgency is Urgency.CRITICAL else [deadline]
    return min(due(start, one, calendar) for one in deadlines)


def unit_of(deadline: Deadline, urgency: Urgency) -> Unit:
    """What such a deadline counts: hours day and night for what is dangerous."""
    return EMERGENCY.unit if urgency is Urgency.CRITICAL else deadline.unit


def yellow_at(start: datetime, due_at: datetime, unit: Unit, calendar: WorkingTime | None = None) -> datetime:
    """When one working day is left until `due_at`; where less was given at `start`, when half of the time is left.

    `unit` is what the deadline counts: half of its working time, or of its hours by day and night.
    """
    calendar = calendar or working_time.city()
    one_day_left = calendar.before(due_at, WORKING_DAY)
    if one_day_left > start:
        return one_day_left
    given = calendar.between(start, due_at)
    if unit is Unit.HOURS or not given:
        return (start + max(due_at - start, timedelta()) / 2).astimezone(CITY_TIME)
    return calendar.after(start, given / 2)


def red_at(due_at: datetime) -> datetime:
    """When the time is past: from that moment on."""
    return due_at.astimezone(CITY_TIME)


def colour(now: datetime, start: datetime, due_at: datetime, unit: Unit, calendar: WorkingTime | None = None) -> Colour:
    """How the deadline stands now."""
    if now >= red_at(due_at):
        return Colour.RED
    return Colour.YELLOW if now >= yellow_at(start, due_at, unit, calendar) else Colour.GREEN


def steps(
    start: datetime,
    due_at: datetime,
    unit: Unit,
    escalation: Sequence[Escalation] = (),
    calendar: WorkingTime | None = None,
) -> tuple[Step, ...]:
    """All that the clock will say, in order of time."""
    said = [Step(yellow_at(start, due_at, unit, calendar), Colour.YELLOW), Step(red_at(due_at), Colour.RED)]
    said += [Step(due(due_at, one.past, calendar), Colour.RED, one.level) for one in escalation]
    return tuple(sorted(said, key=lambda one: (one.at, one.colour is Colour.RED, one.level)))


def extended(due_at: datetime, deadline: Deadline, calendar: WorkingTime | None = None) -> datetime:
    """The latest date to which a deadline that runs out at `due_at` may be moved by `deadline`."""
    return due(due_at, deadline, calendar)


def over_the_rule(
    rule: Extension, deadline: Deadline, *, before: datetime, after: datetime, times: int, calendar: WorkingTime | None
) -> str | None:
    """Why a move of the date from `before` to `after` is more than the rule allows; None where it is within it.

    `times` counts the extensions so far, this one not included; `deadline` is the category's own.
    """
    if after <= before:
        return None
    if times >= rule.times:
        return f"more than {rule.times} extensions"
    latest = extended(before, rule.more or deadline, calendar)
    return f"longer than until {latest:%Y-%m-%d %H:%M}" if after > latest else None


def provisional(start: datetime, due_at: datetime, unit: Unit, calendar: WorkingTime | None = None) -> bool:
    """Whether a date was counted over a year whose holidays nobody knows yet, and so may change."""
    return unit is not Unit.HOURS and bool((calendar or working_time.city()).unknown_years(start, due_at))
