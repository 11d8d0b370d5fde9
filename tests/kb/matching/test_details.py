"""What words say of where exactly."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.matching.details import Details, details
from kb.matching.numerals import with_digits


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("翠湖小区三号楼", "buildings", {"3"}),
        ("翠湖小区３栋", "buildings", {"3"}),
        ("三十二号楼楼道", "buildings", {"32"}),
        ("3#楼", "buildings", {"3"}),
        ("12、13号楼之间", "buildings", {"12", "13"}),
        ("3-5号楼都停水", "buildings", {"3", "4", "5"}),
        ("海信大厦B座", "buildings", {"b"}),
        ("我们这一栋楼都没水", "buildings", set()),
        ("两栋楼中间", "buildings", set()),
        ("2号线站口", "buildings", set()),
        ("金水路65号", "buildings", set()),
        ("3楼楼道", "buildings", set()),
        ("三单元电梯", "units", {"3"}),
        ("东单元", "units", {"东"}),
        ("金水路六十五号", "houses", {65}),
        ("合肥路98-3号甲", "houses", {98}),
        ("11月20号晚上", "houses", set()),
        ("小区3号门", "houses", set()),
        ("小区3号门", "gates", set()),
        ("南门口堆垃圾", "gates", {"南"}),
        ("东南门", "gates", {"东南"}),
        ("北门店", "gates", set()),
        ("有关部门不管", "gates", set()),
        ("万科城三期", "parts", {"3"}),
        ("绿城A区", "parts", {"a"}),
        ("翠湖小区南区", "parts", {"南"}),
        ("市南区江西路", "parts", set()),
        ("地铁站C口", "exits", {"c"}),
        ("合肥路从同安路到劲松三路这段", "roads", {"合肥路", "同安路", "劲松3路"}),
        ("青岛市市北区合肥路路灯不亮", "roads", {"合肥路"}),
        ("马路上都是水，一路走过来", "roads", set()),
        ("道路坑洼，公路也坏", "roads", set()),
        ("货车把路轧坏了", "roads", set()),
        ("金水路靠近青山路口", "crossed", {"青山路"}),
        ("金水路青山路红绿灯不亮", "crossed", {"金水路", "青山路"}),
        ("合肥路的路灯", "crossed", set()),
        ("九水路锦瑞豪庭小区", "compounds", {"锦瑞豪庭"}),
        ("花园里没有灯", "compounds", set()),
    ],
)
def test_what_is_named(text: str, kind: str, found: set[Any]) -> None:
    assert set(getattr(details(text), kind)) == found


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    found = details(text)
    assert isinstance(found, Details)
    assert all(0 <= house < 100_000 for house in found.houses)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("三十二号", "32号"),
        ("十号", "10号"),
        ("一百零三", "103"),
        ("五〇二", "502"),
        ("百合", "百合"),
        ("二百五十", "250"),
    ],
)
def test_chinese_numerals_become_digits(text: str, plain: str) -> None:
    assert with_digits(text) == plain


@given(st.integers(1, 999))
def test_numerals_up_to_a_thousand(number: int) -> None:
    ones = "零一二三四五六七八九"
    hundreds, rest = divmod(number, 100)
    tens, last = divmod(rest, 10)
    said = (ones[hundreds] + "百" if hundreds else "") + ("零" if hundreds and rest and not tens else "")
    said += (ones[tens] + "十" if tens else "") + (ones[last] if last else "")
    assert with_digits(said) == str(number)
