"""When citizens are left in peace: what can wait is told after it, in the city's time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from kb.deadlines import CITY_TIME

_SPAN = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begins` to `ends` each day, over midnight where `ends` is the earlier one; none where they are equal."""

    begins: time
    ends: time

    def over_at(self, at: datetime) -> datetime | None:
        """When the quiet hours end that `at` (aware) lies in; None when nobody sleeps. The end itself is not quiet."""
        if self.begins == self.ends:
            return None
        here = at.astimezone(CITY_TIME)
        for day in (here.date() - timedelta(days=1), here.date()):
            begins = datetime.combine(day, self.begins, CITY_TIME)
            last = day if self.begins < self.ends else day + timedelta(days=1)
            ends = datetime.combine(last, self.ends, CITY_TIME)
            if begins <= here < ends:
                return ends.astimezone(at.tzinfo)
        return None


NEVER = QuietHours(time(0), time(0))


def read(text: str) -> QuietHours:
    """'21:00-8:00'; an empty text is NEVER. Raises ValueError with what would do."""
    if not text.strip():
        return NEVER
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r}: expected two times of the day such as 21:00-8:00, or nothing for no quiet hours")
    first, second, third, fourth = map(int, found.groups())
    try:
        return QuietHours(time(first, second), time(third, fourth))
    except ValueError:
        raise ValueError(f"{text!r}: hours run from 0 to 23 and minutes from 0 to 59") from None
