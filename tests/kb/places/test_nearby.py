"""What is near a point, and where the point is."""

import random
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from kb.places.areas import Areas
from kb.places.distances import metres
from kb.places.gazetteer import Division, Gazetteer
from kb.places.nearby import DISTRICT_BAR, MARGIN_M, STREET_BAR, Located, Nearby, where
from tests.kb.places.drawn import (
    EAST,
    EAST_NORTH,
    EAST_SOUTH,
    NAMES,
    SQUARES,
    VILLAGE,
    WEST,
    WEST_NORTH,
    WEST_SOUTH,
    gazetteer,
    named,
)

POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
NOTHING = Nearby([])
DRAWN = Areas(SQUARES.items())


# ---- the index


def test_nothing_known_is_nothing_near() -> None:
    assert NOTHING.nearest((36.0, 120.0), 5, 1e9) == ()
    assert len(Nearby.of(gazetteer())) == 0


@pytest.mark.parametrize("bad", [(91.0, 120.0), (36.0, 181.0), (float("nan"), 120.0), (36.0, float("inf"))])
def test_what_is_no_point_is_refused_by_its_number(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="point 2: "):
        Nearby([(36.0, 120.0), bad])


def test_entries_must_be_as_many_as_points() -> None:
    with pytest.raises(ValueError, match="1 points, but 2 entries"):
        Nearby([(36.0, 120.0)], [named("甲", 36.0, 120.0), named("乙", 36.0, 120.0)])


@given(st.lists(POINTS, max_size=30), POINTS, st.integers(0, 6), st.floats(0, 2.1e7))
def test_it_finds_what_looking_at_every_point_finds(
    points: list[tuple[float, float]], spot: tuple[float, float], most: int, within: float
) -> None:
    found = Nearby(points).nearest(spot, most, within)
    by_hand = sorted(away for one in points if (away := metres(spot, one)) <= within)[:most]
    assert [away for _, away in found] == pytest.approx(by_hand[: len(found)], rel=1e-6, abs=0.2)
    assert len(found) == len(by_hand) or abs(by_hand[len(found)] - within) < 0.2
    for index, away in found:
        assert metres(spot, points[index]) == pytest.approx(away, rel=1e-6, abs=0.2)


def test_many_places_on_one_spot_are_no_trouble() -> None:
    assert len(Nearby([(36.0, 120.0)] * 50_000).nearest((36.0, 120.0), 5, 1.0)) == 5


def test_a_hundred_thousand_points_are_looked_up_at_once() -> None:
    rng = np.random.default_rng(3)
    nearby = Nearby(np.column_stack((rng.uniform(35.6, 37, 100_000), rng.uniform(119.5, 121, 100_000))))
    began = time.perf_counter()
    for lat in np.linspace(35.6, 37, 3000):
        nearby.nearest((float(lat), 120.3))
    assert time.perf_counter() - began < 2


def test_of_a_gazetteer_it_knows_places_and_streets_that_have_a_point() -> None:
    city = gazetteer(named("湖心亭", 36.02, 120.02, "南山街道"), replace(named("无名桥", 0, 120.0), lat=None, lon=None))
    divisions = dict(city.divisions)
    divisions[WEST] = replace(divisions[WEST], lat=36.05, lon=120.05)  # a whole district's point is near nothing
    divisions[EAST_NORTH] = replace(divisions[EAST_NORTH], lat=36.07, lon=120.15)
    nearby = Nearby.of(Gazetteer(divisions, city.places))
    assert {entry.name for entry in nearby.entries} == {"湖心亭", "北河街道"}
    assert nearby.streets == {WEST_SOUTH, EAST_NORTH}
    assert nearby.entries[nearby.nearest((36.02, 120.02), 1)[0][0]].name == "湖心亭"


# ---- where a point is


def at(point: tuple[float, float], areas: Areas, city: Gazetteer) -> Located:
    return where(point, areas, Nearby.of(city), city)


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert at((36.05, 120.05), Areas.empty(), gazetteer()) == Located()


def test_inside_a_boundary() -> None:
    found = at((36.02, 120.02), DRAWN, gazetteer(named("湖心亭", 36.021, 120.02)))
    assert (found.district, found.street, found.community) == ("西湖区", "南山街道", "柳树社区居民委员会")
    assert (found.district_code, found.street_code, found.community_code) == (WEST, WEST_SOUTH, VILLAGE)
    assert (found.how, found.near, found.outside) == ("inside", "湖心亭", False)
    assert found.metres == pytest.approx(111, abs=1)
    assert found.confidence == found.district_confidence == 0.99


def test_on_a_boundary_it_is_half_sure_and_fifty_metres_from_it_nearly_certain() -> None:
    on, near, off = (at((36.05 - north, 120.02), DRAWN, gazetteer()) for north in (0.0, 0.0002, 0.00045))
    assert on.confidence == pytest.approx(0.5, abs=0.01)
    assert on.confidence < near.confidence < off.confidence
    assert off.confidence > 0.95
    assert on.district_confidence == 0.99  # between two streets, but in one district


def test_a_street_without_a_drawn_district_gives_its_district() -> None:
    found = at((36.02, 120.07), Areas([(WEST_SOUTH, SQUARES[WEST_SOUTH])], whole=False), gazetteer())
    assert (found.district, found.street, found.how) == ("西湖区", "南山街道", "inside")
    assert found.district_confidence == found.confidence == 0.99


def streets_full(missing: str = "") -> Gazetteer:
    """Places on a grid, all over the drawn city, each with its street."""
    places = []
    for n in range(400):
        lat, lon = 36.0 + 0.0025 + 0.005 * (n % 20), 120.0 + 0.005 + 0.01 * (n // 20)
        code = (WEST if lon < 120.1 else EAST) + ("001" if lat < 36.05 else "002")
        if code != missing:
            places.append(named(f"地{n}", lat, lon, NAMES[code]))
    return gazetteer(*places)


def test_in_a_drawn_district_the_places_around_say_the_street() -> None:
    districts = Areas([(WEST, SQUARES[WEST]), (EAST, SQUARES[EAST])])
    found = at((36.02, 120.05), districts, streets_full())
    assert (found.street, found.how) == ("南山街道", "inside")
    assert STREET_BAR <= found.confidence <= found.district_confidence == 0.99
    assert at((36.02, 120.05), districts, gazetteer()).street is None
    # by its neighbours it would be the street on the other side of the district's border
    assert at((36.02, 120.0995), districts, streets_full(WEST_SOUTH)).street_code != EAST_SOUTH


def test_a_street_whose_boundary_leaves_the_point_out_is_not_voted_for() -> None:
    districts = [(code, SQUARES[code]) for code in (WEST, EAST)]
    point, city = (36.0495, 120.0525), streets_full(WEST_SOUTH)
    assert at(point, Areas(districts), city).street_code == WEST_NORTH
    assert at(point, Areas([*districts, (WEST_NORTH, SQUARES[WEST_NORTH])]), city).street is None


def test_without_boundaries_the_places_around_agree_on_the_district_and_street() -> None:
    found = at((36.02, 120.03), Areas.empty(), streets_full())
    assert (found.district, found.street, found.how) == ("西湖区", "南山街道", "near")
    assert found.confidence <= found.district_confidence <= 1
    assert found.district_confidence > 0.95


def test_where_the_places_around_disagree_it_is_less_sure() -> None:
    between = at((36.02, 120.1), Areas.empty(), streets_full())
    assert between.district_confidence < 0.6 < at((36.02, 120.06), Areas.empty(), streets_full()).district_confidence


def test_it_is_less_sure_the_farther_and_the_fewer_and_at_last_says_nothing() -> None:
    alone = gazetteer(named("湖心亭", 36.05, 120.05))
    sure = [at((36.05 + 0.02 * n, 120.05), Areas.empty(), alone).district_confidence for n in range(15)]
    assert sure == sorted(sure, reverse=True)
    assert sure[1] > 0.9 > DISTRICT_BAR > sure[-1] == 0
    assert at((36.05 + 0.2, 120.05), Areas.empty(), streets_full()).district_confidence > sure[10]


def test_a_street_is_not_named_where_few_streets_have_a_known_place() -> None:
    city = gazetteer(named("湖心亭", 36.02, 120.02, "南山街道"))
    more = {f"{WEST}{n:03d}": Division(f"{WEST}{n:03d}", "street", f"第{n}街道", WEST) for n in range(3, 13)}
    found = at((36.03, 120.03), Areas.empty(), Gazetteer(city.divisions | more, city.places))
    assert (found.district, found.street) == ("西湖区", None)


def test_a_place_on_the_border_of_two_districts_votes_for_both() -> None:
    border = gazetteer(named("界桥", 36.02, 120.1, districts=("西湖区", "东湖区")))
    assert at((36.02, 120.1), Areas.empty(), border).district_confidence == pytest.approx(0.5, abs=0.05)


def test_a_district_whose_boundary_leaves_the_point_out_is_not_voted_for() -> None:
    part = Areas([(WEST, SQUARES[WEST])], whole=False)
    city = gazetteer(named("湖心亭", 36.02, 120.0999), named("东河桥", 36.02, 120.13))
    assert at((36.02, 120.102), part, city).district_code in (None, EAST)
    assert at((36.02, 120.102), Areas.empty(), city).district_code == WEST


def test_just_outside_of_all_boundaries_it_is_the_nearest_division_less_surely() -> None:
    pier = (35.998, 120.02)
    found = at(pier, DRAWN, gazetteer())
    assert (found.street_code, found.how, found.outside) == (WEST_SOUTH, "near", False)
    assert 0.3 < found.confidence < 0.5
    known = at(pier, DRAWN, gazetteer(named("栈桥头", 35.9985, 120.02)))
    assert known.district_confidence > 0.9 > 0.5 > known.confidence


def test_outside_of_all_boundaries_is_outside_the_city() -> None:
    beyond = MARGIN_M / 111_195 + 0.001
    found = at((36.0 - beyond, 120.02), DRAWN, gazetteer(named("湖心亭", 36.001, 120.02)))
    assert found.outside
    assert (found.district, found.how, found.confidence, found.near) == (None, None, 0.0, "湖心亭")
    assert at((0.0, 0.0), DRAWN, gazetteer()).outside


def test_on_a_bridge_over_a_bay_the_places_around_say_what_they_can() -> None:
    bay = Areas([(WEST, box(120.0, 36.0, 120.1, 36.1).difference(box(120.02, 36.02, 120.08, 36.08)))])
    assert at((36.05, 120.05), bay, gazetteer()) == Located()
    found = at((36.05, 120.05), bay, gazetteer(named("跨海大桥", 36.051, 120.05)))
    assert (found.district_code, found.street, found.how, found.outside) == (WEST, None, "near", False)
    assert found.confidence > 0.9


def test_without_boundaries_outside_is_said_only_far_from_places_known_all_over_the_city() -> None:
    everywhere, alone = streets_full(), gazetteer(named("湖心亭", 36.05, 120.05))
    for point, spread, one in [
        ((36.3, 120.05), False, False),
        ((36.5, 120.05), True, False),
        ((37.5, 120), True, True),
    ]:
        assert at(point, Areas.empty(), everywhere).outside is spread, point
        assert at(point, Areas.empty(), alone).outside is one, point
    # a boundary that is near is reason enough not to say it
    assert not at((37.5, 120), Areas([(EAST, SQUARES[EAST]), (WEST, SQUARES[WEST])], whole=False), alone).district
    part = Areas([(EAST_NORTH, SQUARES[EAST_NORTH])], whole=False)
    assert not at((36.3, 120.15), part, gazetteer(named("远亭", 37.5, 120.15))).outside


def test_roads_and_divisions_are_no_names_for_a_spot() -> None:
    city = gazetteer(named("湖滨路", 36.02, 120.02, kind="road"), named("湖心亭", 36.03, 120.02))
    assert at((36.02, 120.02), DRAWN, city).near == "湖心亭"
    far = at((36.07, 120.02), DRAWN, city)
    assert (far.near, far.metres) == (None, None)


def test_how_sure_it_is_by_places_is_how_often_it_is_right() -> None:
    """In a city of squares with places at random, whose streets are noted for half of them."""
    dice = random.Random(11)
    squares = {code: SQUARES[code] for code in (WEST_SOUTH, WEST_NORTH, EAST_SOUTH, EAST_NORTH)}
    places = []
    for n in range(40):
        lat, lon = 36 + 0.1 * dice.random(), 120 + 0.2 * dice.random()
        code = next(code for code in squares if code in DRAWN.codes_at((lat, lon)))
        places.append(named(f"地{n}", lat, lon, NAMES[code] if n % 2 else None))
    city = gazetteer(*places)
    nearby = Nearby.of(city)
    spots = [(36 + 0.1 * dice.random(), 120 + 0.2 * dice.random()) for _ in range(2000)]
    found = [(where(spot, Areas.empty(), nearby, city), DRAWN.codes_at(spot)) for spot in spots]
    district = np.array([(one.district_confidence, one.district_code == codes[0]) for one, codes in found])
    street = np.array([(one.confidence, one.street_code == codes[1]) for one, codes in found if one.street])
    for pairs in (district, street):
        assert len(pairs) > 500
        assert abs(pairs[:, 0].mean() - pairs[:, 1].mean()) < 0.06
        surer = pairs[:, 0] >= np.median(pairs[:, 0])
        assert pairs[surer, 1].mean() > pairs[~surer, 1].mean() + 0.05
