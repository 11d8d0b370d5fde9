"""Looking a ticket up, rating it, asking for a person, and what was not understood."""

from typing import Any

import pytest

from actions.followup import HearProgress
from actions.handover import AskPerson
from actions.repair import LeaveForm, OldButton
from actions.unclear import NotUnderstood
from integrations.services.records import Bubble
from kb.ticket_number import display
from tests.actions.conftest import Citizen, any_way, message
from tests.builders import LAMP, PHONE, RUBBISH, filed
from tests.fakes import FakeClock

NUMBER_OF_NOBODY = "481720935561"


def words(citizen: Citizen, key: str, **gaps: object) -> str:
    return any_way(citizen.services, key, **gaps)


def progress(citizen: Citizen, text: str, intent: str = "check_progress", **how: Any) -> Bubble:
    (bubble,) = citizen.take(HearProgress, message(text, intent, **how))
    return bubble


def test_the_only_ticket_of_this_window_is_shown_at_once(citizen: Citizen) -> None:
    complaint = filed(citizen.services, LAMP)
    shown = progress(citizen, "查进度")
    assert shown.card is not None
    assert (shown.card["number"], shown.card["step"]) == (display(complaint.number), 2)
    assert citizen.asked is None


def test_several_tickets_are_a_list_and_a_tap_shows_one(citizen: Citizen) -> None:
    filed(citizen.services, LAMP)
    filed(citizen.services, RUBBISH, draft_id="draft-2")
    listed = progress(citizen, "查进度")
    assert listed.text == words(citizen, "followup.which_check_progress")
    assert len(listed.options) == 2
    number = listed.options[0].payload.split('"')[3]
    shown = progress(citizen, listed.options[0].title, option=number)
    assert shown.card is not None and shown.card["number"] == display(number)


def test_who_never_reported_here_is_asked_for_a_number(citizen: Citizen) -> None:
    assert progress(citizen, "查进度").text == words(citizen, "followup.none_yet")
    assert citizen.asked == "progress_number"
    assert progress(citizen, "我忘了").text == words(citizen, "followup.mistyped")


def test_a_ticket_of_another_window_opens_with_the_phones_last_digits(citizen: Citizen, neighbour: Citizen) -> None:
    complaint = filed(citizen.services, LAMP)
    assert progress(neighbour, f"编号{display(complaint.number)}").text == words(neighbour, "followup.need_phone")
    assert progress(neighbour, "不知道").text == words(neighbour, "followup.need_phone_again")
    assert progress(neighbour, "尾号1111").text == words(neighbour, "followup.not_found")
    progress(neighbour, complaint.number)
    shown = progress(neighbour, f"尾号{PHONE[-4:]}")
    assert shown.card is not None and shown.card["number"] == display(complaint.number)


def test_nobodys_number_is_asked_after_just_as_somebodys(citizen: Citizen) -> None:
    assert progress(citizen, NUMBER_OF_NOBODY).text == words(citizen, "followup.need_phone")
    assert progress(citizen, "1234").text == words(citizen, "followup.not_found")


@pytest.mark.parametrize("tail", ["５６７８", "٥٦٧٨", "५६७८"])
def test_last_digits_in_any_script_are_an_answer_or_asked_for_again(
    citizen: Citizen, neighbour: Citizen, tail: str
) -> None:
    complaint = filed(citizen.services, LAMP)
    progress(neighbour, complaint.number)
    assert progress(neighbour, f"尾号{tail}").text


def test_a_ticket_past_its_deadline_says_so(citizen: Citizen, clock: FakeClock) -> None:
    complaint = filed(citizen.services, LAMP)
    clock.move(days=60)
    assert progress(citizen, "查进度").text == words(
        citizen, "followup.progress_late", number=display(complaint.number)
    )


def test_a_wrong_digit_is_told_and_nothing_is_looked_up(citizen: Citizen) -> None:
    assert progress(citizen, NUMBER_OF_NOBODY[:-1] + "9").text == words(citizen, "followup.mistyped")
    assert citizen.asked is None


def test_guessing_is_stopped(citizen: Citizen, neighbour: Citizen) -> None:
    complaint = filed(citizen.services, LAMP)
    said = []
    for guess in range(8):
        progress(neighbour, complaint.number)
        said.append(progress(neighbour, f"{guess:04}").text)
    assert said[0] == words(neighbour, "followup.not_found")
    assert said[-1] == words(neighbour, "followup.too_many")


def test_a_number_in_an_interrupting_message_is_still_looked_up(citizen: Citizen) -> None:
    complaint = filed(citizen.services, LAMP)
    citizen.slots["requested_slot"] = "progress_number"
    assert progress(citizen, f"我要反映{complaint.number}", "report").card is not None
    citizen.slots["requested_slot"] = "progress_number"
    assert citizen.take(HearProgress, message(RUBBISH, "report")) == []


# -- a person, and repairs ---------------------------------------------------------------------------------------


def test_who_waits_for_a_person_is_told_how_many_wait_before(citizen: Citizen, neighbour: Citizen) -> None:
    (first,) = citizen.take(AskPerson, message("转人工", "ask_person"))
    (second,) = neighbour.take(AskPerson, message("转人工", "ask_person"))
    (again,) = citizen.take(AskPerson, message("人呢", "ask_person"))
    assert first.text == words(citizen, "handover.first")
    assert again.text == words(citizen, "handover.next")
    assert second.text == words(citizen, "handover.recorded", ahead=1)
    assert [one.ahead for one in citizen.services.attending.standing()] == [0, 1]


def test_a_person_sees_what_was_filled_in_so_far(citizen: Citizen) -> None:
    citizen.say("路灯坏了")
    citizen.take(AskPerson, message("转人工", "ask_person"))
    (waiting,) = citizen.services.attending.standing()
    citizen.services.attending.take(waiting.id, by="王芳")
    seen = citizen.services.attending.read(waiting.id, by="王芳")
    assert seen.filled is not None and seen.filled.description == "路灯坏了"


def test_what_sounds_like_a_complaint_is_taken_as_one(citizen: Citizen) -> None:
    assert citizen.take(NotUnderstood, message("那个路灯它又不行了", "nlu_fallback")) == []
    assert citizen.draft is not None and citizen.draft.category == "410102"
    assert [one["name"] for one in citizen.happened if one["event"] == "followup"] == ["report_form"]


@pytest.mark.parametrize("said", ["路灯", "啥意思啊这是"])
def test_what_is_too_short_or_unclear_is_asked_about_and_not_lost(citizen: Citizen, said: str) -> None:
    (ask,) = citizen.take(NotUnderstood, message(said, "nlu_fallback"))
    assert ask.text == words(citizen, "repair.not_understood")
    assert citizen.slots["said_before"] == said and citizen.draft is None


def test_a_button_of_a_step_that_is_over_says_so(citizen: Citizen) -> None:
    for option in ("contact:anonymous", "confirm:nothing", "confirm:", "known:file"):
        (said,) = citizen.take(OldButton, message("好", "choose", option=option))
        assert said.text == words(citizen, "repair.old_button")


def test_leaving_a_look_up_goes_on_with_the_report_if_there_is_one(citizen: Citizen) -> None:
    (left,) = citizen.take(LeaveForm, message("算了", "cancel"))
    assert left.text == words(citizen, "repair.left")
    citizen.say("路灯坏了")
    (again,) = citizen.take(LeaveForm, message("算了", "cancel"))
    assert again.text == words(citizen, "report.again")
    assert citizen.asked is None and citizen.draft is not None
