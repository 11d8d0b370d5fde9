"""What the city is already dealing with: whom it concerns, and which entry is told."""

import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kb.known_issues import KnownIssue, all_applying, applying
from kb.places import Place
from kb.places.coordinates import SYSTEMS, from_wgs84
from kb.places.distances import metres

DAY = date(2026, 11, 21)
PLACE = Place("李沧区虎山路街道金水路", district="李沧区", street="虎山路街道", road="金水路")


def issue(**changes: Any) -> KnownIssue:
    fields: dict[str, Any] = {
        "id": "KI-1",
        "title": "换热站改造",
        "category": "2101",
        "starts": date(2026, 11, 1),
        "ends": date(2026, 11, 30),
        "lead_unit": "李沧区城市管理局",
        "say": "正在改造。",
        "source": "演示",
    }
    return KnownIssue(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "applies"),
    [
        ({}, True),
        ({"category": "21"}, True),
        ({"category": "210102"}, True),
        ({"category": "210101"}, False),
        ({"category": "22"}, False),
        ({"districts": ("李沧区",)}, True),
        ({"districts": ("市北区", "李沧区")}, True),
        ({"districts": ("市北区",)}, False),
        ({"districts": ("李沧区",), "streets": ("虎山路街道",)}, True),
        ({"districts": ("李沧区",), "streets": ("李村街道",)}, False),
        ({"streets": ("虎山路街道",)}, True),
        ({"districts": ("市北区",), "streets": ("虎山路街道",)}, False),
        ({"places": ("金水路",)}, True),
        ({"places": ("万年泉路",)}, False),
        ({"districts": ("李沧区",), "places": ("金水路",)}, True),
        ({"districts": ("市北区",), "places": ("金水路",)}, False),
        ({"starts": DAY, "ends": DAY}, True),
        ({"ends": date(2026, 11, 20)}, False),
        ({"starts": date(2026, 11, 22)}, False),
    ],
)
def test_an_issue_applies_by_category_area_and_period(changes: dict[str, Any], applies: bool) -> None:
    assert issue(**changes).applies(code="210102", place=PLACE, on=DAY) is applies


def test_without_a_place_only_an_issue_of_the_whole_city_applies() -> None:
    assert issue().applies(code="210102", place=None, on=DAY)
    for area in ({"districts": ("李沧区",)}, {"streets": ("虎山路街道",)}, {"places": ("金水路",)}):
        assert not issue(**area).applies(code="210102", place=None, on=DAY)


def test_a_named_place_whose_district_was_not_said_may_still_be_meant() -> None:
    road = Place("金水路", road="金水路")
    assert issue(districts=("李沧区",), places=("金水路",)).applies(code="210102", place=road, on=DAY)


def test_the_most_particular_issue_is_told() -> None:
    city = issue(id="city")
    district = issue(id="district", districts=("李沧区",))
    street = issue(id="street", streets=("虎山路街道",))
    place = issue(id="place", places=("金水路",))
    fuller = issue(id="fuller", category="210102")
    ranked = [place, street, district, fuller, city]
    for n in range(len(ranked)):
        left = tuple(ranked[n:])
        assert applying(left, code="210102", place=PLACE, on=DAY) == ranked[n]
        assert applying(left[::-1], code="210102", place=PLACE, on=DAY) == ranked[n]
    assert applying((), code="210102", place=PLACE, on=DAY) is None


def test_an_issue_that_has_ended_is_never_told_however_particular() -> None:
    ended = issue(id="ended", places=("金水路",), ends=date(2026, 11, 20))
    assert applying((ended,), code="210102", place=PLACE, on=DAY) is None
    assert applying((ended, issue(id="city")), code="210102", place=PLACE, on=DAY) == issue(id="city")


# -- areas -------------------------------------------------------------------------------------------------------

MIDDLE = (36.062, 120.384)
CIRCLE = {"lat": MIDDLE[0], "lon": MIDDLE[1], "metres": 400}
# A square with a hole in its middle.
SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[120.38, 36.06], [120.39, 36.06], [120.39, 36.07], [120.38, 36.07], [120.38, 36.06]],
        [[120.384, 36.064], [120.386, 36.064], [120.386, 36.066], [120.384, 36.066], [120.384, 36.064]],
    ],
}


def pin(lat: float, lon: float, crs: str = "WGS-84", **more: Any) -> Place:
    return Place("这里", lat=lat, lon=lon, crs=crs, pinned=True, **more)


def concerns(place: Place | None, **area: Any) -> bool:
    return issue(**area).applies(code="210102", place=place, on=DAY)


def north(metres_away: float) -> tuple[float, float]:
    return MIDDLE[0] + math.degrees(metres_away / 6_371_000.0), MIDDLE[1]


def test_a_circle_holds_to_its_edge_and_not_a_metre_further() -> None:
    assert concerns(pin(*MIDDLE), circle=CIRCLE)
    assert concerns(pin(*north(399.5)), circle=CIRCLE)
    assert not concerns(pin(*north(400.5)), circle=CIRCLE)


@given(lat=st.floats(35.5, 37.0), lon=st.floats(119.5, 121.0), radius=st.floats(1, 5_000))
def test_a_circle_is_everything_at_most_so_far_away(lat: float, lon: float, radius: float) -> None:
    round_it = {"lat": MIDDLE[0], "lon": MIDDLE[1], "metres": radius}
    assert concerns(pin(lat, lon), circle=round_it) == (metres(MIDDLE, (lat, lon)) <= radius)


@pytest.mark.parametrize("crs", SYSTEMS)
def test_a_pin_of_any_system_is_where_it_is(crs: str) -> None:
    # GCJ-02 taken for WGS-84 would be some 500 m off
    assert concerns(pin(*from_wgs84(MIDDLE, crs), crs=crs), circle={**CIRCLE, "metres": 20})


def test_a_pin_of_an_unknown_system_is_in_no_circle() -> None:
    assert not concerns(pin(*MIDDLE, crs="MARS-1"), circle=CIRCLE)


@pytest.mark.parametrize(
    ("lat", "lon", "inside"),
    [
        (36.062, 120.382, True),
        (36.06, 120.385, True),
        (36.07, 120.39, True),
        (36.065, 120.385, False),
        (36.0599, 120.385, False),
        (36.065, 120.3901, False),
    ],
)
def test_a_polygon_holds_with_its_edge_and_without_its_hole(lat: float, lon: float, inside: bool) -> None:
    assert concerns(pin(lat, lon), polygon=SQUARE) is inside


def test_of_several_exact_areas_one_is_enough_and_the_district_keeps_only_namesakes_out() -> None:
    both = {"districts": ("李沧区",), "compounds": ("翠湖小区",), "circle": CIRCLE}
    assert concerns(pin(*MIDDLE, district="市南区"), **both), "the circle says itself where it is"
    assert concerns(Place("翠湖小区3号楼", spot="翠湖小区", district="李沧区"), **both)
    assert concerns(Place("翠湖小区3号楼", spot="翠湖小区"), **both)
    assert not concerns(Place("翠湖小区3号楼", spot="翠湖小区", district="市北区"), **both)
    assert not concerns(Place("李沧区", district="李沧区"), **both), "the whole district is not meant"


def test_a_place_without_a_coordinate_is_in_no_circle() -> None:
    assert not concerns(Place("五四广场", spot="五四广场"), circle=CIRCLE)
    assert not concerns(None, circle=CIRCLE)


@pytest.mark.parametrize(
    ("name", "said", "meant"),
    [
        ("浮山后一小区", "浮山后1小区", True),
        ("浮山后一小区", "浮山后十一小区", False),
        ("浮山后1", "浮山后12号楼", False),
        ("浮山后1", "浮山后１小区", True),
        ("合肥路68号", "合肥路688号", False),
        ("8号院", "28号院和8号院", True),
        ("Ａ区花园", "a区花园北门", True),
    ],
)
def test_names_compare_by_their_numbers(name: str, said: str, meant: bool) -> None:
    assert concerns(Place(said), compounds=(name,)) is meant
    assert concerns(Place(said), places=(name,)) is meant


def test_a_name_does_not_run_over_from_one_part_of_the_place_to_the_next() -> None:
    assert not concerns(Place("金水", road="路口"), places=("金水路",))


# -- order -------------------------------------------------------------------------------------------------------


def test_spots_come_before_streets_then_longer_codes_then_later_ones_then_the_id() -> None:
    ranked = [
        issue(id="circle", circle=CIRCLE, category="210102"),
        issue(id="compound", compounds=("金水路",)),
        issue(id="street-longer", streets=("虎山路街道",), category="210102"),
        issue(id="street", streets=("虎山路街道",)),
        issue(id="city-later", starts=date(2026, 11, 5)),
        issue(id="city-a"),
        issue(id="city-b"),
    ]
    place = Place("金水路", road="金水路", street="虎山路街道", lat=MIDDLE[0], lon=MIDDLE[1], crs="WGS-84")
    for mixed in (ranked, ranked[::-1]):
        assert [one.id for one in all_applying(mixed, code="210102", place=place, on=DAY)] == [i.id for i in ranked]


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(starts=days, length=st.integers(0, 400), on=days)
def test_nothing_is_told_before_its_first_day_or_after_its_last(starts: date, length: int, on: date) -> None:
    ends = date.fromordinal(starts.toordinal() + length)
    told = applying([issue(starts=starts, ends=ends)], code="210102", place=None, on=on)
    assert (told is not None) == (starts <= on <= ends)


# -- what an entry may be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"circle": {**CIRCLE, "metres": 0}}, "greater than 0"),
        ({"circle": {**CIRCLE, "metres": 60_000}}, "less than or equal"),
        ({"circle": {**CIRCLE, "metres": float("nan")}}, "finite"),
        ({"circle": {"lat": 120.384, "lon": 36.062, "metres": 400}}, "swapped"),
        ({"circle": {"lat": 36.0, "metres": 400}}, "lon"),
        ({"circle": {**CIRCLE, "radius": 3}}, "radius"),
        ({"polygon": {"type": "Point", "coordinates": [120.38, 36.06]}}, "polygon"),
        ({"polygon": {"type": "Polygon", "coordinates": []}}, "empty"),
        ({"polygon": {"type": "Polygon", "coordinates": [[[120.38, 36.06]] * 3]}}, "four corners"),
        ({"polygon": {**SQUARE, "coordinates": [[[36.06, 120.38]] * 4]}}, "swapped"),
        ({"starts": 20261108}, "2026-11-30"),
        ({"starts": 1_790_000_000}, "2026-11-30"),
        ({"starts": "2026-11-31"}, "no such day"),
        ({"starts": "下周一"}, "2026-11-30"),
        ({"say": "  "}, "at least 1"),
        ({"say": "停水\x00"}, "not to be seen"),
        ({"title": "停\u202e水"}, "not to be seen"),
        ({"title": "停\n水"}, "more than one line"),
        ({"source": ""}, "at least 1"),
        ({"id": "KI 1"}, "pattern"),
        ({"id": "x" * 65}, "pattern"),
        ({"places": ("路",)}, "at least 2"),
        ({"category": 2101}, "string"),
        ({"still_file": "也许"}, "boolean"),
    ],
)
def test_an_entry_that_could_not_be_told_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        issue(**changes)
    assert said in str(wrong.value)


def test_an_entry_always_has_a_source_and_a_last_day() -> None:
    for key in ("source", "ends", "lead_unit", "say"):
        given_keys = {k: v for k, v in issue().model_dump().items() if k != key}
        with pytest.raises(ValidationError, match=key):
            KnownIssue.model_validate(given_keys)


@pytest.mark.parametrize("written", ["2026-11-08", "2026/11/8", "2026.11.08", "2026年11月8日", " 2026-11-8 "])
def test_days_as_spreadsheets_write_them(written: str) -> None:
    assert issue(starts=written).starts == date(2026, 11, 8)


def test_an_entry_comes_back_from_json_as_it_was() -> None:
    for one in (issue(), issue(circle=CIRCLE, polygon=SQUARE, compounds=("甲小区",), advice="请等", still_file=False)):
        back = KnownIssue.model_validate(one.as_json())
        assert back == one and hash(back) == hash(one)


def test_areas_given_in_another_system_are_moved_to_wgs_84() -> None:
    lat, lon = from_wgs84(MIDDLE, "BD-09")
    ring = [[*from_wgs84((y, x), "GCJ-02")[::-1]] for x, y in SQUARE["coordinates"][0]]  # type: ignore[misc]
    circle = issue(circle={**CIRCLE, "lat": lat, "lon": lon}).from_crs("BD-09").circle
    polygon = issue(polygon={"type": "Polygon", "coordinates": [ring]}).from_crs("GCJ-02").polygon
    assert circle is not None and metres((circle.lat, circle.lon), MIDDLE) < 0.1
    assert polygon is not None
    for (x, y), (there_x, there_y) in zip(polygon.coordinates[0], SQUARE["coordinates"][0], strict=True):  # type: ignore[misc]
        assert metres((y, x), (there_y, there_x)) < 0.1
    assert issue().from_crs("GCJ-02") == issue()
