"""Corrections in words: what was wrong, what is right, and which line is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.corrections import FILE, Correction, Line, load, same_part, shipped


def heard(text: str) -> list[tuple[str | None, str, str]]:
    return [(one.line and one.line.value, one.wrong, one.right) for one in shipped().read(text).items]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("不是3号楼，是5号楼", [(None, "3号楼", "5号楼")]),
        ("不是3号楼是5号楼", [(None, "3号楼", "5号楼")]),
        ("不是路灯，是红绿灯", [(None, "路灯", "红绿灯")]),
        ("不是路灯而是红绿灯吧", [(None, "路灯", "红绿灯")]),
        ("时间不对，昨天开始的", [("since", "", "昨天开始的")]),
        ("时间不对", [("since", "", "")]),
        ("电话换成13987654321", [("contact", "", "13987654321")]),
        ("电话号码错了，应该是13987654321", [("contact", "", "13987654321")]),
        ("地址写错了，是同安路", [("place", "", "同安路")]),
        ("地址改一下，同安路88号", [("place", "", "同安路88号")]),
        ("把地址改成同安路88号", [("place", "", "同安路88号")]),
        ("地点应该是同安路", [("place", "", "同安路")]),
        ("类别不对，是停水", [("category", "", "停水")]),
        ("同安路写错了，是合肥路", [(None, "同安路", "合肥路")]),
        ("刚才说的不对", [(None, "", "")]),
        ("说错了，是昨天", [(None, "", "昨天")]),
        ("不对，是5号楼", [(None, "", "5号楼")]),
        ("不对，在崂山区海尔路61号", [(None, "", "在崂山区海尔路61号")]),
        ("不对啊，是5号楼", [(None, "", "5号楼")]),
        ("不对 是三天前开始的", [(None, "", "三天前开始的")]),
        ("不对是三天前开始的", [(None, "", "三天前开始的")]),
        ("不，是昨天开始的", [(None, "", "昨天开始的")]),
        ("不是，是5号楼", [(None, "", "5号楼")]),
        ("不是的，是5号楼", [(None, "", "5号楼")]),
        ("不是，地点是海尔路182号", [("place", "", "海尔路182号")]),
        ("说错了，不是3号楼，是5号楼", [(None, "", ""), (None, "3号楼", "5号楼")]),
        (
            "不是3号楼，是5号楼，时间也不对，前天开始的，电话换成13987654321",
            [(None, "3号楼", "5号楼"), ("since", "", "前天开始的"), ("contact", "", "13987654321")],
        ),
        ("地址写错了，是同安路；电话不对", [("place", "", "同安路"), ("contact", "", "")]),
        ("地址就是同安路88号", [("place", "", "同安路88号")]),  # told anew, it counts
        ("时间是昨天晚上", [("since", "", "昨天晚上")]),
        ("改地点", [("place", "", "")]),
        ("我想改一下时间", [("since", "", "")]),
        ("麻烦改一下地址，同安路88号", [("place", "", "同安路88号")]),
    ],
)
def test_corrections_are_read(said: str, found: list[tuple[str | None, str, str]]) -> None:
    assert heard(said) == found


@pytest.mark.parametrize(
    "said",
    [
        *(
            "路灯坏了三天了",
            "是的",
            "对",
            "5号楼",
            "13812345678",
            "垃圾没人收，物业不管",
            "电话打不通",
            "什么时候能修好",
        ),
        *("不用", "不用了", "不留", "不方便", "不", "不是", "不，不是", "不对是不是"),
        *("物业说这事不归他们管", "不知道", "我的手机没电了", "换个人来吧", "能不能换个地方说"),
    ],
)
def test_other_words_are_no_correction(said: str) -> None:
    assert heard(said) == []


def test_what_is_said_beside_a_correction_is_kept() -> None:
    found = shipped().read("不是3号楼，是5号楼，味道特别大")
    assert found.rest == "味道特别大"


@pytest.mark.parametrize("said", ["不是，地点是海尔路182号", "不，时间是昨天晚上", "哦不是的，地点是海尔路182号"])
def test_a_no_before_a_correction_tells_nothing_more(said: str) -> None:
    assert shipped().read(said).rest == ""


@pytest.mark.parametrize(
    ("right", "place", "part"),
    [
        ("5号楼", "合肥路688号翠湖小区3号楼二单元", "3号楼"),
        ("三单元", "合肥路688号翠湖小区3号楼二单元", "二单元"),
        ("690号", "合肥路688号翠湖小区3号楼", "688号"),
        ("5号楼", "翠湖小区", ""),
        ("5号楼", "3号楼和4号楼之间", ""),
        ("海尔路5号楼", "合肥路3号楼", ""),
        ("三天前", "合肥路3号楼", ""),
    ],
)
def test_the_part_of_a_place_that_is_meant_is_found(right: str, place: str, part: str) -> None:
    assert same_part(right, place) == part


@given(st.text(max_size=120))
def test_nothing_breaks_it_and_nothing_is_made_up(said: str) -> None:
    found = shipped().read(said)
    for one in found.items:
        assert isinstance(one, Correction)
        assert one.wrong in said and one.right in said


@given(
    wrong=st.sampled_from(["3号楼", "路灯", "同安路", "上周三"]),
    right=st.sampled_from(["5号楼", "红绿灯", "合肥路", "昨天晚上"]),
    frame=st.sampled_from(["不是{a}，是{b}", "不是{a}是{b}。", "{a}错了，是{b}", "哦不是{a}，应该是{b}吧"]),
)
def test_wrong_and_right_are_told_apart(wrong: str, right: str, frame: str) -> None:
    (one,) = shipped().read(frame.format(a=wrong, b=right)).items
    assert (one.wrong, one.right) == (wrong, right)


def test_every_line_of_the_card_has_words() -> None:
    assert set(Line) == set(shipped().lines)


@pytest.mark.parametrize(("old", "new"), [("whole: '^(?:", "whole: '^((?:"), ("  since: ", "  when: ")])
def test_a_wrong_file_names_its_line(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "corrections.yml"
    path.write_text(FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=r"corrections\.yml:\d+: "):
        load(path)
