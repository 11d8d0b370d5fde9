"""`jiesu match`: reports in, one JSON object a line out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from integrations.bootstrap import Services
from integrations.cli import app
from integrations.commands import matching
from kb.content_files import ContentError
from kb.places.coordinates import from_wgs84

Match = Callable[..., list[dict[str, Any]]]
LAMP = "李沧区翠湖小区3号楼北边的路灯坏了三天没人修"


@pytest.fixture
def match(services: Services, monkeypatch: pytest.MonkeyPatch) -> Match:
    """Gives the lines as they are read; a line may be text that is no JSON. Raises what the command raises."""
    monkeypatch.setenv("JIESU_DATA_DIR", str(services.settings.data_dir))
    monkeypatch.setattr("integrations.bootstrap.build", lambda _settings: services)
    monkeypatch.setattr(matching, "TOGETHER", 2)  # so that a batch ends in the middle of every test

    def run(*lines: dict[str, Any] | str) -> list[dict[str, Any]]:
        given = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in lines]
        result = CliRunner().invoke(app, ["match"], input="\n".join(given) + "\n")
        if result.exception:
            raise result.exception
        return [json.loads(line) for line in result.stdout.splitlines()]

    return run


def said(id_: str | int, day: int, text: str = LAMP, **more: Any) -> dict[str, Any]:
    return {"id": id_, "text": text, "time": f"2026-11-{day:02}T08:00:00+08:00", **more}


def closed(id_: str, day: int) -> dict[str, Any]:
    return {"closed": id_, "time": f"2026-11-{day:02}T09:00:00+08:00"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["{"], "standard input:1: expected"),
        (["[]"], "standard input:1: expected"),
        ([{"id": "a", "text": "灯"}], "'time'"),
        ([{"id": "a", "text": "灯", "time": "gestern"}], "standard input:1: expected"),
        ([said("a", 2), closed("a", 1)], "standard input:2: closed: no report 'a' came before"),
        ([said("a", 1), said("a", 2)], "standard input:2: id: .*'a'"),
        ([said("a", 1), said("b", 1), closed("z", 2)], "standard input:3: closed: no report 'z'"),
        ([said(["a"], 1)], "no text and no number"),  # type: ignore[arg-type]
        ([said("a", 1, lat=36.1)], "lat and lon come together"),
        ([said("a", 1, lat=120.4, lon=36.1)], "swapped"),
        ([said("a", 1, lat=36.1, lon=120.4, crs="Xi'an 80")], "unknown coordinate system"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(match: Match, lines: list[Any], told: str) -> None:
    with pytest.raises(ContentError, match=told):
        match(*lines)


def test_lines_out_of_order_are_told_taken_in_order_of_time_and_printed_as_they_came(match: Match) -> None:
    late, early, other = match(said("late", 9), said("early", 2), said("other", 5, "市南区香港中路23号有人摆摊占道"))
    assert [one["id"] for one in (late, early, other)] == ["late", "early", "other"]
    assert (early["incident"], late["incident"]) == ("early", "early")
    assert late["suggested"][0]["reasons"][-2:] == ["7天前有人反映", "已有1人反映"] and early["suggested"] == []


def test_the_first_line_out_of_order_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    at = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 3, 2, 1)]
    lines = [matching.Line(number, time, str(number), "") for number, time in enumerate(at, 1)]
    assert [line.number for line in matching.in_order(lines)] == [1, 4, 3, 2]
    told = capsys.readouterr().err
    assert told.startswith("standard input:3: time: 2026-11-02") and "of line 2" in told and told.count("\n") == 1
    matching.in_order(lines[:2])
    assert capsys.readouterr().err == ""


def test_nothing_in_nothing_out(match: Match) -> None:
    assert match("") == []


def test_the_same_again_joins_with_reasons_and_ids_stay_as_they_were_given(match: Match) -> None:
    first, again, other = match(said(7, 1), said("b", 2), said("c", 2, "市南区香港中路23号有人摆摊占道"))
    assert first == {"id": 7, "incident": 7, "recurrence_of": None, "suggested": []}
    assert (again["id"], again["incident"]) == ("b", 7)
    (offer,) = again["suggested"]
    assert offer["incident"] == 7 and 0.9 < offer["score"] <= 1
    assert offer["reasons"] == ["内容相同", "都在翠湖", "同一类问题", "1天前有人反映", "已有1人反映"]
    assert other["incident"] == "c" and other["suggested"] == []


def test_another_building_is_not_joined(match: Match) -> None:
    _, other = match(said("a", 1), said("b", 2, LAMP.replace("3号楼", "9号楼")))
    assert other["incident"] == "b"


def test_after_closure_it_is_a_recurrence(match: Match) -> None:
    *_, back, next_ = match(said("a", 1), said("b", 2), closed("b", 3), "", said("c", 4), said("d", 5))
    assert (back["incident"], back["recurrence_of"]) == ("c", "a")
    assert (next_["incident"], next_["recurrence_of"]) == ("c", None)


@pytest.mark.parametrize(("north", "found"), [(60, True), (30_000, False)])
def test_pins_of_two_systems_show_one_place(match: Match, north: int, found: bool) -> None:
    here, there = (36.0662, 120.3821), from_wgs84((36.0662 + north / 111_195, 120.3821), "BD-09")
    _, again = match(
        said("a", 1, "路灯坏了", lat=here[0], lon=here[1], crs="WGS-84"),
        said("b", 2, "路灯一直不亮", lat=there[0], lon=there[1], crs="BD-09"),
    )
    assert bool(again["suggested"]) is found


def test_without_a_place_the_same_short_words_do_not_join(match: Match) -> None:
    _, again = match(said("a", 1, "路灯坏了没人修"), said("b", 2, "路灯坏了没人修"))
    assert again["incident"] == "b"
