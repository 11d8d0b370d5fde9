"""How often a citizen may urge: once in a working day for each ticket, and every two hours where life is in danger."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from kb.deadlines import CITY_TIME, is_working_day
from kb.taxonomy import Urgency

OPENS = time(9, 0)
CRITICAL_AFTER = timedelta(hours=2)


def again_at(last: datetime, urgency: Urgency) -> datetime:
    """When the next urging counts after one at `last` (aware): 9:00 of the working day after it, in the city's time."""
    if urgency is Urgency.CRITICAL:
        return last + CRITICAL_AFTER
    day = last.astimezone(CITY_TIME).date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, CITY_TIME).astimezone(last.tzinfo)
