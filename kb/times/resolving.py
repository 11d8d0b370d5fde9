"""What a day that was said means, reckoned from the moment of the message: the first day of it, and how fine it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kb.times.calendars import day_of, lunar_day, monday, months_back, term_day
from kb.times.content import Named, TimeWords
from kb.times.grammar import Piece
from kb.times.numbers import value
from kb.times.when import Precision

_WEEKDAYS = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}
_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "当": 0, "下": 1}
_THIRDS = {"初": 1, "上旬": 1, "中": 11, "中旬": 11, "底": 21, "末": 21, "下旬": 21}
_HALVES = {"上半年": (1, Precision.HALF, False), "下半年": (7, Precision.HALF, False)}
_HALVES |= dict.fromkeys(("年初", "初"), (1, Precision.MONTH, True))
_HALVES |= dict.fromkeys(("年中",), (6, Precision.MONTH, True))
_HALVES |= dict.fromkeys(("年底", "年末", "底", "末"), (12, Precision.MONTH, True))
_LUNAR_MONTHS = {"正": 1, "冬": 11, "腊": 12}
_ABOUT_A_FESTIVAL = re.compile(r"^(?:节|假期|放假|期间)?(?:前后|之前|以前|前|之后|以后|后|以来|期间|那几|左右)")
_THAT_DAY = re.compile(r"^(?:节)?(?:那天|当天|当晚|晚上|夜|早上|上午|中午|下午)")
# Whoever names a coming day of the calendar within so many days, and no word says that it has been, means that one.
SOON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Day:
    """`first` day of what was said. `step` back where the words leave open which: a 'week', 'month' or 'year'.

    `named`: the words are no date themselves (上周三, 中秋节).
    """

    first: date
    precision: Precision
    about: bool = False
    step: str = ""
    named: bool = False

    def earlier(self) -> Day:
        """The same one step earlier."""
        match self.step:
            case "week":
                return replace(self, first=self.first - timedelta(days=7))
            case "month":
                return replace(self, first=months_back(self.first, 1))
            case "year":
                return replace(self, first=months_back(self.first, 12))
        return self


@dataclass(frozen=True)
class Days:
    """Reads pieces as days."""

    words: TimeWords

    def read(self, piece: Piece, now: datetime, after: str) -> Day | None:
        """The day, week, month …; None where there is no such day. `after`: the text behind the piece."""
        today, said = now.date(), piece.said
        match piece.kind:
            case "day":
                return Day(today + timedelta(days=self.words.words.days[said["day"]]), Precision.DAY, named=True)
            case "short_day":
                away, _ = self.words.words.short_days[said["day"]]
                return Day(today + timedelta(days=away), Precision.DAY, named=True)
            case "weekday":
                return _weekday(said, today)
            case "week":
                first = monday(today) + timedelta(weeks=_WEEKS[said["rel"].rstrip("个")])
                return Day(first, Precision.WEEK, named=True)
            case "month":
                return _month(said, today)
            case "dayno":
                day = value(said["da"])
                found = day_of(today.year, today.month, day or 0)
                return Day(found, Precision.DAY, step="month") if found else None
            case "date":
                return self._date(said, today)
            case "season":
                return self._season(said, today)
            case "half":
                month, precision, about = _HALVES[said["half"]]
                year = self._year(said, today)
                return Day(date(year or today.year, month, 1), precision, about, "" if year else "year")
            case "year":
                year = self._year(said, today)
                return Day(date(year, 1, 1), Precision.YEAR) if year else None
            case "lunar" | "named":
                return self._festival(piece, today, after)
        return None

    def _year(self, said: dict[str, str], today: date) -> int | None:
        given = said.get("yr", "")
        if given in self.words.words.years:
            return today.year + self.words.words.years[given]
        number = value(given.rstrip("年"))
        if number is None:
            return None
        number += 2000 if number < 100 else 0
        return number if 1900 <= number <= today.year + 5 else None

    def _date(self, said: dict[str, str], today: date) -> Day | None:
        year, month = self._year(said, today), value(said["mo"])
        if "yr" in said and year is None:
            return None
        number = value(said["da"]) if "da" in said else _THIRDS.get(said.get("third", ""), 1)
        first = day_of(year or today.year, month or 0, number or 0)
        if first is None and year is None:  # the 29th of February of another year
            others = (day_of(today.year - back, month or 0, number or 0) for back in range(1, 5))
            first = next(filter(None, others), None)
        if first is None:
            return None
        precision = Precision.DAY if "da" in said else Precision.THIRD if "third" in said else Precision.MONTH
        return Day(first, precision, step="" if year else "year")

    def _season(self, said: dict[str, str], today: date) -> Day | None:
        season = next(
            (one for one in self.words.days.seasons.values() if re.fullmatch(one.words, said["season"])), None
        )
        if season is None:
            return None
        year = self._year(said, today)
        return Day(date(year or today.year, season.month, 1), Precision.SEASON, step="" if year else "year")

    def _festival(self, piece: Piece, today: date, after: str) -> Day | None:
        year = self._year(piece.said, today)
        named, last = self._named(piece), (year or today.year)
        # the lunar year begins in February: its last days lie in the year after
        for one in (last + 1, last, last - 1):
            first = _day_in(named, one) if named else _lunar_in(piece.said, one)
            if first is None or (year is not None and first.year != year) or first.year > last:
                continue
            about = named is not None and (
                bool(_ABOUT_A_FESTIVAL.match(after)) or (named.days > 1 and not _THAT_DAY.match(after))
            )
            return Day(first, Precision.DAY, about, "" if year else "year", named=True)
        return None

    def _named(self, piece: Piece) -> Named | None:
        for number, one in enumerate(self.words.named):
            if f"n{number}" in piece.said:
                return one
        return None

    def before(self, day: Day, piece: Piece, today: date) -> Day | None:
        """The same day the time before; festivals move with the moon."""
        if piece.kind not in ("named", "lunar") or not day.step:
            return day.earlier() if day.step else None
        named = self._named(piece)
        for year in (today.year, today.year - 1, today.year - 2):
            first = _day_in(named, year) if named else _lunar_in(piece.said, year)
            if first and first <= today:
                return replace(day, first=first)
        return None


def _weekday(said: dict[str, str], today: date) -> Day:
    weekend, rel = said["wd"] == "末", said.get("rel", "").rstrip("个")
    number = _WEEKDAYS["六" if weekend else said["wd"]]
    precision = Precision.WEEKEND if weekend else Precision.DAY
    if rel:
        return Day(monday(today) + timedelta(weeks=_WEEKS[rel], days=number), precision, named=True)
    return Day(monday(today) + timedelta(days=number), precision, step="week", named=True)


def _month(said: dict[str, str], today: date) -> Day | None:
    first = months_back(today.replace(day=1), -_WEEKS[said["rel"].rstrip("个")])
    if "third" in said:
        return Day(first.replace(day=_THIRDS[said["third"]]), Precision.THIRD)
    if "da" in said:
        found = day_of(first.year, first.month, value(said["da"]) or 0)
        return Day(found, Precision.DAY) if found else None
    return Day(first, Precision.MONTH, named=True)


def _day_in(named: Named, year: int) -> date | None:
    if named.date:
        return day_of(year, *named.date)
    if named.lunar:
        return lunar_day(year, *named.lunar)
    return term_day(year, named.term or "")


def _lunar_in(said: dict[str, str], year: int) -> date | None:
    if "first" in said:
        return lunar_day(year, 1, value(said["first"].removeprefix("初")) or 0)
    month = _LUNAR_MONTHS.get(said["lm"]) or value(said["lm"])
    day = said["ld"].removeprefix("初").replace("廿", "二十")
    return lunar_day(year, month or 0, value(day) or 0)


@dataclass(frozen=True, slots=True)
class Length:
    """How long ago, and how fine that is."""

    begin: datetime
    precision: Precision


def length_ago(said: dict[str, str], now: datetime) -> Length | None:
    """三天, 大半个月, 两年半 before now; None for a number that is none."""
    half, unit = said["num"] == "半", said["unit"]
    number = 0 if half else value(said["num"])
    if number is None:
        return None
    halves = 2 * number + (1 if half else 0) + (1 if said.get("mid") or said.get("tail") else 0)
    large = half and said.get("pre") == "大"
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "分钟":
            return Length(now - timedelta(minutes=number), Precision.HOUR)
        case "小时" | "钟头":
            return Length(now - timedelta(minutes=30 * halves), Precision.HOUR)
        case "天" | "晚" | "晚上" | "夜" | "宿":
            if half:
                return None
            back = number - 1 if said.get("pre") == "这" else number
            return Length(today - timedelta(days=back), Precision.DAY)
        case "周" | "星期" | "礼拜":
            return Length(today - timedelta(days=halves * 7 // 2), Precision.WEEK)
        case "月" if half:
            return Length(today - timedelta(days=20 if large else 15), Precision.WEEK)
        case "月":
            day = months_back(today.date(), number) - timedelta(days=15 * (halves - 2 * number))
            return Length(today.replace(year=day.year, month=day.month, day=day.day), Precision.MONTH)
    months = 8 if large else 6 * halves
    day = months_back(today.date(), months)
    fine = half or (number == 1 and said.get("pre") == "小")
    return Length(
        today.replace(year=day.year, month=day.month, day=day.day), Precision.MONTH if fine else Precision.YEAR
    )
