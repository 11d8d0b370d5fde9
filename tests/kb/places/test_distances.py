"""Metres between two points."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.places.distances import RADIUS_M, metres

POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(POINTS, POINTS)
def test_it_is_the_same_there_and_back_and_never_more_than_half_the_earth(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    assert metres(a, b) == pytest.approx(metres(b, a), abs=1e-3)
    assert 0 <= metres(a, b) <= math.pi * RADIUS_M


@given(POINTS)
def test_the_other_side_of_the_earth_is_half_way_round(point: tuple[float, float]) -> None:
    assert metres(point, (-point[0], point[1] + 180)) == pytest.approx(math.pi * RADIUS_M, rel=1e-6)


def test_degrees_are_as_long_as_they_are() -> None:
    assert metres((36.0, 120.0), (37.0, 120.0)) == pytest.approx(111_195, rel=1e-4)
    assert metres((36.0, 120.0), (36.0, 121.0)) == pytest.approx(111_195 * math.cos(math.radians(36)), rel=1e-4)
    assert metres((36.1, 120.4), (36.1, 120.4)) == 0
