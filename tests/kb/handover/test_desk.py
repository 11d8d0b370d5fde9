"""When somebody is at the desk: weeks, holidays, make-up days, midnights, and files with mistakes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.handover import desk as desks
from kb.handover.desk import ALWAYS, NEVER, Desk, hours
from kb.working_time import CITY_TIME, WorkingTime

CALENDAR = WorkingTime()
OFFICE = hours(("8:30-12:00", "13:30-17:30"))
WEEK = Desk(weekly=(*(OFFICE,) * 5, hours(("9:00-11:00",)), ()), make_up=OFFICE, calendar=CALENDAR)
FRIDAY = date(2026, 11, 20)
NATIONAL_DAY = date(2026, 10, 1)


def at(day: date, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CITY_TIME)


@pytest.mark.parametrize("clock", ["8:30", "11:59", "13:30", "17:29"])
def test_from_the_minute_of_opening_somebody_is_there(clock: str) -> None:
    assert WEEK.is_open(at(FRIDAY, clock))
    assert WEEK.is_open(at(FRIDAY, clock).astimezone(UTC))


@pytest.mark.parametrize("clock", ["0:00", "8:29", "12:00", "13:29", "17:30", "23:59"])
def test_from_the_minute_of_closing_nobody_is_there(clock: str) -> None:
    assert not WEEK.is_open(at(FRIDAY, clock))
    assert not WEEK.is_open(at(FRIDAY, clock).astimezone(UTC))


def test_the_next_opening_is_after_lunch_or_on_the_next_day_that_has_hours() -> None:
    assert WEEK.opens(at(FRIDAY, "12:10")) == at(FRIDAY, "13:30")
    assert WEEK.opens(at(FRIDAY, "18:00")) == at(FRIDAY + timedelta(days=1), "9:00")
    assert WEEK.opens(at(FRIDAY + timedelta(days=1), "11:00")) == at(FRIDAY + timedelta(days=3), "8:30")
    assert WEEK.opens(at(FRIDAY, "9:00")) == at(FRIDAY, "9:00")


def test_a_holiday_is_no_weekday_and_a_weekend_inside_of_it_no_weekend() -> None:
    assert not WEEK.is_open(at(NATIONAL_DAY, "10:00"))  # a Thursday
    assert not WEEK.is_open(at(date(2026, 10, 3), "10:00"))  # a Saturday, which else has hours
    assert WEEK.is_open(at(date(2026, 11, 21), "10:00"))
    assert WEEK.opens(at(NATIONAL_DAY, "8:00")) == at(date(2026, 10, 8), "8:30")


def test_a_saturday_that_is_worked_has_the_hours_of_make_up_days() -> None:
    saturday = date(2026, 10, 10)
    assert CALENDAR.is_working_day(saturday)
    assert WEEK.is_open(at(saturday, "16:00"))


def test_a_day_of_its_own_goes_before_everything() -> None:
    own = Desk(weekly=WEEK.weekly, days={FRIDAY: (), NATIONAL_DAY: OFFICE}, calendar=CALENDAR)
    assert not own.is_open(at(FRIDAY, "10:00"))
    assert own.is_open(at(NATIONAL_DAY, "10:00"))


def test_a_city_that_declares_a_day_off_has_nobody_there() -> None:
    calendar = WorkingTime({FRIDAY: False})
    assert not Desk(weekly=WEEK.weekly, calendar=calendar).is_open(at(FRIDAY, "10:00"))


def test_closing_is_the_end_of_this_span_and_midnight_is_no_closing() -> None:
    night = Desk(weekly=(hours(("0:00-2:00", "20:00-24:00")),) * 7, holidays=(), calendar=CALENDAR)
    assert WEEK.closes(at(FRIDAY, "9:00")) == at(FRIDAY, "12:00")
    assert WEEK.closes(at(FRIDAY, "12:30")) is None
    assert night.closes(at(FRIDAY, "23:00")) == at(FRIDAY + timedelta(days=1), "2:00")
    assert night.is_open(at(FRIDAY, "23:59")) and night.is_open(at(FRIDAY, "0:00"))


def test_a_desk_that_is_always_there_never_closes_and_one_that_is_never_there_never_opens() -> None:
    assert ALWAYS.is_open(at(NATIONAL_DAY, "3:00")) and ALWAYS.closes(at(NATIONAL_DAY, "3:00")) is None
    assert not NEVER.is_open(at(FRIDAY, "10:00")) and NEVER.opens(at(FRIDAY, "10:00")) is None
    assert ALWAYS.opens(at(FRIDAY, "3:00")) == at(FRIDAY, "3:00")


def test_the_time_waited_is_that_in_which_somebody_was_there() -> None:
    assert WEEK.between(at(FRIDAY, "11:30"), at(FRIDAY, "14:00")) == timedelta(hours=1)
    assert WEEK.between(at(FRIDAY, "17:00"), at(FRIDAY + timedelta(days=1), "9:20")) == timedelta(minutes=50)
    assert WEEK.between(at(FRIDAY, "18:00"), at(FRIDAY, "20:00")) == timedelta()
    assert WEEK.between(at(FRIDAY, "11:00"), at(FRIDAY, "10:00")) == timedelta()


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(CITY_TIME))


@settings(max_examples=60, deadline=None)
@given(MOMENTS, MOMENTS, MOMENTS)
def test_what_was_waited_adds_up(one: datetime, two: datetime, three: datetime) -> None:
    first, middle, last = sorted((one, two, three))
    whole = WEEK.between(first, last)
    assert whole == WEEK.between(first, middle) + WEEK.between(middle, last)
    assert timedelta() <= whole <= last - first


@settings(max_examples=60, deadline=None)
@given(MOMENTS)
def test_when_it_opens_it_is_open_and_nobody_is_there_before(moment: datetime) -> None:
    opens = WEEK.opens(moment)
    assert opens is not None and opens >= moment and WEEK.is_open(opens)
    assert WEEK.between(moment, opens) == timedelta()
    closes = WEEK.closes(opens)
    assert closes is not None and not WEEK.is_open(closes) and WEEK.between(opens, closes) == closes - opens


# -- the file ----------------------------------------------------------------------------------------------------

DAYS = "".join(f'  {day}: ["8:30-17:30"]\n' for day in desks.WEEK)
GOOD = f"weekly:\n{DAYS}make_up_days: monday\nholidays: []\n"


def read(tmp_path: Path, text: str) -> Desk:
    path = tmp_path / "desk.yml"
    path.write_text(text, encoding="utf-8")
    return desks.load(CALENDAR, path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace('monday: ["8:30-17:30"]', 'monday: ["17:30-8:30"]'), "the first time must come before"),
        (GOOD.replace('monday: ["8:30-17:30"]', 'monday: ["8:30-25:00"]'), "neither after 24:00"),
        (GOOD.replace('monday: ["8:30-17:30"]', 'monday: ["8:75-9:00"]'), "the first time must come before"),
        (GOOD.replace('monday: ["8:30-17:30"]', 'monday: ["8:30-12:00", "11:00-13:00"]'), "in order and apart"),
        (GOOD.replace('monday: ["8:30-17:30"]', 'monday: ["all day"]'), "such as 8:30-17:30"),
        (GOOD.replace('  sunday: ["8:30-17:30"]\n', ""), "sunday"),
        (GOOD.replace("make_up_days: monday", "make_up_days: someday"), "make_up_days"),
        (GOOD.replace("holidays: []\n", ""), "holidays"),
        (GOOD + "closed: []\n", "closed"),
        (GOOD + 'days:\n  - {date: "2026-13-01", hours: [], why: x}\n', "date"),
        (GOOD + 'days:\n  - {date: "2026-12-01", hours: []}\n', "why"),
        (GOOD + 'days:\n' + '  - {date: "2026-12-01", hours: [], why: x}\n' * 2, "given twice"),
        (GOOD.replace('["8:30-17:30"]', "[]"), "no day has hours"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_told_with_file_line_and_what_would_do(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContentError) as told:
        read(tmp_path, text)
    assert str(told.value).startswith(f"{tmp_path / 'desk.yml'}:")
    assert said in str(told.value)


def test_the_file_says_what_the_desk_does(tmp_path: Path) -> None:
    text = GOOD + 'days:\n  - {date: "2026-11-20", hours: ["8:30-12:00"], why: 检修}\n'
    made = read(tmp_path, text.replace("make_up_days: monday", 'make_up_days: ["9:00-10:00"]'))
    assert made.closes(at(FRIDAY, "9:00")) == at(FRIDAY, "12:00")
    assert made.hours_of(date(2026, 10, 10)) == ((540, 600),)
    assert made.hours_of(NATIONAL_DAY) == ()


def test_the_file_that_ships_can_be_read_and_every_week_has_hours() -> None:
    shipped = desks.load(CALENDAR)
    assert all(shipped.weekly)
    assert shipped.opens(at(NATIONAL_DAY, "0:00")) is not None
