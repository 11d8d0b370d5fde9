"""The entries that ship, and the mistakes that a file of them may have."""

from datetime import date
from pathlib import Path

import pytest

from kb import known_issues
from kb.content_files import ContentError
from kb.known_issues import KnownIssue
from kb.places import Gazetteer
from kb.taxonomy import Taxonomy


def test_the_citys_own_issues_are_marked_as_a_demonstration(issues: tuple[KnownIssue, ...]) -> None:
    assert len(issues) >= 120
    assert [one.id for one in issues if "示例" not in one.source] == []
    assert [one.id for one in issues if "演示" not in one.source] == []


def test_the_citys_own_issues_name_official_districts_and_streets(tree: Taxonomy, gazetteer: Gazetteer) -> None:
    assert known_issues.load(tree, gazetteer=gazetteer)


def test_the_citys_own_issues_are_of_every_kind(issues: tuple[KnownIssue, ...]) -> None:
    assert sum("每月一题" in one.title for one in issues) == 27
    assert sum(bool(one.compounds) for one in issues) >= 30
    assert sum(one.circle is not None for one in issues) >= 20
    assert {one.reach for one in issues} == {0, 1, 2, 3}
    day = date(2026, 11, 21)
    assert sum(one.holds(day) for one in issues) >= 40


FILE = """\
- id: KI-1
  title: 换热站改造
  category: "2101"
  starts: 2026-11-01
  ends: 2026-11-30
  lead_unit: 李沧区城市管理局
  say: 正在改造。
  source: 演示
- id: KI-2
  title: 停气
  category: "1201"
  starts: 2026-11-01
  ends: 2026-11-30
  lead_unit: 燃气企业
  say: 正在换管。
  source: 演示
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: KI-2", "id: KI-1", ":9: id: KI-1 is given twice"),
        ('"1201"', '"9901"', ":9: category: no category '9901'"),
        ('"1201"', '"12x1"', ":9: category: "),
        ("2026-11-30\n  lead_unit: 燃气企业", "2026-10-30\n  lead_unit: 燃气企业", ":9: "),
        ("ends: 2026-11-30\n  lead_unit: 燃气企业", "ends: 十一月\n  lead_unit: 燃气企业", ":9: ends: "),
        ("title: 停气", "titel: 停气", ":9: title: "),
        ("say: 正在换管。", "say: ''", ":9: say: "),
        ("- id: KI-1", "id: KI-1", ":"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tree: Taxonomy, tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in FILE
    (tmp_path / "city.yml").write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as told:
        known_issues.load(tree, tmp_path)
    assert str(told.value).startswith(f"{tmp_path / 'city.yml'}{said}"), str(told.value)


def test_a_file_without_entries_and_a_folder_without_files_say_nothing(tree: Taxonomy, tmp_path: Path) -> None:
    assert known_issues.load(tree, tmp_path) == ()
    (tmp_path / "city.yml").write_text("# none now\n", encoding="utf-8")
    assert known_issues.load(tree, tmp_path) == ()


@pytest.mark.parametrize(
    ("area", "said"),
    [
        ("districts: [市东区]", "districts: no district '市东区', write the official name; perhaps"),
        ("districts: [市南]", "districts: no district '市南'"),
        ("streets: [八大湖]", "streets: no street '八大湖'"),
        ("districts: [李沧区]\n  streets: [八大湖街道]", "streets: 八大湖街道 lies in 市南区, not in 李沧区"),
    ],
)
def test_an_area_that_is_not_there_is_told(
    tree: Taxonomy, gazetteer: Gazetteer, tmp_path: Path, area: str, said: str
) -> None:
    (tmp_path / "city.yml").write_text(FILE.replace("title: 停气", f"title: 停气\n  {area}"), encoding="utf-8")
    assert len(known_issues.load(tree, tmp_path)) == 2
    with pytest.raises(ContentError) as told:
        known_issues.load(tree, tmp_path, gazetteer)
    assert f"city.yml:9: {said}" in str(told.value)
