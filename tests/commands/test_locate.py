"""`jiesu locate`: text and pins in, one JSON object a line out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integrations.cli import app
from kb.content_files import ContentError
from kb.places import Place
from kb.places.atlas import load
from kb.places.coordinates import SYSTEMS, from_wgs84

Locate = Callable[..., list[dict[str, Any]]]
NORTH = (36.1062, 120.3826)  # 市北区
FAR = (39.9, 116.4)


@pytest.fixture
def locate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Locate:
    """Gives the lines as they are read; a line may be text that is no JSON. Raises what the command raises."""
    monkeypatch.setenv("JIESU_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("JIESU_GEOCODER", raising=False)

    def run(*lines: dict[str, Any] | str) -> list[dict[str, Any]]:
        given = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in lines]
        result = CliRunner().invoke(app, ["locate"], input="\n".join(given) + "\n")
        if result.exception:
            raise result.exception
        return [json.loads(line) for line in result.output.splitlines()]

    return run


@pytest.fixture(scope="module")
def square() -> Place:
    place = load().read("五四广场").place
    assert place is not None and place.lat is not None and place.lon is not None
    return place


def at(point: tuple[float, float], crs: str) -> dict[str, float]:
    lat, lon = from_wgs84(point, crs)
    return {"lat": lat, "lon": lon}


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        ({"lat": 36.1}, "lat and lon come together"),
        ({"lon": 120.4, "lat": None}, "lat and lon come together"),
        ({"lat": "north", "lon": 120.4}, "could not convert"),
        ({"lat": [36.1], "lon": 120.4}, "must be"),
        ({"lat": float("nan"), "lon": 120.4}, "not finite"),
        ({"lat": 10**400, "lon": 120.4}, "too large"),
        ({"lat": 91, "lon": 20}, "swapped"),
        ({"lat": 120.4, "lon": 36.1}, "swapped"),
        ({"lat": 36.1, "lon": 190}, "out of range"),
        ({"lat": 36.1, "lon": 120.4, "crs": "EPSG:4326"}, "unknown coordinate system 'EPSG:4326'"),
        ({"lat": 36.1, "lon": 120.4, "crs": ["WGS-84"]}, "unknown coordinate system"),
    ],
)
def test_a_pin_that_is_none_is_named_with_the_lines_id(locate: Locate, pin: dict[str, Any], said: str) -> None:
    with pytest.raises(ContentError, match=f"standard input: id 'x-7': .*{re.escape(said)}"):
        locate({"id": "x-7", "text": "五四广场", **pin})


@pytest.mark.parametrize("wrong", ["nonsense", "[]", '{"id": 1}', '{"text": "x"}', "5", "null", '"text"'])
def test_a_line_that_is_no_case_is_named_with_its_number(locate: Locate, wrong: str) -> None:
    with pytest.raises(ContentError, match="standard input:3: expected"):
        locate({"id": 1, "text": "五四广场"}, "", wrong)


def test_every_line_is_read_for_itself(locate: Locate) -> None:
    long = "路灯坏了，" * 800
    lines = locate(
        {"id": 1, "text": "崂山区海尔路61号门口积水"},
        {"id": "2", "text": ""},
        {"id": 3, "text": "有点吵"},
        {"id": 4, "text": "合肥路的路灯坏了"},
        {"id": 5, "text": "李沧区的路灯坏了"},
        {"id": 6, "text": "济南泉城路的路灯坏了"},
        {"id": 7, "text": long},
        {"id": 8, "text": f"崂山区海尔路61号{long}"},
        {"id": 9, "text": "崂山区海尔路61号3号楼2单元501室"},
        {"id": 10, "text": "", **at(NORTH, "WGS-84"), "crs": "WGS-84"},
    )
    assert [(one["id"], one["district"], one["ask"], one["doubt"]) for one in lines] == [
        (1, "崂山区", False, None),
        ("2", None, True, "nowhere"),
        (3, None, True, "nowhere"),
        (4, None, True, "which"),
        (5, "李沧区", True, "vague"),
        (6, None, True, "elsewhere"),
        (7, None, True, "nowhere"),
        (8, "崂山区", False, None),
        (9, "崂山区", False, None),
        (10, "市北区", False, None),
    ]
    assert [one["place"] for one in lines[3]["candidates"]] == ["市北区 · 合肥路", "崂山区 · 合肥路"]
    assert "501" not in json.dumps(lines[8])
    assert (lines[1]["confidence"], lines[1]["reasons"], lines[1]["layers"]) == (0.0, [], {})


def test_a_pin_of_every_system_is_told_in_wgs84(locate: Locate) -> None:
    lines = locate(*({"id": crs, "text": "合肥路", **at(NORTH, crs), "crs": crs} for crs in SYSTEMS))
    for line in lines:
        assert (line["district"], line["road"], line["doubt"], line["candidates"]) == ("市北区", "合肥路", None, [])
        assert (line["lat"], line["lon"]) == pytest.approx(NORTH, abs=2e-6)


def test_a_pin_of_unstated_system_is_told_apart_by_the_words(locate: Locate, square: Place) -> None:
    here = (square.lat, square.lon)
    lines = locate(*({"id": crs, "text": "五四广场", **at(here, crs)} for crs in SYSTEMS))  # type: ignore[arg-type]
    for line in lines:
        assert (line["lat"], line["lon"]) == pytest.approx(here, abs=2e-6)
        assert (line["spot"], line["ask"]) == ("五四广场", False)


def test_without_words_a_pin_of_unstated_system_is_taken_for_wgs84(locate: Locate) -> None:
    (line,) = locate({"id": 1, "text": "路灯坏了", **at(NORTH, "GCJ-02")})
    assert (line["lat"], line["lon"]) == pytest.approx(from_wgs84(NORTH, "GCJ-02"), abs=2e-6)


def test_a_pin_outside_and_one_that_contradicts_the_words_would_be_asked_about(locate: Locate) -> None:
    outside, contradicts, text_of_numbers = locate(
        {"id": 1, "text": "五四广场", **at(FAR, "WGS-84")},
        {"id": 2, "text": "五四广场", **at(NORTH, "WGS-84")},
        {"id": 3, "text": 5, "lat": "36.1062", "lon": "120.3826"},
    )
    assert (outside["ask"], outside["doubt"], outside["district"]) == (True, "elsewhere", None)
    assert (contradicts["ask"], contradicts["doubt"], contradicts["district"]) == (True, "which", "市北区")
    (said,) = contradicts["candidates"]
    assert said["place"].startswith("市南区") and said["place"].endswith("五四广场")
    assert text_of_numbers["district"] == "市北区"


def test_the_keys_are_those_that_the_help_names(locate: Locate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said = " ".join(CliRunner().invoke(app, ["locate", "--help"]).output.replace("│", " ").split())
    listed = re.search(r"Printed are (.*?);", said)
    assert listed, said
    named = re.sub(r"\(.*?\)", "", listed[1]).replace(" and ", ", ").replace(" ", "").split(",")
    for line in locate(
        {"id": 1, "text": "五四广场"}, {"id": 2, "text": ""}, {"id": 3, "text": "", **at(FAR, "WGS-84")}
    ):
        assert list(line) == named
