"""What somebody types in a search box finds the place that they mean."""

from __future__ import annotations

import pytest

from kb.places import gazetteer as tables
from kb.places.finding import LONGEST, Finding, Hit
from kb.places.gazetteer import Division, Gazetteer, NamedPlace

CITY = Gazetteer(
    {
        "370202": Division("370202", "district", "市南区", "3702", ("市南",)),
        "370203": Division("370203", "district", "市北区", "3702", ("四方区",)),
        "370202001": Division("370202001", "street", "香港中路街道", "370202"),
        "370202001001": Division("370202001001", "community", "香港中路社区居民委员会", "370202001"),
    },
    [
        NamedPlace("香港中路", "road", ("市南区",), None),
        NamedPlace("五四广场", "park", ("市南区",), "香港中路街道", ("五四",), 36.062, 120.384),
        NamedPlace("五四广场站", "metro", ("市南区",), "香港中路街道", (), 36.066, 120.383),
        NamedPlace("幸福小区", "compound", ("市南区",), None),
        NamedPlace("幸福小区", "compound", ("市北区",), None, (), 36.1, 120.37),
        NamedPlace("四流南路", "road", ("市北区", "市南区"), None),
    ],
    [Division("", "street", "台西街道", "370202", was="已撤并")],
)


@pytest.fixture(scope="module")
def finding() -> Finding:
    return Finding(CITY)


def names(finding: Finding, text: str) -> list[str]:
    return [hit.name for hit in finding.find(text)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("五四广场", "五四广场"),
        ("五四广", "五四广场"),
        ("广场站", "五四广场站"),
        (" 五四 广场 ", "五四广场"),
        ("五四廣場", "五四广场"),
        ("wusiguangchang", "五四广场"),
        ("wu si guang", "五四广场"),
        ("WSGC", "五四广场"),
        ("wusiguangcang", "五四广场"),  # the south says c for ch
        ("bei'jing", None),
        ("五四广厂", "五四广场"),  # the right sound
        ("王四广场", None),
        ("幸福小曲", "幸福小区"),
        ("四方区", "市北区"),
        ("市南区五四广场门口", "五四广场"),
        ("没有这个地方", None),
        ("", None),
        ("   ", None),
        ("\n", None),
        ("w", None),
    ],
)
def test_what_is_typed_finds_what_is_meant(finding: Finding, typed: str, first: str | None) -> None:
    assert (names(finding, typed) or [None])[0] == first


def test_the_exact_name_comes_before_longer_ones_and_a_street_before_its_community(finding: Finding) -> None:
    assert names(finding, "香港中路") == ["香港中路", "香港中路街道", "香港中路社区"]


def test_a_hit_says_where_it_is(finding: Finding) -> None:
    assert finding.find("五四广场")[0] == Hit("五四广场", "park", ("市南区",), "香港中路街道", 36.062, 120.384)
    assert finding.find("香港中路社区")[0] == Hit("香港中路社区", "community", ("市南区",), "香港中路街道")
    assert finding.find("四流南路")[0].districts == ("市北区", "市南区")
    assert finding.find("市南区")[0] == Hit("市南区", "district")
    assert finding.find("台西")[0] == Hit("台西街道", "street", ("市南区",))


def test_of_two_with_one_name_the_one_with_a_point_comes_first_unless_the_district_is_said(finding: Finding) -> None:
    assert [hit.districts for hit in finding.find("幸福小区")] == [("市北区",), ("市南区",)]
    assert [hit.districts for hit in finding.find("市南区幸福小区")] == [("市南区",)]


def test_no_more_are_given_than_asked_for_and_a_long_text_is_cut(finding: Finding) -> None:
    assert len(finding.find("五四", 1)) == 1
    assert names(finding, "五四广场" + "啊" * LONGEST * 100) == ["五四广场"]


def test_every_name_of_the_demo_city_finds_itself() -> None:
    known = tables.load()
    finding = Finding(known)
    sample = list(known.names())[::97]
    assert len(sample) > 50
    for name in sample:
        wanted = {one.spoken if isinstance(one, Division) else one.name for one in known.named(name)}
        assert wanted & {hit.name for hit in finding.find(name)}, name
