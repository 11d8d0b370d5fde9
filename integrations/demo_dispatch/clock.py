"""Time as this department reads and writes it: Qingdao time, whole seconds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

CITY_TIME = timezone(timedelta(hours=8))

W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""The forms of https://www.w3.org/TR/NOTE-datetime that name a moment."""

Clock = Callable[[], datetime]
"""Gives the present moment as an aware datetime."""


def system_clock() -> datetime:
    """The machine's present moment, aware."""
    return datetime.now(UTC)


def w3c(moment: datetime) -> str:
    """An aware moment as ``2026-11-21T09:30:00+08:00``; such texts sort as the moments do."""
    return moment.astimezone(CITY_TIME).isoformat(timespec="seconds")


def from_w3c(text: str) -> datetime:
    """The aware moment in a W3C date-time.

    Raises ValueError when the text is no date-time or lacks its offset, which GeoReport demands.
    """
    if not W3C.fullmatch(text):
        raise ValueError(f"{text!r} is no W3C date-time with its offset")
    moment = datetime.fromisoformat(text)
    try:
        moment.astimezone(CITY_TIME)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the calendar of this city") from error
    return moment
