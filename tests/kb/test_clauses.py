"""What one message is about: its clauses without frame, background and denials."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.clauses import problem_text
from kb.text import clean, says_something

ABOUT = [
    ("以前反映过噪音，这次是垃圾没人收", ["垃圾没人收"], ["噪音"]),
    ("去年投诉过楼下油烟，后来好了，今天要反映的是路灯不亮", ["路灯不亮"], ["油烟"]),
    ("不是噪音的事，是油烟", ["油烟"], ["噪音"]),
    ("是油烟，不是噪音", ["油烟"], ["噪音"]),
    ("我说的不是路灯不亮，是井盖坏了", ["井盖坏了"], ["路灯"]),
    ("不是路灯坏了而是根本没装", ["是根本没装"], ["坏了"]),
    ("噪音就算了，主要是油烟太大", ["油烟太大"], ["噪音"]),
    ("不说暖气了，说说电梯吧，天天坏", ["电梯", "天天坏"], ["暖气"]),
    ("上次的路灯修好了，谢谢，现在是井盖坏了", ["井盖坏了"], ["路灯", "谢谢"]),
    ("上回报的垃圾解决了，感谢你们，这回是下水道堵了", ["下水道堵了"], ["垃圾"]),
    ("路灯修好了，井盖还没人管", ["井盖还没人管"], ["路灯"]),
    ("之前反映过违建，已经处理了，目前要投诉的是狗不拴绳", ["狗不拴绳"], ["违建"]),
    ("尊敬的领导：您好！海尔路的路灯不亮。此致敬礼", ["海尔路的路灯不亮"], ["领导", "您好", "敬礼"]),
    ("你好我想报修路灯", ["我想报修路灯"], ["你好"]),
    ("各位领导好，楼道灯坏了，麻烦您了，盼复", ["楼道灯坏了"], ["领导", "麻烦", "盼复"]),
    ("我住市南，孩子上学要过马路，路口红绿灯坏了", ["我住市南", "红绿灯坏了"], []),
    # what looks like background and is not
    ("上次报的路灯坏了，到现在还没修", ["路灯坏了", "到现在还没修"], []),
    ("路灯修好了，没几天又坏了", ["路灯修好了", "又坏了"], []),
    ("上次说修好了，其实路灯还是不亮", ["路灯还是不亮"], []),
    ("不是漏水就是停电，没个消停", ["漏水", "停电"], []),
    ("不是一天两天了，这垃圾堆了一个月", ["不是一天两天了", "垃圾"], []),
    ("这不是欺负人吗，暖气不热还要交钱", ["不是欺负人吗", "暖气不热"], []),
    ("是不是停水了，家里没水", ["是不是停水了"], []),
    ("暖气没了，屋里冷", ["暖气没了"], []),
    ("投诉村书记，占了我家的地", ["投诉村书记"], []),
    ("垃圾没人收，我要投诉你们领导", ["你们领导"], []),
]


@pytest.mark.parametrize(("text", "kept", "gone"), ABOUT)
def test_a_message_is_about_what_is_wrong_now(text: str, kept: list[str], gone: list[str]) -> None:
    about = problem_text(text)
    assert [part for part in kept if part not in about] == [], about
    assert [part for part in gone if part in about] == [], about


@pytest.mark.parametrize("text", ["您好", "谢谢", "尊敬的领导", "上次的路灯修好了，谢谢", "不是噪音", "1.", "另外"])
def test_a_message_that_says_something_is_never_emptied(text: str) -> None:
    assert says_something(problem_text(text))


@pytest.mark.parametrize("text", ["", "  ", "。。。", "😀", "\n，\n"])
def test_a_message_that_says_nothing_has_no_problem(text: str) -> None:
    assert problem_text(text) == ""


BACKGROUND = list(csv.DictReader((Path(__file__).parent / "background_cases.csv").open(encoding="utf-8", newline="")))


def test_what_the_message_is_about_stays_and_what_is_only_background_mostly_goes() -> None:
    about = [problem_text(row["text"]) for row in BACKGROUND]
    lost = [row["text"] for row, now in zip(BACKGROUND, about, strict=True) if row["kept"] not in now]
    gone = [row["gone"] not in now for row, now in zip(BACKGROUND, about, strict=True) if row["gone"]]
    assert len(BACKGROUND) >= 120
    assert lost == []
    assert sum(gone) / len(gone) >= 0.6


@pytest.mark.parametrize(
    "text",
    [
        "师傅来修好了，可是第二天又不亮了",
        "之前清走了，现在又摆出来了",
        "他们答复说已经处理了，可是路灯还是不亮",
        "隔壁小区都通了管道气，就我们没有",
        "工单办结了，问题原封不动，电梯还是坏的",
        "我也不是爱投诉的人，这个电梯实在太吓人",
    ],
)
def test_what_is_only_said_to_be_settled_stays(text: str) -> None:
    assert problem_text(text) == text


PIECES = [
    "路灯不亮", "垃圾没人收", "井盖坏了", "另外", "还有", "一是", "二是", "第一", "1.", "2、", "（3）", "您好", "谢谢",
    "以前反映过", "不是噪音", "是油烟", "现在是", "修好了", "海尔路", "上次", "，", "。", "；", "：", "\n", " ", "建议",
    "尊敬的领导", "导致", "也", "3.5度", "abc",
]  # fmt: skip
ANY = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=20).map("".join))


@given(ANY)
def test_what_a_message_is_about_is_never_longer_and_never_empty(text: str) -> None:
    about = problem_text(text)
    assert len(about) <= len(clean(text))
    assert says_something(about) == says_something(text)
