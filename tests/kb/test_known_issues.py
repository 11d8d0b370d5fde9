"""What the city is already dealing with: whom it concerns, and which entry is told."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kb import known_issues
from kb.content_files import ContentError
from kb.known_issues import KnownIssue, applying
from kb.places import Place
from kb.taxonomy import Taxonomy

DAY = date(2026, 11, 21)
PLACE = Place("李沧区虎山路街道金水路", district="李沧区", street="虎山路街道", road="金水路")


def issue(**changes: Any) -> KnownIssue:
    fields: dict[str, Any] = {
        "id": "KI-1",
        "title": "换热站改造",
        "category": "2101",
        "starts": date(2026, 11, 1),
        "ends": date(2026, 11, 30),
        "lead_unit": "李沧区城市管理局",
        "say": "正在改造。",
        "source": "演示",
    }
    return KnownIssue(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "applies"),
    [
        ({}, True),
        ({"category": "21"}, True),
        ({"category": "210102"}, True),
        ({"category": "210101"}, False),
        ({"category": "22"}, False),
        ({"districts": ("李沧区",)}, True),
        ({"districts": ("市北区", "李沧区")}, True),
        ({"districts": ("市北区",)}, False),
        ({"districts": ("李沧区",), "streets": ("虎山路街道",)}, True),
        ({"districts": ("李沧区",), "streets": ("李村街道",)}, False),
        ({"streets": ("虎山路街道",)}, True),
        ({"districts": ("市北区",), "streets": ("虎山路街道",)}, False),
        ({"places": ("金水路",)}, True),
        ({"places": ("万年泉路",)}, False),
        ({"districts": ("李沧区",), "places": ("金水路",)}, True),
        ({"districts": ("市北区",), "places": ("金水路",)}, False),
        ({"starts": DAY, "ends": DAY}, True),
        ({"ends": date(2026, 11, 20)}, False),
        ({"starts": date(2026, 11, 22)}, False),
    ],
)
def test_an_issue_applies_by_category_area_and_period(changes: dict[str, Any], applies: bool) -> None:
    assert issue(**changes).applies(code="210102", place=PLACE, on=DAY) is applies


def test_without_a_place_only_an_issue_of_the_whole_city_applies() -> None:
    assert issue().applies(code="210102", place=None, on=DAY)
    for area in ({"districts": ("李沧区",)}, {"streets": ("虎山路街道",)}, {"places": ("金水路",)}):
        assert not issue(**area).applies(code="210102", place=None, on=DAY)


def test_a_named_place_whose_district_was_not_said_may_still_be_meant() -> None:
    road = Place("金水路", road="金水路")
    assert issue(districts=("李沧区",), places=("金水路",)).applies(code="210102", place=road, on=DAY)


def test_the_most_particular_issue_is_told() -> None:
    city = issue(id="city")
    district = issue(id="district", districts=("李沧区",))
    street = issue(id="street", streets=("虎山路街道",))
    place = issue(id="place", places=("金水路",))
    fuller = issue(id="fuller", category="210102")
    ranked = [place, street, district, fuller, city]
    for n in range(len(ranked)):
        left = tuple(ranked[n:])
        assert applying(left, code="210102", place=PLACE, on=DAY) == ranked[n]
        assert applying(left[::-1], code="210102", place=PLACE, on=DAY) == ranked[n]
    assert applying((), code="210102", place=PLACE, on=DAY) is None


def test_an_issue_that_has_ended_is_never_told_however_particular() -> None:
    ended = issue(id="ended", places=("金水路",), ends=date(2026, 11, 20))
    assert applying((ended,), code="210102", place=PLACE, on=DAY) is None
    assert applying((ended, issue(id="city")), code="210102", place=PLACE, on=DAY) == issue(id="city")


def test_the_citys_own_issues_are_read_and_are_marked_as_a_demonstration(issues: tuple[KnownIssue, ...]) -> None:
    assert len(issues) == 12
    assert all("示例" in one.source for one in issues)


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
