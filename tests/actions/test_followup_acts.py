"""Urging, adding, withdrawing in the conversation: found, asked back, done once, inside and outside of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from actions.followup import HearProgress
from actions.repair import LeaveForm
from actions.report import HearReport
from integrations.bootstrap import Services
from integrations.services.records import Bubble, UpdateKind
from kb.lifecycle import Status
from kb.ticket_number import display
from tests.actions.conftest import Citizen, any_way, message
from tests.builders import LAMP, PHONE, RUBBISH, filed, read
from tests.fakes import FakeClock


def words(citizen: Citizen, key: str, **gaps: object) -> str:
    return any_way(citizen.services, key, **gaps)


def say(citizen: Citizen, text: str, intent: str, **how: Any) -> list[Bubble]:
    return citizen.take(HearProgress, message(text, intent, **how))


def tap(citizen: Citizen, bubble: Bubble, title: str) -> list[Bubble]:
    (payload,) = (one.payload for one in bubble.options if title in one.title)
    intent, _, rest = payload.removeprefix("/").partition("{")
    return say(citizen, title, intent, option=rest.split('"')[3])


def updates(services: Services, number: str) -> list[tuple[UpdateKind, str]]:
    with services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
        assert complaint is not None
        return [(one.kind, one.text) for one in tx.citizen_updates.of_complaint(complaint.id)]


def added(services: Services, number: str) -> list[str]:
    with services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
        assert complaint is not None
        return [one.text for one in tx.reports.of_complaint(complaint.id)][1:]


# -- urging ------------------------------------------------------------------------------------------------------


def test_the_only_ticket_is_urged_at_once(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number

    (said,) = say(citizen, "都三天了，还没人来管", "urge")

    assert display(number) in said.text
    assert updates(citizen.services, number) == [(UpdateKind.URGE, "都三天了，还没人来管")]
    assert citizen.asked is None


def test_one_of_several_is_chosen_by_button_number_words_or_order(citizen: Citizen, clock: FakeClock) -> None:
    lamp = filed(citizen.services, LAMP).number
    clock.move(hours=1)
    rubbish = filed(citizen.services, RUBBISH, draft_id="draft-2").number

    for answer, urged in (("第二个", lamp), ("路灯的", lamp), (f"编号{display(rubbish)}", rubbish)):
        (listed,) = say(citizen, "催一下", "urge")
        assert listed.text == words(citizen, "followup.which_urge")
        assert citizen.asked == "progress_number"
        (said,) = say(citizen, answer, "report")
        assert display(urged) in said.text
        clock.move(days=4)
    (listed,) = say(citizen, "催一下", "urge")
    (said,) = tap(citizen, listed, "垃圾")
    assert display(rubbish) in said.text
    assert [len(updates(citizen.services, one)) for one in (lamp, rubbish)] == [2, 2]


def test_words_name_the_ticket_in_the_same_breath(citizen: Citizen, clock: FakeClock) -> None:
    lamp = filed(citizen.services, LAMP).number
    filed(citizen.services, RUBBISH, draft_id="draft-2")

    (said,) = say(citizen, "催一下翠湖小区那个路灯", "urge")

    assert display(lamp) in said.text


def test_the_same_message_heard_twice_urges_once(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number

    first = say(citizen, "催一下", "urge", message_id="v1:7")
    second = say(citizen, "催一下", "urge", message_id="v1:7")

    assert first == second
    assert len(updates(citizen.services, number)) == 1


def test_somebody_elses_ticket_is_urged_after_the_phones_last_digits(citizen: Citizen, neighbour: Citizen) -> None:
    number = filed(citizen.services, LAMP).number

    (ask,) = say(neighbour, f"催一下{number}，都等了半个月了", "urge")
    assert ask.text == words(neighbour, "followup.need_phone")
    (wrong,) = say(neighbour, "1111", "check_progress")
    assert wrong.text == words(neighbour, "followup.not_found")
    assert updates(citizen.services, number) == []

    say(neighbour, f"催一下{number}，都等了半个月了", "urge")
    (said,) = say(neighbour, "尾号五六七八", "check_progress")
    assert display(number) in said.text
    assert len(updates(citizen.services, number)) == 1


def test_a_whole_phone_number_has_last_digits_too(citizen: Citizen, neighbour: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    say(neighbour, number, "check_progress")

    (shown,) = say(neighbour, PHONE, "check_progress")

    assert shown.card is not None


# -- adding ------------------------------------------------------------------------------------------------------


def test_words_in_the_same_message_are_added_at_once(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number

    (said,) = say(citizen, "补充一下，灯杆也歪了", "supplement")

    assert display(number) in said.text
    assert added(citizen.services, number) == ["灯杆也歪了"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [("灯杆也歪了", "report"), ("还有，灯杆也歪了", "report_again"), ("快点，灯杆要倒了，吓人", "urge")],
)
def test_who_only_asks_to_add_is_asked_what_and_anything_is_the_answer(
    citizen: Citizen, text: str, intent: str
) -> None:
    number = filed(citizen.services, LAMP).number
    (ask,) = say(citizen, "我要补充", "supplement")
    assert citizen.asked == "progress_text"
    assert "路灯" in ask.text

    (said,) = say(citizen, text, intent)

    assert added(citizen.services, number) == [text]
    assert display(number) in said.text
    assert citizen.asked is None


def test_a_command_in_place_of_the_words_is_obeyed(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    say(citizen, "我要补充", "supplement")

    (shown,) = say(citizen, "查进度", "check_progress")

    assert shown.card is not None or display(number) in shown.text
    assert added(citizen.services, number) == []


def test_a_pin_is_added_as_a_place(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    say(citizen, "我要补充", "supplement")

    say(citizen, "（位置）", "report", location={"lat": 36.1, "lon": 120.4, "label": "北门第二根杆"})

    with citizen.services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
        assert complaint is not None
        _, report = tx.reports.of_complaint(complaint.id)
    assert report.text == ""
    assert report.place is not None and report.place.lat == 36.1


def test_coming_back_after_a_person_was_asked_for_adds_nothing(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    (first,) = say(citizen, "我要补充", "supplement")
    citizen.last = message("转人工", "ask_person", conversation_id=citizen.conversation_id)
    citizen.events += [{"event": "user", "text": "转人工"}, {"event": "action", "name": "action_ask_person"}]

    (again,) = citizen.take(HearProgress)

    assert (again.text, again.options) == (words(citizen, "repair.again_progress_text"), first.options)
    assert citizen.asked == "progress_text"
    assert added(citizen.services, number) == []


def test_who_has_nothing_to_add_to_is_offered_to_report(citizen: Citizen) -> None:
    (said,) = say(citizen, "补充一下，灯杆也歪了", "supplement")

    assert said.text == words(citizen, "followup.none_yet")
    assert said.options[0].payload == "/start_report"


# -- withdrawing -------------------------------------------------------------------------------------------------


def status(citizen: Citizen, number: str) -> Status:
    with citizen.services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
    assert complaint is not None
    return complaint.status


@pytest.mark.parametrize(
    "yes", [("是", "affirm"), ("撤了吧", "withdraw"), ("撤回", "button")], ids=lambda pair: str(pair)
)
def test_it_is_asked_back_once_and_then_done(citizen: Citizen, yes: tuple[str, str]) -> None:
    number = filed(citizen.services, LAMP).number
    (ask,) = say(citizen, "物业给修好了，不用来了", "withdraw")
    assert "路灯" in ask.text and display(number) in ask.text
    assert status(citizen, number) is Status.FILED

    (done,) = tap(citizen, ask, "撤回") if yes[1] == "button" else say(citizen, *yes)

    assert status(citizen, number) is Status.WITHDRAWN
    assert display(number) in done.text
    assert citizen.asked is None
    assert updates(citizen.services, number) == [(UpdateKind.WITHDRAW, "物业给修好了，不用来了")]


@pytest.mark.parametrize("no", [("不撤了", "deny"), ("等等", "unsure"), ("已经修好了", "report"), ("不撤了", "button")])
def test_whatever_is_no_yes_leaves_it_and_says_so(citizen: Citizen, no: tuple[str, str]) -> None:
    number = filed(citizen.services, LAMP).number
    (ask,) = say(citizen, "撤诉", "withdraw")

    (said,) = tap(citizen, ask, "不撤了") if no[1] == "button" else say(citizen, *no)

    assert said.text == words(citizen, "followup.not_withdrawn", number=display(number))
    assert status(citizen, number) is Status.FILED
    assert citizen.asked is None


def test_another_wish_in_place_of_the_yes_is_served_and_nothing_is_withdrawn(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    say(citizen, "撤诉", "withdraw")

    kept, shown = say(citizen, "查一下进度先", "check_progress")

    assert display(number) in kept.text
    assert shown.card is not None
    assert status(citizen, number) is Status.FILED


def test_calling_off_withdraws_nothing(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    say(citizen, "撤诉", "withdraw")

    assert say(citizen, "算了", "cancel") == []
    citizen.take(LeaveForm)

    assert status(citizen, number) is Status.FILED
    assert citizen.asked is None
    assert citizen.slots["progress_ticket"] is None


def test_an_old_yes_asks_back_again_and_an_old_no_does_nothing(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    (ask,) = say(citizen, "撤诉", "withdraw")
    tap(citizen, ask, "不撤了")

    (again,) = tap(citizen, ask, "撤回")
    assert again == ask
    assert status(citizen, number) is Status.FILED
    (kept,) = tap(citizen, ask, "不撤了")
    assert kept.text == words(citizen, "followup.not_withdrawn", number=display(number))


def test_a_yes_for_one_ticket_withdraws_no_other(citizen: Citizen) -> None:
    lamp = filed(citizen.services, LAMP).number
    rubbish = filed(citizen.services, RUBBISH, draft_id="draft-2").number
    (of_lamp,) = say(citizen, f"撤销{lamp}", "withdraw")
    (of_rubbish,) = say(citizen, f"撤销{rubbish}", "withdraw")
    assert of_lamp != of_rubbish or status(citizen, lamp) is Status.FILED

    tap(citizen, of_lamp, "撤回")

    assert status(citizen, rubbish) is Status.FILED


def test_nobody_withdraws_with_a_forged_button(citizen: Citizen, neighbour: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    say(neighbour, "撤回", "withdraw", option=f"{number}:yes")
    neighbour.slots |= {"requested_slot": "progress_sure", "progress_act": "withdraw", "progress_ticket": number}

    (said,) = say(neighbour, "撤回", "withdraw", option=f"{number}:yes")

    assert said.text == words(neighbour, "followup.gone")
    assert status(citizen, number) is Status.FILED


# -- while a report is being told --------------------------------------------------------------------------------


def heard(citizen: Citizen, text: str, intent: str, **how: Any) -> Sequence[Bubble]:
    return citizen.take(HearReport, message(text, intent, **how))


@pytest.mark.parametrize(
    ("text", "intent"),
    [("把上次那个撤了", "withdraw"), ("给上次那个补充一下", "supplement"), ("481720935561撤了", "withdraw")],
)
def test_what_is_about_a_former_ticket_interrupts_the_report(citizen: Citizen, text: str, intent: str) -> None:
    citizen.say("市北区台东三路的垃圾没人收")
    asked, draft = citizen.asked, citizen.draft

    assert heard(citizen, text, intent) == []

    assert (citizen.asked, citizen.draft) == (asked, draft)
    assert citizen.happened == []


def test_a_tapped_button_of_a_former_ticket_interrupts_too(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    citizen.say("市北区台东三路的垃圾没人收")

    assert heard(citizen, "补充情况", "supplement", option=number) == []


def test_a_short_withdrawal_calls_off_the_report_at_hand(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    citizen.say("市北区台东三路的垃圾没人收")

    (said,) = heard(citizen, "撤了吧", "withdraw")

    assert said.text == words(citizen, "report.dropped")
    assert citizen.draft is None and citizen.asked is None
    assert status(citizen, number) is Status.FILED


def test_a_long_message_is_an_answer_whatever_it_sounds_like(citizen: Citizen) -> None:
    citizen.say("市北区台东三路的垃圾没人收")

    heard(citizen, "那家店撤了以后又回来在这里摆摊了，吵得很", "withdraw")
    heard(citizen, "补充一下，晚上味道更大", "supplement")

    assert citizen.draft is not None


def test_the_acts_are_done_inside_a_report_and_the_draft_stays(citizen: Citizen) -> None:
    number = filed(citizen.services, LAMP).number
    citizen.say("市北区台东三路的垃圾没人收")
    draft = citizen.draft

    say(citizen, "上次那个催一下", "urge")

    assert len(updates(citizen.services, number)) == 1
    assert citizen.draft == draft
    assert read(citizen.services, filed(citizen.services, LAMP)).number == number
