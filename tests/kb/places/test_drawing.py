"""What the map draws at a zoom: boundaries without gaps, places that do not stand on each other."""

from __future__ import annotations

import math
from typing import Any

import pytest
from shapely.geometry import Polygon, shape

from kb.places.areas import Areas
from kb.places.atlas import Atlas
from kb.places.drawing import MOST_CORNERS, MOST_FEATURES, Box, Drawing
from kb.places.gazetteer import Division, Gazetteer, NamedPlace
from kb.places.layers import Layers

DISTRICTS = {
    "370202": Division("370202", "district", "市南区", "3702"),
    "370203": Division("370203", "district", "市北区", "3702"),
    "370202001": Division("370202001", "street", "香港中路街道", "370202"),
}
WHOLE = Box(119.0, 35.0, 122.0, 38.0)


def wavy(west: float, east: float, corners: int) -> Polygon:
    """A piece of a band whose sides are not straight; neighbours share theirs."""

    def side(lon: float) -> list[tuple[float, float]]:
        return [(lon + 0.002 * math.sin(n), 36.0 + 0.2 * n / corners) for n in range(corners + 1)]

    return Polygon([*side(west), *reversed(side(east))])


def drawn(corners: int = 400) -> Drawing:
    """Two districts side by side and a street in one of them."""
    areas = Areas(
        [
            ("370202", wavy(120.3, 120.4, corners)),
            ("370203", wavy(120.4, 120.5, corners)),
            ("370202001", wavy(120.3, 120.35, corners)),
        ]
    )
    return Drawing(Atlas(Gazetteer(DISTRICTS), areas, Layers({}, {})))


def undrawn(*places: NamedPlace) -> Drawing:
    return Drawing(Atlas(Gazetteer(DISTRICTS, places), Areas.empty(), Layers({}, {})))


def place(name: str, kind: str, lat: float, lon: float, district: str = "市南区") -> NamedPlace:
    return NamedPlace(name, kind, (district,), None, (), lat, lon)


def titles(features: list[dict[str, Any]]) -> list[str]:
    return [one["properties"]["name"] for one in features]


def test_boundaries_are_drawn_with_their_names_where_the_box_touches_them() -> None:
    map_ = drawn()

    assert [(one.name, one.min_zoom) for one in map_.layers] == [("districts", 0), ("streets", 11)]
    assert titles(map_.features("districts", WHOLE, 10)) == ["市南区", "市北区"]
    assert titles(map_.features("districts", Box(120.45, 36.05, 120.46, 36.06), 10)) == ["市北区"]
    assert titles(map_.features("districts", Box(121, 36.05, 121.1, 36.06), 10)) == []
    assert map_.features("streets", WHOLE, 12)[0]["properties"] == {"name": "香港中路街道", "kind": "street"}
    assert map_.features("streets", WHOLE, 10) == []


def test_the_farther_away_the_simpler_and_no_gap_opens_between_neighbours() -> None:
    map_ = drawn()
    corners = {}
    for zoom in (8, 12, 18):
        one, other = (shape(feature["geometry"]) for feature in map_.features("districts", WHOLE, zoom))
        corners[zoom] = len(one.exterior.coords)
        assert one.intersection(other).area < 1e-9
        whole = one.union(other)
        assert whole.geom_type == "Polygon" and not whole.interiors, zoom
    assert corners[8] < corners[12] <= corners[18]


def test_however_many_corners_there_are_an_answer_stays_small() -> None:
    features = drawn(corners=60_000).features("districts", WHOLE, 20)

    assert 0 < sum(len(shape(one["geometry"]).exterior.coords) for one in features) <= MOST_CORNERS


def test_bounds_are_those_of_the_boundaries_else_around_the_places_else_the_country() -> None:
    assert drawn().bounds == pytest.approx((120.298, 36.0, 120.502, 36.2), abs=0.001)
    some = undrawn(place("甲", "park", 36.1, 120.3), place("乙", "park", 36.2, 120.4))
    assert some.bounds == pytest.approx((120.28, 36.08, 120.42, 36.22))
    assert some.centre == pytest.approx((36.15, 120.35))
    assert undrawn().bounds == (73.0, 18.0, 135.1, 54.0)
    assert undrawn().layers == ()


def test_of_places_that_would_stand_on_each_other_the_important_one_is_drawn() -> None:
    map_ = undrawn(
        place("某路", "road", 36.1, 120.3),
        place("某小区", "compound", 36.1001, 120.3),
        place("某站", "station", 36.1, 120.3001),
    )

    assert titles(map_.features("places", WHOLE, 15)) == ["某站"]
    assert titles(map_.features("places", WHOLE, 20)) == ["某站", "某小区", "某路"]
    assert titles(map_.features("places", WHOLE, 8)) == []


def test_roads_wait_until_the_map_is_close() -> None:
    map_ = undrawn(place("某路", "road", 36.1, 120.3), place("某公园", "park", 36.3, 120.3))

    assert titles(map_.features("places", WHOLE, 12)) == ["某公园"]
    assert titles(map_.features("places", WHOLE, 15)) == ["某公园", "某路"]


def test_a_community_with_a_point_is_drawn_as_people_call_it() -> None:
    village = Division("370202001001", "community", "石老人村民委员会", "370202001", (), 36.1, 120.4)
    known = Gazetteer({**DISTRICTS, village.code: village})
    map_ = Drawing(Atlas(known, Areas.empty(), Layers({}, {})))

    assert titles(map_.features("places", WHOLE, 14)) == ["石老人村"]


def test_a_district_without_a_boundary_is_a_point_amid_its_places_until_the_map_is_close() -> None:
    map_ = undrawn(*(place(f"{n}号", "park", 36.1, 120.3 + n / 100) for n in range(3)))

    (only,) = map_.features("districts", WHOLE, 11)
    assert only["properties"] == {"name": "市南区", "kind": "district"}
    assert only["geometry"] == {"type": "Point", "coordinates": [120.31, 36.1]}
    assert map_.features("districts", WHOLE, 14) == []


def test_however_many_places_there_are_not_more_are_drawn_than_a_phone_can_show() -> None:
    many = [place(f"{n}", "park", 35.5 + n % 80 / 50, 119.5 + n // 80 / 50) for n in range(6_000)]

    assert len(undrawn(*many).features("places", WHOLE, 20)) == MOST_FEATURES


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(KeyError):
        drawn().features("pipes", WHOLE, 12)
