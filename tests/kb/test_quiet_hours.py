"""When citizens are left in peace."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deadlines import CITY_TIME
from kb.quiet_hours import NEVER, QuietHours, read

NIGHT = read("21:00-8:00")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def at(hour: int, minute: int = 0, *, day: int = 21) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CITY_TIME)


@pytest.mark.parametrize(
    ("moment", "over"),
    [
        (at(20, 59), None),
        (at(21), at(8, day=22)),
        (at(23, 59), at(8, day=22)),
        (at(0), at(8)),
        (at(7, 59), at(8)),
        (at(8), None),
        (at(12), None),
    ],
)
def test_the_night_begins_and_ends_on_the_minute(moment: datetime, over: datetime | None) -> None:
    assert NIGHT.over_at(moment) == over


def test_the_citys_night_counts_wherever_the_clock_stands() -> None:
    assert NIGHT.over_at(at(22).astimezone(UTC)) == at(8, day=22)
    assert NIGHT.over_at(datetime(2026, 11, 21, 22, tzinfo=UTC)) == at(8, day=22)  # 6:00 in the city


def test_a_noon_rest_does_not_reach_over_midnight() -> None:
    noon = read("12:00 - 13:30")
    assert noon.over_at(at(12, 30)) == at(13, 30)
    assert noon.over_at(at(0)) is None


@pytest.mark.parametrize("text", ["", "  ", "00:00-0:00", "8:00-08:00"])
def test_no_quiet_hours_at_all(text: str) -> None:
    assert all(read(text).over_at(at(hour)) is None for hour in range(24))


@pytest.mark.parametrize("text", ["21-8", "21:00", "21:00-24:00", "9:60-10:00", "九点到八点", "21:00-8:00-9:00", "-"])
def test_what_is_no_span_is_refused_with_what_would_do(text: str) -> None:
    with pytest.raises(ValueError, match=r"21:00-8:00|from 0 to 23"):
        read(text)


@given(TIMES, TIMES, MOMENTS)
def test_the_end_is_after_the_moment_within_a_day_and_not_quiet(begins: time, ends: time, moment: datetime) -> None:
    quiet = QuietHours(begins, ends)
    over = quiet.over_at(moment)
    if over is None:
        return
    assert moment < over <= moment + timedelta(days=1)
    assert quiet.over_at(over) is None
    assert over.astimezone(CITY_TIME).time() == ends


@given(MOMENTS)
def test_never_is_never(moment: datetime) -> None:
    assert NEVER.over_at(moment) is None
