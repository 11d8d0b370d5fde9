"""Asking for a person and for a call in the dialogue: what is said, remembered, and asked again."""

from __future__ import annotations

from typing import Any

import pytest

from actions.handover import PHONE, WINDOW, AskPerson, HearCallBack
from integrations.bootstrap import Services
from integrations.services.records import Bubble
from kb.handover.states import Reason
from kb.report import Contact
from tests.actions.conftest import Citizen, message
from tests.builders import LAMP, filed
from tests.builders import PHONE as NUMBER
from tests.fakes import FakeClock
from tests.services.desk_work import MemoryTrackers, at

OTHER = "13912345678"


@pytest.fixture(autouse=True)
def memory(services: Services) -> MemoryTrackers:
    trackers = MemoryTrackers()
    services.replacements["trackers"] = trackers
    return trackers


def words(citizen: Citizen, key: str, **gaps: object) -> str:
    return citizen.services.speech.words.say(key, **gaps)


def wants(citizen: Citizen, text: str = "转人工", **how: Any) -> list[Bubble]:
    return citizen.take(AskPerson, message(text, "ask_person", **how))


def call(citizen: Citizen, text: str = "给我回个电话吧", intent: str = "call_back", **how: Any) -> Bubble:
    (said,) = citizen.take(HearCallBack, message(text, intent, **how))
    return said


def reason(services: Services) -> Reason:
    with services.unit_of_work() as tx:
        return tx.handovers.waiting()[0].reason


# -- a person --------------------------------------------------------------------------------------------------------


def test_the_wish_is_recorded_with_what_is_filled_so_far(citizen: Citizen) -> None:
    citizen.say(LAMP)
    (said,) = wants(citizen)
    assert said.text == words(citizen, "handover.first")
    with citizen.services.unit_of_work() as tx:
        (known,) = tx.handovers.waiting()
    assert known.context["draft"]["description"] in LAMP
    assert known.context["asked"] == citizen.asked and known.context["form"] == "report_form"


def test_asked_again_the_place_is_told_and_not_that_it_was_recorded(citizen: Citizen, neighbour: Citizen) -> None:
    wants(neighbour)
    assert wants(citizen)[0].text == words(citizen, "handover.recorded", ahead=1)
    assert wants(citizen)[0].text == words(citizen, "handover.still", ahead=1)


@pytest.mark.parametrize("text", ["不用人工了", "不用转人工", "算了不找人工了"])
def test_who_wants_no_person_gets_none_though_the_words_speak_of_one(citizen: Citizen, text: str) -> None:
    (said,) = wants(citizen, text)
    assert said.text == words(citizen, "handover.left_person")
    with citizen.services.unit_of_work() as tx:
        assert not tx.handovers.waiting()


@pytest.mark.parametrize("text", ["不用给我回电话，谢谢您", "别回电话了"])
def test_who_wants_no_call_is_not_asked_for_a_number(citizen: Citizen, text: str) -> None:
    assert call(citizen, text).text == words(citizen, "handover.no_call")


def test_twice_not_understood_is_its_reason(citizen: Citizen) -> None:
    wants(citizen, option="not_understood")
    assert reason(citizen.services) is Reason.NOT_UNDERSTOOD


@pytest.mark.parametrize("option", ["distress", "danger", "nonsense"])
def test_no_button_can_jump_the_queue(citizen: Citizen, option: str) -> None:
    wants(citizen, option=option)
    assert reason(citizen.services) is Reason.ASKED


def test_danger_in_the_same_breath_is_answered_first_and_goes_to_the_front(
    citizen: Citizen, neighbour: Citizen
) -> None:
    wants(neighbour)
    first, second = wants(citizen, "家里煤气味很大，快给我转人工")
    assert (first.card or {})["kind"] == "danger"
    assert second.text == words(citizen, "handover.first")
    assert reason(citizen.services) is Reason.DANGER


def test_outside_the_hours_danger_told_before_gets_its_number_again(citizen: Citizen, clock: FakeClock) -> None:
    clock.now = at(20, "20:00")
    citizen.say("合肥路688号家里煤气味很大")
    first, second = wants(citizen)
    assert (first.card or {})["kind"] == "danger"
    assert second.text == words(citizen, "handover.closed", opens="明天9:00")


# -- a call ----------------------------------------------------------------------------------------------------------


def test_without_a_known_number_it_is_asked_for_and_then_the_time(citizen: Citizen) -> None:
    assert call(citizen).text == words(citizen, "handover.ask_phone")
    assert citizen.asked == PHONE
    asked = call(citizen, NUMBER, "inform")
    assert asked.text == words(citizen, "handover.ask_window", phone="138****5678")
    assert citizen.asked == WINDOW
    assert [one.title for one in asked.options][:2] == ["今天上午10:30到12:00", "今天下午12:00到16:00"]

    said = call(citizen, "下午吧", "inform")
    assert said.text == words(citizen, "handover.promised", when="今天下午12:00到16:00", phone="138****5678")
    assert citizen.asked is None
    (made,) = citizen.services.calling_back.to_make()
    assert (made.begins, made.ends) == (at(21, "12:00"), at(21, "16:00"))


def test_a_number_that_was_given_before_is_not_asked_for(citizen: Citizen) -> None:
    filed(citizen.services, phone=NUMBER)
    assert call(citizen).text == words(citizen, "handover.ask_window", phone="138****5678")


def test_everything_in_one_sentence_is_promised_at_once(citizen: Citizen) -> None:
    said = call(citizen, f"明天上午给我回个电话，{NUMBER}")
    assert said.text == words(citizen, "handover.promised", when="明天上午9:00到12:00", phone="138****5678")
    assert citizen.services.calling_back.to_make()[0].wanted.startswith("明天上午")


def test_a_button_is_a_time_also_when_some_of_it_has_passed(citizen: Citizen, clock: FakeClock) -> None:
    filed(citizen.services, phone=NUMBER)
    asked = call(citizen)
    option = asked.options[0].payload.split('"')[3]
    clock.now = at(21, "11:00")
    said = call(citizen, "今天上午", "choose", option=option)
    assert said.text == words(citizen, "handover.promised", when="今天上午11:00到12:00", phone="138****5678")


def test_a_button_whose_time_is_over_is_asked_about_again(citizen: Citizen, clock: FakeClock) -> None:
    filed(citizen.services, phone=NUMBER)
    option = call(citizen).options[0].payload.split('"')[3]
    clock.now = at(21, "13:00")
    asked = call(citizen, "今天上午", "choose", option=option)
    assert asked.text == words(citizen, "handover.ask_window", phone="138****5678")
    assert citizen.services.calling_back.to_make() == []


@pytest.mark.parametrize(
    ("text", "intent", "option"),
    [("都行", "inform", None), ("随便", "unsure", None), ("好的", "affirm", None), ("都行", "choose", "call:any")],
)
def test_any_time_is_a_time(citizen: Citizen, text: str, intent: str, option: str | None) -> None:
    filed(citizen.services, phone=NUMBER)
    call(citizen)
    said = call(citizen, text, intent, option=option)
    assert said.text == words(citizen, "handover.promised_any", phone="138****5678")


def test_a_time_at_which_nobody_is_there_is_said_so_and_asked_again_once(citizen: Citizen) -> None:
    filed(citizen.services, phone=NUMBER)
    call(citizen)
    assert call(citizen, "晚上九点", "inform").text == words(citizen, "handover.ask_window_again")
    said = call(citizen, "就晚上九点", "inform")
    assert said.text == words(citizen, "handover.promised_any", phone="138****5678")
    assert citizen.services.calling_back.to_make()[0].wanted == "就晚上九点"


def test_another_number_takes_the_place_of_the_known_one(citizen: Citizen) -> None:
    filed(citizen.services, phone=NUMBER)
    call(citizen)
    assert call(citizen, "换个号码", "choose", option="call:phone").text == words(citizen, "handover.ask_phone")
    assert call(citizen, OTHER, "inform").text == words(citizen, "handover.ask_window", phone="139****5678")
    call(citizen, "都行", "inform")
    number = citizen.services.calling_back.to_make()[0].id
    assert citizen.services.calling_back.take(number, by="王芳")[1] == OTHER


def test_a_mistyped_number_is_asked_for_again_and_then_let_go(citizen: Citizen) -> None:
    call(citizen)
    assert call(citizen, "1381234567", "inform").text == words(citizen, "handover.ask_phone_again")
    assert call(citizen, "138123456", "inform").text == words(citizen, "handover.no_call")
    assert citizen.asked is None and citizen.services.calling_back.to_make() == []


@pytest.mark.parametrize(("text", "intent"), [("不方便说", "unsure"), ("不用了", "deny"), ("算了不留了", "inform")])
def test_no_number_is_no_call(citizen: Citizen, text: str, intent: str) -> None:
    call(citizen)
    assert call(citizen, text, intent).text == words(citizen, "handover.no_call")
    assert citizen.asked is None


def test_what_is_no_time_is_asked_again_and_then_kept_in_their_words(citizen: Citizen) -> None:
    filed(citizen.services, phone=NUMBER)
    call(citizen)
    assert call(citizen, "等我孙子放学", "inform").text == words(citizen, "handover.ask_window", phone="138****5678")
    call(citizen, "等我孙子放学", "inform")
    assert citizen.services.calling_back.to_make()[0].wanted == "等我孙子放学"


@pytest.mark.parametrize("intent", ["ask_person", "cancel", "report", "check_progress", "why_asked", "greet"])
def test_what_interrupts_steps_back(citizen: Citizen, intent: str) -> None:
    call(citizen)
    assert citizen.take(HearCallBack, message("另外的话", intent)) == []
    assert citizen.happened == [] and citizen.asked == PHONE


def test_a_number_is_the_answer_whatever_it_sounds_like(citizen: Citizen) -> None:
    call(citizen)
    assert call(citizen, f"我的号是{NUMBER}", "report").text.startswith("打138****5678")


def test_come_back_to_it_asks_the_same_question_again(citizen: Citizen) -> None:
    call(citizen)
    citizen.events.append({"event": "action", "name": "action_why_asked"})
    (again,) = citizen.take(HearCallBack)
    assert again.text == words(citizen, "repair.again_call_back_phone")
    assert citizen.asked == PHONE


def test_the_number_goes_into_the_report_that_was_being_told(citizen: Citizen) -> None:
    citizen.say(LAMP)
    citizen.slots["requested_slot"] = None
    call(citizen, f"给我打电话{NUMBER}，都行")
    assert citizen.draft is not None
    assert (citizen.draft.contact, citizen.draft.phone) == (Contact.PHONE, NUMBER)
    assert citizen.services.calling_back.to_make()[0].about


def test_asked_for_again_the_time_is_changed(citizen: Citizen) -> None:
    call(citizen, f"明天上午给我打电话，{NUMBER}")
    call(citizen, "改成明天下午给我打电话吧")
    (made,) = citizen.services.calling_back.to_make()
    assert made.begins == at(22, "12:00")
