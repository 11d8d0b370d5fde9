"""Three systems for one point, there and back, and which of them somebody meant."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.places.coordinates import SYSTEMS, checked, from_wgs84, gcj02, likely_crs, to_wgs84
from kb.places.distances import metres

CHINA = st.tuples(st.floats(17.5, 54.0), st.floats(73.0, 135.5))
SHIFTED = ["GCJ-02", "BD-09"]
# As the public conversion programs print them.
HERE = (39.915, 116.404)
CENTRE = (36.06, 120.38)


@pytest.mark.parametrize(
    ("lat", "lon", "says"),
    [
        (math.nan, 120.0, "finite"),
        (36.0, math.inf, "finite"),
        (-math.inf, 120.0, "finite"),
        (120.38, 36.06, "swapped"),
        (87.6, 43.8, "swapped"),
        (-120.0, 36.0, "swapped"),
        (90.001, 181.0, "range"),
        (36.0, 180.5, "range"),
        (200.0, 36.0, "range"),
        (-91.0, 120.0, "range"),
    ],
)
def test_what_is_no_point_is_refused_and_a_swapped_pair_is_called_so(lat: float, lon: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        checked(lat, lon)


@given(CHINA)
def test_every_point_of_china_passes_and_none_passes_swapped(point: tuple[float, float]) -> None:
    assert checked(*point) == point
    if point[0] >= 18 and point[1] <= 135.1:
        with pytest.raises(ValueError, match="swapped"):
            checked(point[1], point[0])


@pytest.mark.parametrize("point", [(90, 180), (-90, -180), (0, 0), (-33.9, 151.2), (40.7, -74.0)])
def test_points_elsewhere_on_earth_are_points(point: tuple[int, int]) -> None:
    assert checked(*point) == point


@pytest.mark.parametrize("crs", SHIFTED)
@given(point=CHINA)
def test_there_and_back_is_less_than_a_metre_all_over_china(crs: str, point: tuple[float, float]) -> None:
    assert metres(to_wgs84(from_wgs84(point, crs), crs), point) < 0.01
    assert metres(from_wgs84(to_wgs84(point, crs), crs), point) < 0.01


@pytest.mark.parametrize("crs", SHIFTED)
@pytest.mark.parametrize("point", [(0.83, 100.0), (55.827, 100.0), (30.0, 72.0041), (30.0, 137.8346)])
def test_there_and_back_holds_at_the_edges_of_the_shift(crs: str, point: tuple[float, float]) -> None:
    assert metres(to_wgs84(from_wgs84(point, crs), crs), point) < 0.01


@given(CHINA)
def test_the_shift_is_some_hundred_metres(point: tuple[float, float]) -> None:
    assert 0 < metres(gcj02(point), point) < 1500


@pytest.mark.parametrize("point", [(35.68, 139.76), (0.0, 0.0), (-33.9, 151.2), (48.85, 2.35), (60.0, 100.0)])
def test_outside_china_nothing_is_shifted(point: tuple[float, float]) -> None:
    assert gcj02(point) == point
    assert to_wgs84(point, "GCJ-02") == point


def test_published_pairs() -> None:
    assert gcj02(HERE) == pytest.approx((39.91640428150164, 116.41024449916938), abs=1e-9)
    # The public programs' Baidu steps are approximations, good to a metre.
    assert from_wgs84(to_wgs84(HERE, "GCJ-02"), "BD-09") == pytest.approx(
        (39.92133699351021, 116.41036949371029), abs=1e-5
    )
    assert gcj02(to_wgs84(HERE, "BD-09")) == pytest.approx((39.90865673957631, 116.39762729119315), abs=1e-5)


@pytest.mark.parametrize("crs", ["", "wgs-84", "EPSG:4326", "GCJ02"])
def test_an_unknown_system_is_refused(crs: str) -> None:
    with pytest.raises(ValueError, match="WGS-84, GCJ-02, BD-09"):
        to_wgs84(CENTRE, crs)
    with pytest.raises(ValueError, match="unknown"):
        from_wgs84(CENTRE, crs)


@pytest.mark.parametrize("crs", SYSTEMS)
@pytest.mark.parametrize("away", [0.0, 0.0005])
def test_the_words_tell_the_system_of_a_pin(crs: str, away: float) -> None:
    pin = from_wgs84((CENTRE[0] + away, CENTRE[1]), crs)
    found, clearly = likely_crs(pin, [(36.3, 120.0), CENTRE])
    assert found == crs
    assert clearly == pytest.approx(1.0) if not away else 0.5 < clearly < 1


def test_without_anything_to_compare_the_system_is_not_clear_at_all() -> None:
    assert likely_crs(CENTRE, []) == ("WGS-84", 0.0)


def test_far_from_everything_the_system_is_hardly_clear() -> None:
    assert likely_crs(CENTRE, [(37.0, 121.0)])[1] < 0.02


@given(CHINA, CHINA)
def test_how_clear_is_between_nothing_and_one(point: tuple[float, float], near: tuple[float, float]) -> None:
    crs, clearly = likely_crs(point, [near])
    assert crs in SYSTEMS
    assert 0 <= clearly <= 1
