"""The words for times, from `content/times`: what means which day, which festival, what is vague, what is a habit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown

FOLDER = CONTENT / "times"

Word = Annotated[str, Field(min_length=1, max_length=400)]
Halves = Literal["am", "noon", "pm", "night"]
Frequency = Literal["daily", "weekly", "monthly", "yearly", "workdays", "often", "sometimes", "always", "rain"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HabitWords(_Strict):
    """`also`: a part of the day that the words name themselves, or days of the week by number: '6,7'."""

    words: Word
    often: Frequency
    also: str = ""


class WordsEntry(_Strict):
    """`words.yml`."""

    days: dict[Word, Annotated[int, Field(ge=-3, le=3)]]
    short_days: dict[Word, tuple[Annotated[int, Field(ge=-3, le=3)], Word]]
    years: dict[Word, Annotated[int, Field(ge=-3, le=1)]]
    parts: dict[Word, tuple[Annotated[int, Field(ge=0, le=23)], Halves]]
    short_parts: dict[Annotated[str, Field(min_length=1, max_length=1)], Word]
    just_now: tuple[Word, ...]
    vague: tuple[Word, ...]
    habits: tuple[HabitWords, ...]
    background: tuple[Word, ...]
    ahead: tuple[Word, ...]
    gone: tuple[Word, ...]
    limit: Word
    no_length_after: Word
    no_length: tuple[Word, ...]


class Named(_Strict):
    """A day with a name. Exactly one of `date`, `lunar` (month and day) and `term` (a solar term) says which."""

    words: Word
    date: tuple[Annotated[int, Field(ge=1, le=12)], Annotated[int, Field(ge=1, le=31)]] | None = None
    lunar: tuple[Annotated[int, Field(ge=1, le=12)], Annotated[int, Field(ge=1, le=30)]] | None = None
    term: str | None = None
    days: Annotated[int, Field(ge=1, le=15)] = 1


class Season(_Strict):
    """A quarter of the year; `month` is the one in which it begins."""

    words: Word
    month: Annotated[int, Field(ge=1, le=12)]


class DaysEntry(_Strict):
    """`days.yml`."""

    festivals: tuple[Named, ...]
    seasons: dict[Word, Season]
    city_days: tuple[Named, ...] = ()


@dataclass(frozen=True)
class TimeWords:
    """Both files, with their patterns made."""

    words: WordsEntry
    days: DaysEntry

    @property
    def named(self) -> tuple[Named, ...]:
        return self.days.city_days + self.days.festivals

    @cached_property
    def habits(self) -> tuple[tuple[re.Pattern[str], str, str], ...]:
        return tuple((re.compile(one.words), one.often, one.also) for one in self.words.habits)

    @cached_property
    def background(self) -> re.Pattern[str]:
        return re.compile("|".join(self.words.background))

    @cached_property
    def ahead(self) -> re.Pattern[str]:
        return re.compile("|".join(self.words.ahead))

    @cached_property
    def no_length(self) -> re.Pattern[str]:
        return re.compile("|".join((*self.words.no_length, rf"^{self.words.limit}")))

    @cached_property
    def no_length_after(self) -> re.Pattern[str]:
        return re.compile(self.words.no_length_after)

    @cached_property
    def gone(self) -> re.Pattern[str]:
        return re.compile("|".join(self.words.gone))


def alternatives(words: object) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))  # type: ignore[call-overload]


def load(folder: Path = FOLDER) -> TimeWords:
    """Both files. Raises ContentError naming file, line, key and value."""
    path, days_path = folder / "words.yml", folder / "days.yml"
    raw = read_mapping(path)
    words = as_model(WordsEntry, raw, path)
    days_raw = read_mapping(days_path)
    days = as_model(DaysEntry, days_raw, days_path)
    patterns = {
        "vague": words.vague,
        "habits": [one.words for one in words.habits],
        "background": words.background,
        "ahead": words.ahead,
        "gone": words.gone,
        "limit": (words.limit,),
        "no_length": words.no_length,
        "no_length_after": (words.no_length_after,),
    }
    for key, given in patterns.items():
        for pattern in given:
            _check(pattern, path, getattr(raw, "line", 1), key)
    for one in (*days.festivals, *days.city_days):
        _check(one.words, days_path, getattr(days_raw, "line", 1), "words")
        if sum(way is not None for way in (one.date, one.lunar, one.term)) != 1:
            raise ContentError(
                f"{shown(days_path)}:{getattr(days_raw, 'line', 1)}: words: {one.words}; "
                "exactly one of date, lunar and term would do"
            )
    for name, (_, part) in words.short_days.items():
        if part not in words.parts:
            raise ContentError(f"{shown(path)}:{getattr(raw, 'line', 1)}: short_days.{name}: no part {part!r}")
    return TimeWords(words, days)


def _check(pattern: str, path: Path, line: int, key: str) -> None:
    try:
        empty = re.compile(pattern).match("")
    except re.error as wrong:
        raise ContentError(f"{shown(path)}:{line}: {key}: {pattern!r} is no pattern ({wrong})") from wrong
    if empty and not pattern.startswith("^"):
        raise ContentError(f"{shown(path)}:{line}: {key}: {pattern!r} fits nothing at all; a word would do")
