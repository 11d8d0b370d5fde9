"""Values out of a map service's answer, which may be anything: what is not plainly what it should be is None."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from kb.places.coordinates import Point
from kb.text import clean

LONGEST = 100
# A box around China's land and near waters, in degrees.
_SOUTH, _NORTH, _WEST, _EAST = 3.0, 54.0, 73.0, 136.0
_NAME = re.compile(r"[\u4e00-\u9fff（）、]{2,20}")

Covers = Callable[[Point], bool | None]
"""Whether a WGS-84 point is in the city; None when nobody knows."""


def name(value: Any) -> str | None:
    """A division's name or a word for a level: Chinese characters, 2 to 20. An empty list stands for none."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def words(value: Any) -> str | None:
    """One line of text without anything that a page could take for markup."""
    if not isinstance(value, str) or len(value) > LONGEST:
        return None
    line = " ".join(clean(value).split())
    return line if line and not set("<>&\"'") & set(line) else None


def number(value: Any) -> float | None:
    """A finite number, given as one or in digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)[:50]) > 40:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def point(lat: Any, lon: Any) -> Point | None:
    """Both numbers as a point, wherever it is."""
    here = number(lat), number(lon)
    return None if here[0] is None or here[1] is None else (here[0], here[1])


def in_china(here: Point) -> bool:
    """Whether a point may be in China: catches swapped, zero and projected coordinates."""
    return _SOUTH <= here[0] <= _NORTH and _WEST <= here[1] <= _EAST


def member(value: Any, key: str) -> dict[str, Any]:
    """The object under that key, empty when there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
