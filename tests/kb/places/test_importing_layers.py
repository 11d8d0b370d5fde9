"""The city's own layers: polygons and lists, as they are given and as they are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kb.content_files import ContentError
from kb.places import gazetteer, layers
from kb.places.importing import layer_files
from kb.places.importing.coordinates_given import Box
from kb.places.importing.layer_files import Written
from kb.places.place import Place
from tests.small_places import EAST, WEST, city, feature, geojson, point, ring

HEADER = {
    "id": "heating",
    "title": "供热企业",
    "kind": "heating",
    "tell": True,
    "source": "供热办",
    "date": "2026-10-01",
}
LIST = """value,district,street,community,compound
东热公司,东山区,,,
西热公司,西河区,河口街道,,

小热公司,西河区,,,幸福小区
"""
NEAR = Box(36.0, 119.8, 36.2, 120.2)

Write = Callable[..., Written]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    names = gazetteer.load(city(tmp_path / "city"))

    def written(path: Path, **more: Any) -> Written:
        return layer_files.write(path, layer_files.header(HEADER), tmp_path / "layers", names, box=NEAR, **more)

    return written


def values(tmp_path: Path, place: Place) -> list[str]:
    names = gazetteer.load(tmp_path / "city")
    return [fact.value for fact in layers.load(tmp_path / "layers", names).of(place)]


def drawn(square: tuple[float, float, float, float], **properties: Any) -> dict[str, Any]:
    return feature({"type": "Polygon", "coordinates": [ring(*square)]}, **properties)


def test_polygons_answer_at_a_point_with_all_that_the_header_says(write: Write, tmp_path: Path) -> None:
    path = geojson(tmp_path / "h.geojson", [drawn(EAST, value="东热公司"), drawn(WEST, name="西热公司")])

    assert write(path).count == 2
    (fact,) = layers.load(tmp_path / "layers").of(Place("", lat=36.1, lon=119.9, crs="WGS-84"))
    assert (fact.value, fact.layer, fact.title, fact.kind) == ("西热公司", "heating", "供热企业", "heating")
    assert (fact.tell, fact.source, str(fact.date)) == (True, "供热办", "2026-10-01")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_list_answers_by_names_however_the_spreadsheet_wrote_it(
    write: Write, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes(LIST.replace(",", delimiter).encode(encoding))

    done = write(path)

    assert done.count == 3
    assert ("GB18030" in "".join(done.notes)) == (encoding == "gb18030")
    assert values(tmp_path, Place("x", "东山区", "990101")) == ["东热公司"]
    assert values(tmp_path, Place("幸福小区", "西河区", "990102", spot="幸福小区")) == ["小热公司"]


def test_a_layer_replaces_the_one_of_its_id_whatever_its_form(write: Write, tmp_path: Path) -> None:
    write(geojson(tmp_path / "h.geojson", [drawn(EAST, value="东热公司")]))
    (tmp_path / "h.csv").write_text(LIST, encoding="utf-8")

    write(tmp_path / "h.csv")

    assert {path.name for path in (tmp_path / "layers").iterdir()} == {"heating.csv", "heating.yml"}
    assert layer_files.remove("heating", tmp_path / "layers")
    assert not layer_files.remove("heating", tmp_path / "layers")
    assert list((tmp_path / "layers").iterdir()) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "water"}, r"--kind: .*'water'"),
        ({"title": ""}, r"--title: Field required"),
        ({"date": "1.10.2026"}, r"--date: .*'1.10.2026'"),
        ({"id": "../x"}, r"--id: '../x': small letters"),
        ({"id": "供热"}, r"--id: '供热': small letters"),
    ],
)
def test_a_header_that_cannot_be_used_names_the_option(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ContentError, match=told):
        layer_files.header({**HEADER, **given})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("value,compound\n", r"h\.csv:1: no row below the first line"),
        ("name,compound\nx,y\n", r"h\.csv:1: value: no such column in the first line \(name, compound\)"),
        ("value,district\n\n\n东热公司,海淀区\n", r"h\.csv:4: district: no district '海淀区'"),
        ("value,district\n,东山区\n", r"h\.csv:2: value: empty"),
        ("value,district\n东热公司,\n", r"h\.csv:2: .*all empty; say where this holds"),
        ("value,street\n东热公司,中山镇\n", r"h\.csv:2: district: empty; names such as '中山镇'"),
        ("value,district\n\n甲,东山区\n\n乙,东山区\n", r"h\.csv:5: district: '东山区' stands on line 3 already"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_as_it_was_given(write: Write, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "h.csv").write_text(text, encoding="utf-8")

    with pytest.raises(ContentError, match=told) as refused:
        write(tmp_path / "h.csv")
    assert "heating.csv" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (drawn(EAST), r"feature 2: value: missing"),
        (drawn((116.3, 39.8, 116.5, 40.0), value="北京"), r"feature 2: .*km from the city"),
        (point(120.1, 36.1, value="x"), "all polygons"),
    ],
)
def test_a_polygon_that_cannot_be_used_is_named(write: Write, tmp_path: Path, one: dict[str, Any], told: str) -> None:
    with pytest.raises(ContentError, match=told):
        write(geojson(tmp_path / "h.geojson", [drawn(WEST, value="西热公司"), one]))


def test_points_are_no_layer_and_other_files_neither(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="a layer is drawn by polygons, found points"):
        write(geojson(tmp_path / "h.geojson", [point(120.1, 36.1, value="x")]))
    with pytest.raises(ContentError, match=r"h\.shp:1: neither \.geojson \(polygons with value\) nor \.csv"):
        write(tmp_path / "h.shp")
