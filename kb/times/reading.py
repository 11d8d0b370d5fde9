"""Reading since when a problem is there, and how often: all times of a message, and the one that is its beginning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from kb.times.calendars import at
from kb.times.clocks import Clock, Parts, until
from kb.times.content import TimeWords, load
from kb.times.grammar import Grammar, Piece, flat
from kb.times.habits import Habit, Habits
from kb.times.resolving import SOON, Day, Days, length_ago
from kb.times.when import LONGEST_WORDS, Precision, When
from kb.working_time import CITY_TIME

LONGEST_TEXT = 2_000
_DAYS = {"day", "short_day", "weekday", "week", "month", "dayno", "date", "season", "half", "year", "lunar", "named"}
# What may stand between a day and its hour.
_GLUE = re.compile(r"(?:的|那天|当天|当日|那个|那天的|大概|大约|差不多|约| )*")
_FROM = re.compile(r"(?:从|自|自从|打从|打|由|大概从|约从|差不多从|大概是?|差不多是?)$")
_ABOUT_BEFORE = re.compile(r"(?:大概|大约|差不多|约|好像|可能)(?:是|在|从)?$")
_ABOUT_AFTER = re.compile(r"^(?:左右|前后|上下|那会儿|那阵子?|吧|的样子|多)")
_SINCE = re.compile(
    r"^(?:放假|假期|期间)?(?:晚上|那[几两]?天|左右|前后|份|时候)?(?:开始|起(?!来)|以来|至今|到现在|到今天|一直)"
)
_TO = re.compile(r"(?:到|至|等到?|截止到?|截至|直到|拖到)$")
_FOLLOWS_A_LENGTH = re.compile(r"^(?:多)?(?:了|以来|之?前|以前|没|都没|到现在|不|前后)")
_WORD_AFTER_A_LENGTH = re.compile(r"^(?:多了|了|以来|之前|以前|前)")
_JUST_SO_LONG = re.compile(r"^[。.!！吧啊呢，,\s]*$")
_WITHIN = re.compile(r"^(?:之内|以内)")
_BEGINS_BY_ITSELF = re.compile(r"[入开]")
_THIS_ONE = re.compile(r"(?:从|自|自从|打|这个|这|今)$")
_CLAUSE = re.compile(r"[，。,.；;！!？?\n]")
_NIGHT_OWLS = 5


@dataclass(frozen=True, slots=True)
class Read:
    """What a message says of time. `ahead`: the words for a time that is still to come, where no other was said."""

    when: When | None = None
    ahead: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """One time in the message with its weight as the beginning."""

    when: When
    start: int
    end: int
    weight: int
    ahead: bool = False


@dataclass(frozen=True)
class Times:
    """Reads times. Safe to use from several threads."""

    words: TimeWords

    @cached_property
    def _grammar(self) -> Grammar:
        return Grammar(self.words)

    @cached_property
    def _days(self) -> Days:
        return Days(self.words)

    @cached_property
    def _parts(self) -> Parts:
        return Parts(self.words)

    @cached_property
    def _habits(self) -> Habits:
        return Habits(self.words)

    def read(self, text: str, now: datetime) -> Read:
        """Since when, or how often, as far as the words say it; `now` (aware) is when they were said."""
        text, now = text[:LONGEST_TEXT], now.astimezone(CITY_TIME)
        plain = flat(text)
        habit = self._habits.find(plain)
        pieces = [piece for piece in self._grammar.pieces(plain) if not (habit and _belongs(piece, habit))]
        found = self._found(text, plain, pieces, now, habit)
        been = [one for one in found if not one.ahead]
        best = self._best(been)
        if habit and (best is None or best.when.precision is Precision.UNCLEAR):
            return Read(self._habitual(text, plain, habit, pieces, None))
        if best is None:
            ahead = next((one.when.words for one in found if one.ahead), None)
            return Read(ahead=ahead)
        if habit:
            return Read(self._habitual(text, plain, habit, pieces, best))
        return Read(best.when)

    # -- all times -------------------------------------------------------------------------------------------

    def _found(
        self, text: str, plain: str, pieces: Sequence[Piece], now: datetime, habit: Habit | None
    ) -> list[_Found]:
        found, number = [], 0
        while number < len(pieces):
            piece, taken = pieces[number], 1
            if piece.kind in _DAYS:
                group = self._group(plain, pieces[number:])
                taken = len(group)
                one = self._point(text, plain, group, now)
            elif piece.kind == "length":
                one = self._length(text, plain, piece, now)
            elif piece.kind == "now":
                hour = now.replace(minute=0, second=0, microsecond=0)
                when = When(text[piece.start : piece.end], hour, Precision.HOUR, True)
                one = _Found(when, piece.start, piece.end, 1 + self._weight(plain, piece.start, piece.end))
            elif piece.kind == "vague":
                one = self._vague(text, plain, piece)
            else:
                group = self._group(plain, pieces[number:])
                taken = len(group)
                one = self._unclear(text, group, habit)
            if one and not _TO.search(plain[: one.start]):
                found.append(one)
            number += taken
        return found

    def _group(self, plain: str, pieces: Sequence[Piece]) -> list[Piece]:
        """A day with the part of the day and the clock that follow it, or a part with its clock."""
        group = [pieces[0]]
        for piece in pieces[1:]:
            if piece.kind not in ("part", "clock") or not _GLUE.fullmatch(plain, group[-1].end, piece.start):
                break
            if piece.kind in {one.kind for one in group} or group[-1].kind == "clock":
                break
            group.append(piece)
        return group

    def _point(self, text: str, plain: str, group: list[Piece], now: datetime) -> _Found | None:
        piece, start, end = group[0], group[0].start, group[-1].end
        day = self._days.read(piece, now, plain[piece.end : piece.end + 12])
        if day is None or _WITHIN.match(plain[end:]) or _every_year(plain, piece):
            return None
        part, clock = self._hours(piece, group[1:])
        begins = self._parts.begins(part)
        tonight = piece.kind in ("short_day", "day") and day.first == now.date() and begins > now.hour
        if tonight and now.hour < _NIGHT_OWLS:
            day = replace(day, first=day.first - timedelta(days=1))  # who is still up calls it this evening
        day = self._settled(day, piece, plain[end : end + 24], now, begins)
        first = at(day.first)
        precision, about = day.precision, day.about
        if clock and clock.sure and precision is Precision.DAY:
            late = clock.next_day and at(day.first + timedelta(days=1), clock.hour, clock.minute or 0) <= now
            first = at(day.first + timedelta(days=1) if late else day.first, clock.hour, clock.minute or 0)
            precision, about = Precision.MINUTE if clock.minute is not None else Precision.HOUR, clock.about
        elif part and precision is Precision.DAY:
            precision = Precision.PART
        about = about or bool(_ABOUT_BEFORE.search(plain[:start]) or _ABOUT_AFTER.match(plain[end:]))
        ahead = first > now or (precision is Precision.PART and at(day.first, begins) > now)
        named = text[piece.start : piece.end] if day.named else ""
        when = When(text[start:end][:LONGEST_WORDS], first, precision, about, part, named)
        return _Found(when, start, end, 1 + self._weight(plain, start, end), ahead)

    def _settled(self, day: Day, piece: Piece, after: str, now: datetime, begins: int) -> Day:
        """The day itself, or the one before where the words leave open which and this one is still to come."""
        today = now.date()
        if not day.step or at(day.first, begins) <= now or self.words.ahead.search(after):
            return day
        calendar_day = day.precision is Precision.DAY and day.step != "week"
        soon = calendar_day and day.first - today <= SOON
        if soon and not self.words.gone.search(after):
            return day
        return self._days.before(day, piece, today) or day

    def _hours(self, first: Piece, rest: Sequence[Piece]) -> tuple[str, Clock | None]:
        part = self.words.words.short_days[first.said["day"]][1] if first.kind == "short_day" else ""
        clock = None
        for piece in rest:
            if piece.kind == "part":
                part = self._parts.part(piece)
            else:
                clock = self._parts.clock(piece, part)
        return part, clock

    def _length(self, text: str, plain: str, piece: Piece, now: datetime) -> _Found | None:
        said, rest, before = piece.said, plain[piece.end : piece.end + 12], plain[: piece.start]
        if self.words.no_length.search(rest) or self.words.no_length_after.search(before):
            return None
        if said["num"] == "一" and not said.get("pre") and not _FOLLOWS_A_LENGTH.match(rest):
            more = any(said.get(name) for name in ("more", "more2", "more3", "mid"))
            alone = more or _JUST_SO_LONG.match(rest)
            if not alone and text[piece.end - 1] not in "夜宿":
                return None
        length = length_ago(said, now)
        if length is None:
            return None
        tail = _WORD_AFTER_A_LENGTH.match(rest)
        end = piece.end + (tail.end() if tail else 0)
        when = When(text[piece.start : end], length.begin, length.precision, True, ago=True)
        weight = 1 + (2 if _FOLLOWS_A_LENGTH.match(rest) or said.get("pre") else 0)
        return _Found(when, piece.start, end, weight + self._weight(plain, piece.start, end))

    def _vague(self, text: str, plain: str, piece: Piece) -> _Found:
        tail = _WORD_AFTER_A_LENGTH.match(plain[piece.end : piece.end + 4])
        end = piece.end + (tail.end() if tail else 0)
        when = When(text[piece.start : end], None, Precision.VAGUE, True)
        return _Found(when, piece.start, end, self._weight(plain, piece.start, end))

    def _unclear(self, text: str, group: list[Piece], habit: Habit | None) -> _Found | None:
        """Hours without a day: 半夜, 晚上十点多. A clock alone may be anything."""
        if group[0].kind == "clock" and not habit:
            return None
        part, clock = self._hours(group[0], group)
        start, end = group[0].start, group[-1].end
        when = When(text[start:end], None, Precision.UNCLEAR, bool(clock and clock.about), part)
        return _Found(when, start, end, -1)

    def _weight(self, plain: str, start: int, end: int) -> int:
        """How much speaks for this being the beginning: 从, 开始; against: 修过, 还好好的."""
        rest = _CLAUSE.split(plain[end : end + 16], maxsplit=1)[0]
        weight = 3 if _FROM.search(plain[:start]) and not _ABOUT_BEFORE.search(plain[:start]) else 0
        weight += 3 if _SINCE.match(plain[end:]) else 0
        return weight - (3 if self.words.background.search(rest) else 0)

    @staticmethod
    def _best(found: Sequence[_Found]) -> _Found | None:
        def rank(one: _Found) -> tuple[int, float, int]:
            return (-one.weight, one.when.begin.timestamp() if one.when.begin else 0.0, one.start)

        return min(found, key=rank, default=None)

    # -- habits ----------------------------------------------------------------------------------------------

    def _habitual(self, text: str, plain: str, habit: Habit, pieces: Sequence[Piece], best: _Found | None) -> When:
        """The beginning, if one is known, with how often and at what hours."""
        free = [
            one for one in pieces if one.kind in ("part", "clock") and not (best and best.start <= one.start < best.end)
        ]
        free = [one for one in free if one.kind == "clock" or not _TO.search(plain[: one.start])]
        hours, used = self._spell(plain, habit, free)
        every = " ".join(filter(None, (habit.often, habit.detail, hours)))
        start = min([habit.start, *(one.start for one in used)])
        end = max([habit.end, *(one.end for one in used)])
        words = text[start:end] if end - start <= LONGEST_WORDS else text[habit.start : habit.end]
        if best is None or best.when.precision is Precision.UNCLEAR:
            return When(words, None, Precision.UNCLEAR, every=every, habit=words)
        return replace(best.when, every=every, habit=words)

    def _spell(self, plain: str, habit: Habit, free: Sequence[Piece]) -> tuple[str, list[Piece]]:
        """The hours of a habit: '06:00-09:00', '23:00-', '04:00', '晚上', or ""; and the pieces that say it."""
        part, clocks, used = habit.part, list[tuple[Clock, bool]](), list[Piece]()
        for piece in _near(plain, habit, free):
            if clocks and not _is_between(plain, used[-1], piece):
                break
            if piece.kind == "part":
                part = self._parts.part(piece)
            else:
                clock = self._parts.clock(piece, part)
                if clock is None or len(clocks) == 2:
                    break
                clocks.append((clock, bool(used) and used[-1].kind == "part"))
            used.append(piece)
        if not clocks:
            season = re.search(r"[春夏秋冬](?:天|季)", plain[habit.end : habit.end + 4])
            return part or (season[0] if season and habit.often == "yearly" else ""), used
        first = clocks[0][0]
        if len(clocks) == 2:
            return until(first, clocks[1][0], told=clocks[1][1]), used
        after = re.match(r"(?:以后|之后|过后|往后|开始)", plain[used[-1].end :])
        return first.text + ("-" if after else ""), used


def _near(plain: str, habit: Habit, free: Sequence[Piece]) -> list[Piece]:
    """The hours that are said in one breath with the habit, behind it or, where there are none, before it."""
    behind = [one for one in free if one.start >= habit.end]
    if behind and _in_one_breath(plain[habit.end : behind[0].start]):
        return behind
    before = [one for one in free if one.end <= habit.start]
    if not before or not _in_one_breath(plain[before[-1].end : habit.start]):
        return []
    first = len(before) - 1
    while first and _in_one_breath(plain[before[first - 1].end : before[first].start]):
        first -= 1
    return before[first:]


def _in_one_breath(between: str) -> bool:
    return len(between) <= 6 and not _CLAUSE.search(between)


def _every_year(plain: str, piece: Piece) -> bool:
    """A season without a year is any year's (夏天臭得很), unless it is said to have begun."""
    if piece.kind != "season" or "yr" in piece.said or _BEGINS_BY_ITSELF.match(piece.said["season"]):
        return False
    return not (_SINCE.match(plain[piece.end :]) or _THIS_ONE.search(plain[: piece.start]))


def _belongs(piece: Piece, habit: Habit) -> bool:
    """Whether a piece is a part of the words for the habit: 每年冬天."""
    near = piece.kind == "season" and habit.often == "yearly" and 0 <= piece.start - habit.end <= 2
    return near or (piece.start < habit.end and habit.start < piece.end)


def _is_between(plain: str, before: Piece, piece: Piece) -> bool:
    """Whether nothing but 到, 次日 and the like stands between two pieces."""
    return bool(re.fullmatch(r"\s*(?:到|至|-|~|直到)*\s*(?:次日|第二天|转天)?\s*", plain[before.end : piece.start]))


@lru_cache(maxsize=1)
def shipped() -> Times:
    """The reader with the project's own words. Raises ContentError."""
    return Times(load())
