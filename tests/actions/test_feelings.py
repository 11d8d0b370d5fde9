"""Anger is met with action: one sentence, never a lecture, never the same words, never a closed door."""

from __future__ import annotations

import itertools

import pytest

from actions.feelings import Upset
from actions.report import HearReport
from actions.smalltalk import SENTENCES, Smalltalk
from integrations.services.records import Bubble, Option
from kb.feelings.distress import Distress, Kind
from kb.text import folded
from tests.actions.conftest import Citizen, message
from tests.builders import dispatched, filed
from tests.conventions.repository import domain

LECTURES = ["请您文明", "注意言辞", "冷静", "消消气", "理解一下", "不要骂", "别骂", "素质", "情绪"]


def angry(citizen: Citizen, text: str = "气死我了") -> list[Bubble]:
    return citizen.take(Upset, message(text, "upset"))


def ways(citizen: Citizen, key: str) -> tuple[str, ...]:
    return citizen.services.speech.words.ways(key)


def titles(bubble: Bubble) -> list[str]:
    return [one.title for one in bubble.options]


# -- nothing goes on ----------------------------------------------------------------------------------------------


def test_anger_is_answered_with_one_sentence_that_asks_for_the_matter(citizen: Citizen) -> None:
    (answer,) = angry(citizen)
    assert answer.text in ways(citizen, "feelings.upset")
    assert "马上" in answer.text or "现在" in answer.text


def test_abuse_is_answered_once_calmly_then_the_question_comes_short_then_a_person_is_offered(citizen: Citizen) -> None:
    first, second, third, fourth, fifth = (angry(citizen, "王八蛋，一群废物")[0] for _ in range(5))

    assert first.text in ways(citizen, "feelings.abuse")
    assert second.text in ways(citizen, "feelings.abuse_short")
    assert len(second.text) < len(first.text)
    assert titles(third) == ["转人工"]
    assert fourth.text in ways(citizen, "feelings.abuse_short")
    assert titles(fifth) == ["转人工"]


def test_neighbouring_answers_are_never_the_same(citizen: Citizen) -> None:
    texts = [angry(citizen, "什么玩意儿")[0].text for _ in range(9)]
    assert all(one != other for one, other in itertools.pairwise(texts))


def test_a_turn_that_is_tried_again_says_the_same(citizen: Citizen) -> None:
    before = dict(citizen.slots)
    first = angry(citizen)
    citizen.slots = before
    assert angry(citizen) == first


def test_a_complaint_in_what_was_taken_for_anger_is_taken_in(citizen: Citizen) -> None:
    bubbles = angry(citizen, "你们这群废物，翠湖小区门口路灯坏了半年")
    assert bubbles == []
    assert [one["name"] for one in citizen.happened if one["event"] == "followup"] == ["report_form"]

    told = citizen.take(HearReport)
    assert citizen.draft is not None and "路灯" in citizen.draft.description
    assert told


def test_anger_about_what_was_filed_offers_to_urge_to_see_and_to_speak_to_a_person(citizen: Citizen) -> None:
    complaint, _ = dispatched(citizen.services)
    (answer,) = angry(citizen, "你们到底管不管")

    assert answer.text in ways(citizen, "feelings.upset_ticket")
    assert titles(answer) == ["催一下", "查进度", "转人工"]
    assert f'"{complaint.number}"' in answer.options[0].payload


def test_of_several_tickets_none_is_guessed(citizen: Citizen) -> None:
    filed(citizen.services)
    filed(citizen.services, "李沧区书院路29号门口垃圾没人收", draft_id="draft-2")
    (answer,) = angry(citizen)
    assert answer.options[0] == Option("催一下", "/urge")


def test_somebody_elses_ticket_changes_nothing(citizen: Citizen) -> None:
    filed(citizen.services, address="citizen-2")
    (answer,) = angry(citizen)
    assert answer.text in ways(citizen, "feelings.upset")


# -- a form goes on -----------------------------------------------------------------------------------------------


def test_in_a_form_it_is_half_a_sentence_and_the_second_time_only_the_question(citizen: Citizen) -> None:
    citizen.say("路灯坏了")
    assert citizen.asked == "report_place"

    assert citizen.take(HearReport, message("问问问，烦死了", "upset")) == []  # the form steps back
    (said,) = citizen.take(Upset)
    assert said.text in ways(citizen, "feelings.upset_here")
    assert not said.options

    citizen.take(HearReport, message("烦死了", "upset"))
    assert citizen.take(Upset) == []
    citizen.take(HearReport, message("有完没完", "upset"))
    assert titles(citizen.take(Upset)[0]) == ["转人工"]
    assert citizen.asked == "report_place"


def test_an_answer_in_angry_words_is_an_answer(citizen: Citizen) -> None:
    citizen.take(HearReport, message("我要投诉", "start_report"))
    assert citizen.asked == "report_description"
    citizen.take(HearReport, message("你们这帮饭桶，翠湖小区的路灯坏了一个月", "upset"))
    assert citizen.draft is not None and "路灯" in citizen.draft.description


# -- a complaint told in anger -----------------------------------------------------------------------------------


def begins(citizen: Citizen, text: str) -> list[str]:
    told = citizen.say(text)[0].text
    return [half for half in ways(citizen, "feelings.heard") if told.startswith(half)]


def test_an_angry_complaint_gets_half_a_sentence_once_and_the_next_question(citizen: Citizen) -> None:
    assert len(begins(citizen, "气死我了，路灯坏了半个月到底管不管！！")) == 1
    assert citizen.asked == "report_place"
    citizen.slots["report_draft"] = None
    citizen.slots["requested_slot"] = None
    assert begins(citizen, "受够了，垃圾堆了一个月！！") == []


def test_a_calm_complaint_gets_none(citizen: Citizen) -> None:
    assert begins(citizen, "路灯坏了，麻烦看一下") == []


def test_danger_is_not_softened(citizen: Citizen) -> None:
    told = citizen.say("气死我了，我家厨房好大的煤气味！！")
    assert (told[0].card or {})["kind"] == "danger"
    assert begins(citizen, "还有味") == []


def test_no_sentence_lectures(citizen: Citizen) -> None:
    words = citizen.services.speech.words
    said = [way for key in words.sentences if key.startswith("feelings.") for way in words.ways(key)]
    assert [text for text in said if any(one in folded(text) for one in LECTURES)] == []


# -- distress that only the model finds --------------------------------------------------------------------------


class Model:
    def __init__(self, found: Distress) -> None:
        self.found, self.commands = found, list[bool]()

    def find(self, text: str, *, command: bool = False) -> Distress | None:
        self.commands.append(command)
        return None if command else self.found


@pytest.fixture
def despairing(citizen: Citizen) -> Citizen:
    citizen.services.replacements["feelings"] = Model(Distress(Kind.DESPAIR, "灰的"))
    return citizen


def test_it_is_answered_before_the_step_and_instead_of_it(despairing: Citizen) -> None:
    said = despairing.take(Smalltalk, message("看什么都是灰的", "off_topic"))
    assert [(one.card or {}).get("kind") for one in said] == ["care"]
    assert despairing.slots["cared_for"]


def test_it_is_answered_once_for_one_message(despairing: Citizen) -> None:
    despairing.take(Smalltalk, message("看什么都是灰的", "off_topic"))
    again = despairing.take(Smalltalk)
    assert [(one.card or {}).get("kind") for one in again] != ["care"]


def test_a_form_keeps_its_question_and_does_not_press_it(despairing: Citizen) -> None:
    despairing.services.replacements["feelings"].found = None
    despairing.say("路灯坏了")
    despairing.services.replacements["feelings"].found = Distress(Kind.DESPAIR, "灰的")

    said = despairing.take(HearReport, message("看什么都是灰的", "inform"))

    assert [(one.card or {}).get("kind") for one in said] == ["care"]
    assert despairing.asked == "report_place"


def test_the_matter_beside_it_is_asked_for_as_well(despairing: Citizen) -> None:
    despairing.services.replacements["feelings"].found = Distress(Kind.DESPAIR, "灰的", matter=True)
    said = despairing.take(HearReport, message("看什么都是灰的，路灯也坏了", "report"))
    assert (said[0].card or {}).get("kind") == "care"
    assert len(said) > 1
    assert despairing.draft is not None


def test_a_command_and_a_tap_are_no_distress(despairing: Citizen) -> None:
    said = despairing.take(Smalltalk, message("我走了", "goodbye"))
    assert (said[0].card or {}).get("kind") is None
    said = despairing.take(Smalltalk, message("看什么都是灰的", "ask_menu", option="x"))
    assert (said[0].card or {}).get("kind") is None
    assert despairing.services.replacements["feelings"].commands == [True]


# -- smalltalk ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("intent", "key"), SENTENCES.items())
def test_smalltalk_is_answered_by_its_intent(citizen: Citizen, intent: str, key: str) -> None:
    (said,) = citizen.take(Smalltalk, message("您好", intent))
    assert said.text in ways(citizen, key)


def test_every_intent_of_smalltalk_has_its_sentence() -> None:
    assert set(SENTENCES) <= set(domain("intents"))


def test_the_menu_is_offered_where_nothing_goes_on_and_not_in_a_form(citizen: Citizen) -> None:
    (said,) = citizen.take(Smalltalk, message("你好", "greet"))
    assert titles(said) == ["反映问题", "查进度", "转人工"]
    citizen.say("路灯坏了")
    (said,) = citizen.take(Smalltalk, message("你好", "greet"))
    assert said.options == ()


def test_thanks_are_not_answered_in_the_same_words_twice(citizen: Citizen) -> None:
    texts = [citizen.take(Smalltalk, message("谢谢", "thanks"))[0].text for _ in range(6)]
    assert all(one != other for one, other in itertools.pairwise(texts))
    assert len(set(texts)) == 3
