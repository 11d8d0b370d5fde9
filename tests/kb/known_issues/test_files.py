"""Entries that a clerk's file or a feed brings: what is read, and how every mistake is told."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.csv_files import FileProblems
from kb.known_issues import KnownIssue, checks, files
from kb.places import Gazetteer
from kb.taxonomy import Taxonomy

FEED = Path("feed.example")
ENTRY: dict[str, Any] = {
    "id": "KI-1",
    "title": "换热站改造",
    "category": "2101",
    "starts": "2026-11-01",
    "ends": "2026-11-30",
    "lead_unit": "李沧区城市管理局",
    "say": "正在改造，11月30日前做完。",
    "source": "供热办通知",
}
SQUARE = {"type": "Polygon", "coordinates": [[[120.38, 36.06], [120.39, 36.06], [120.39, 36.07], [120.38, 36.06]]]}


@pytest.fixture(scope="session")
def check(tree: Taxonomy, gazetteer: Gazetteer) -> files.Check:
    return lambda issue: checks.problems(issue, tree, gazetteer)


def nothing(_issue: KnownIssue) -> list[checks.Problem]:
    return []


def sheet(*rows: dict[str, str], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def problems(read: Any, raw: bytes, check: files.Check = nothing) -> tuple[str, ...]:
    with pytest.raises(FileProblems) as told:
        read(raw, FEED, check)
    return told.value.problems


# -- what is told ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "feed.example:1: column 1: not JSON"),
        (b'[{"id": "KI-1", "title": "', "not JSON (Unterminated string"),
        (b"<!doctype html><html></html>", "feed.example:1: column 1: not JSON"),
        (b"\xff\xfe\x00", "not JSON (UnicodeDecodeError)"),
        (b"[" * 200_000, "not JSON"),
        (b"null", "the file is empty"),
        (b'{"issues": []}', "expected a list of entries"),
        (b'["KI-1"]', "entry 1: expected keys and values"),
    ],
)
def test_json_that_is_no_list_of_entries_is_refused(raw: bytes, said: str) -> None:
    assert said in problems(files.read_json, raw)[0]


def test_an_empty_list_is_a_list_without_entries() -> None:
    assert files.read_json(b"[]", FEED, nothing) == []


def test_every_entry_at_fault_is_told_by_its_number_and_id(check: files.Check) -> None:
    wrong = [
        ENTRY,
        {**ENTRY, "id": "KI-2", "category": "9999"},
        {**ENTRY, "id": "KI-3", "ends": "2026-10-01"},
        {**ENTRY, "id": "KI-1"},
        {**ENTRY, "id": "KI-5", "districts": ["市东区"], "saying": "x"},
        {key: value for key, value in ENTRY.items() if key != "source"} | {"id": "KI-6"},
        {**ENTRY, "id": "KI-7", "say": "a\u0000b"},
        {**ENTRY, "id": "KI-8", "say": "a\ud800b"},
    ]
    told = problems(files.read_json, json.dumps(wrong).encode(), check)
    assert [line.partition(": ")[2] for line in told] == [
        "entry 2 (KI-2): category: no category '9999'",
        "entry 3 (KI-3): (entry): ends 2026-10-01 before it starts 2026-11-01",
        "entry 4 (KI-1): id: KI-1 is given twice, first at feed.example: entry 1 (KI-1)",
        "entry 5 (KI-5): saying: Extra inputs are not permitted ('x')",
        "entry 6 (KI-6): source: Field required",
        "entry 7 (KI-7): say: has the character '\\x00', which is not to be seen; take it out ('a\\x00b')",
        told[6].partition(": ")[2],
    ]
    assert "entry 8 (KI-8): say" in told[6]


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("ends", "11月30日", ":3: ends: not a day; write it as 2026-11-30"),
        ("category", "2.1E+03", ":3: category: "),
        ("circle_lat", "36.062", ":3: circle_lon: empty, though circle_lat is given"),
        ("polygon", "{", ":3: polygon: "),
        ("polygon", '{"type": "Point", "coordinates": [1, 2]}', ":3: polygon.type: "),
        ("still_file", "也许", ":3: still_file: "),
        ("streets", "香港中路街道、八大湖", ":3: streets: no street '八大湖'"),
    ],
)
def test_every_cell_at_fault_is_told_by_its_line(check: files.Check, column: str, cell: str, said: str) -> None:
    blank = {"circle_lat": "", "circle_lon": "", "circle_metres": "", "polygon": "", "still_file": "", "streets": ""}
    rows = [{**ENTRY, **blank}, {**ENTRY, **blank, "id": "KI-2", column: cell}]
    told = problems(files.read_csv, sheet(*rows), check)
    assert len(told) == 1 and said in told[0], told


def test_at_most_ten_problems_are_told_in_the_order_of_the_lines() -> None:
    rows = [{**ENTRY, "id": f"KI-{n}", "starts": "x"} for n in range(20)]
    told = problems(files.read_csv, sheet(*rows))
    assert [line.split(":")[1] for line in told] == [str(n) for n in range(2, 12)]


def test_a_column_that_is_missing_is_told() -> None:
    assert "source or 来源: no such column" in problems(files.read_csv, b"id,title\nKI-1,x\n")[-1]


@pytest.mark.parametrize("name", ["issues.txt", "issues.xlsx", "issues"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(sheet(ENTRY))
    with pytest.raises(FileProblems, match=r"\.csv or \.yml"):
        files.read(tmp_path / name, nothing)


def test_a_mistake_in_yaml_is_told_by_its_line(tmp_path: Path, check: files.Check) -> None:
    good = "\n".join(f"  {key}: '{value}'" for key, value in ENTRY.items() if key != "id")
    text = f"# ours\n- id: KI-1\n{good}\n- id: KI-2\n{good}\n  circle:\n    lat: 120.4\n    lon: 36.1\n    metres: 10\n"
    path = tmp_path / "issues.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileProblems) as told:
        files.read(path, check)
    assert f"{path}:19: circle: latitude 120.4, longitude 36.1: seem to be swapped" in told.value.problems[0]
    for broken, said in (
        ("- id: [", "issues.yml:2: did not find"),
        ("- KI-1\n", "entry 1: expected keys"),
        ("id: KI-1\n", "expected a list"),
    ):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(FileProblems, match=said):
            files.read(path, check)


def test_bytes_of_no_encoding_are_told(tmp_path: Path) -> None:
    path = tmp_path / "issues.yml"
    path.write_bytes(b"- id: KI-1\n  title: \xff\xff\n")
    with pytest.raises(FileProblems, match="line 2: byte 0xff is not"):
        files.read(path, nothing)


# -- what is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_spreadsheets_file_is_read(check: files.Check, tmp_path: Path, encoding: str, delimiter: str) -> None:
    row = {
        **ENTRY,
        "starts": "2026/11/1",
        "districts": "市南区|市北区",
        "streets": "",
        "compounds": "甲小区、乙小区；丙小区",
        "circle_lat": "36.062",
        "circle_lon": "120.384",
        "circle_metres": "400",
        "polygon": json.dumps({"type": "Feature", "properties": {}, "geometry": SQUARE}),
        "still_file": "否",
        "备注": "不用看",
    }
    path = tmp_path / "issues.csv"
    path.write_bytes(sheet(row, encoding=encoding, delimiter=delimiter))
    (issue,) = files.read(path, check)
    assert issue.starts == date(2026, 11, 1)
    assert issue.districts == ("市南区", "市北区") and issue.streets == ()
    assert issue.compounds == ("甲小区", "乙小区", "丙小区")
    assert issue.circle is not None and issue.circle.metres == 400
    assert issue.polygon is not None and issue.polygon.type == "Polygon"
    assert issue.still_file is False and issue.advice is None


def test_the_columns_may_be_called_in_chinese() -> None:
    names = {one[0]: one[1] for one in (*files.COLUMNS, *files.OPTIONAL)}
    (issue,) = files.read_csv(sheet({names[key]: value for key, value in ENTRY.items()}), FEED, nothing)
    assert issue == KnownIssue.model_validate(ENTRY)


def test_yaml_may_be_gb18030(tmp_path: Path) -> None:
    path = tmp_path / "issues.yaml"
    lines = [f"{'- ' if key == 'id' else '  '}{key}: '{value}'" for key, value in ENTRY.items()]
    path.write_bytes("\n".join(lines).encode("gb18030"))
    assert files.read(path, nothing) == [KnownIssue.model_validate(ENTRY)]


@given(raw=st.binary(max_size=200))
def test_whatever_bytes_come_they_are_entries_or_problems(raw: bytes) -> None:
    for read in (files.read_json, files.read_csv, files.read_yml):
        try:
            assert isinstance(read(raw, FEED, nothing), list)
        except FileProblems as told:
            str(told).encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(ENTRY)), inner, max_size=3),
    max_leaves=8,
)


@given(changes=st.dictionaries(st.sampled_from([*ENTRY, "circle", "polygon", "places", "x"]), json_values, max_size=4))
def test_whatever_values_a_feed_sends_they_are_an_entry_or_problems(changes: dict[str, Any]) -> None:
    try:
        (issue,) = files.read_json(json.dumps([{**ENTRY, **changes}]).encode(), FEED, nothing)
    except FileProblems as told:
        str(told).encode()
    else:
        assert KnownIssue.model_validate(issue.as_json()) == issue
