"""Days by number, by the lunar calendar and by solar term. The lunar calendar is a library's, read when first asked."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from kb.working_time import CITY_TIME

_MONTHS_IN_A_YEAR = 12
# Years that the lunar tables are trusted for.
FIRST_YEAR, LAST_YEAR = 1950, 2090


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """That moment in the city's time."""
    return datetime.combine(day, time(hour, minute), CITY_TIME)


def day_of(year: int, month: int, day: int) -> date | None:
    """The day, None where there is none."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def months_back(day: date, months: int) -> date:
    """The same day so many months before; the month's last where it has no such day."""
    year, month = divmod(day.year * _MONTHS_IN_A_YEAR + day.month - 1 - months, _MONTHS_IN_A_YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def monday(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


@lru_cache(maxsize=256)
def lunar_day(year: int, month: int, day: int) -> date | None:
    """The day of the lunar year that begins in `year`; 除夕 is the twelfth month's last, whether 29th or 30th."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    from lunar_python import Lunar

    try:
        solar = Lunar.fromYmd(year, month, day).getSolar()
    except Exception:  # noqa: BLE001 - the library raises plain Exception for a day that is not there
        return lunar_day(year, 12, 29) if (month, day) == (12, 30) else None
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


@lru_cache(maxsize=128)
def term_day(year: int, name: str) -> date | None:
    """The day of a solar term in that year (清明, 立冬)."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    from lunar_python import Solar

    solar = Solar.fromYmd(year, 6, 1).getLunar().getJieQiTable().get(name)
    return date(solar.getYear(), solar.getMonth(), solar.getDay()) if solar and solar.getYear() == year else None
