"""How often a citizen may urge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deadlines import CITY_TIME, is_working_day
from kb.taxonomy import Urgency
from kb.urging import again_at

MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CITY_TIME)


@pytest.mark.parametrize(
    ("last", "again"),
    [
        (at(11, 24, 9), at(11, 25, 9)),  # Tuesday
        (at(11, 24, 23, 59), at(11, 25, 9)),
        (at(11, 20, 17), at(11, 23, 9)),  # Friday: Monday
        (at(11, 21, 10), at(11, 23, 9)),  # on a Saturday one urges as well
        (at(9, 30, 12), at(10, 8, 9)),  # before the national holiday
        (at(10, 9, 12), at(10, 10, 9)),  # Saturday, 10 October is worked
    ],
)
def test_the_next_urging_counts_on_the_next_working_day(last: datetime, again: datetime) -> None:
    assert again_at(last, Urgency.ORDINARY) == again


def test_where_life_is_in_danger_two_hours_are_enough() -> None:
    assert again_at(at(11, 21, 23), Urgency.CRITICAL) == at(11, 22, 1)


@given(MOMENTS)
def test_it_is_always_later_and_on_a_working_day(last: datetime) -> None:
    again = again_at(last, Urgency.ORDINARY)
    assert again.astimezone(CITY_TIME).date() > last.astimezone(CITY_TIME).date()
    assert is_working_day(again.astimezone(CITY_TIME).date())
    assert again - last < timedelta(days=12)
