"""Time as this department reads and writes it: Qingdao time, whole seconds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

CITY_TIME = timezone(timedelta(hours=8))

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
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone offset")
    return moment
