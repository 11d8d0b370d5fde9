"""What an action knows of the conversation, read from what Rasa sends."""

import json
from typing import Any

import pytest

from actions.memory import LONGEST_STANCE, keep_draft, recall
from integrations.services.intake import Stance
from kb.places import Place
from kb.report import Ask, Draft
from tests.actions.conftest import message, tracker

USER = {"event": "user", "text": "路灯坏了"}


def action(name: str) -> dict[str, Any]:
    return {"event": "action", "name": name}


def test_words_are_recalled_as_they_were_said() -> None:
    memory = recall(tracker(message("路灯坏了", "report", conversation_id="v7")))
    assert (memory.conversation_id, memory.text, memory.intent) == ("v7", "路灯坏了", "report")
    assert (memory.option, memory.pin, memory.requested, memory.draft, memory.asked) == (None,) * 5
    assert memory.freshly_said and not memory.tapped
    assert memory.utterance.text == "路灯坏了"


def test_without_metadata_the_senders_name_says_which_conversation_it_is() -> None:
    said = {"text": "你好", "intent": {"name": "greet"}, "entities": [], "metadata": None}
    assert recall(tracker(said)).conversation_id == "v1"


def test_a_button_is_its_option_and_its_title_and_never_its_payload() -> None:
    memory = recall(tracker(message("确认提交", "choose", option="confirm:d1")))
    assert (memory.option, memory.text, memory.tapped) == ("confirm:d1", "确认提交", True)
    assert memory.utterance.option == "confirm:d1"
    assert memory.utterance.text == ""


def test_a_button_without_an_option_says_its_title() -> None:
    said = {**message("查进度", "check_progress"), "text": "/check_progress", "metadata": {"title": "查进度"}}
    memory = recall(tracker(said))
    assert (memory.option, memory.text, memory.tapped) == (None, "查进度", True)


def test_a_payload_whose_title_is_lost_is_not_taken_for_words() -> None:
    assert recall(tracker(message("", "choose", option="known:file"))).text == ""


def test_a_pin_keeps_its_words_and_its_system() -> None:
    where = {"lat": 36.1, "lon": 120.4, "crs": "GCJ-02", "label": "翠湖小区北门"}
    pin = recall(tracker(message("", location=where))).pin
    assert pin == Place("翠湖小区北门", spot="翠湖小区北门", lat=36.1, lon=120.4, crs="GCJ-02", confidence=0.6)


@pytest.mark.parametrize("where", [{"lat": 36.1, "lon": 120.4}, {"lat": "36.1", "lon": "120.4", "label": ""}])
def test_a_pin_without_words_is_a_pin_of_the_browser(where: dict[str, Any]) -> None:
    pin = recall(tracker(message("", location=where))).pin
    assert pin is not None
    assert (pin.text, pin.spot, pin.crs, pin.precise) == ("地图上的定位", None, "WGS-84", True)


@pytest.mark.parametrize("where", [None, "翠湖小区", []])
def test_what_is_no_pin_is_none(where: Any) -> None:
    assert recall(tracker(message("", location=where))).pin is None


@pytest.mark.parametrize(
    ("said", "intent", "stance"),
    [
        ("对", "affirm", Stance.YES),
        ("不是", "deny", Stance.NO),
        ("说不清", "unsure", Stance.UNSURE),
        ("路灯坏了", "report", Stance.OTHER),
        ("", "nlu_fallback", Stance.OTHER),
        ("对" * LONGEST_STANCE, "affirm", Stance.YES),
        ("对" * (LONGEST_STANCE + 1), "affirm", Stance.OTHER),
        ("不对，是海尔路那边的路灯", "deny", Stance.OTHER),
    ],
)
def test_a_short_answer_is_a_stance_and_a_long_one_says_more(said: str, intent: str, stance: Stance) -> None:
    utterance = recall(tracker(message(said, intent))).utterance
    assert utterance.stance is stance
    assert utterance.text == said


@pytest.mark.parametrize(
    ("events", "fresh"),
    [
        ([USER], True),
        ([], True),
        ([USER, action("report_form")], True),
        ([USER, action("validate_report_form")], True),
        ([USER, {"event": "slot", "name": "requested_slot", "value": None}], True),
        ([action("action_ask_person"), USER], True),
        ([USER, action("action_ask_person")], False),
        ([USER, action("utter_greet")], False),
        ([USER, action("action_ask_person"), action("report_form")], False),
        ([USER, action("utter_greet"), action("action_listen"), USER], True),
    ],
)
def test_a_form_that_is_come_back_to_hears_nothing_new(events: list[dict[str, Any]], fresh: bool) -> None:
    assert recall(tracker(message("你好", "greet"), events=events)).freshly_said is fresh


@pytest.mark.parametrize(
    ("intent", "form", "interrupts"),
    [
        ("greet", "report_form", True),
        ("ask_person", "report_form", True),
        ("report", "report_form", False),
        ("affirm", "report_form", False),
        ("report", "progress_form", True),
        ("report", "feedback_form", True),
        ("report_again", "progress_form", True),
        ("report_again", "feedback_form", True),
        ("cancel", "feedback_form", True),
    ],
)
def test_what_is_meant_for_something_else_interrupts(intent: str, form: str, interrupts: bool) -> None:
    memory = recall(tracker(message("好", intent), {"requested_slot": "report_place"}))
    assert memory.interrupts(form) is interrupts


def test_nothing_interrupts_a_form_that_asks_nothing_or_has_heard_it_before() -> None:
    assert not recall(tracker(message("你好", "greet"))).interrupts("report_form")
    again = tracker(message("你好", "greet"), {"requested_slot": "report_place"}, [USER, action("utter_greet")])
    assert not recall(again).interrupts("report_form")


def test_a_draft_is_kept_as_plain_values_and_recalled_as_it_was() -> None:
    draft = Draft("d1", "路灯坏了", place=Place("金水路", road="金水路"), similar=("i1",)).counted(Ask.PLACE)
    (event,) = json.loads(json.dumps(keep_draft(draft)))
    memory = recall(tracker(message("对", "affirm"), {event["name"]: event["value"], "requested_slot": "report_place"}))
    assert memory.draft == draft
    assert memory.asked is Ask.PLACE
    assert keep_draft(None)[0]["value"] is None


def test_a_question_of_another_form_is_not_one_of_the_report() -> None:
    assert recall(tracker(message("对", "affirm"), {"requested_slot": "progress_number"})).asked is None
