"""Which message waits for the next, and what several say together."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import bursts
from kb.content_files import ContentError
from kb.text import says_something

RULES = bursts.load()


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了三天了没人管。",
        "快来人啊！",
        "我家住在合肥路688号，楼下路灯坏了好几天",  # long enough to stand alone
        "转人工",
        "转人工。",
        "查进度",
        "13812345678",
        "481720935561",
        "算了",
        "谢谢",
        "😀",
    ],
)
def test_a_message_that_is_complete_alone_does_not_wait(text: str) -> None:
    assert not RULES.unfinished([text], asked=False)


@pytest.mark.parametrize(
    "text", ["路灯坏了", "你好", "我要投诉", "小区门口", "我跟您说，", "合肥路688号翠湖小区北门那边路灯不亮，"]
)
def test_a_message_that_looks_unfinished_waits(text: str) -> None:
    assert RULES.unfinished([text], asked=False)


@pytest.mark.parametrize("text", ["匿名", "同安路", "翠湖小区", "三号楼", "没有门牌", "第二个"])
def test_the_answer_to_a_question_does_not_wait(text: str) -> None:
    assert not RULES.unfinished([text], asked=True)


@pytest.mark.parametrize("text", ["同安路，", "在小区门口，就是", "因为"])
def test_an_answer_that_goes_on_waits(text: str) -> None:
    assert RULES.unfinished([text], asked=True)


@pytest.mark.parametrize("asked", [True, False])
def test_in_a_burst_every_message_waits_until_one_is_closed(asked: bool) -> None:
    assert RULES.unfinished(["路灯坏了", "在同安路和海尔路的交叉口那边"], asked=asked)
    assert not RULES.unfinished(["路灯坏了", "在同安路。"], asked=asked)


def test_what_is_said_twice_is_heard_once_and_signs_add_nothing() -> None:
    assert bursts.together(["路灯坏了", "路灯坏了。", "😡😡", "在同安路", "路灯 坏了"]) == "路灯坏了\n在同安路"
    assert bursts.together(["？？"]) == "？？"


@given(st.lists(st.text(st.sampled_from("路灯坏了同安路三天"), min_size=1, max_size=6), min_size=1, max_size=6))
def test_nothing_that_was_said_is_lost_and_the_order_stays(texts: list[str]) -> None:
    assert bursts.together([*texts, "😀", *(f"{text}。" for text in texts)]).split("\n") == list(dict.fromkeys(texts))


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_putting_together_twice_changes_nothing_more(texts: list[str]) -> None:
    heard = bursts.together(texts)
    assert bursts.together([heard]) == heard
    assert says_something(heard) == any(map(says_something, texts))


def test_a_length_that_is_none_is_refused_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "bursts.yml"
    path.write_text("closing: [。]\ngoes_on: []\nopens: [喂]\nshort: 99\ncomplete: []\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"bursts.yml:\d: short"):
        bursts.load(path)


def test_a_pattern_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bursts.yml"
    path.write_text("closing: [。]\ngoes_on: []\nopens: ['喂(']\nshort: 9\ncomplete: []\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"bursts.yml:\d: opens"):
        bursts.load(path)


@pytest.mark.parametrize("text", ["在吗", "有人吗？", "你好在吗", "你们到底管不管！", "气死我了！", "太不像话了！"])
def test_who_has_only_called_out_is_waited_for_unless_that_answers_a_question(text: str) -> None:
    assert RULES.unfinished([text], asked=False)
    assert not RULES.unfinished([text], asked=True)


@pytest.mark.parametrize("text", ["快来人啊！", "你们到底管不管，路灯坏了！", "有人吗，我家漏水了？"])
def test_who_says_what_it_is_about_is_not(text: str) -> None:
    assert not RULES.unfinished([text], asked=False)


@pytest.mark.parametrize(
    ("texts", "heard"),
    [
        (["文峰路", "63号门口", "玻璃碎了一地"], "文峰路63号门口\n玻璃碎了一地"),
        (["双山小区", "7号楼", "2单元", "漏水"], "双山小区7号楼2单元\n漏水"),
        (["我在文峰路", "5号晚上开始的"], "我在文峰路\n5号晚上开始的"),
        (["文峰路路灯不亮", "63号门口"], "文峰路路灯不亮\n63号门口"),
    ],
)
def test_the_number_of_a_house_goes_to_its_road_and_a_date_does_not(texts: list[str], heard: str) -> None:
    assert bursts.together(texts) == heard
