"""`jiesu issues add | import | list | show | end | feed`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from integrations.bootstrap import Services
from integrations.cli import app
from integrations.clients.issue_feed import HttpIssueFeed
from integrations.commands import issues
from integrations.services.errors import NeedsPerson, Rejected
from kb.content_files import ContentError
from kb.known_issues import KnownIssue
from kb.places import Place
from kb.places.coordinates import from_wgs84
from tests.services.test_informing import issue

Jiesu = Callable[..., Result]
MIDDLE = (36.062, 120.384)
ADD = {
    "title": "洛阳路热力管抢修",
    "category": "2201",
    "starts": "2026-11-20",
    "ends": "2026-11-25",
    "lead-unit": "供热企业",
    "say": "正在抢修。",
    "source": "停热通知",
}


@pytest.fixture
def services(services: Services) -> Services:
    """The system with one issue that ships."""
    services.replacements["known_issues"] = (issue("SHIPPED"),)
    return services


@pytest.fixture
def jiesu(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jiesu:
    """Runs the command in a folder of the test's own."""
    monkeypatch.setattr(issues, "_services", lambda: services)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["issues", *map(str, arguments)])


def added(jiesu: Jiesu, *more: str, **changes: str) -> Result:
    values = {**ADD, **changes}
    return jiesu("add", *(part for name, value in values.items() for part in (f"--{name}", value)), *more)


def told(services: Services) -> list[str]:
    return [one.id for one in services.informing.in_force()]


def given(folder: Path, text: str, name: str = "given.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


HEADER = "id,title,category,starts,ends,lead_unit,say,source,districts"
ROW = "F-1,路灯换灯,4101,2026-11-01,2026-12-31,区城管局,正在换灯。,演示,李沧区"


# -- add ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ({"category": "9999"}, (), "--category: no category '9999'"),
        ({"starts": "11月20日"}, (), "--starts: not a day; write it as 2026-11-30"),
        ({"ends": "2026-11-01"}, (), "ends 2026-11-01 before it starts"),
        ({"say": " "}, (), "--say: "),
        ({}, ("--district", "市东区"), "--district: no district '市东区', write the official name; perhaps"),
        ({}, ("--district", "李沧区", "--street", "八大湖街道"), "lies in 市南区, not in 李沧区"),
        ({}, ("--circle", "36.062,120.384"), "write latitude,longitude,metres"),
        ({}, ("--circle", "120.384,36.062,400"), "--circle: latitude 120.384"),
        ({}, ("--circle", "北,东,400"), "--circle: "),
        ({}, ("--polygon", "nowhere.geojson"), "--polygon: nowhere.geojson: cannot be read"),
        ({"id": "SHIPPED"}, (), "SHIPPED is there already"),
    ],
)
def test_an_entry_that_is_wrong_is_told_by_its_option(
    jiesu: Jiesu, services: Services, changes: dict[str, str], more: tuple[str, ...], said: str
) -> None:
    result = added(jiesu, *more, **changes)
    assert isinstance(result.exception, Rejected), result.output
    assert said in str(result.exception)
    assert told(services) == ["SHIPPED"]


def test_an_option_that_is_missing_is_told(jiesu: Jiesu) -> None:
    result = jiesu("add", "--title", "x")
    assert result.exit_code == 2


def test_add_has_an_option_for_every_field(jiesu: Jiesu, services: Services, tmp_path: Path) -> None:
    ring = [[120.38, 36.06], [120.39, 36.06], [120.39, 36.07], [120.38, 36.06]]
    area = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file = given(tmp_path, json.dumps(area), "area.geojson")
    result = added(
        jiesu, "--id", "HAND", "--district", "市南区", "--district", "市北区", "--street", "八大湖街道",
        "--compound", "甲小区", "--place", "香港中路", "--circle", "36.062, 120.384, 400", "--polygon", str(file),
        "--advice", "请等等", "--no-still-file",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    made = services.informing.issue("HAND")
    assert made is not None
    # the two that exclude each other, in turn
    assert set(made.model_dump(exclude_defaults=True)) == set(KnownIssue.model_fields) - {"with_ticket"}
    assert made.districts == ("市南区", "市北区") and made.still_file is False
    assert services.informing.get("HAND").origin == "clerk"
    assert added(jiesu, "--id", "LATER", "--with-ticket").exit_code == 0
    assert services.informing.get("LATER").issue.with_ticket


def test_an_id_is_made_and_a_chinese_maps_point_is_moved(jiesu: Jiesu, services: Services) -> None:
    lat, lon = from_wgs84(MIDDLE, "GCJ-02")
    result = added(jiesu, "--circle", f"{lat},{lon},20", "--crs", "GCJ-02")
    assert "C-20261121-1 is added: now" in result.output
    pin = Place("这里", lat=MIDDLE[0], lon=MIDDLE[1], crs="WGS-84")
    found = services.informing.applying(code="220101", place=pin)
    assert found is not None and found.id == "C-20261121-1"


# -- import ------------------------------------------------------------------------------------------------------


def test_a_file_with_one_wrong_line_changes_nothing(jiesu: Jiesu, services: Services, tmp_path: Path) -> None:
    good = given(tmp_path, f"{HEADER}\n{ROW}\n", "good.csv")
    wrong = given(tmp_path, f"{HEADER}\n{ROW.replace('F-1', 'F-2')}\n{ROW.replace('4101', '9999')}\n", "wrong.csv")
    result = jiesu("import", good, wrong)
    assert isinstance(result.exception, ContentError)
    assert f"{wrong}:3: category: no category '9999'" in str(result.exception)
    assert told(services) == ["SHIPPED"]


def test_one_id_in_two_files_is_refused(jiesu: Jiesu, services: Services, tmp_path: Path) -> None:
    files = [given(tmp_path, f"{HEADER}\n{ROW}\n", name) for name in ("a.csv", "b.csv")]
    result = jiesu("import", *files)
    assert isinstance(result.exception, Rejected) and "F-1: in two of the files" in str(result.exception)
    assert told(services) == ["SHIPPED"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_dry_run_says_what_the_import_then_does(
    jiesu: Jiesu, services: Services, tmp_path: Path, encoding: str
) -> None:
    old = ROW.replace("F-1", "F-0").replace("2026-12-31", "2026-11-10")
    file = given(tmp_path, f"{HEADER}\n{ROW}\n{old}\n", encoding=encoding)
    plan = jiesu("import", file, "--dry-run")
    assert "added: 2" in plan.output and "F-0 路灯换灯 (over already)" in plan.output
    assert "nothing was changed" in plan.output and told(services) == ["SHIPPED"]
    done = jiesu("import", file)
    assert done.exit_code == 0 and "added: 2" in done.output and told(services) == ["F-1", "SHIPPED"]
    assert "same: 2" in jiesu("import", file).output


def test_what_was_ended_stays_so_unless_it_is_reopened(jiesu: Jiesu, services: Services, tmp_path: Path) -> None:
    file = given(tmp_path, f"{HEADER}\n{ROW}\n")
    jiesu("import", file)
    assert jiesu("end", "F-1", "--why", "提前换完").exit_code == 0
    assert "F-1 stays ended (2026-11-21: 提前换完)" in jiesu("import", file).output
    assert told(services) == ["SHIPPED"]
    jiesu("import", file, "--reopen")
    assert told(services) == ["F-1", "SHIPPED"]


# -- list, show, end ---------------------------------------------------------------------------------------------


def test_the_list_is_of_today_and_to_come_unless_it_is_asked_for_more(jiesu: Jiesu, services: Services) -> None:
    services.informing.add(issue("COMES", starts=date(2026, 11, 25)))
    services.informing.add(issue("OVER", ends=date(2026, 11, 20)))
    services.informing.add(issue("ENDED"))
    services.informing.end(["ENDED"], why="x")

    def listed(*options: str) -> set[str]:
        output = jiesu("list", *options).output
        return {name for name in ("SHIPPED", "COMES", "OVER", "ENDED") if f"│ {name} " in output}

    assert listed() == {"SHIPPED", "COMES"}
    assert listed("--expired") == {"OVER", "ENDED"}
    assert listed("--all") == {"SHIPPED", "COMES", "OVER", "ENDED"}
    assert listed("--origin", "content") == {"SHIPPED"}
    assert "none" in jiesu("list", "--origin", "feed").output


def test_show_tells_everything(jiesu: Jiesu) -> None:
    jiesu("end", "SHIPPED", "--why", "修好了", "--on", "2026-11-22")
    output = jiesu("show", "SHIPPED").output
    for said in ("换热站改造", "演示", "2026-11-30", "2026-11-22 by clerk: 修好了", "whole city", "content"):
        assert said in output
    assert isinstance(jiesu("show", "NONE").exception, Rejected)


def test_end_needs_a_reason_and_something_to_end(jiesu: Jiesu, services: Services) -> None:
    assert jiesu("end", "SHIPPED").exit_code == 2
    assert jiesu("end", "--why", "x").exit_code == 2
    assert jiesu("end", "SHIPPED", "--origin", "content", "--why", "x").exit_code == 2
    assert isinstance(jiesu("end", "SHIPPED", "--why", "x", "--on", "明天").exception, Rejected)
    assert told(services) == ["SHIPPED"]


def test_all_that_ship_can_be_ended_together(jiesu: Jiesu, services: Services) -> None:
    services.informing.add(issue("OURS"))
    assert "SHIPPED is ended" in jiesu("end", "--origin", "content", "--why", "演示数据").output
    assert told(services) == ["OURS"]
    assert "none stands" in jiesu("end", "--origin", "content", "--why", "演示数据").output


# -- feed --------------------------------------------------------------------------------------------------------


def test_a_feed_is_fetched_once(jiesu: Jiesu, services: Services) -> None:
    entry = {**issue("FED").as_json()}
    answers = [httpx.Response(500), *(httpx.Response(200, json=[entry]) for _ in range(2)), httpx.Response(404)]
    transport = httpx.MockTransport(lambda _: answers.pop(0))
    services.replacements["issue_feed"] = HttpIssueFeed(transport=transport, sleep=lambda _: None)
    url = "https://city.example/issues?token=tk-3f9a0c"

    assert jiesu("feed", "ftp://city.example/").exit_code == 2
    assert "city.example: 1 added, 0 changed, 0 ended, 0 the same" in jiesu("feed", url).output
    assert "1 the same" in jiesu("feed", url).output
    failed = jiesu("feed", url)
    assert isinstance(failed.exception, NeedsPerson) and "tk-3f9a0c" not in str(failed.exception)
    assert told(services) == ["FED", "SHIPPED"]
