"""A city's own boundaries and tables: what is refused and how it is told, what is matched, what changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.places.atlas import Atlas
from kb.places.coordinates import from_wgs84
from kb.places.importing import applying, versions, whole
from kb.places.importing.applying import Plan
from kb.places.importing.changes import much_goes
from kb.places.importing.versions import Version
from tests.small_places import DIVISIONS, EAST, FORMER, PLACES, area, city, every_area, feature, geojson, point, ring

Import = Callable[..., Plan]


@pytest.fixture
def base(tmp_path: Path) -> Version:
    return versions.read(city(tmp_path / "city"))


@pytest.fixture
def bring(base: Version) -> Import:
    """Applies files to the small city."""
    return lambda *paths, into=base, **options: applying.apply(into, paths, **options)


def loaded(plan: Plan, folder: Path) -> Atlas:
    """The version that the plan makes, as the running system would load it."""
    versions.write(plan.after, folder)
    return whole.check(folder)


def csv(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "given.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def changed(plan: Plan) -> dict[str, tuple[int, int, int, int]]:
    """Added, changed, gone and same by kind, of the kinds that differ."""
    return {c.kind: (len(c.added), len(c.changed), len(c.gone), c.same) for c in plan.changes if c.any}


# -- files that are no file of ours ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"f\.geojson:1:1: not JSON .*the file is cut off"),
        ('{"type": "FeatureCollection",\n "features": [{"type": "Fea', r"f\.geojson:2:\d+: not JSON"),
        ('{"type": "FeatureCollection", "features": [1,}', r"f\.geojson:1:\d+: not JSON"),
        ("[1, 2]", "type: expected 'FeatureCollection', found list"),
        ('{"type": "Topology"}', "type: expected 'FeatureCollection', found 'Topology'"),
        ('{"type": "FeatureCollection"}', "features: expected a list, found None"),
        ('{"type": "FeatureCollection", "features": []}', "features: there is none"),
        ("[" * 100_000, "not GeoJSON"),
        ('{"type": "FeatureCollection", "features": [7]}', "feature 1: type: expected 'Feature', found '7'"),
    ],
)
def test_what_is_no_geojson_names_file_and_spot(bring: Import, tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "f.geojson"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ContentError, match=told):
        bring(path)


def test_geojson_that_is_not_utf_8_names_the_line(bring: Import, tmp_path: Path) -> None:
    path = geojson(tmp_path / "f.geojson", every_area())
    path.write_bytes(b"\n" + path.read_text(encoding="utf-8").encode("gb18030"))

    with pytest.raises(ContentError, match=r"f\.geojson:2: not UTF-8 \(byte \d+\); GeoJSON is always UTF-8"):
        bring(path)


SQUARE = {"type": "Polygon", "coordinates": [ring(*EAST)]}


@pytest.mark.parametrize(
    ("geometry", "told"),
    [
        (None, "geometry: there is none"),
        ({"type": "LineString", "coordinates": ring(*EAST)}, "all polygons .* or all points .*, found LineString"),
        ({"type": "Polygon", "coordinates": []}, "the polygon is empty"),
        ({"type": "Polygon", "coordinates": [ring(*EAST)[:3]]}, "a ring needs at least four corners"),
        ({"type": "Polygon", "coordinates": [ring(*EAST)[:4]]}, "a ring is not closed: it begins at"),
        ({"type": "Polygon", "coordinates": [[[120, 36], [120, "x"], [121, 36], [120, 36]]]}, "a pair of numbers"),
        ({"type": "Polygon", "coordinates": [[[120, 36], [120], [121, 36], [120, 36]]]}, r"a pair .*, not \[120\]"),
        ({"type": "Polygon", "coordinates": [[[120, 36], None, [121, 36], [120, 36]]]}, "a pair of numbers"),
        ({"type": "Polygon", "coordinates": 7}, "the polygon is empty"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "a part of it is empty"),
        (
            {"type": "Polygon", "coordinates": [[[120, 36], [121, 37], [121, 36], [120, 37], [120, 36]]]},
            "not a simple one: Self-intersection",
        ),
        ({"type": "Polygon", "coordinates": [[[120, 36], [120, float("nan")], [121, 36], [120, 36]]]}, "not a finite"),
        ({"type": "Polygon", "coordinates": [[[y, x] for x, y in ring(*EAST)]]}, "seem to be swapped"),
        (
            {"type": "Polygon", "coordinates": [ring(13_358_338, 4_300_621, 13_380_602, 4_328_000)]},
            "no degrees; metres of a projected system",
        ),
        ({"type": "Polygon", "coordinates": [ring(-74.1, 40.6, -73.9, 40.8)]}, "not in China"),
        ({"type": "Polygon", "coordinates": [ring(116.3, 39.8, 116.5, 40.0)]}, "km from the city's known places"),
    ],
)
def test_a_feature_that_cannot_be_used_is_named_by_number_and_name(
    bring: Import, tmp_path: Path, geometry: Any, told: str
) -> None:
    bad = feature(geometry, name="西河区", admin_level="6")
    where = "" if geometry and geometry["type"] == "LineString" else r"feature 2 \(西河区\): "

    with pytest.raises(ContentError, match=where + ".*" + told):
        bring(geojson(tmp_path / "f.geojson", [area("990101"), bad]))


def test_every_bad_feature_is_told_at_once(bring: Import, tmp_path: Path) -> None:
    features = [feature(None, name=f"街道{n}") for n in range(12)]

    with pytest.raises(ContentError) as told:
        bring(geojson(tmp_path / "f.geojson", [area("990101"), *features]))

    assert "the first 10 of them" in str(told.value)
    assert str(told.value).count("geometry: there is none") == 10


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:EPSG::3857", "EPSG:4527", "EPSG:14326", "", 7])
def test_a_projected_system_is_refused(bring: Import, tmp_path: Path, name: Any) -> None:
    crs = {"type": "name", "properties": {"name": name}}

    with pytest.raises(ContentError, match=r"f\.geojson:1: crs: .*accepted are degrees of WGS-84 .* CGCS2000"):
        bring(geojson(tmp_path / "f.geojson", every_area(), crs=crs))


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4490", "urn:ogc:def:crs:EPSG::4490"]
)
def test_degrees_of_wgs_84_and_cgcs2000_are_accepted(bring: Import, tmp_path: Path, name: str) -> None:
    path = geojson(tmp_path / "f.geojson", every_area(), crs={"type": "name", "properties": {"name": name}})

    assert len(bring(path).after.areas) == 6
    with pytest.raises(ContentError, match="`--crs` says GCJ-02; which is right"):
        bring(path, crs="GCJ-02")


@pytest.mark.parametrize("crs", ["GCJ-02", "BD-09"])
def test_boundaries_of_a_shifted_map_are_brought_back(bring: Import, tmp_path: Path, crs: str) -> None:
    shifted = [from_wgs84((lat, lon), crs)[::-1] for lon, lat in ring(*EAST)]
    path = geojson(
        tmp_path / "f.geojson", [area("990101") | {"geometry": {"type": "Polygon", "coordinates": [shifted]}}]
    )

    plan = bring(path, crs=crs)

    drawn = json.loads(plan.after.areas["990101"])["geometry"]["coordinates"][0]
    assert [pytest.approx(one, abs=2e-6) for one in ring(*EAST)] == drawn


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("f.shp", "x", r"f\.shp:1: neither \.geojson nor \.csv[\s\S]*accepted are GeoJSON"),
        ("f.csv", "", r"f\.csv:1: the file is empty"),
        ("f.csv", "a,b\n1,2\n", r"of no known kind by its columns \(a, b\)[\s\S]*divisions: code, level, name"),
        ("f.csv", "name,kind,district\n", r"f\.csv:1: no row below the first line"),
        ("f.csv", 'name,kind,district\n"x,park,东山区\n', r"f\.csv:2: a quotation mark opens"),
        ("f.csv", "name,kind,district\nx,park\n", r"f\.csv:2: 2 cells, the first line has 3"),
        ("f.csv", "PK\x03\x04", "a workbook, not CSV"),
    ],
)
def test_what_is_no_table_of_ours_says_what_is_accepted(
    bring: Import, tmp_path: Path, name: str, text: str, told: str
) -> None:
    with pytest.raises(ContentError, match=told):
        bring(csv(tmp_path, text, name=name))


def test_a_file_that_is_not_there_is_named(bring: Import, tmp_path: Path) -> None:
    for name in ("away.csv", "away.geojson"):
        with pytest.raises(ContentError, match=f"{name}:1: cannot be read"):
            bring(tmp_path / name)


# -- boundaries ------------------------------------------------------------------------------------------------------


def test_equal_names_are_told_apart_by_the_district_around_them_in_any_order(bring: Import, tmp_path: Path) -> None:
    plan = bring(geojson(tmp_path / "f.geojson", every_area()))

    assert plan.conflicts == ()
    found = loaded(plan, tmp_path / "new").areas
    assert found.codes_at((36.05, 120.1)) == ("990101", "990101001")
    assert found.codes_at((36.05, 119.9)) == ("990102", "990102001")
    assert {code: found.codes_at(found.point_of(code))[-1] for code in found.codes if len(code) == 9} == {
        code: code for code in found.codes if len(code) == 9
    }
    assert "6 of 6 matched: 4 by name, 2 by name, and the district around it" in plan.notes[0]
    assert changed(plan) == {"boundaries": (6, 0, 0, 0)}


def test_equal_names_without_any_district_are_a_conflict_that_says_what_would_do(bring: Import, tmp_path: Path) -> None:
    plan = bring(geojson(tmp_path / "f.geojson", [area("990101002"), area("990101001")]))

    assert len(plan.conflicts) == 1
    assert "feature 2 (和平路街道)" in plan.conflicts[0] and "give the code or the district" in plan.conflicts[0]
    assert "990101001" in plan.conflicts[0] and "990102001" in plan.conflicts[0]


@pytest.mark.parametrize("more", [{"code": "990102001"}, {"division_code": "990102001000"}, {"district": "西河"}])
def test_equal_names_are_told_apart_by_code_or_stated_district(bring: Import, tmp_path: Path, more: Any) -> None:
    plan = bring(geojson(tmp_path / "f.geojson", [area("990102001", **more)]))

    assert set(plan.after.areas) == {"990102001"}


def test_boundaries_that_are_there_tell_equal_names_apart(bring: Import, tmp_path: Path) -> None:
    districts = bring(geojson(tmp_path / "d.geojson", [area("990101"), area("990102")]))

    plan = bring(geojson(tmp_path / "s.geojson", [area("990102001")]), into=districts.after, merge=True)

    assert set(plan.after.areas) == {"990101", "990102", "990102001"}


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("东山区", "name"),
        ("东 山区", "name, otherwise written"),
        ("老东山市", "alias"),
        ("东山新区", "name without its ending"),
        ("大东山新城（东山区）", "name in brackets"),
        ("东山区(大东山新城)", "name in brackets"),
    ],
)
def test_a_name_is_found_however_it_is_written(bring: Import, tmp_path: Path, name: str, way: str) -> None:
    plan = bring(geojson(tmp_path / "f.geojson", [area("990101", name=name)]))

    assert set(plan.after.areas) == {"990101"}
    assert plan.notes[0].endswith(f"1 of 1 matched: 1 by {way}")


@pytest.mark.parametrize("name", ["河口街道办事处", "河口镇", "河口"])
def test_a_streets_name_is_found_with_another_ending(bring: Import, tmp_path: Path, name: str) -> None:
    assert set(bring(geojson(tmp_path / "f.geojson", [area("990102002", name=name)])).after.areas) == {"990102002"}


def test_a_code_that_disagrees_with_the_name_is_a_conflict(bring: Import, tmp_path: Path) -> None:
    plan = bring(geojson(tmp_path / "f.geojson", [area("990101"), area("990102", code="990101")]))

    assert any(
        "feature 2 (西河区): code 990101 is 东山区 (990101), but '西河区' is 西河区 (990102)" in one
        for one in plan.conflicts
    )


def test_a_code_of_other_lists_gives_way_to_the_name_and_is_told(bring: Import, tmp_path: Path) -> None:
    plan = bring(geojson(tmp_path / "f.geojson", [area("990101", division_code="370282")]))

    assert set(plan.after.areas) == {"990101"}
    assert "code 370282, here 东山区 (990101)" in plan.lists["codes that are not official here, matched by name"][0]


def test_two_polygons_of_one_division_are_a_conflict_that_names_both(bring: Import, tmp_path: Path) -> None:
    plan = bring(geojson(tmp_path / "f.geojson", [area("990101"), area("990102"), area("990101", name="老东山市")]))

    (told,) = plan.conflicts
    assert "feature 3 (老东山市): is 东山区 (990101)" in told and "feature 1 (东山区)" in told


def test_a_street_drawn_in_another_district_is_a_conflict(bring: Import, tmp_path: Path) -> None:
    wrong = area("990101002") | {"geometry": area("990102002")["geometry"]}

    plan = bring(geojson(tmp_path / "f.geojson", [area("990101"), area("990102"), wrong]))

    (told,) = plan.conflicts
    assert "feature 3 (中山镇): lies in 西河区, but 中山镇 (990101002) does not" in told


def test_what_matches_nothing_is_left_out_with_what_is_spelled_like_it(bring: Import, tmp_path: Path) -> None:
    plan = bring(geojson(tmp_path / "f.geojson", [*every_area(), area("990102002", name="河日街道")]))

    (told,) = plan.lists["matching no official division, left out"]
    assert "feature 7 (河日街道): no official division; perhaps 河口街道" in told
    assert len(plan.after.areas) == 6


def test_a_file_of_another_citys_names_is_refused(bring: Import, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"nothing in it is an official division\n.*feature 1 \(海淀\)"):
        bring(geojson(tmp_path / "f.geojson", [area("990101", name="海淀")]))


def test_the_city_itself_is_left_out_and_divisions_without_boundary_are_told(bring: Import, tmp_path: Path) -> None:
    whole_city = area("990101", name="小城市", admin_level="5")

    plan = bring(geojson(tmp_path / "f.geojson", [whole_city, *(area(c) for c in ("990101", "990102", "990101002"))]))

    assert any("feature 1 (小城市): is above the districts" in note for note in plan.notes)
    assert plan.lists["official divisions without a boundary"] == [
        "990101001 和平路街道",
        "990102001 和平路街道",
        "990102002 河口街道",
    ]


def test_heights_multipolygons_and_holes_are_read(bring: Import, tmp_path: Path) -> None:
    high = [[*corner, 12.5] for corner in ring(*EAST)]
    geometry = {"type": "MultiPolygon", "coordinates": [[high, ring(120.05, 36.05, 120.1, 36.1)]]}

    plan = bring(geojson(tmp_path / "f.geojson", [area("990101") | {"geometry": geometry}]))

    found = loaded(plan, tmp_path / "new").areas
    assert (found.codes_at((36.07, 120.07)), found.codes_at((36.15, 120.07))) == ((), ("990101",))


def test_what_we_write_is_sorted_by_code_with_six_decimals_and_reads_the_same(bring: Import, tmp_path: Path) -> None:
    geometry = {"type": "Polygon", "coordinates": [ring(120.0000004, 36.1234567, 120.2, 36.2)]}
    plan = bring(geojson(tmp_path / "f.geojson", [area("990102"), area("990101") | {"geometry": geometry}]))
    loaded(plan, tmp_path / "new")

    text = (tmp_path / "new/areas.geojson").read_text(encoding="utf-8")

    assert [one["properties"] for one in json.loads(text)["features"]] == [
        {"code": "990101", "name": "东山区"},
        {"code": "990102", "name": "西河区"},
    ]
    assert "36.123457" in text and "36.1234567" not in text and "120.0000004" not in text
    assert versions.read(tmp_path / "new").areas == plan.after.areas


def test_the_same_file_again_changes_nothing(bring: Import, tmp_path: Path) -> None:
    path = geojson(tmp_path / "f.geojson", every_area())
    loaded(bring(path), tmp_path / "new")

    assert changed(bring(path, into=versions.read(tmp_path / "new"))) == {}


# -- points of divisions ---------------------------------------------------------------------------------------------

POINTS = """osm_id,admin_level,name,division_code,rep_lng,rep_lat,district_by_geom
1,5,小城市,990100,120.0,36.1,
2,6,东山区,990101,120.1,36.1,
3,8,和平路街道,,120.1,36.05,东山区
4,8,和平路街道,,119.9,36.05,西河区
"""


def test_points_are_given_to_their_divisions(bring: Import, tmp_path: Path) -> None:
    plan = bring(csv(tmp_path, POINTS))

    divisions = loaded(plan, tmp_path / "new").gazetteer.divisions
    assert (divisions["990101"].lat, divisions["990101"].lon) == (36.1, 120.1)
    assert (divisions["990102001"].lat, divisions["990102001"].lon) == (36.05, 119.9)
    assert divisions["990102"].lat is None
    assert changed(plan) == {"districts": (0, 1, 0, 1), "streets": (0, 2, 0, 2)}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("9,6,西河区,,36.1,119.9,", r"given\.csv:6: .*seem to be swapped"),
        ("9,6,西河区,,119.9,,", r"given\.csv:6: lat, lon: not a number in '', '119.9'"),
        ("9,6,西河区,,,,", r"given\.csv:6: lat, lon: missing"),
        ("9,6,西河区,,113.2,23.1,", r"given\.csv:6: .*km from the city's known places"),
        ("9,6,,,119.9,36.1,", r"given\.csv:6: name: missing"),
    ],
)
def test_a_point_that_cannot_be_one_is_told_by_line(bring: Import, tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(ContentError, match=told):
        bring(csv(tmp_path, f"{POINTS}{row}\n"))


# -- tables ----------------------------------------------------------------------------------------------------------


def test_tables_that_ship_come_back_as_they_are(bring: Import, tmp_path: Path) -> None:
    given = [csv(tmp_path, text, name=f"{n}.csv") for n, text in enumerate((PLACES, DIVISIONS, FORMER))]

    plan = bring(*given)

    assert (changed(plan), plan.conflicts) == ({}, ())
    loaded(plan, tmp_path / "new")
    for name, text in (("places", PLACES), ("divisions", DIVISIONS), ("former", FORMER)):
        assert (tmp_path / "new" / f"{name}.csv").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("merge", [False, True])
def test_places_are_replaced_or_added_and_updated(bring: Import, tmp_path: Path, merge: bool) -> None:
    rows = "name,kind,district,aliases\n五四广场,park,东山区,五月广场\n新开小区,compound,东山区,\n"

    plan = bring(csv(tmp_path, rows), merge=merge)

    names = {name for _, name, _ in plan.after.places}
    assert names == {"五四广场", "新开小区"} | ({"人民路", "幸福小区"} if merge else set())
    (label,) = next(c.changed for c in plan.changes if c.kind == "places: park")
    assert label == "五四广场 park 东山区: aliases 五月的风 → 五月广场", "columns that are not given stay"
    assert much_goes(plan.changes) == ([] if merge else ["places: 2 of 3"])


@pytest.mark.parametrize(
    ("encoding", "note"), [("utf-8", ""), ("utf-8-sig", ""), ("gb18030", "given.csv: read as GB18030")]
)
@pytest.mark.parametrize(("delimiter", "said"), [(",", ""), (";", "by semicolon"), ("\t", "by tab")])
def test_spreadsheets_of_all_sorts_are_read_and_what_is_unusual_is_said(
    bring: Import, tmp_path: Path, encoding: str, note: str, delimiter: str, said: str
) -> None:
    path = csv(tmp_path, PLACES.replace(",", delimiter).replace("\n", "\r\n"), encoding=encoding)

    plan = bring(path)

    assert changed(plan) == {}
    assert len(plan.notes) == bool(note) + bool(said)
    assert note in "".join(plan.notes) and said in "".join(plan.notes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,kind,district\nx,castle,东山区\n", r"given\.csv:2: kind: unknown 'castle'; known: .*park"),
        ("name,kind,district\nx,park,海淀区\n", r"given\.csv:2: district: unknown '海淀区'; known: 东山区, 西河区"),
        ("name,kind,district,street\nx,park,东山区,河口街道\n", r"given\.csv:2: street: unknown '河口街道' in 东山区"),
        (f"name,kind,district\n{'长' * 40},park,东山区\n", r"given\.csv:2: name: 1 to 32 characters"),
        ("name,kind,district,lat,lon\nx,park,东山区,36.1,\n", r"given\.csv:2: lat, lon: not a number"),
        ("name,kind,district,lat,lon\nx,park,东山区,120.1,36.1\n", r"given\.csv:2: .*seem to be swapped"),
        ("code,level,name,parent_code\n990101,city,东山区,9901\n", r"given\.csv:2: level: unknown 'city'"),
        ("code,level,name,parent_code\n9.9E+05,district,x,9901\n", r"not '9.9E\+05'; format the column as text"),
        ("code,level,name,parent_code\n99010,district,东山区,9901\n", r"given\.csv:2: code: .* 6 digits, not '99010'"),
        (
            "code,level,name,parent_code\n990101001,street,x,990101\n",
            r"given\.csv:2: parent_code: no district '990101'",
        ),
        (
            "code,level,name,parent_code\n990101,district,甲区,9901\n990201001,street,x,990101\n",
            r"given\.csv:3: parent_code: 990101 is not the beginning of 990201001",
        ),
        ("name,level,parent_code,was\n老村,community,9,\n", r"given\.csv:2: parent_code: no district or street '9'"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_by_line_key_and_value(
    bring: Import, tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ContentError, match=told):
        bring(csv(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "name,kind,district\nx,park,东山区\ny,park,东山区\nx,park,东山区\n",
            ("given.csv:4: kind park", "given.csv:2"),
        ),
        (
            "code,level,name,parent_code\n990101,district,甲区,9901\n990101,district,乙区,9901\n",
            ("given.csv:3: code 990101", "given.csv:2"),
        ),
        (
            "code,level,name,parent_code\n990101,district,甲区,9901\n990102,district,甲区,9901\n",
            ("given.csv:3: level district, parent_code 9901, name 甲区", "given.csv:2"),
        ),
    ],
)
def test_the_same_thing_twice_is_a_conflict_that_names_both_lines(
    bring: Import, tmp_path: Path, text: str, told: tuple[str, str]
) -> None:
    (conflict,) = bring(csv(tmp_path, text)).conflicts

    assert all(part in conflict for part in told)


def test_a_new_code_for_a_name_that_is_there_is_a_conflict_when_merging(bring: Import, tmp_path: Path) -> None:
    (conflict,) = bring(
        csv(tmp_path, "code,level,name,parent_code\n990109,district,东山区,9901\n"), merge=True
    ).conflicts

    assert "given.csv:2" in conflict and "divisions.csv, code 990101" in conflict


def test_places_follow_a_renamed_district_and_go_with_one_that_is_gone(bring: Import, tmp_path: Path) -> None:
    drawn = bring(geojson(tmp_path / "f.geojson", every_area())).after
    kept = "\n".join(line for line in DIVISIONS.splitlines() if "990102" not in line).replace("东山区,", "东海区,")

    plan = bring(csv(tmp_path, kept + "\n"), into=drawn)

    names = {name: district for _, name, district in plan.after.places}
    assert names == {"五四广场": "东海区", "人民路": "东海区"}
    assert set(plan.after.areas) == {"990101", "990101001", "990101002"}
    assert [name for name, *_ in plan.after.former] == ["石桥乡"]
    assert "1 places go with the divisions that are gone" in plan.notes
    loaded(plan, tmp_path / "new")


def test_another_city_replaces_everything_at_once(bring: Import, tmp_path: Path) -> None:
    divisions = "code,level,name,parent_code,aliases,lat,lon\n510104,district,锦江区,5101,锦江,30.65,104.08\n"
    places = "name,kind,district,lat,lon\n春熙路,road,锦江区,30.657,104.077\n"
    drawn = feature({"type": "Polygon", "coordinates": [ring(104.0, 30.6, 104.2, 30.7)]}, name="锦江区")

    plan = bring(
        csv(tmp_path, places, name="p.csv"),
        geojson(tmp_path / "a.geojson", [drawn]),
        csv(tmp_path, divisions, name="d.csv"),
    )

    found = loaded(plan, tmp_path / "new")
    assert plan.conflicts == ()
    assert found.areas.codes_at((30.65, 104.1)) == ("510104",)
    assert [place.name for place in found.gazetteer.places] == ["春熙路"]
    assert {one.partition(":")[0] for one in much_goes(plan.changes)} == {"divisions", "former divisions", "places"}


def test_a_coordinate_with_zeros_at_its_end_stays_as_it_was_written(bring: Import, tmp_path: Path) -> None:
    city(tmp_path / "zeros")
    (tmp_path / "zeros/places.csv").write_text(PLACES.replace("36.05,", "36.050,"), encoding="utf-8")
    written = versions.read(tmp_path / "zeros")

    assert changed(bring(tmp_path / "zeros/places.csv", into=written)) == {}


def test_two_files_of_one_kind_need_merge(bring: Import, tmp_path: Path) -> None:
    files = [csv(tmp_path, PLACES, name=name) for name in ("a.csv", "b.csv")]

    with pytest.raises(ContentError, match=r"b\.csv:1: places, as .*a\.csv; with --merge both are taken"):
        bring(*files)


# -- places as points ------------------------------------------------------------------------------------------------


def test_points_become_places_and_get_their_district_from_its_boundary(bring: Import, tmp_path: Path) -> None:
    drawn = bring(geojson(tmp_path / "f.geojson", every_area())).after
    points = [
        point(119.95, 36.15, name="老码头", kind="scenic", aliases=["码头", "一号码头"]),
        point(120.1, 36.15, name="中山公园", kind="park", district="东山区"),
    ]

    plan = bring(geojson(tmp_path / "p.geojson", points), into=drawn, merge=True)

    quay = next(one for one in loaded(plan, tmp_path / "new").gazetteer.places if one.name == "老码头")
    assert (quay.districts, quay.street, quay.aliases) == (("西河区",), "河口街道", ("码头", "一号码头"))
    assert (quay.lat, quay.lon) == (36.15, 119.95)
    assert any("1 places got their district from its boundary" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"name": "x", "kind": "castle"}, r"feature 1 \(x\): kind: unknown 'castle'"),
        ({"kind": "park"}, r"feature 1: name: 1 to 32 characters"),
        ({"name": "x", "kind": "park", "district": "海淀区"}, r"feature 1 \(x\): district: unknown '海淀区'"),
    ],
)
def test_a_point_that_is_no_place_is_named(bring: Import, tmp_path: Path, properties: Any, told: str) -> None:
    with pytest.raises(ContentError, match=told):
        bring(geojson(tmp_path / "p.geojson", [point(120.1, 36.1, **properties)]))


# -- whatever comes --------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1), junk=st.binary(max_size=4), kind=st.sampled_from(["geojson", "places", "divisions"]))
def test_a_file_cut_off_anywhere_is_refused_in_words_or_read(
    base: Version, tmp_path: Path, cut: float, junk: bytes, kind: str
) -> None:
    if kind == "geojson":
        path = geojson(tmp_path / "f.geojson", every_area())
    else:
        path = csv(tmp_path, {"places": PLACES, "divisions": DIVISIONS}[kind], name="f.csv")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(cut * len(raw))] + junk)
    before = json.dumps([list(map(list, base.tables[name].items())) for name in base.tables])

    try:
        plan = applying.apply(base, [path])
    except ContentError as refused:
        assert "f." in str(refused)
    else:
        assert isinstance(plan, Plan)
    assert json.dumps([list(map(list, base.tables[name].items())) for name in base.tables]) == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["type", "coordinates", "geometry", "name", "code"]), inner, max_size=4)
        ),
        max_leaves=12,
    ),
    spot=st.sampled_from(["geometry", "properties", "coordinates", "name", "feature", "crs", "admin_level"]),
)
def test_whatever_stands_where_something_else_should_is_refused_in_words(
    base: Version, tmp_path: Path, value: Any, spot: str
) -> None:
    one = area("990101")
    members = {"crs": value} if spot == "crs" else {}
    if spot == "coordinates":
        one["geometry"]["coordinates"] = value
    elif spot in ("name", "admin_level"):
        one["properties"][spot] = value
    elif spot in one:
        one[spot] = value
    path = geojson(tmp_path / "f.geojson", [value if spot == "feature" else one, area("990102")], **members)

    try:
        applying.apply(base, [path])
    except ContentError as refused:
        assert "f.geojson" in str(refused)
