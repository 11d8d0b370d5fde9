"""Spoken numbers: telephones and houses become digits, everything else stays as it was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.numbers_said import value, with_digits


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了三天了",
        "第二个",
        "一个月",
        "五四广场八大关",
        "银海一号的路灯",
        "百合花园三期",
        "四方区杭州路",
        "三四天没人管",
        "延安三路",
        "十几号楼",
        "万年泉路",
        "上周三晚上九点",
        "三十七八个人",
        "二〇二六年",
        "千百年来",
        "十一月十六号之前",
        "只有一三单元热，二四五单元是凉的",
        "",
    ],
)
def test_what_is_no_telephone_and_no_house_stays(text: str) -> None:
    assert with_digits(text) == text


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("一三八零零一三八零零零", "13800138000"),
        ("幺三八 零零幺三 八零零零", "13800138000"),
        ("电话是一三八，一二三四，五六七八", "电话是13812345678"),
        ("138零零138000", "13800138000"),
        ("零五三二八五九一二三四五", "053285912345"),
        ("打幺幺零", "打110"),
        ("幺二三四五打不通", "12345打不通"),
        ("合肥路两百零三号", "合肥路203号"),
        ("合肥路六百八十八号", "合肥路688号"),
        ("六八八号", "688号"),
        ("三号楼三单元五〇二室", "3号楼3单元502室"),
        ("十二号楼", "12号楼"),
        ("二十栋", "20栋"),
        ("一百二十号", "120号"),
        ("一千零五号", "1005号"),
        ("二十号开始坏的", "20号开始坏的"),
    ],
)
def test_telephones_and_houses_become_digits(said: str, meant: str) -> None:
    assert with_digits(said) == meant


@pytest.mark.parametrize(
    ("run", "number"),
    [
        ("十", 10), ("十二", 12), ("二十", 20), ("一百二", 120), ("一百零二", 102), ("两千", 2000),
        ("两千零三十", 2030),
        ("百", None),
        ("二百五十", 250), ("三二十", None), ("", None), ("〇", 0),
    ],
)  # fmt: skip
def test_the_value_of_a_run(run: str, number: int | None) -> None:
    assert value(run) == number


@given(st.integers(min_value=1, max_value=9999))
def test_every_house_number_is_read_back(number: int) -> None:
    ones, said, zero = "零一二三四五六七八九", "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            said += ("零" if zero and said else "") + ones[digit] + name
            zero = False
        elif said:
            zero = True
    assert value(said) == number


@given(st.text(st.sampled_from("零一二三十百千两幺号楼单元路0123 ，三天坏了"), max_size=30))
def test_doing_it_twice_changes_nothing(text: str) -> None:
    once = with_digits(text)
    assert with_digits(once) == once
