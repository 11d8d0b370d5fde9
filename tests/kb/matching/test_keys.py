"""Under which keys an incident is found again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.matching.keys import (
    asked_keys,
    branches,
    cell_of,
    cells_around,
    cells_within,
    core,
    house_of,
    names,
    place_keys,
    point_of,
)
from kb.places import Place
from kb.places.coordinates import from_wgs84
from kb.places.distances import metres
from tests.kb.matching.made import pin, places, spot

lats, lons = st.floats(3.9, 53.5), st.floats(73.5, 135.0)


def test_a_cell_is_named_by_its_row_and_column() -> None:
    assert cell_of((36.0662, 120.3821)) == "7213:24076"


@given(lats, lons, st.floats(0, 4_000), st.floats(-1, 1), st.floats(-1, 1))
def test_whatever_is_within_the_radius_lies_in_one_of_the_cells(
    lat: float, lon: float, radius: float, up: float, aside: float
) -> None:
    other = (lat + up * radius / 111_195, lon + aside * radius / 111_195)
    if metres((lat, lon), other) <= radius:
        assert cell_of(other) in cells_around((lat, lon), radius)


@given(lats, lons, st.floats(0, 0.1), st.floats(0, 0.1), st.floats(0, 1), st.floats(0, 1))
def test_whatever_is_in_a_box_lies_in_one_of_its_cells(
    lat: float, lon: float, high: float, wide: float, up: float, aside: float
) -> None:
    cells = cells_within((lat, lon), (lat + high, lon + wide), most=1_000)
    assert len(set(cells)) == len(cells) <= 22 * 22
    assert cell_of((lat + up * high, lon + aside * wide)) in cells


def test_a_box_of_too_many_cells_has_none() -> None:
    assert len(cells_within((36.001, 120.001), (36.008, 120.008), most=4)) == 4
    assert cells_within((36.001, 120.001), (36.008, 120.008), most=3) == ()


@pytest.mark.parametrize(("radius", "most"), [(0, 1), (-5, 1), (250, 4), (1e9, 650)])
def test_the_cells_are_few_whatever_the_radius(radius: float, most: int) -> None:
    assert 1 <= len(cells_around((36.0662, 120.3821), radius)) <= most


def test_a_point_is_told_in_wgs_84_and_an_unknown_system_tells_none() -> None:
    lat, lon = from_wgs84((36.1, 120.4), "BD-09")
    found = point_of(Place("", lat=lat, lon=lon, crs="BD-09"))
    assert found is not None and metres(found, (36.1, 120.4)) < 1
    assert point_of(pin(crs="Xi'an 80")) is None
    assert point_of(Place("")) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("翠湖小区", "翠湖"),
        ("翠湖小区三期", "翠湖"),
        ("翠湖小区南区", "翠湖小区"),
        ("源头社区", "源头村"),
        ("浮山后六小区", "浮山后6区"),
        ("劲松七路", "劲松7路"),
        ("Ｔ３航站楼", "t3航站楼"),
        ("百合花园小区", "百合花园"),
    ],
)
def test_spellings_of_one_name_have_one_core(one: str, other: str) -> None:
    assert core(one) == core(other)


@pytest.mark.parametrize(
    ("one", "other"), [("浮山后六小区", "浮山后四小区"), ("劲松七路", "劲松八路"), ("李村", "李家")]
)
def test_other_names_have_other_cores(one: str, other: str) -> None:
    assert core(one) != core(other) and len(core(one)) >= 2


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (Place("合肥路98号门口", road="合肥路"), ("合肥路98号", "合肥路")),
        (Place("海尔路与银川路路口", road="海尔路"), ("海尔路×银川路", "海尔路", "银川路")),
        (Place("银川路和海尔路交叉口往北50米", road="银川路"), ("海尔路×银川路", "海尔路", "银川路")),
        (Place("李沧区金水路", district="李沧区", road="金水路"), ("金水路",)),
        (Place("金水路小区", spot="金水路小区"), ("金水路",)),
        (Place("恒大御景半岛二期", spot="恒大御景半岛"), ("恒大御景半岛", "御景半岛")),
        (Place("源头社区", community="源头社区"), ("源头",)),
        (Place("家里"), ()),
    ],
)
def test_the_names_of_a_place_the_most_exact_first(place: Place, told: tuple[str, ...]) -> None:
    assert names(place) == told


def test_the_words_of_the_report_name_more_roads() -> None:
    assert "劲松3路" in names(Place("合肥路", road="合肥路"), "合肥路从同安路到劲松三路这段不亮")


@pytest.mark.parametrize(
    ("asked", "found"),
    [("李沧区", True), (None, True), ("市北区", False)],
)
def test_a_place_is_found_in_its_district_and_where_none_is_said(asked: str | None, found: bool) -> None:
    assert bool({*asked_keys(spot(district=asked))} & {*place_keys(spot())}) is found
    assert bool({*asked_keys(spot())} & {*place_keys(spot(district=asked))}) is found


@given(places, places)
def test_whoever_asks_as_it_is_stored_finds_at_least_the_same(one: Place | None, other: Place | None) -> None:
    if one and other and {*asked_keys(one)} & {*place_keys(other)}:
        assert {*place_keys(one)} & {*place_keys(other)}


@given(places, st.text(max_size=40))
def test_any_place_has_short_keys_and_few(place: Place | None, text: str) -> None:
    keys: tuple[Any, ...] = place_keys(place, text) if place else ()
    assert len(keys) == len(set(keys)) <= 24 and all(3 <= len(key) <= 40 for key in keys)


@pytest.mark.parametrize(
    ("text", "house"), [("合肥路98-3号", 98), ("一百二十号", 120), ("3号楼", None), ("2号线", None)]
)
def test_the_house_number_is_no_building_and_no_line(text: str, house: int | None) -> None:
    assert house_of(text) == house


def test_branches_count_from_both_sides_and_the_own_comes_first() -> None:
    known = {branch for branch in branches("740201") if branch != "99"}
    assert len(known) > 25, "what nobody could place may be anything"
    for branch in known:
        assert branches(f"{branch}0101")[0] == branch
        assert all(branch in branches(other) for other in branches(branch))
    assert branches("990101") == ("99",)
