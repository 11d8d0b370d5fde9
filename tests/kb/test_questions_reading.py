"""How the answers to questions are understood: numbers, yes and no, choices, hours, and 不知道."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.questions import UNKNOWN, Answer, Library, read, shipped, tapped
from kb.working_time import CITY_TIME

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=CITY_TIME)


@pytest.fixture(scope="module")
def library() -> Library:
    return shipped()


def answer(library: Library, question: str, said: str, yes: bool | None = None) -> Answer | None:
    return read(library, library.by_id[question], said, NOW, yes=yes)


def value(library: Library, question: str, said: str, yes: bool | None = None) -> str | None:
    found = answer(library, question, said, yes)
    return found.value if found else None


@pytest.mark.parametrize(
    "question", ["room_temperature", "heat_scope", "gas_smell", "noise_hours", "noise_shop", "rubbish_since"]
)
@pytest.mark.parametrize(
    "said",
    [
        "不知道",
        "我也不清楚",
        "不方便说",
        "不想说",
        "说不清",
        "没量过",
        "没温度计",
        "忘了",
        "记不清了",
        "你们自己来看",
        "跳过",
    ],
)
def test_not_knowing_is_an_answer_to_everything(library: Library, question: str, said: str) -> None:
    assert value(library, question, said) == UNKNOWN


@pytest.mark.parametrize("question", ["room_temperature", "noise_hours", "noise_shop", "rubbish_since", "heat_scope"])
def test_a_plain_no_to_what_is_no_yes_or_no_is_not_asked_again(library: Library, question: str) -> None:
    assert value(library, question, "不", yes=False) == UNKNOWN


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("15度", "15度"),
        ("大概十六度吧", "16度"),
        ("十五六度", "十五六度"),
        ("１６．５", "16.5度"),
        ("零下2度", "-2度"),
        ("14", "14度"),
        ("十几度", "十几度"),
        ("100度", None),
        ("挺冷的", None),
    ],
)
def test_a_number_is_read_with_its_unit(library: Library, said: str, found: str | None) -> None:
    assert value(library, "room_temperature", said) == found


@pytest.mark.parametrize(
    ("said", "yes", "found"),
    [
        ("是的", True, "是"),
        ("没有味", None, "否"),
        ("不", False, "否"),
        ("还在冒", None, "是"),
        ("已经停了", None, "否"),
        ("这个嘛", None, None),
    ],
)
def test_yes_and_no(library: Library, said: str, yes: bool | None, found: str | None) -> None:
    assert value(library, "water_running", said, yes) == found


def test_a_yes_that_means_danger_is_told_in_words(library: Library) -> None:
    found = answer(library, "gas_smell", "有，味道很大")
    assert found is not None and found.tell and "煤气味" in found.tell
    no = answer(library, "gas_smell", "没有")
    assert no is not None and no.tell is None


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("一整条路都黑着", ("一整条路", "410102")),
        ("就一盏", ("一两盏", "410101")),
        ("第二个", ("一整条路", "410102")),
        ("2", ("一整条路", "410102")),
        ("不止一盏，整条街都不亮", ("一整条路", "410102")),
        ("贴了小广告", None),
    ],
)
def test_a_choice_by_its_words_or_its_number_may_move_the_category(
    library: Library, said: str, found: tuple[str, str] | None
) -> None:
    got = answer(library, "lamp_count", said)
    assert (got and (got.value, got.leaf)) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("早上六点到九点", "早上六点到九点"),
        ("大概晚上十点以后吧", "晚上十点以后"),
        ("半夜", "半夜"),
        ("天天", "天天"),
        ("门口有个坑", None),
    ],
)
def test_hours_stay_in_the_citizens_words(library: Library, said: str, found: str | None) -> None:
    assert value(library, "noise_hours", said) == found


def test_since_when_gives_the_beginning(library: Library) -> None:
    found = answer(library, "rubbish_since", "有个三四天了")
    assert found is not None and found.since is not None
    assert found.since.began == "2026-11-19"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("好像叫海泰物业吧", "海泰物业"),
        ("是万科物业。", "万科物业"),
        ("嗯" * 60, None),
        ("打13812345678问他", "打（电话已隐藏）问他"),
    ],
)
def test_a_name_is_taken_as_it_is_said(library: Library, said: str, found: str | None) -> None:
    assert value(library, "property_company", said) == found


@pytest.mark.parametrize(
    ("question", "button", "found"),
    [
        ("lamp_count", "1", "一整条路"),
        ("lamp_count", "9", None),
        ("lamp_count", "-1", None),
        ("lamp_count", "yes", None),
        ("gas_smell", "yes", "是"),
        ("gas_smell", "no", "否"),
        ("noise_hours", "unknown", UNKNOWN),
        ("noise_hours", "", None),
        ("lamp_count", "²", None),
    ],
)
def test_buttons(library: Library, question: str, button: str, found: str | None) -> None:
    got = tapped(library.by_id[question], button)
    assert (got.value if got else None) == found


@given(said=st.text(max_size=80), yes=st.sampled_from([None, True, False]), data=st.data())
def test_whatever_is_said_an_answer_is_short_and_says_nothing_personal(
    said: str, yes: bool | None, data: st.DataObject
) -> None:
    library = shipped()
    question = data.draw(st.sampled_from(sorted(library.by_id)))
    got = read(library, library.by_id[question], said, NOW, yes=yes)
    assert got is None or (len(got.value) <= 50 and "\n" not in got.value)
