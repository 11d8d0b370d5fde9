"""What a camera noted in a picture: where it stood and when, read once and then gone with the rest of the notes.

The values come as an EXIF reader gives them, by the standard's numbers, and may be anything: what is not plausible is
left out, and nothing here raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from kb.deadlines import CITY_TIME

# Of the part about the position: north or south, degrees, east or west, degrees, time and day in UTC.
_LAT_REF, _LAT, _LON_REF, _LON, _GPS_TIME, _GPS_DATE = 1, 2, 3, 4, 7, 29
# Of the part about the exposure: when, and in which zone.
_TAKEN, _OFFSET = 36867, 36881
_HEMISPHERES = {"N": 1, "E": 1, "S": -1, "W": -1}
# A clock that runs ahead by more is set wrong; a picture that is older tells of something else.
AHEAD = timedelta(minutes=10)
OLDEST = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """Degrees in WGS-84 and an aware time; None where it is not known."""

    lat: float | None = field(default=None, repr=False)
    lon: float | None = field(default=None, repr=False)
    taken_at: datetime | None = field(default=None, repr=False)


def read(exposure: Mapping[int, Any], position: Mapping[int, Any], now: datetime) -> PhotoFacts:
    """The facts of a picture that was received at `now`, from the two parts of its notes."""
    lat = _degrees(position.get(_LAT), position.get(_LAT_REF), "NS", 90)
    lon = _degrees(position.get(_LON), position.get(_LON_REF), "EW", 180)
    if lat is None or lon is None or (abs(lat) < 1e-6 and abs(lon) < 1e-6):  # a camera that found no satellite
        lat = lon = None
    at = _by_satellite(position) or _by_clock(exposure)
    if at is not None and not now - OLDEST <= at <= now + AHEAD:
        at = None
    return PhotoFacts(lat, lon, min(at, now).astimezone(UTC) if at else None)


def _degrees(parts: Any, reference: Any, allowed: str, most: float) -> float | None:
    """Degrees, minutes and seconds as one number; None unless all of it makes sense."""
    name = _text(reference).upper()
    if not name or name not in allowed:
        return None
    try:
        degrees, minutes, seconds = (float(one) for one in parts)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError, ArithmeticError):
        return None
    if not (0 <= degrees <= most and 0 <= minutes < 60 and 0 <= seconds < 60):  # false for what is no number
        return None
    whole = degrees + minutes / 60 + seconds / 3600
    return round(_HEMISPHERES[name] * whole, 6) if whole <= most else None


def _by_satellite(position: Mapping[int, Any]) -> datetime | None:
    try:
        hours, minutes, seconds = (float(one) for one in position[_GPS_TIME])
        day = date(*(int(one) for one in _text(position[_GPS_DATE]).split(":")))
        if not all(map(math.isfinite, (hours, minutes, seconds))):
            return None
        return datetime(day.year, day.month, day.day, int(hours), int(minutes), int(seconds), tzinfo=UTC)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError, ArithmeticError):
        return None


def _by_clock(exposure: Mapping[int, Any]) -> datetime | None:
    """By the camera's own clock, in the city's time where it does not say its zone."""
    found = re.fullmatch(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)", _text(exposure.get(_TAKEN)))
    if not found:
        return None
    try:
        return datetime(*map(int, found.groups()), tzinfo=_zone(exposure.get(_OFFSET)))  # type: ignore[misc, arg-type]
    except (ValueError, OverflowError):
        return None


def _zone(said: Any) -> Any:
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", _text(said))
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        return CITY_TIME
    away = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-away if found[1] == "-" else away)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    return value.strip("\0 ") if isinstance(value, str) else ""
