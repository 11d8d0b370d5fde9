"""Hours of the day as they are said: 晚上十点多, 早上六点到九点, 21:40."""

from __future__ import annotations

from dataclasses import dataclass

from kb.times.content import TimeWords
from kb.times.grammar import Piece
from kb.times.numbers import is_pair, value

_MINUTES = {"半": 30, "一刻": 15, "三刻": 45, "整": 0}
_NOON, _DAY = 12, 24
# Of the night: 晚上一点 is after midnight.
_SMALL_HOURS = 5


@dataclass(frozen=True, slots=True)
class Clock:
    """An hour. `sure`: the part of the day is known, or the hour tells it. `next_day`: past midnight."""

    hour: int
    minute: int | None
    sure: bool
    about: bool = False
    next_day: bool = False

    @property
    def text(self) -> str:
        """'21:40'."""
        return f"{self.hour:02d}:{self.minute or 0:02d}"


@dataclass(frozen=True)
class Parts:
    """The parts of the day."""

    words: TimeWords

    def part(self, piece: Piece) -> str:
        """The part of the day that a piece names, in plain words."""
        if short := piece.said.get("short"):
            return self.words.words.short_parts[short]
        return piece.said.get("part", "")

    def begins(self, part: str) -> int:
        """Its first hour; 0 for none."""
        return self.words.words.parts.get(part, (0, "am"))[0]

    def clock(self, piece: Piece, part: str) -> Clock | None:
        """The hour that was said in that part of the day; None where there is no such hour."""
        said = piece.said
        hour = value(said["ho"])
        if hour is None or hour > _DAY:
            return None
        about = bool(said.get("about")) or is_pair(said["ho"])
        minute = _minute(said.get("mi"))
        half = self.words.words.parts[part][1] if part in self.words.words.parts else ""
        if hour == _DAY:
            return Clock(0, minute, True, about, next_day=True)
        if hour > _NOON or (hour == 0 and not half):
            return Clock(hour, minute, True, about)
        match half:
            case "am":
                return Clock(0 if hour == _NOON and part == "凌晨" else hour, minute, True, about)
            case "noon":
                return Clock(hour + _NOON if hour < _SMALL_HOURS else hour, minute, True, about)
            case "pm":
                return Clock(hour + _NOON if hour < _NOON else hour, minute, True, about)
            case "night" if hour == _NOON:
                return Clock(0, minute, True, about, next_day=True)
            case "night" if hour < _SMALL_HOURS:
                return Clock(hour, minute, True, about, next_day=True)
            case "night":
                return Clock(hour + _NOON, minute, True, about)
        return Clock(hour, minute, "colon" in said, about)


def until(first: Clock, second: Clock, *, told: bool) -> str:
    """'06:00-09:00'. Where the second's part of the day was not told, it follows the first's within twelve hours."""
    hour = second.hour
    if not told and hour <= first.hour and first.hour < hour + _NOON:
        hour += _NOON
    return f"{first.text}-{hour % _DAY:02d}:{second.minute or 0:02d}"


def _minute(said: str | None) -> int | None:
    if said is None:
        return None
    if said in _MINUTES:
        return _MINUTES[said]
    number = value(said.rstrip("分").removeprefix("零"))
    return number if number is not None and number < 60 else None
