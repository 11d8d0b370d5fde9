"""Working time: the State Council's days, the city's own, and years that nobody knows yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kb import working_time
from kb.content_files import ContentError
from kb.working_time import CITY_TIME, WORKING_DAY, WorkingTime, load

PLAIN = WorkingTime()
moments = st.datetimes(datetime(2025, 12, 1), datetime(2026, 12, 20), timezones=st.just(CITY_TIME))
amounts = st.integers(min_value=1, max_value=40 * 60).map(lambda minutes: timedelta(minutes=minutes))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


def written(folder: Path, text: str) -> Path:
    path = folder / "working_days.yml"
    path.write_text(text, encoding="utf-8")
    return path


# -- the city's own days -----------------------------------------------------------------------------------------


def test_what_ships_can_be_read() -> None:
    assert working_time.city().known_year(2026)


def test_a_day_of_the_citys_own_goes_before_the_package(tmp_path: Path) -> None:
    calendar = load(
        written(
            tmp_path,
            "whole_years: []\ndays:\n"
            "  - {date: 2026-11-23, working: false, source: 台风停工通知}\n"
            "  - {date: 2026-11-28, working: true, source: 补班}\n",
        )
    )
    assert not calendar.is_working_day(date(2026, 11, 23))
    assert calendar.is_working_day(date(2026, 11, 28))
    assert calendar.end_of_working_day(at("2026-11-20 10:00"), 1) == at("2026-11-24 17:30")
    assert calendar.end_of_working_day(at("2026-11-27 10:00"), 1) == at("2026-11-28 17:30")


def test_a_whole_year_that_the_city_gives_is_known(tmp_path: Path) -> None:
    year = PLAIN.known_until() + 1
    calendar = load(
        written(
            tmp_path,
            f"whole_years: [{year}]\ndays:\n  - {{date: {year}-10-01, working: false, source: 国务院办公厅通知}}\n",
        )
    )
    assert calendar.known_year(year) and not PLAIN.known_year(year)
    assert calendar.known_until() == year
    assert not calendar.is_working_day(date(year, 10, 1))
    assert not calendar.known_year(year + 1)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("days:\n  - {date: 2026-13-01, working: true, source: 通知}\n", 2, "date"),
        ("days:\n  - {date: 2026-12-01, working: perhaps, source: 通知}\n", 2, "working"),
        ("days:\n  - {date: 2026-12-01, working: true}\n", 2, "source"),
        (
            "days:\n  - {date: 2026-12-01, working: true, source: 甲}\n"
            "  - {date: 2026-12-01, working: false, source: 乙}\n",
            3,
            "given twice",
        ),
        ("whole_years: [2031]\ndays: []\n", 1, "2031 has no day below"),
        ("whole_years: [20271]\ndays: []\n", 1, "whole_years"),
        ("holidays: []\n", 1, "holidays"),
        ("", 1, "expected keys and values"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, text: str, line: int, word: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ContentError) as wrong:
        load(path)
    assert str(wrong.value).startswith(f"{path}:{line}:")
    assert word in str(wrong.value)


# -- years that nobody knows -------------------------------------------------------------------------------------


def test_a_year_without_a_notice_is_said_to_be_unknown() -> None:
    year = PLAIN.known_until() + 1
    assert not PLAIN.known_year(year)
    new_year = datetime(year, 1, 1, tzinfo=CITY_TIME)
    # still the old year in UTC: the city's time decides
    assert PLAIN.unknown_years(at("2026-11-23 10:00"), new_year.astimezone(UTC)) == list(range(year, year + 1))
    assert PLAIN.unknown_years(at("2026-11-23 10:00"), new_year - timedelta(minutes=1)) == []


def test_a_year_before_the_package_begins_is_unknown_too() -> None:
    assert not PLAIN.known_year(1999)
    assert PLAIN.is_working_day(date(1999, 10, 1))  # National Day, and a Friday


# -- how working time adds up ------------------------------------------------------------------------------------


@given(moments, amounts, amounts)
def test_working_time_adds_up(start: datetime, first: timedelta, second: timedelta) -> None:
    assert PLAIN.after(PLAIN.after(start, first), second) == PLAIN.after(start, first + second)


@given(moments, amounts)
def test_what_has_passed_is_what_was_added(start: datetime, amount: timedelta) -> None:
    end = PLAIN.after(start, amount)
    assert PLAIN.between(start, end) == amount
    assert PLAIN.between(end, start) == timedelta()


@given(moments, amounts)
def test_the_way_back_leaves_as_much_and_not_a_minute_later_does(end: datetime, amount: timedelta) -> None:
    begin = PLAIN.before(end, amount)
    assert PLAIN.between(begin, end) == amount
    assert PLAIN.between(begin + timedelta(minutes=1), end) < amount


@given(moments, moments, moments)
def test_the_parts_of_a_span_make_the_whole(one: datetime, two: datetime, three: datetime) -> None:
    first, middle, last = sorted((one, two, three))
    assert PLAIN.between(first, middle) + PLAIN.between(middle, last) == PLAIN.between(first, last)


@given(moments, amounts)
def test_no_working_time_ends_on_a_holiday_or_at_night(start: datetime, amount: timedelta) -> None:
    for moment in (PLAIN.after(start, amount), PLAIN.before(start, amount)):
        assert PLAIN.is_working_day(moment.date())
        assert datetime(1, 1, 1, 9).time() <= moment.time() <= datetime(1, 1, 1, 17, 30).time()


@given(moments, moments, amounts)
def test_who_begins_later_never_ends_earlier(one: datetime, other: datetime, amount: timedelta) -> None:
    assume(one <= other)
    assert PLAIN.after(one, amount) <= PLAIN.after(other, amount)
    assert PLAIN.before(one, amount) <= PLAIN.before(other, amount)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_a_working_day_has_its_seven_hours_and_another_day_none(day: date) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=CITY_TIME)
    found = PLAIN.between(midnight, midnight + timedelta(days=1))
    assert found == (WORKING_DAY if PLAIN.is_working_day(day) else timedelta())


@pytest.mark.parametrize("saturday", ["2026-02-14", "2026-02-28", "2026-10-10"])
def test_a_make_up_saturday_counts_like_any_working_day(saturday: str) -> None:
    assert PLAIN.between(at(f"{saturday} 00:00"), at(f"{saturday} 23:59")) == WORKING_DAY
