"""The city's own layers: who answers for what on the ground."""

import datetime
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from kb.content_files import ContentError
from kb.places import Place
from kb.places.coordinates import SYSTEMS, from_wgs84
from kb.places.layer_facts import Listed
from kb.places.layers import COLUMNS, Fact, Layer, Layers, load
from kb.places.shapes import UnusableError
from tests.kb.places.drawn import EAST, NAMES, VILLAGE, WEST, WEST_SOUTH, collection, feature, gazetteer

CITY = gazetteer()
GRID = {"id": "grid", "title": "网格", "kind": "grid"}
ZONE = {
    "id": "no-grill",
    "title": "露天烧烤禁设区",
    "kind": "zone",
    "tell": True,
    "source": "城管局",
    "date": "2026-05-01",
}
CELLS = [
    feature(box(120.0, 36.0, 120.05, 36.05), value="W-01"),
    feature(box(120.05, 36.0, 120.1, 36.05), value=7),
]


def pinned(lat: float, lon: float, crs: str | None = "WGS-84", **more: Any) -> Place:
    return Place(**{"text": "这里", "lat": lat, "lon": lon, "crs": crs, **more})


def in_west(text: str = "翠湖小区北门", **more: Any) -> Place:
    return Place(**{"text": text, "district": "西湖区", "district_code": WEST, **more})


def list_file(folder: Path, *rows: str, name: str = "property", header: str = "title: 物业\nkind: property\n") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yml").write_text(header, encoding="utf-8")
    path = folder / f"{name}.csv"
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
    return path


def values(layers: Layers, place: Place) -> list[str]:
    return [fact.value for fact in layers.of(place)]


# ---- the way of saying where something holds


def test_a_city_without_layers_says_nothing(tmp_path: Path) -> None:
    for layers in (Layers.empty(), load(tmp_path), load(tmp_path / "none")):
        assert layers.of(pinned(36.02, 120.02)) == ()
        assert layers.all == ()


def test_a_polygon_says_what_holds_at_a_point(tmp_path: Path) -> None:
    collection(tmp_path / "no-grill.geojson", [feature(box(120.0, 36.0, 120.1, 36.1), value="全天禁止")], layer=ZONE)
    layers = load(tmp_path)
    fact = Fact("no-grill", "zone", "露天烧烤禁设区", "全天禁止", True, "城管局", datetime.date(2026, 5, 1))
    assert layers.of(pinned(36.02, 120.02)) == (fact,)
    assert layers.of(pinned(36.02, 120.2)) == ()
    assert layers.of(in_west()) == ()
    assert layers.all == (Layer("no-grill", "露天烧烤禁设区", "zone", True, "城管局", datetime.date(2026, 5, 1)),)


@pytest.mark.parametrize("crs", [*SYSTEMS, None])
def test_a_pin_of_any_system_is_looked_up_where_it_is(tmp_path: Path, crs: str | None) -> None:
    layers = load(collection(tmp_path / "grid.geojson", CELLS, layer=GRID).parent)
    # 100 m west of the border between two cells: read as WGS-84 a shifted pin would fall into the other one
    assert values(layers, pinned(*from_wgs84((36.02, 120.0489), crs or "WGS-84"), crs)) == ["W-01"]


@pytest.mark.parametrize(
    "place",
    [pinned(float("nan"), 120), pinned(120.02, 36.02), pinned(36.02, 120.02, "EPSG:1"), Place("这里", lat=36.02)],
)
def test_a_pin_that_cannot_be_one_counts_as_none(tmp_path: Path, place: Place) -> None:
    assert load(collection(tmp_path / "grid.geojson", CELLS, layer=GRID).parent).of(place) == ()


@pytest.mark.parametrize(
    ("place", "company"),
    [
        (in_west("翠湖小区北门"), "翠湖物业"),
        (in_west("路口", spot="翠湖小区"), "翠湖物业"),
        (in_west("ＡＢ公寓3号楼"), "字母物业"),
        (in_west("翠湖小区二期门口"), "二期物业"),
        (in_west("不知名小区", community="柳树社区", community_code=VILLAGE), "村物业"),
        (in_west("不知名小区", street="南山街道", street_code=WEST_SOUTH), "街道物业"),
        (in_west("不知名小区", street="北山街道"), "区物业"),
        (in_west("不知名小区"), "区物业"),
        (in_west("翠湖小区", district="东湖区", district_code=EAST), None),
        (Place("翠湖小区"), None),
    ],
)
@pytest.mark.parametrize("checked", [True, False])
def test_the_narrowest_line_of_a_list_holds(tmp_path: Path, place: Place, company: str | None, checked: bool) -> None:
    list_file(
        tmp_path,
        "区物业,西湖区,,,",
        f"街道物业,,{WEST_SOUTH},,",
        "村物业,西湖区,南山街道,柳树社区居民委员会," if checked else f"村物业,,,{VILLAGE},",
        "翠湖物业,西湖区,,,翠湖小区",
        "二期物业,西湖区,南山街道,,翠湖小区二期",
        "字母物业,西湖区,,,ab 公寓",
    )
    layers = load(tmp_path, CITY if checked else None)
    assert values(layers, place) == ([company] if company else [])


def test_the_spots_own_name_comes_before_what_else_the_words_contain(tmp_path: Path) -> None:
    list_file(tmp_path, "甲,西湖区,,,翠湖小区", "乙,西湖区,,,东风大市场南区")
    assert values(load(tmp_path), in_west("东风大市场南区对面翠湖小区", spot="翠湖小区")) == ["甲"]


def test_a_line_by_name_holds_only_in_its_own_district(tmp_path: Path) -> None:
    list_file(tmp_path, "甲,西湖区,南山街道,,")
    assert values(load(tmp_path), in_west("路口", street="南山街道")) == ["甲"]
    assert values(load(tmp_path), Place("路口", district="东湖区", street="南山街道")) == []


def test_a_polygon_beats_the_lists_of_its_kind_where_one_answers(tmp_path: Path) -> None:
    list_file(tmp_path, "按名单,西湖区,,,翠湖小区")
    drawn = {"id": "estates", "title": "物业范围", "kind": "property"}
    collection(tmp_path / "estates.geojson", [feature(box(120.0, 36.0, 120.05, 36.05), value="按图")], layer=drawn)
    layers = load(tmp_path)
    assert values(layers, in_west(lat=36.02, lon=120.02, crs="WGS-84")) == ["按图"]
    assert values(layers, in_west(lat=36.02, lon=120.09, crs="WGS-84")) == ["按名单"]
    assert values(layers, in_west()) == ["按名单"]


def test_zones_of_different_layers_do_not_beat_each_other(tmp_path: Path) -> None:
    list_file(tmp_path, "禁放,西湖区,,,", name="fireworks", header="title: 烟花禁放区\nkind: zone\n")
    list_file(tmp_path, "按名单,西湖区,,,", name="no-grill", header="title: 露天烧烤禁设区\nkind: zone\ntell: true\n"
              "source: 城管局\ndate: 2026-05-01\n")  # fmt: skip
    collection(tmp_path / "no-grill.geojson", [feature(box(120.0, 36.0, 120.1, 36.1), value="按图")], layer=ZONE)
    assert values(load(tmp_path), in_west(lat=36.02, lon=120.02)) == ["禁放", "按图"]
    assert values(load(tmp_path), in_west()) == ["禁放", "按名单"]


def test_of_overlapping_cells_the_smallest_answers_and_of_overlapping_zones_all() -> None:
    grid, zone = Layer("grid", "网格", "grid"), Layer("zone", "区域", "zone")
    wide, narrow = box(120.0, 36.0, 120.1, 36.1), box(120.02, 36.02, 120.03, 36.03)
    layers = Layers({grid: [(wide, "大"), (narrow, "小")], zone: [(wide, "大"), (narrow, "小"), (wide, "大")]})
    assert values(layers, pinned(36.025, 120.025)) == ["小", "小", "大"]
    assert values(layers, pinned(36.05, 120.05)) == ["大", "大"]


@given(st.text(max_size=300), st.text(max_size=30), st.floats(), st.floats())
def test_whatever_people_write_it_only_answers(text: str, spot: str, lat: float, lon: float) -> None:
    layers = Layers(
        {Layer("grid", "网格", "grid"): [(box(120.0, 36.0, 120.1, 36.1), "一")]},
        {Layer("gas", "燃气", "gas"): [Listed("compound", "翠湖小区", "西湖区", "燃气公司")]},
    )
    found = values(layers, in_west(text, spot=spot, lat=lat, lon=lon))
    assert ("一" in found) is (36.0 <= lat <= 36.1 and 120.0 <= lon <= 120.1)
    if "翠湖小区" in text[:200] + " " + spot:
        assert "燃气公司" in found


# ---- refusing


def test_a_polygon_that_cannot_be_used_is_refused_by_its_position() -> None:
    with pytest.raises(UnusableError, match="polygon 2: the polygon is empty") as refused:
        Layers({Layer("a", "甲", "zone"): [(box(120, 36, 121, 37), "一"), (shapely.Polygon(), "二")]})
    assert refused.value.position == 1


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (",西湖区,,,翠湖小区", ":3: value: empty"),
        ("甲,,,,", ":3: district, street, community, compound: all empty"),
        ("甲,,,,翠湖小区", ":3: district: empty; .*several districts"),
        ("甲,,南山街道,,", ":3: district: empty"),
        ("甲,西湖区,,,湖", ":3: compound: '湖' is too short"),
        ("甲,西湖区,,,柏林花园", ":3: compound: '柏林花园' stands on line 2 already"),
        ("甲,西湖", r":3: expected 5 columns"),
        ("甲,西湖县,,,翠湖小区", ":3: district: no district '西湖县'; write the official name or the code"),
        ("甲,西湖区,北河街道,,", ":3: street: no street '北河街道' in 西湖区"),
        ("甲,东湖区,,柳树社区,", ":3: community: no community '柳树社区' in 东湖区"),
        ("甲,,999999999,,", ":3: street: no division has the code 999999999"),
        ("甲,999999,,,翠湖小区", ":3: district: no district '999999'"),
    ],
)
def test_a_bad_line_of_a_list_is_named(tmp_path: Path, row: str, says: str) -> None:
    list_file(tmp_path, "乙,西湖区,,,柏林花园", row)
    with pytest.raises(ContentError, match=rf"property\.csv{says}"):
        load(tmp_path, CITY)


def test_a_name_that_may_be_two_divisions_asks_for_the_code(tmp_path: Path) -> None:
    twin = f"{WEST}002001"
    divisions = dict(CITY.divisions)
    divisions[twin] = type(divisions[VILLAGE])(twin, "community", NAMES[VILLAGE], f"{WEST}002")
    list_file(tmp_path, "甲,西湖区,,柳树社区,")
    with pytest.raises(ContentError, match=rf"community: '柳树社区' may be {VILLAGE} .*{twin} .*; write the code"):
        load(tmp_path, type(CITY)(divisions))


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("", r"property\.yml:1: expected keys and values"),
        ("title: 物业\n", r"property\.yml:1: kind: Field required"),
        ("title: 物业\nkind: police\n", r"property\.yml:1: kind: "),
        ("title: ''\nkind: property\n", r"property\.yml:1: title: "),
        ("title: 物业\nkind: property\ncolour: red\n", r"property\.yml:1: colour: "),
        ("title: 物业\nkind: property\ndate: 昨天\n", r"property\.yml:1: date: "),
        ("title: 物业\nkind: property\nid: other\n", r"property\.yml:1: id: 'other'; the id is the file's name"),
        ("title: [\n", r"property\.yml:2: "),
    ],
)
def test_a_bad_header_is_named(tmp_path: Path, header: str, says: str) -> None:
    list_file(tmp_path, "甲,西湖区,,,", header=header)
    with pytest.raises(ContentError, match=says):
        load(tmp_path)


@pytest.mark.parametrize("header", [None, [], "grid", {"id": "grid"}, {**GRID, "kind": "x"}, {**GRID, "id": "b"}])
def test_polygons_that_do_not_say_what_they_are_are_refused(tmp_path: Path, header: Any) -> None:
    collection(tmp_path / "grid.geojson", CELLS, layer=header)
    with pytest.raises(ContentError, match=r"grid\.geojson:1: \w+: "):
        load(tmp_path)


@pytest.mark.parametrize("value", [None, "", "  ", True, 1.5, ["a"], {}])
def test_a_polygon_without_a_value_is_named_with_its_line(tmp_path: Path, value: Any) -> None:
    collection(tmp_path / "grid.geojson", [CELLS[0], feature(box(120, 36, 121, 37), value=value)], layer=GRID)
    with pytest.raises(ContentError, match=r"grid\.geojson:3: feature 2.*: value: "):
        load(tmp_path)


def test_a_crossed_polygon_is_named_with_its_line(tmp_path: Path) -> None:
    crossed = shapely.Polygon([(120.0, 36.0), (120.1, 36.1), (120.1, 36.0), (120.0, 36.1)])
    collection(tmp_path / "grid.geojson", [CELLS[0], feature(crossed, value="W-09")], layer=GRID)
    with pytest.raises(ContentError, match=r"grid\.geojson:3: feature 2 \(W-09\): geometry: .*Self-intersection"):
        load(tmp_path)


def test_a_list_without_its_header_and_other_files_are_refused(tmp_path: Path) -> None:
    list_file(tmp_path, "甲,西湖区,,,")
    (tmp_path / "notes.txt").write_text("?", encoding="utf-8")
    with pytest.raises(ContentError, match=r"notes\.txt:1: notes\.txt: a layer is"):
        load(tmp_path)
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "property.yml").rename(tmp_path / "lonely.yml")
    with pytest.raises(ContentError, match=r"lonely\.yml:1: .*a layer is"):
        load(tmp_path)
    (tmp_path / "lonely.yml").unlink()
    with pytest.raises(ContentError, match=r"property\.yml:1: the file does not exist"):
        load(tmp_path)


def test_a_layers_two_files_must_say_the_same_of_it(tmp_path: Path) -> None:
    list_file(tmp_path, "甲,西湖区,,,", name="grid", header="title: 网格\nkind: zone\n")
    collection(tmp_path / "grid.geojson", CELLS, layer=GRID)
    with pytest.raises(ContentError, match=r"grid\.geojson:1: layer: grid\.csv says something else of grid"):
        load(tmp_path)


# ---- many


def test_many_compounds_and_cells_are_looked_up_at_once() -> None:
    cells = [
        (box(120 + x / 1e3, 36 + y / 1e3, 120 + (x + 1) / 1e3, 36 + (y + 1) / 1e3), f"{x}-{y}")
        for x in range(100)
        for y in range(200)
    ]
    listed = [Listed("compound", f"第{n}花园小区", "西湖区", f"公司{n}") for n in range(50_000)]
    layers = Layers({Layer("grid", "网格", "grid"): cells}, {Layer("gas", "燃气", "gas"): listed})
    began = time.perf_counter()
    for n in range(2000):
        place = in_west(f"我家楼下第{n * 7}花园小区3号楼的垃圾没人收", lat=36.0005 + n % 200 / 1e3, lon=120.0505)
        assert values(layers, place) == [f"公司{n * 7}", f"50-{n % 200}"]
    assert time.perf_counter() - began < 2


def test_several_threads_get_the_answers_that_one_gets() -> None:
    layers = Layers({Layer("zone", "区域", "zone"): [(shapely.Point(120.05, 36.05).buffer(0.03, quad_segs=200), "内")]})
    places = [pinned(36.0 + n / 1e3, 120.05) for n in range(100)]
    expected = [bool(20 <= n <= 80) for n in range(100)]
    seen: list[list[bool]] = []
    threads = [
        threading.Thread(target=lambda: seen.append([bool(layers.of(place)) for place in places])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [expected] * 4
