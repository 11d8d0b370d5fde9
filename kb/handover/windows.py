"""When a citizen wants to be called: times that can be offered, and what is said of a time, within the desk's hours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from kb.handover.desk import Desk
from kb.numbers_said import value
from kb.text import folded
from kb.working_time import CITY_TIME

# Nobody is promised a call within the next minutes.
SOON = timedelta(minutes=30)
SHORTEST = timedelta(minutes=30)
NOON, EVENING = time(12), time(18)
# Minutes from midnight.
_PARTS = {
    **dict.fromkeys(("后半夜", "半夜", "凌晨"), (0, 360)),
    **dict.fromkeys(("早上", "早晨", "一早"), (300, 660)),
    **dict.fromkeys(("午后", "下午"), (720, 1080)),
    **dict.fromkeys(("晚上", "晚间", "夜里"), (1080, 1440)),
    "上午": (300, 720),
    "中午": (660, 840),
    "傍晚": (1020, 1140),
    "深夜": (1320, 1440),
    "白天": (480, 1080),
}
_AFTER_NOON = frozenset({"午后", "下午", "傍晚", "晚上", "晚间", "夜里", "深夜"})
_DAYS = {"今天": 0, "今儿": 0, "今日": 0, "明天": 1, "明儿": 1, "明日": 1, "后天": 2, "大后天": 3}
_WEEK = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6, "末": 5}
_TENTH = "零〇一二两三四五六七八九十"

_NUMBER = rf"(?:\d{{1,2}}|[{_TENTH}]{{1,3}})"
_CLOCK = rf"(?:({_NUMBER})(?::(\d{{2}})|(?:点钟|点|时)(半|一刻|三刻|\d{{1,2}}分?)?))"
_SPOKEN = re.compile(
    rf"(?P<part>{'|'.join(_PARTS)})?(?:的)?{_CLOCK}"
    rf"(?:(?:到|至|-|~|—)(?P<part2>{'|'.join(_PARTS)})?({_NUMBER})(?::(\d{{2}})|(?:点钟|点|时)(半|一刻|三刻|\d{{1,2}}分?)?))?"
    r"(?P<side>以后|之后|往后|过后|后|以前|之前|前)?"
)
_PART = re.compile("|".join(_PARTS))
_DAY = re.compile("|".join(sorted(_DAYS, key=len, reverse=True)))
_TONIGHT = re.compile(r"今晚|明晚")
_WEEKDAY = re.compile(r"(下个?|这个?|本)?(?:周|星期|礼拜)([一二三四五六日天末])")
_MONTH_DAY = re.compile(r"(?:(\d{1,2})月)?(\d{1,2})[号日]")
_ANY = re.compile(
    r"随时|都行|都可以|都方便|都成|都好|任何时[候间]|什么时候都|啥时候都|看你们|看您|听你们|你们定|您定|无所谓|不限|工作时间|上班时间|工作日"
)
_AT_ONCE = re.compile(r"现在|马上|立刻|立即|尽快|越快越好|赶紧|快点|这会儿")
_NOT = re.compile(r"不行|不方便|不要|不能|别|除了|没空|没时间|忙")


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, in the city's time; both within the desk's hours of one day."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was said of a time: `window`, or any time (`anytime`), or one at which nobody is there (neither)."""

    window: Window | None = None
    anytime: bool = False

    @property
    def outside(self) -> bool:
        """Nobody is at the desk then."""
        return self.window is None and not self.anytime


_CHOICE = "%Y%m%d%H%M"


def as_choice(window: Window) -> str:
    """The window as a button carries it: '202611201330-202611201730'."""
    return f"{window.begins:{_CHOICE}}-{window.ends:{_CHOICE}}"


def chosen(choice: str, now: datetime) -> Window | None:
    """The window of a button; what is left of it, None when it is over or no window."""
    try:
        begins, ends = (datetime.strptime(one, _CHOICE).replace(tzinfo=CITY_TIME) for one in choice.split("-"))
    except ValueError:
        return None
    begins = max(begins, now.astimezone(CITY_TIME))
    return Window(begins, ends) if begins < ends else None


def offered(desk: Desk, now: datetime, most: int = 3) -> tuple[Window, ...]:
    """The next mornings, afternoons and evenings at which somebody is there, at most so many."""
    return tuple(islice(_halves(desk, now + SOON), most))


def _halves(desk: Desk, since: datetime) -> Iterator[Window]:
    """The desk's hours from then on, cut at noon and in the evening; what is too short for a call is left out."""
    last: Window | None = None
    for opens, closes in desk.spans(since):
        begins = max(opens, since.astimezone(CITY_TIME))
        cuts = [datetime.combine(opens.date(), cut, CITY_TIME) for cut in (NOON, EVENING)]
        for ends in (*(cut for cut in cuts if begins < cut < closes), closes):
            begins, window = ends, Window(begins, ends)
            if last and _half(last) == _half(window):  # two spans of one morning
                last = Window(last.begins, window.ends)
                continue
            if last and last.ends - last.begins >= SHORTEST:
                yield last
            last = window
    if last and last.ends - last.begins >= SHORTEST:
        yield last


def _half(window: Window) -> tuple[date, int]:
    begins = window.begins.time()
    return window.begins.date(), (begins >= NOON) + (begins >= EVENING)


def read(text: str, desk: Desk, now: datetime) -> Wanted | None:
    """What the words say of a time to be called at; None when they say nothing of one."""
    said = folded(text)
    here = now.astimezone(CITY_TIME)
    day = _day(said, here)
    minutes = _minutes(said, day, desk, here)
    if day is None and minutes is None:
        if _AT_ONCE.search(said) and not _NOT.search(said):
            return _first(desk, now)
        return Wanted(anytime=True) if _ANY.search(said) else None
    if _NOT.search(said):  # "上午不行" says when not
        return None
    begins, ends = minutes or (0, 24 * 60)
    if day is not None:
        return Wanted(_within(desk, day, begins, ends, now))
    # "下午" is that of today, or of tomorrow when it is over
    windows = (_within(desk, here.date() + timedelta(days=ahead), begins, ends, now) for ahead in (0, 1))
    return Wanted(next(filter(None, windows), None))


def _first(desk: Desk, now: datetime) -> Wanted:
    return Wanted(next(_halves(desk, now), None))


def _day(said: str, here: datetime) -> date | None:
    today = here.date()
    if found := _TONIGHT.search(said):
        return today + timedelta(days=found.group() == "明晚")
    if found := _DAY.search(said):
        return today + timedelta(days=_DAYS[found.group()])
    if found := _WEEKDAY.search(said):
        next_week, name = (found[1] or "").startswith("下"), found[2]
        monday = today - timedelta(days=today.weekday())
        day = monday + timedelta(days=_WEEK[name], weeks=next_week)
        return day if day >= today else day + timedelta(weeks=1)
    if found := _MONTH_DAY.search(said):
        return _date(today, found[1], int(found[2]))
    return None


def _date(today: date, month: str | None, day: int) -> date | None:
    """The next such date; None for one that there is not."""
    for ahead in range(13):
        first = date(today.year + (today.month - 1 + ahead) // 12, (today.month - 1 + ahead) % 12 + 1, 1)
        if month is not None and first.month != int(month):
            continue
        try:
            found = first.replace(day=day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _minutes(said: str, day: date | None, desk: Desk, here: datetime) -> tuple[int, int] | None:
    """From when to when on the day, in minutes; None when nothing is said of it."""
    found = next((one for one in _SPOKEN.finditer(said) if _of_day(one[2], one[3], one[4]) is not None), None)
    if found is None:
        if _TONIGHT.search(said):
            return _PARTS["晚上"]
        parts = _PART.findall(said)
        return _PARTS[parts[-1]] if parts else None
    part = found["part"] or ("晚上" if _TONIGHT.search(said) else None)
    begins = _of_day(found[2], found[3], found[4])
    assert begins is not None, "looked for above"
    begins = _half_of_day(begins, part, desk, day or here.date())
    side = found["side"] or ""
    if found[6]:
        ends = _of_day(found[6], found[7], found[8])
        if ends is None:
            return begins, begins + 60
        ends += 720 if ends < begins and ends + 720 > begins else 0
        return (begins, ends) if ends > begins else (begins, begins + 60)
    if side.endswith("前"):
        return (_PARTS[part][0] if part else 0), begins
    if side:
        return begins, max(begins + 60, _PARTS[part][1] if part else 24 * 60)
    return begins, begins + 60


def _half_of_day(begins: int, part: str | None, desk: Desk, day: date) -> int:
    """8点 may be in the evening: what was said decides, else the half of the day in which somebody is there."""
    if begins >= 720 or (part and part not in _AFTER_NOON and not (part == "中午" and begins < 240)):
        return begins
    if part:
        return begins + 720
    there = [minute for minute in (begins, begins + 720) if any(a <= minute < b for a, b in desk.hours_of(day))]
    return there[0] if there else begins + 720 * (begins < 7 * 60)


def _of_day(hour: str, minute: str | None, spoken: str | None) -> int | None:
    """Minutes from midnight; None for no time of a day."""
    hours = int(hour) if hour.isdigit() else value(hour)
    match spoken:
        case "半":
            minutes = 30
        case "一刻":
            minutes = 15
        case "三刻":
            minutes = 45
        case _:
            minutes = int((minute or spoken or "0").removesuffix("分"))
    return hours * 60 + minutes if hours is not None and hours <= 24 and minutes < 60 else None


def _within(desk: Desk, day: date, begins: int, ends: int, now: datetime) -> Window | None:
    """The part of these minutes at which somebody is there, not before now."""
    since, until = max(_at(day, begins), now.astimezone(CITY_TIME)), _at(day, ends)
    spans = [
        (max(since, _at(day, opens)), min(until, _at(day, closes)))
        for opens, closes in desk.hours_of(day)
        if _at(day, closes) > since and _at(day, opens) < until
    ]
    if not spans or spans[-1][1] - spans[0][0] < min(SHORTEST, timedelta(minutes=ends - begins)):
        return None
    return Window(spans[0][0], spans[-1][1])


def _at(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time(), CITY_TIME) + timedelta(minutes=minutes)
