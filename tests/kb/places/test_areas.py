"""In which division a point lies, by the boundaries."""

import json
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from kb.content_files import ContentError
from kb.places.areas import Areas, load
from tests.kb.places.drawn import (
    EAST,
    EAST_SOUTH,
    SQUARES,
    VILLAGE,
    WEST,
    WEST_NORTH,
    WEST_SOUTH,
    collection,
    feature,
    gazetteer,
)

CITY = gazetteer()
DRAWN = Areas(SQUARES.items())
with np.errstate(invalid="ignore"):
    NOWHERE = Polygon([(120, 36), (121, 36), (121, np.nan)])
BOW_TIE = Polygon([(120.0, 36.0), (120.1, 36.1), (120.1, 36.0), (120.0, 36.1)])


def whole_file(path: Path, **members: Any) -> Path:
    return collection(path, [feature(square, code=code) for code, square in SQUARES.items()], **members)


# ---- asking


def test_a_city_without_boundaries_knows_nothing() -> None:
    areas = Areas.empty()
    assert (len(areas), areas.codes_at((36.0, 120.0)), areas.covers((36.0, 120.0))) == (0, (), None)
    with pytest.raises(KeyError):
        areas.point_of(WEST)
    with pytest.raises(KeyError):
        areas.distance_to_edge((36.0, 120.0), WEST)
    with pytest.raises(ValueError, match="no boundaries"):
        areas.codes_near((36.0, 120.0))


def test_district_then_street_then_community() -> None:
    assert DRAWN.codes_at((36.02, 120.02)) == (WEST, WEST_SOUTH, VILLAGE)
    assert DRAWN.codes_at((36.02, 120.07)) == (WEST, WEST_SOUTH)
    assert DRAWN.codes_at((36.07, 120.02)) == (WEST, WEST_NORTH)
    assert DRAWN.codes_at((36.02, 120.3)) == ()


@pytest.mark.parametrize("order", [1, -1])
def test_a_point_on_a_shared_boundary_always_belongs_to_the_same_side(order: int) -> None:
    areas = Areas(list(SQUARES.items())[::order])
    assert areas.codes_at((36.02, 120.1)) == (WEST, WEST_SOUTH)
    assert areas.codes_at((36.05, 120.1)) == (WEST, WEST_SOUTH)
    assert areas.codes_at((36.05, 120.05)) == (WEST, WEST_SOUTH, VILLAGE)


@given(st.floats(35.95, 36.15), st.floats(119.95, 120.25))
def test_the_codes_belong_together_and_contain_the_point(lat: float, lon: float) -> None:
    codes = DRAWN.codes_at((lat, lon))
    assert all(below.startswith(above) for above, below in pairwise(codes))
    assert all(SQUARES[code].distance(Point(lon, lat)) < 1e-9 for code in codes)
    assert DRAWN.covers((lat, lon)) is bool(codes)
    assert bool(codes) is (36.0 <= lat <= 36.1 and 120.0 <= lon <= 120.2)


def test_drawings_that_overlap_still_give_codes_that_belong_together() -> None:
    # the western street is drawn over the border, into the eastern district
    wide = Areas({**SQUARES, WEST_SOUTH: box(120.0, 36.0, 120.12, 36.05)}.items())
    assert wide.codes_at((36.02, 120.11)) == (EAST, EAST_SOUTH)
    only = Areas([(WEST_SOUTH, box(120.0, 36.0, 120.12, 36.05)), (EAST, SQUARES[EAST])])
    assert only.codes_at((36.02, 120.11)) == (WEST_SOUTH,)
    only = Areas([(EAST_SOUTH, box(120.08, 36.0, 120.2, 36.05)), (WEST, SQUARES[WEST])])
    assert only.codes_at((36.02, 120.09)) == (EAST_SOUTH,)


def test_a_hole_is_outside_and_its_edge_is_an_edge() -> None:
    ring = box(120.0, 36.0, 120.1, 36.1).difference(box(120.04, 36.04, 120.06, 36.06))
    areas = Areas([(WEST, ring), (EAST, box(120.04, 36.04, 120.06, 36.06))])
    assert areas.codes_at((36.05, 120.05)) == (EAST,)
    assert areas.codes_at((36.02, 120.02)) == (WEST,)
    assert areas.distance_to_edge((36.05, 120.035), WEST) == pytest.approx(0.005 * 111_195 * 0.809, rel=0.01)
    assert areas.codes_at(areas.point_of(WEST)) == (WEST,)


def test_a_division_of_several_parts() -> None:
    islands = Areas([(WEST, MultiPolygon([box(120.0, 36.0, 120.1, 36.1), box(120.3, 36.0, 120.31, 36.01)]))])
    assert islands.codes_at((36.005, 120.305)) == (WEST,)
    assert islands.codes_at((36.05, 120.2)) == ()
    assert islands.codes_at(islands.point_of(WEST)) == (WEST,)


def test_the_point_of_a_bent_division_is_inside_it() -> None:
    bent = Polygon([(0, 0), (10, 0), (10, 1), (1, 1), (1, 9), (10, 9), (10, 10), (0, 10)])
    areas = Areas([(WEST, shapely.transform(bent, lambda corners: corners / 100 + (120, 36)))])
    assert areas.codes_at(areas.point_of(WEST)) == (WEST,)


def test_metres_to_the_edge_from_inside_and_outside() -> None:
    assert DRAWN.distance_to_edge((36.05, 120.0999), WEST) == pytest.approx(0.0001 * 111_195 * 0.809, rel=0.01)
    assert DRAWN.distance_to_edge((36.05, 120.1001), WEST) == pytest.approx(0.0001 * 111_195 * 0.809, rel=0.01)
    assert DRAWN.distance_to_edge((36.0, 120.05), WEST) == pytest.approx(0, abs=0.01)
    assert DRAWN.distance_to_edge((35.9, 120.05), WEST) == pytest.approx(11_119, rel=0.01)


def test_the_nearest_division_of_a_point_outside() -> None:
    codes, away = DRAWN.codes_near((35.999, 120.02))
    assert codes == (WEST, WEST_SOUTH, VILLAGE)
    assert away == pytest.approx(111.2, rel=0.01)
    assert DRAWN.codes_near((36.02, 120.02)) == ((WEST, WEST_SOUTH, VILLAGE), 0.0)


def test_outside_is_only_said_where_the_boundaries_cover_the_city() -> None:
    assert DRAWN.covers((36.05, 120.3)) is False
    part = Areas([(WEST, SQUARES[WEST])], whole=False)
    assert part.covers((36.05, 120.3)) is None
    assert part.covers((36.05, 120.05)) is True


def test_of_a_bay_that_the_city_encloses_the_boundaries_cannot_tell() -> None:
    land = (
        box(120.0, 36.0, 120.3, 36.25)
        .difference(box(120.1, 36.1, 120.2, 36.2))
        .difference(box(120.14, 36.0, 120.16, 36.15))
    )
    areas = Areas([(WEST, land)])
    assert areas.codes_at((36.15, 120.15)) == ()
    assert areas.covers((36.15, 120.15)) is None
    assert areas.covers((35.9, 120.15)) is False
    assert areas.covers((36.4, 120.15)) is False
    assert areas.covers((36.05, 120.05)) is True
    # a bay too wide to be seen across
    wide = box(119.0, 35.0, 121.0, 37.0).difference(box(119.5, 35.5, 120.5, 36.5))
    assert Areas([(WEST, wide)]).covers((36.0, 120.0)) is False


# ---- refusing


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        (BOW_TIE, "Self-intersection"),
        (Polygon(), "empty"),
        (Point(120, 36), "Point"),
        (None, "expected a Polygon"),
        (NOWHERE, "not a finite number"),
        (box(36.0, 120.0, 36.1, 120.1), "swapped"),
        (box(13_400_000, 4_300_000, 13_500_000, 4_400_000), "out of range"),
        (Polygon([(120, 36), (120.1, 36), (120.2, 36)]), "not a simple one"),
    ],
)
def test_a_boundary_that_cannot_be_used_is_refused_by_its_code(geometry: Any, says: str) -> None:
    with pytest.raises(ValueError, match=f"{EAST}: .*{says}"):
        Areas([(WEST, SQUARES[WEST]), (EAST, geometry)])


def test_a_division_with_two_boundaries_is_refused() -> None:
    with pytest.raises(ValueError, match=f"{WEST}: has two"):
        Areas([(WEST, SQUARES[WEST]), (EAST, SQUARES[EAST]), (WEST, SQUARES[EAST])])


def test_a_slip_of_the_pen_is_repaired() -> None:
    # a square of a kilometre whose border crosses itself in a loop of a few metres
    slip = Polygon(
        [
            (120, 36),
            (120.01, 36),
            (120.01, 36.01),
            (120.0049, 36.01),
            (120.005, 36.01002),
            (120.005, 36.00998),
            (120, 36.01),
        ]
    )
    assert not slip.is_valid
    areas = Areas([(WEST, slip)])
    assert areas.codes_at((36.005, 120.005)) == (WEST,)
    assert areas.codes_at((36.02, 120.005)) == ()


# ---- the file


def test_no_file_is_no_boundaries(tmp_path: Path) -> None:
    assert len(load(tmp_path / "areas.geojson", CITY)) == 0


def test_the_file_is_read(tmp_path: Path) -> None:
    areas = load(whole_file(tmp_path / "areas.geojson"), CITY)
    assert set(areas.codes) == set(SQUARES)
    assert areas.codes_at((36.02, 120.02)) == (WEST, WEST_SOUTH, VILLAGE)
    assert areas.whole
    for code in SQUARES:
        assert code in areas
        assert code in areas.codes_at(areas.point_of(code))


@pytest.mark.parametrize(
    ("drawn", "whole"),
    [
        ({WEST, EAST}, True),
        ({WEST}, False),
        ({WEST_SOUTH, WEST_NORTH, EAST}, True),
        ({WEST_SOUTH, EAST}, False),
        (set(), False),
    ],
)
def test_the_file_covers_the_city_when_every_district_is_drawn(tmp_path: Path, drawn: set[str], whole: bool) -> None:
    path = collection(tmp_path / "a.geojson", [feature(SQUARES[code], code=code) for code in sorted(drawn)])
    assert load(path, CITY).whole is whole


@pytest.mark.parametrize("crs", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4490", "WGS-84"])
def test_wgs84_may_be_said_in_several_ways(tmp_path: Path, crs: str) -> None:
    assert len(load(whole_file(tmp_path / "a.geojson", crs={"type": "name", "properties": {"name": crs}}), CITY)) == 7


@pytest.mark.parametrize(
    "crs", [{"properties": {"name": "EPSG:3857"}}, {"properties": {"name": "GCJ-02"}}, "EPSG:43260", {"properties": []}]
)
def test_another_coordinate_system_is_refused(tmp_path: Path, crs: Any) -> None:
    with pytest.raises(ContentError, match=r"a\.geojson:1: crs: .*not WGS-84"):
        load(whole_file(tmp_path / "a.geojson", crs=crs), CITY)


OPEN = {"type": "Polygon", "coordinates": [[[120, 36], [120.1, 36], [120.1, 36.1], [120, 36.1]]]}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (feature(BOW_TIE, code=EAST, name="东湖区"), r"feature 2 \(东湖区\): geometry: .*Self-intersection.*redraw"),
        (feature(None, code=EAST), r"feature 2 \(000002\): geometry: expected a Polygon"),
        (feature({"type": "Point", "coordinates": [120, 36]}, code=EAST), "'Point'"),
        (feature({"type": "Polygon", "coordinates": []}, code=EAST), "empty"),
        (feature({"type": "Polygon", "coordinates": [[[120, 36], [121, 36]]]}, code=EAST), "four corners"),
        (feature({"type": "Polygon", "coordinates": [5]}, code=EAST), "four corners"),
        (feature({"type": "Polygon", "coordinates": [[["a", "b"]] * 4]}, code=EAST), "a corner is no"),
        (feature({"type": "Polygon", "coordinates": [[[120]] * 4]}, code=EAST), "a corner is no"),
        (feature({"type": "Polygon", "coordinates": [[None] * 4]}, code=EAST), "a corner is no"),
        (feature({"type": "Polygon", "coordinates": [[[10**400, 36]] * 4]}, code=EAST), "no rings of numbers"),
        (feature({"type": "Polygon", "coordinates": [[[float("nan"), 36]] * 4]}, code=EAST), "geometry: "),
        (feature(OPEN, code=EAST), "not closed"),
        (feature(box(36.0, 120.0, 36.1, 120.1), code=EAST), "swapped"),
        (feature(SQUARES[EAST], code="999999"), "code: '999999' is no code"),
        (feature(SQUARES[EAST]), "code: None is no code"),
        (feature(SQUARES[EAST], code=2), "code: 2 is no code"),
        (feature(SQUARES[EAST], code=WEST), "has a boundary already, feature 1"),
        ({"type": "Polygon"}, "expected a Feature"),
        (["Feature"], "expected a Feature"),  # type: ignore[list-item]
    ],
)
def test_a_bad_feature_is_named_with_its_line(tmp_path: Path, bad: dict[str, Any], says: str) -> None:
    path = collection(tmp_path / "areas.geojson", [feature(SQUARES[WEST], code=WEST), bad])
    with pytest.raises(ContentError, match=rf"areas\.geojson:3: feature 2.*{says}|areas\.geojson:3: {says}"):
        load(path, CITY)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ":1: column 1: not JSON"),
        ('{"type": "FeatureCollection",\n "features": [', ":2: column"),
        ("[]", ":1: type: expected a FeatureCollection, found 'list'"),
        ('{"type": "Feature"}', ":1: type: expected a FeatureCollection, found 'Feature'"),
        ('{"type": "FeatureCollection"}', ":1: features: expected a list"),
        ('{"type": "FeatureCollection", "features": {}}', ":1: features: expected a list"),
        ("[" * 100_000, ":1: not GeoJSON|not JSON"),
    ],
)
def test_a_file_that_is_no_geojson_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "areas.geojson").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=says):
        load(tmp_path / "areas.geojson", CITY)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "areas.geojson").write_bytes('{"名": 1}'.encode("gb18030"))
    with pytest.raises(ContentError, match=r"areas\.geojson:1: not UTF-8"):
        load(tmp_path / "areas.geojson", CITY)


@given(st.data())
def test_any_truncation_of_a_good_file_is_a_content_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "areas.geojson"
    raw = whole_file(path).read_bytes()
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 3))])
    with pytest.raises(ContentError, match=r"areas\.geojson:\d+: "):
        load(path, CITY)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "coordinates", "a"]), inner),
    )
)
def test_whatever_stands_for_a_geometry_it_is_a_content_error(
    tmp_path_factory: pytest.TempPathFactory, junk: Any
) -> None:
    for geometry in (junk, {"type": "Polygon", "coordinates": junk}, {"type": "MultiPolygon", "coordinates": [junk]}):
        path = tmp_path_factory.mktemp("junk") / "areas.geojson"
        text = {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": {"code": WEST}, "geometry": geometry}],
        }
        path.write_text(json.dumps(text), encoding="utf-8")
        with pytest.raises(ContentError, match=r"areas\.geojson:1: feature 1"):
            load(path, CITY)


# ---- many


def test_a_hundred_thousand_boundaries_are_looked_up_at_once() -> None:
    lon, lat = (side.ravel() for side in np.meshgrid(np.arange(400) * 0.004 + 119.5, np.arange(250) * 0.006 + 35.6))
    squares = shapely.box(lon, lat, lon + 0.004, lat + 0.006)
    areas = Areas([(f"{n:06d}", square) for n, square in enumerate(squares)])
    began = time.perf_counter()
    found = [areas.codes_at((35.6 + 0.006 * (n % 250) + 0.003, 119.5 + 0.004 * (n % 400) + 0.002)) for n in range(5000)]
    assert time.perf_counter() - began < 2
    assert found == [(f"{(n % 250) * 400 + n % 400:06d}",) for n in range(5000)]


def test_several_threads_get_the_answers_that_one_gets() -> None:
    round_one = Point(120.1, 36.05).buffer(0.08, quad_segs=500)
    spots = [(36.0 + 0.001 * n, 120.0 + 0.002 * n) for n in range(100)]
    expected = [Areas([(WEST, round_one)]).codes_at(spot) for spot in spots]
    assert {(WEST,), ()} == set(expected)
    for _ in range(20):
        areas, seen = Areas([(WEST, round_one)]), []
        ready = threading.Barrier(4)

        def ask(areas: Areas = areas, seen: list[Any] = seen, ready: threading.Barrier = ready) -> None:
            ready.wait()
            seen.append([areas.codes_at(spot) for spot in spots])

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [expected] * 4
