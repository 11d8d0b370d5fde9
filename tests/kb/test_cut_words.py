"""The words by which a cut is judged: what tells of no problem of its own, and what follows from what was said."""

import pytest

from kb import cut_words as words
from kb.clauses import Clause, read_clauses


@pytest.mark.parametrize(
    "text",
    [
        "他妈的投诉八百遍了",
        "反映了三四次了",
        "吵死人了",
        "真是烦死我了",
        "想死的心都有了",
        "剩我一个人掉眼泪",
        "心都寒心透了",
    ],
)
def test_anger_sorrow_and_history_are_no_problem_of_their_own(text: str) -> None:
    assert not words.tells(Clause(text), 0.7, own=True)


@pytest.mark.parametrize(
    "text", ["楼下KTV吵死人了", "下水道臭死了", "投诉三遍路灯还是坏的", "楼上掉墙皮", "路灯灭了", "垃圾堆了一地"]
)
def test_a_trouble_told_in_anger_is_one(text: str) -> None:
    assert words.tells(Clause(text), 0.7, own=True)


@pytest.mark.parametrize(
    "text",
    [
        "从早上就停水了，邻居家也没有",
        "暖气不热，楼上也一样",
        "垃圾桶少了俩，垃圾都堆地上",
        "果皮箱破了，垃圾往外掉",
        "电梯坏了，整栋楼都这样",
    ],
)
def test_what_only_goes_on_is_not_cut_off(text: str) -> None:
    assert words.follows(read_clauses(text), 0, 1, turned=False)


@pytest.mark.parametrize(
    "text",
    ["路灯坏了，垃圾堆了一地", "小区没有垃圾桶，路灯也没有", "停水了，邻居家也乱搭棚子", "垃圾桶少了俩，路灯不亮"],
)
def test_another_thing_may_be_another_problem(text: str) -> None:
    assert not words.follows(read_clauses(text), 0, 1, turned=False)


def test_what_turns_to_something_else_is_not_taken_for_a_consequence() -> None:
    assert not words.follows(read_clauses("垃圾桶少了俩，垃圾堆在地上"), 0, 1, turned=True)


@pytest.mark.parametrize(("text", "several"), [("KTV唱到凌晨三点", False), ("晚上两点", False), ("就说两点", True)])
def test_a_time_of_day_does_not_announce_several_problems(text: str, several: bool) -> None:
    assert words.announces_several(read_clauses(text)) is several
