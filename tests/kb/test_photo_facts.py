"""What a camera noted: places and times that can be, and nothing that cannot."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.photo_facts import OLDEST, PhotoFacts, read

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
HERE = {1: "N", 2: (36, 4, Fraction(1234, 100)), 3: "E", 4: (120, 23, 6)}


def test_degrees_minutes_and_seconds_become_a_point() -> None:
    facts = read({}, HERE, NOW)
    assert facts.lat == pytest.approx(36 + 4 / 60 + 12.34 / 3600, abs=1e-6)
    assert facts.lon == pytest.approx(120 + 23 / 60 + 6 / 3600, abs=1e-6)


def test_south_and_west_are_below_zero() -> None:
    facts = read({}, {**HERE, 1: b"S\0", 3: "w"}, NOW)
    assert facts.lat and facts.lon and facts.lat < 0 and facts.lon < 0


@pytest.mark.parametrize(
    "wrong",
    [
        {1: "E"},
        {1: ""},
        {1: None},
        {2: None},
        {2: (36, 4)},
        {2: (36, 60, 0)},
        {2: (91, 0, 0)},
        {2: (90, 0, 1)},
        {2: (-1, 0, 0)},
        {2: (float("nan"), 0, 0)},
        {2: (float("inf"), 0, 0)},
        {2: "36.1"},
        {4: (181, 0, 0)},
        {3: "NE"},
        {2: (0, 0, 0), 4: (0, 0, 0)},
    ],
)
def test_a_place_that_cannot_be_is_none(wrong: dict[int, Any]) -> None:
    facts = read({}, {**HERE, **wrong}, NOW)
    assert (facts.lat, facts.lon) == (None, None)


def test_the_clock_of_the_camera_is_the_citys_unless_it_says_its_zone() -> None:
    assert read({36867: "2026:11:21 09:30:00"}, {}, NOW).taken_at == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    away = {36867: b"2026:11:20 20:30:00\0", 36881: "-05:00"}
    assert read(away, {}, NOW).taken_at == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    assert read({**away, 36881: "+99:00"}, {}, NOW).taken_at == datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


def test_the_satellites_clock_goes_before_the_cameras() -> None:
    position = {7: (1, 15, 0), 29: "2026:11:21"}
    assert read({36867: "2026:11:20 09:30:00"}, position, NOW).taken_at == datetime(2026, 11, 21, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("said", ["2026:11:21 10:30:00", "2025:11:20 09:00:00", "0000:00:00 00:00:00", "gestern", 7])
def test_a_time_that_cannot_be_is_none(said: object) -> None:
    assert read({36867: said}, {}, NOW).taken_at is None


def test_a_clock_a_little_ahead_is_now() -> None:
    assert read({36867: "2026:11:21 10:05:00"}, {}, NOW).taken_at == NOW


def test_nothing_of_it_is_printed() -> None:
    assert repr(read({36867: "2026:11:21 09:30:00"}, HERE, NOW)) == "PhotoFacts()"


_ANYTHING: Any = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.tuples(st.floats(), st.floats(), st.floats()),
    st.sampled_from(["N", "S", "E", "W", "2026:11:21", "2026:11:21 09:30:00", "+08:00"]),
)
_NOTES = st.dictionaries(st.sampled_from([1, 2, 3, 4, 7, 29, 36867, 36881]), _ANYTHING)


@given(_NOTES, _NOTES)
def test_whatever_the_notes_say_the_facts_are_plausible_or_absent(one: dict[int, Any], two: dict[int, Any]) -> None:
    facts = read(one, two, NOW)
    assert isinstance(facts, PhotoFacts)
    assert (facts.lat is None) == (facts.lon is None)
    if facts.lat is not None and facts.lon is not None:
        assert abs(facts.lat) <= 90 and abs(facts.lon) <= 180
    assert facts.taken_at is None or NOW - OLDEST <= facts.taken_at <= NOW + timedelta(0)
