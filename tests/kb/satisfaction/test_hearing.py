"""What people say about a closed complaint, in their own words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.satisfaction import hearing
from kb.satisfaction.hearing import Heard
from kb.satisfaction.levels import Level
from kb.satisfaction.phrases import phrases
from tests.conventions.repository import spoken

HEARING = hearing.load()
V, S, B, D, X = Level


def hear(text: str) -> Heard:
    return HEARING.hear(text)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        *(("还行吧", B), ("满意", S), ("满 意", S), ("基本满意", B), ("非常满意！", V), ("挺满意的", S), ("没意见", S)),
        *(("不满意", D), ("不太满意", D), ("不是很满意", D), ("算不上满意", D), ("满意个屁", D), ("谁满意谁满意去", D)),
        *(("一点都不满意", X), ("非常不满意", X), ("极不满意", X), ("给零分", X)),
        *(("没什么不满意的", S), ("没有不满意", S), ("五星好评", V), ("很满意，还行", V)),
        *(("一般", None), ("马马虎虎吧", B), ("要是修好了我就满意", None), ("满意吗？", None), ("好久没下雨了", None)),
        *(("还行，但是不满意", None), ("", None), ("？", None)),
    ],
)
def test_how_satisfied(text: str, level: Level | None) -> None:
    assert hear(text).level is level


@pytest.mark.parametrize(
    ("text", "solved"),
    [
        *(("解决了", True), ("修好了", True), ("灯亮了", True), ("暖气热了", True), ("清理干净了", True)),
        *(("没解决", False), ("没修好", False), ("又坏了", False), ("修好两天又不亮了", False), ("灯不亮了", False)),
        *(("说修好了，其实没人管", False), ("根本没人来", False), ("修了跟没修一样", False), ("哪里解决了", False)),
        *(("修好了吧也算，又漏水", None), ("满意", None), ("等等看", None)),
    ],
)
def test_whether_it_is_solved(text: str, solved: bool | None) -> None:
    assert hear(text).solved is solved


@pytest.mark.parametrize(
    ("text", "contacted"),
    [
        *(("联系过", True), ("给我打过电话", True), ("师傅来了", True), ("有人来看过", True)),
        *(("没人联系我", False), ("没联系过", False), ("没给我联系过", False), ("从来没打过电话", False)),
        *(("根本没人来", False), ("连个人都没来", False), ("没有人来", False)),
        *(("我打了电话没人接", None), ("解决了", None), ("没修，联系过我", True)),
    ],
)
def test_whether_they_were_contacted(text: str, contacted: bool | None) -> None:
    assert hear(text).contacted is contacted


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        *(("是的", True), ("对", True), ("对对", True), ("可以的", True), ("行吧", True), ("有", True), ("ｏｋ", None)),
        *(("不是", False), ("没有", False), ("不用了", False), ("算了", False), ("别", False), ("不行！", False)),
        *(("对，不过第二天又坏了", None), ("是不是都一样", None), ("", None)),
    ],
)
def test_a_plain_yes_or_no(text: str, yes: bool | None) -> None:
    assert hear(text).yes is yes


@pytest.mark.parametrize("text", ["一般", "不好说", "还没去看", "还行，但是不满意", "修好了，又不亮，修好了"])
def test_what_may_mean_this_or_that_is_unclear(text: str) -> None:
    assert hear(text).unclear


def test_words_beside_what_was_understood_are_worth_keeping() -> None:
    assert hear("满意，师傅还帮我把楼道扫了").keep
    assert not hear("满意的").keep


def test_praise_is_never_heard_as_blame_nor_blame_as_praise() -> None:
    said = spoken()
    for text in said["rate_satisfied"]:
        heard = hear(text)
        assert heard.solved is not False and heard.contacted is not False, text
        assert heard.level is None or heard.level.good, text
    for text in said["rate_dissatisfied"]:
        heard = hear(text)
        assert not heard.solved, text
        assert heard.level is None or not heard.level.good, text


def test_most_of_what_people_say_is_heard_by_the_table_alone() -> None:
    said = spoken()
    texts = said["rate_satisfied"] + said["rate_dissatisfied"]
    assert sum(not hear(text).nothing for text in texts) / len(texts) > 0.55


@given(text=st.text(max_size=80))
def test_anything_at_all_may_be_said(text: str) -> None:
    heard = hear(text)
    assert heard.level is None or heard.level in set(Level)


@given(
    text=st.sampled_from(["不满意", "还行吧", "根本没人来", "没解决"]), pad=st.sampled_from(["", " ", "　", "！", "。"])
)
def test_blanks_and_signs_change_nothing(text: str, pad: str) -> None:
    plain, padded = hear(text), hear(pad + pad.join(text) + pad if pad.isspace() else text + pad)
    assert (plain.solved, plain.contacted, plain.level) == (padded.solved, padded.contacted, padded.level)


def test_the_longest_phrase_counts_and_a_gap_stays_within_its_clause() -> None:
    table = phrases([("满意", ("a", "1")), ("不满意", ("a", "2")), ("没…联系", ("b", "3"))])
    assert [meaning for *_, meaning in table.find("不满意")] == [(("a", "2"),)]
    assert [meaning for *_, meaning in table.find("没怎么联系")] == [(("b", "3"),)]
    assert list(table.find("没修，联系")) == []
    assert list(phrases([]).find("什么都没有")) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("level: {}\nsolved: {'yes': [a], 'no': [b]}\n", "contacted"),
        ("level: {}\nsolved: {yes: [a], no: [b]}\n", "solved.yes"),
        ("level: {好极了: [x]}\n", "level"),
        ("[]", "expected keys and values"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "hearing.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=says):
        hearing.load(file)
