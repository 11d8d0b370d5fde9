"""When an answer is due, as a table of cases. The city's time; 2026 with its holidays and make-up days."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deadlines import CITY_TIME, Deadline, Unit, due, is_working_day

H, WH, WD = Unit.HOURS, Unit.WORKING_HOURS, Unit.WORKING_DAYS

CASES = [
    # hours run day and night
    ("2026-11-23 10:00", 2, H, "2026-11-23 12:00"),
    ("2026-11-21 23:30", 2, H, "2026-11-22 01:30"),
    ("2026-09-30 20:00", 24, H, "2026-10-01 20:00"),
    ("2026-12-31 23:00", 2, H, "2027-01-01 01:00"),
    # working hours of one day
    ("2026-11-23 09:00", 2, WH, "2026-11-23 11:00"),
    ("2026-11-23 09:00", 3, WH, "2026-11-23 12:00"),
    ("2026-11-23 13:30", 4, WH, "2026-11-23 17:30"),
    ("2026-11-23 09:00", 7, WH, "2026-11-23 17:30"),
    # before opening, across lunch, in the middle of lunch
    ("2026-11-23 06:00", 1, WH, "2026-11-23 10:00"),
    ("2026-11-23 11:00", 2, WH, "2026-11-23 14:30"),
    ("2026-11-23 11:59", 1, WH, "2026-11-23 14:29"),
    ("2026-11-23 12:30", 1, WH, "2026-11-23 14:30"),
    # into the evening, from the evening, over several days
    ("2026-11-23 17:00", 1, WH, "2026-11-24 09:30"),
    ("2026-11-23 17:30", 1, WH, "2026-11-24 10:00"),
    ("2026-11-23 20:15", 4, WH, "2026-11-24 14:30"),
    ("2026-11-23 09:00", 8, WH, "2026-11-24 10:00"),
    ("2026-11-23 10:00", 24, WH, "2026-11-26 14:30"),
    # weekend
    ("2026-11-20 16:30", 2, WH, "2026-11-23 10:00"),
    ("2026-11-21 10:00", 1, WH, "2026-11-23 10:00"),
    ("2026-11-22 23:59", 1, WH, "2026-11-23 10:00"),
    # National Day 2026: 1 to 7 October, made up for on Saturday 10 October
    ("2026-09-30 17:00", 1, WH, "2026-10-08 09:30"),
    ("2026-10-03 12:00", 2, WH, "2026-10-08 11:00"),
    ("2026-10-09 17:00", 1, WH, "2026-10-10 09:30"),
    # Spring Festival 2026: 15 to 23 February, made up for on Saturdays 14 and 28 February
    ("2026-02-13 17:00", 1, WH, "2026-02-14 09:30"),
    ("2026-02-14 17:00", 1, WH, "2026-02-24 09:30"),
    ("2026-02-17 00:00", 3, WH, "2026-02-24 12:00"),
    ("2026-02-27 17:00", 1, WH, "2026-02-28 09:30"),
    # working days count from the next day and end with office hours
    ("2026-11-23 08:00", 1, WD, "2026-11-24 17:30"),
    ("2026-11-20 18:00", 1, WD, "2026-11-23 17:30"),
    ("2026-11-20 10:00", 5, WD, "2026-11-27 17:30"),
    ("2026-11-21 10:00", 1, WD, "2026-11-23 17:30"),
    ("2026-09-29 10:00", 2, WD, "2026-10-08 17:30"),
    ("2026-10-09 10:00", 1, WD, "2026-10-10 17:30"),
    ("2026-02-12 10:00", 3, WD, "2026-02-24 17:30"),
    ("2026-02-14 10:00", 15, WD, "2026-03-13 17:30"),
    # a year without a published notice: Monday to Friday, no holidays
    ("2029-10-01 10:00", 1, WD, "2029-10-02 17:30"),
    ("2029-10-05 17:00", 1, WH, "2029-10-08 09:30"),
    ("2029-10-05 10:00", 2, WD, "2029-10-09 17:30"),
]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


@pytest.mark.parametrize(("start", "amount", "unit", "end"), CASES)
def test_an_answer_is_due(start: str, amount: int, unit: Unit, end: str) -> None:
    assert due(_at(start), Deadline(amount, unit)) == _at(end)


@pytest.mark.parametrize("unit", list(Unit))
def test_the_start_may_be_in_any_zone_and_the_end_is_in_the_citys(unit: Unit) -> None:
    here = _at("2026-11-23 09:00")
    end = due(here.astimezone(UTC), Deadline(2, unit))
    assert end == due(here, Deadline(2, unit))
    assert end.tzinfo is CITY_TIME


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-23", True),
        ("2026-11-21", False),
        ("2026-10-01", False),
        ("2026-10-10", True),
        ("2026-02-14", True),
        ("2026-02-17", False),
        ("2029-10-01", True),
        ("2029-10-06", False),
    ],
)
def test_a_working_day_is_one_on_which_offices_work(day: str, works: bool) -> None:
    assert is_working_day(date.fromisoformat(day)) is works


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 30)),
    st.integers(min_value=1, max_value=60),
    st.sampled_from([WH, WD]),
)
def test_working_time_ends_in_office_hours_and_later_starts_never_end_earlier(
    start: datetime, amount: int, unit: Unit
) -> None:
    begin = start.replace(tzinfo=CITY_TIME)
    end = due(begin, Deadline(amount, unit))
    assert begin < end
    assert is_working_day(end.date())
    clock = (end.hour, end.minute)
    assert (9, 0) <= clock <= (12, 0) or (13, 30) <= clock <= (17, 30)
    assert due(begin, Deadline(amount + 1, unit)) > end
