"""How a chat window without buttons shows what was made for one with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.services.records import Bubble, Option
from integrations.services.wechat.telling import Telling
from kb import words

LAMP = {"title": "门口的路灯坏了", "rows": [{"label": "地点", "value": "合肥路"}]}
SAME, OTHER = Option("是同一个问题，我也要反映", "/same"), Option("不是，继续提交", "/other")


@pytest.fixture(scope="module")
def telling() -> Telling:
    return Telling(words.load())


def card(*items: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "incidents", "items": list(items)}


def test_a_number_never_stands_for_an_incident_and_for_a_choice(telling: Telling) -> None:
    told = telling.paragraph(Bubble("是不是同一件？", (SAME, OTHER), card(LAMP)), 1)
    assert told.count("1. ") == 1 and f"1. {SAME.title}" in told
    assert "门口的路灯坏了\n地点：合肥路" in told


def test_several_incidents_have_the_numbers_of_their_choices(telling: Telling) -> None:
    choices = (Option("是第1件，我也要反映", "/1"), Option("是第2件，我也要反映", "/2"))
    told = telling.paragraph(Bubble("有没有？", choices, card(LAMP, LAMP)), 1)
    assert told.count("1. ") == told.count("2. ") == 2
    assert "2. 门口的路灯坏了" in told and "2. 是第2件" in told


def test_words_that_name_a_button_say_the_number_instead(telling: Telling) -> None:
    choices = (Option("留电话", "/phone"), Option("确认提交（不留电话）", "/submit"))
    assert telling.paragraph(Bubble("不留就点“确认提交”。", choices), 1).startswith("不留就回复2。")


def test_a_button_that_is_not_among_the_choices_is_left_in_the_words(telling: Telling) -> None:
    for said in (Bubble("点“催一下”。", (SAME, OTHER)), Bubble("点“催一下”。")):
        assert telling.paragraph(said, 1).startswith("点“催一下”。")


def test_where_choices_can_be_tapped_the_words_stay(telling: Telling) -> None:
    tappable = replace(telling, links=True)
    assert tappable.paragraph(Bubble("对的话点“确认提交”。", (Option("确认提交", "/submit"),)), 7).startswith(
        "对的话点“确认提交”。"
    )


def test_the_words_of_an_older_question_name_no_number(telling: Telling) -> None:
    said = Bubble("对的话点“确认提交”。", (Option("确认提交", "/submit"),))
    assert telling.paragraph(said, 1, choices=False) == "对的话点“确认提交”。"


def test_a_single_choice_takes_one_line(telling: Telling) -> None:
    assert telling.paragraph(Bubble("登记好了。", (Option("查进度", "/status"),)), 1) == "登记好了。\n\n回复1：查进度"
