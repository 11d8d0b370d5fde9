"""An atlas of a small city of its own folder: what a coordinate, a pin and the city's layers add to the words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.places import Place, atlas
from kb.places.atlas import Atlas, point_of
from kb.places.coordinates import SYSTEMS, from_wgs84
from kb.places.reading import Doubt
from tests import small_places as small

# Middle points: 和平路街道 and 中山镇 of 东山区 in the east, 和平路街道 and 河口街道 of 西河区 in the west.
PEACE, MIDDLE, WEST_PEACE, MOUTH = (36.05, 120.1), (36.15, 120.1), (36.05, 119.9), (36.15, 119.9)
SQUARE = (36.05, 120.05)  # 五四广场
FAR = (39.9, 116.4)
PIN = "地图上的定位"
_MORE_PLACES = (
    "东风剧院,landmark,东山区,,,36.12,120.15\n西风剧院,landmark,东山区,,,36.12,119.85\n无名亭,park,东山区,,,,\n"
)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    folder = small.city(tmp_path_factory.mktemp("atlas") / "places")
    with (folder / "places.csv").open("a", encoding="utf-8") as stream:
        stream.write(_MORE_PLACES)
    small.geojson(folder / "areas.geojson", [small.area(code, code=code) for code in small.SQUARES])
    layers = folder / "layers"
    layers.mkdir()
    square = {"type": "Polygon", "coordinates": [small.ring(120.0, 36.0, 120.1, 36.1)]}
    small.geojson(
        layers / "grid.geojson",
        [small.feature(square, value="G-17")],
        layer={"id": "grid", "title": "网格", "kind": "grid"},
    )
    (layers / "heating.yml").write_text(
        "title: 供热单位\nkind: heating\ntell: true\nsource: 供热名录\ndate: 2026-11-01\n", encoding="utf-8"
    )
    (layers / "heating.csv").write_text(
        "value,district,street,community,compound\n"
        "河口热力,西河区,河口街道,,\n幸福热力,西河区,河口街道,,幸福小区\n东山热力,东山区,,,\n",
        encoding="utf-8",
    )
    return atlas.load(folder)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """The same city without boundaries and layers."""
    return atlas.load(small.city(tmp_path_factory.mktemp("bare") / "places"))


def pin(at: tuple[float, float], crs: str = "WGS-84", **more: str) -> Place:
    lat, lon = from_wgs84(at, crs)
    return Place(**{"text": PIN, **more}, lat=lat, lon=lon, crs=crs, confidence=0.6)  # type: ignore[arg-type]


def read(city: Atlas, text: str) -> Place:
    place = city.read(text).place
    assert place is not None, text
    return place


# -- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "路灯坏了", "😀", "我家楼下"])
def test_what_names_nothing_is_nowhere(city: Atlas, text: str) -> None:
    reading = city.read(text)
    assert (reading.place, reading.doubt, atlas.best(reading)) == (None, Doubt.NOWHERE, None)


def test_the_street_of_a_known_coordinate_is_filled_in_by_the_boundary(city: Atlas, bare: Atlas) -> None:
    place = read(city, "东风剧院门口积水")
    assert (place.district, place.street, place.street_code) == ("东山区", "中山镇", "990101002")
    assert read(bare, "五四广场").street == "和平路街道"  # written down in places.csv
    assert city.read("东风剧院门口积水").candidates[0].place == place


def test_a_coordinate_that_lies_in_another_district_than_was_written_down_fills_nothing_in(city: Atlas) -> None:
    place = read(city, "西风剧院门口积水")
    assert (place.district, place.street, place.street_code) == ("东山区", None, None)


def test_a_place_without_a_coordinate_stays_as_it_was_read(city: Atlas) -> None:
    place = read(city, "无名亭积水")
    assert (place.district, place.street, place.lat) == ("东山区", None, None)


# -- a pin -------------------------------------------------------------------------------------------------------


def test_a_pin_needs_a_coordinate(city: Atlas) -> None:
    with pytest.raises(ValueError, match="needs a coordinate"):
        city.pinned(Place(PIN), None)


@pytest.mark.parametrize("told", [None, "五四广场"])
def test_a_pin_outside_the_city_is_said_to_be_outside(city: Atlas, told: str | None) -> None:
    found = city.pinned(pin(FAR), read(city, told) if told else None)
    assert found.outside and not found.disagree
    assert (found.place, found.place.district) == (pin(FAR), None)


def test_without_boundaries_a_pin_far_from_everything_known_is_outside(bare: Atlas) -> None:
    assert bare.pinned(pin(FAR), None).outside
    assert not bare.pinned(pin(SQUARE), None).outside


@pytest.mark.parametrize("crs", SYSTEMS)
@pytest.mark.parametrize(
    ("at", "district", "street"),
    [(PEACE, "990101", "990101001"), (MIDDLE, "990101", "990101002"), (MOUTH, "990102", "990102002")],
)
def test_a_pin_of_every_system_has_district_and_street(
    city: Atlas, crs: str, at: tuple[float, float], district: str, street: str
) -> None:
    place = city.pinned(pin(at, crs), None).place
    assert (place.district_code, place.street_code) == (district, street)
    assert (place.crs, place.pinned, place.precise) == (crs, True, True)
    assert point_of(place) == pytest.approx(at, abs=1e-6)
    assert place.confidence > 0.9


def test_a_system_taken_for_another_is_another_place(city: Atlas) -> None:
    """Half a kilometre: over a boundary it is another street."""
    beside = (36.0985, 120.1)
    assert city.pinned(pin(beside, "BD-09"), None).place.street == "和平路街道"
    assert city.pinned(replace(pin(beside, "BD-09"), crs="WGS-84"), None).place.street == "中山镇"


@pytest.mark.parametrize(
    ("at", "label", "text"),
    [
        (SQUARE, None, "五四广场附近"),
        (PEACE, None, PIN),
        (SQUARE, "三号楼北侧", "三号楼北侧"),
    ],
)
def test_a_pin_is_said_by_what_stands_beside_it_or_by_its_label(
    city: Atlas, at: tuple[float, float], label: str | None, text: str
) -> None:
    shown = city.pinned(pin(at, text=label, spot=label) if label else pin(at), None).place
    assert shown.text.startswith(text)
    assert shown.spot == label


def test_the_words_that_the_map_showed_for_a_pin_are_no_name_of_a_spot(city: Atlas) -> None:
    """Else two pins in two streets beside one square would be one spot to whoever compares them."""
    shown = city.pinned(pin(SQUARE), None).place
    assert city.pinned(pin(SQUARE, text=shown.text, spot=shown.text), None).place == shown
    assert city.pinned(pin(PEACE, text=shown.text, spot=shown.text), None).place.spot == shown.text


# -- a pin and words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", SYSTEMS)
def test_words_and_a_pin_in_another_district_disagree(city: Atlas, crs: str) -> None:
    told = read(city, "东山区人民路3号")
    found = city.pinned(pin(MOUTH, crs), told)
    assert found.disagree
    assert found.said == told
    assert found.shown is not None
    assert (found.shown.district, found.shown.road) == ("西河区", None)


def test_a_pin_far_from_the_known_spot_of_the_words_disagrees_in_the_same_district(city: Atlas) -> None:
    told = read(city, "五四广场的灯坏了")
    assert city.pinned(pin((36.05, 120.07)), told).disagree  # 1.8 km
    near = city.pinned(pin((36.05, 120.06)), told)  # 0.9 km
    assert not near.disagree
    assert (near.place.spot, near.place.lon) == ("五四广场", 120.06)


def test_right_beside_the_boundary_a_pin_does_not_contradict_the_words(city: Atlas) -> None:
    """Within a phone's error nobody knows on which side it is."""
    told = read(city, "东山区人民路3号")
    assert not city.pinned(pin((36.05, 119.99995)), told).disagree
    assert city.pinned(pin((36.05, 119.99)), told).disagree


@pytest.mark.parametrize("crs", SYSTEMS)
def test_words_and_pin_that_agree_are_one_place_with_what_each_knows(city: Atlas, crs: str) -> None:
    told = read(city, "东山区人民路3号")
    found = city.pinned(pin(MIDDLE, crs), told)
    assert not found.disagree and not found.outside
    place = found.place
    assert (place.text, place.road, place.crs, place.pinned) == (told.text, "人民路", crs, True)
    assert (place.district, place.street) == ("东山区", "中山镇")
    assert point_of(place) == pytest.approx(MIDDLE, abs=1e-6)
    assert place.confidence >= told.confidence


def test_a_pin_decides_between_the_districts_of_one_name(city: Atlas) -> None:
    told = read(city, "人民路的灯坏了")
    assert told.district is None
    place = city.pinned(pin(MOUTH), told).place
    assert (place.district, place.street, place.road) == ("西河区", "河口街道", "人民路")


def test_words_that_name_no_place_do_not_hide_the_pin(city: Atlas) -> None:
    assert city.pinned(pin(MOUTH), Place("我家楼下")).place.district == "西河区"


def test_a_second_pin_corrects_the_first_and_is_not_asked_about(city: Atlas) -> None:
    first = city.pinned(pin(MOUTH), None).place
    second = city.pinned(pin(PEACE), first)
    assert not second.disagree
    assert (second.place.district, second.place.lat) == ("东山区", PEACE[0])

    labelled = city.pinned(pin(MOUTH, text="南门", spot="南门"), None).place
    again = city.pinned(pin(PEACE, text="北门", spot="北门"), labelled)
    assert not again.disagree
    assert (again.place.text, again.place.district) == ("北门", "东山区")


def test_a_second_pin_moves_the_words_in_their_district(city: Atlas) -> None:
    both = city.pinned(pin(PEACE), read(city, "东山区人民路3号")).place
    moved = city.pinned(pin((36.09, 120.19)), both)
    assert not moved.disagree
    assert (moved.place.road, moved.place.lon) == ("人民路", 120.19)
    assert city.pinned(pin(MOUTH), both).disagree


@given(st.floats(35.5, 36.7), st.floats(119.3, 120.7), st.sampled_from(SYSTEMS), st.booleans())
def test_a_pin_anywhere_is_inside_with_a_district_or_outside_without(
    city: Atlas, lat: float, lon: float, crs: str, words: bool
) -> None:
    told = read(city, "东山区人民路3号") if words else None
    found = city.pinned(pin((lat, lon), crs), told)
    inside = 36.0 <= lat <= 36.2 and 119.8 <= lon <= 120.2
    if found.outside:
        assert not inside and found.place.district is None
    elif inside:
        assert found.place.district is not None
    assert point_of(found.place) == pytest.approx((lat, lon), abs=1e-6)


# -- layers ------------------------------------------------------------------------------------------------------


def values(city: Atlas, place: Place) -> dict[str, str]:
    return {fact.kind: fact.value for fact in city.facts(place)}


def test_a_city_without_layers_says_nothing(bare: Atlas) -> None:
    assert bare.facts(read(bare, "五四广场")) == ()


def test_a_place_of_which_nothing_is_known_has_no_facts(city: Atlas) -> None:
    assert city.facts(Place("老槐树")) == ()


@pytest.mark.parametrize("crs", SYSTEMS)
def test_a_pin_is_looked_up_in_the_polygons(city: Atlas, crs: str) -> None:
    assert values(city, city.pinned(pin(SQUARE, crs), None).place) == {"grid": "G-17", "heating": "东山热力"}
    assert values(city, city.pinned(pin(MIDDLE, crs), None).place) == {"heating": "东山热力"}


def test_a_compound_is_found_before_its_street_and_a_street_before_its_district(city: Atlas) -> None:
    assert values(city, read(city, "幸福小区家里没暖气")) == {"heating": "幸福热力"}
    assert values(city, read(city, "西河区河口街道没暖气")) == {"heating": "河口热力"}
    assert values(city, city.pinned(pin(MOUTH), None).place) == {"heating": "河口热力"}
    assert values(city, read(city, "西河区和平路街道没暖气")) == {}


def test_a_fact_says_where_it_is_from(city: Atlas) -> None:
    fact = next(one for one in city.facts(read(city, "幸福小区")) if one.kind == "heating")
    assert (fact.title, fact.tell, fact.source, str(fact.date)) == ("供热单位", True, "供热名录", "2026-11-01")


# -- loading -----------------------------------------------------------------------------------------------------


def test_the_folder_needs_only_its_tables(tmp_path: Path) -> None:
    loaded = atlas.load(small.city(tmp_path / "places"))
    assert (len(loaded.areas), loaded.layers.all) == (0, ())
    assert loaded.at(PEACE).how != "inside"


def test_a_points_system_is_told_with_it() -> None:
    assert point_of(Place("", lat=36.0)) is None
    assert point_of(Place("", lat=36.0, lon=120.0)) == (36.0, 120.0)
    with pytest.raises(ValueError, match="unknown coordinate system"):
        point_of(Place("", lat=36.0, lon=120.0, crs="mars"))
