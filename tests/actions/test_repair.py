"""Putting a conversation right, turn by turn, through the steps that Rasa calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from actions.feedback import HearRating
from actions.followup import HearProgress
from actions.memory import INTERRUPTIONS
from actions.question import AnswerQuestion
from actions.repair import HoldOn, Undo, WhyAsked
from actions.report import DropReport, HearReport, ResumeReport
from actions.step import Step
from actions.unclear import Misheard, NotUnderstood
from integrations.bootstrap import Services
from integrations.services.records import Bubble
from kb.report import Ask
from kb.ticket_number import display
from tests.actions.conftest import Citizen, message
from tests.builders import LAMP, PHONE, conversation, filed
from tests.conventions.repository import domain
from tests.fakes import FakeClock

PLACE = "市北区合肥路688号翠湖小区北门"


def said(citizen: Citizen, key: str, **gaps: object) -> tuple[str, ...]:
    return citizen.services.speech.words.ways(f"repair.{key}", **gaps)


def titles(bubble: Bubble) -> list[str]:
    return [option.title for option in bubble.options]


def interrupt(
    citizen: Citizen, step: type[Step], text: str, intent: str, form: type[Step] = HearReport
) -> list[Bubble]:
    """The form steps back, the step speaks, the form is come back to."""
    assert citizen.take(form, message(text, intent)) == []
    bubbles = citizen.take(step)
    return bubbles + citizen.take(form)


def at(citizen: Citizen, ask: Ask) -> Bubble:
    """A report in which that is asked; gives the question."""
    match ask:
        case Ask.DESCRIPTION:
            return citizen.say("我要反映问题", "start_report")[-1]
        case Ask.PLACE:
            return citizen.say("路灯坏了")[-1]
        case Ask.DETAIL:
            return citizen.say("那边不太对劲")[-1]
        case Ask.CATEGORY:
            return citizen.say("说不准是什么东西，在市北区合肥路688号翠湖小区北门那边放了很久了")[-1]
        case Ask.CONTACT:
            return citizen.say(LAMP)[-1]
        case _:
            citizen.say(LAMP)
            return citizen.tap("contact:anonymous")[-1]


ASKS = [Ask.DESCRIPTION, Ask.DETAIL, Ask.CATEGORY, Ask.PLACE, Ask.CONTACT, Ask.CONFIRMATION]


# -- in the middle -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize(
    ("step", "text", "intent"),
    [(AnswerQuestion, "供暖室温标准是多少度？", "ask_question"), (WhyAsked, "问这个干嘛", "why_asked")],
)
def test_after_an_answer_in_between_the_same_question_is_open_and_shorter(
    citizen: Citizen, ask: Ask, step: type[Step], text: str, intent: str
) -> None:
    first = at(citizen, ask)
    assert citizen.asked == ask.value
    draft = citizen.draft

    for _ in range(3):
        *answer, again = interrupt(citizen, step, text, intent)
        assert answer and answer[0].text
        assert citizen.asked == ask.value, "the same question, however often"
        assert again.options == first.options
        assert (again.card is None) == (first.card is None)
        assert len(again.text) <= len(first.text)
    assert citizen.draft == draft, "asking back counts for nothing"


@pytest.mark.parametrize("form", sorted(domain("forms")))
def test_every_question_of_a_form_says_why_it_is_asked(citizen: Citizen, form: str) -> None:
    for slot in domain("forms")[form]["required_slots"]:
        assert citizen.services.speech.words.has(f"repair.why_{slot}"), f"write repair.why_{slot}"
        citizen.slots["requested_slot"] = slot
        (why,) = citizen.take(WhyAsked, message("为什么问这个", "why_asked"))
        assert why.text == citizen.services.speech.words.say(f"repair.why_{slot}")


def test_why_without_a_question_has_an_answer_too(citizen: Citizen) -> None:
    (why,) = citizen.take(WhyAsked, message("问这么多干嘛", "why_asked"))
    assert why.text in said(citizen, "why_other")


@pytest.mark.parametrize("ask", ASKS)
def test_whoever_wants_time_gets_it_and_is_not_asked_again(citizen: Citizen, ask: Ask) -> None:
    at(citizen, ask)
    (calm,) = interrupt(citizen, HoldOn, "等一下，我找找", "hold_on")
    assert calm.text in said(citizen, "hold_on")
    assert citizen.asked == ask.value


def test_an_answer_after_waiting_is_an_answer(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    interrupt(citizen, HoldOn, "等一下，我找找", "hold_on")
    (card,) = citizen.say(PHONE)
    assert card.card is not None and card.card["kind"] == "confirm"


def test_a_question_that_was_left_for_a_look_up_is_come_back_to(citizen: Citizen) -> None:
    at(citizen, Ask.PLACE)
    assert citizen.take(HearReport, message("查进度", "check_progress")) == []
    citizen.take(HearProgress)
    assert citizen.asked == "progress_number"
    citizen.take(HearProgress, message("第三个", "inform"))
    citizen.take(ResumeReport)
    (again,) = citizen.take(HearReport)
    assert again.text in said(citizen, "again_report_place")
    assert citizen.draft is not None and citizen.draft.asked == {"report_place": 1}


def test_who_did_not_get_the_question_hears_all_of_it_again(citizen: Citizen) -> None:
    first = at(citizen, Ask.CONTACT)
    (again,) = citizen.take(HearReport, message("再说一遍", "repeat"))
    assert again.options == first.options
    assert citizen.asked == Ask.CONTACT


def test_a_place_that_sounds_like_a_wish_to_hear_it_again_is_the_answer(citizen: Citizen) -> None:
    at(citizen, Ask.PLACE)
    citizen.take(HearReport, message("再说一遍，李沧区书院路101号", "repeat"))
    assert citizen.draft is not None and citizen.draft.place is not None
    assert "书院路101号" in citizen.draft.place.text


def test_what_has_no_letters_that_are_read_says_neither_yes_nor_no(citizen: Citizen) -> None:
    at(citizen, Ask.CONFIRMATION)
    citizen.take(HearReport, message("ĉÚŵ", "affirm"))
    assert citizen.asked == Ask.CONFIRMATION


@pytest.mark.parametrize("form", sorted(domain("forms")))
def test_what_puts_right_interrupts_every_form(form: str) -> None:
    assert {"undo", "misheard", "why_asked", "hold_on", "ask_question"} <= INTERRUPTIONS[form]


def test_a_look_up_goes_on_after_waiting_and_why(citizen: Citizen) -> None:
    filed(citizen.services, address="neighbour")
    citizen.take(HearProgress, message("查进度", "check_progress"))
    assert citizen.asked == "progress_number"
    (calm,) = interrupt(citizen, HoldOn, "等一下，我找找编号", "hold_on", HearProgress)
    assert calm.text in said(citizen, "hold_on")
    *_, again = interrupt(citizen, WhyAsked, "要编号干嘛", "why_asked", HearProgress)
    assert again.text in said(citizen, "again_progress_number")
    assert citizen.asked == "progress_number"


# -- taking back -------------------------------------------------------------------------------------------------


def test_the_last_turn_is_taken_back_and_named(citizen: Citizen) -> None:
    at(citizen, Ask.PLACE)
    before = citizen.draft
    citizen.say("李沧区书院路29号")
    assert citizen.asked == Ask.CONTACT
    told, again = interrupt(citizen, Undo, "刚才那句不算", "undo")
    assert told.text in said(citizen, "taken_back", said="李沧区书院路29号")
    assert again.text in said(citizen, "again_report_place")
    assert citizen.asked == Ask.PLACE
    assert citizen.draft == before


def test_turns_are_taken_back_one_after_the_other_to_the_beginning(citizen: Citizen) -> None:
    at(citizen, Ask.PLACE)
    citizen.say("李沧区书院路29号")
    citizen.say(PHONE)
    assert citizen.asked == Ask.CONFIRMATION
    for asked in (Ask.CONTACT, Ask.PLACE, Ask.DESCRIPTION):
        told, _ = interrupt(citizen, Undo, "退回上一步", "undo")
        assert citizen.asked == asked
    assert "路灯坏了" in told.text
    (nothing, _) = interrupt(citizen, Undo, "退回上一步", "undo")
    assert nothing.text in said(citizen, "nothing_to_take_back")
    (where,) = citizen.say("垃圾没人收")
    assert citizen.draft is not None and citizen.draft.description == "垃圾没人收"
    assert where.text == citizen.services.speech.words.say("report.ask_place")


def test_a_phone_that_is_taken_back_is_not_read_out(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    citizen.say(PHONE)
    told, _ = interrupt(citizen, Undo, "刚才那句不算", "undo")
    assert PHONE not in told.text
    assert citizen.draft is not None and citizen.draft.phone is None
    assert PHONE not in str(citizen.slots["undo_log"])


def test_after_filing_it_is_said_how_the_ticket_is_withdrawn(citizen: Citizen, clock: FakeClock) -> None:
    complaint = filed(citizen.services)
    (told,) = citizen.take(Undo, message("刚才那句不算", "undo"))
    assert told.text in said(citizen, "filed_already", number=display(complaint.number))
    clock.move(hours=2)
    (later,) = citizen.take(Undo, message("刚才那句不算", "undo"))
    assert later.text in said(citizen, "nothing_to_take_back")


def test_in_a_look_up_nothing_of_a_report_is_taken_back(citizen: Citizen) -> None:
    at(citizen, Ask.PLACE)
    draft = citizen.draft
    citizen.slots["requested_slot"] = "progress_number"
    (told,) = citizen.take(Undo, message("刚才那句不算", "undo"))
    assert told.text in said(citizen, "nothing_to_take_back")
    assert citizen.draft == draft


def test_little_is_kept_for_taking_back(citizen: Citizen) -> None:
    at(citizen, Ask.CONFIRMATION)
    for number in range(12):
        citizen.say(f"灯杆{number}" + "很长" * 300, "inform")
    assert len(str(citizen.slots["undo_log"])) < 12_000


# -- called off, and wanted back ---------------------------------------------------------------------------------


def call_off(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    assert citizen.take(HearReport, message("算了不报了", "cancel")) == []
    citizen.take(DropReport)
    assert citizen.draft is None


@pytest.mark.parametrize(
    ("step", "intent"),
    [(DropReport, "cancel"), (HearReport, "start_report"), (NotUnderstood, "affirm"), (Undo, "undo")],
)
def test_what_was_called_off_comes_back_whole(citizen: Citizen, step: type[Step], intent: str) -> None:
    call_off(citizen)
    bubbles = citizen.take(step, message("算了，还是报吧", intent))
    if step is not HearReport:
        assert any(one["event"] == "followup" for one in citizen.happened)
        bubbles += citizen.take(HearReport)
    assert bubbles[0].text == citizen.services.speech.words.say("repair.back_again", problem=LAMP[:30])
    assert citizen.asked == Ask.CONTACT
    assert citizen.draft is not None and citizen.draft.description == LAMP
    (card,) = citizen.tap("contact:anonymous")
    assert card.card is not None and card.card["kind"] == "confirm"


def test_a_new_report_offers_the_one_that_was_called_off(citizen: Citizen) -> None:
    call_off(citizen)
    (ask,) = citizen.say("我要反映问题", "start_report")
    assert titles(ask)[-1] == citizen.services.speech.words.say("repair.bring_back")
    again, contact = citizen.tapped(ask, titles(ask)[-1])
    assert LAMP[:20] in again.text
    assert citizen.asked == Ask.CONTACT and contact.options


def test_after_a_day_it_is_gone(citizen: Citizen, clock: FakeClock) -> None:
    call_off(citizen)
    clock.move(hours=25)
    (ask,) = citizen.say("还是报吧", "start_report")
    assert not titles(ask)
    assert citizen.draft is not None and citizen.draft.description == ""


def test_what_was_filed_does_not_come_back(citizen: Citizen) -> None:
    call_off(citizen)
    citizen.say(LAMP)
    citizen.tap("contact:anonymous")
    citizen.say("对", "affirm")
    assert citizen.slots.get("dropped_draft") is None
    (ask,) = citizen.say("还是报吧", "start_report")
    assert not titles(ask)


# -- another matter, and the same again --------------------------------------------------------------------------


def test_another_matter_is_told_of_after_this_one(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    parked, _ = citizen.say("另外还有个事，楼下垃圾没人收")
    assert parked.text in said(citizen, "parked")
    assert citizen.asked == Ask.CONTACT
    citizen.tap("contact:anonymous")
    ticket, announced, *_ = citizen.say("对", "affirm")
    assert ticket.card is not None and "楼下垃圾没人收" in announced.text
    assert citizen.draft is not None and citizen.draft.description == "楼下垃圾没人收"


def test_another_matter_that_is_still_to_come_is_asked_for_after_this_one(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    parked, _ = citizen.say("对了，另外还有个事")
    assert parked.text in said(citizen, "parked")
    citizen.tap("contact:anonymous")
    citizen.say("对", "affirm")
    assert citizen.draft is not None and citizen.draft.description == ""
    assert citizen.asked == Ask.DESCRIPTION


def test_a_dangerous_matter_comes_first(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    bubbles = citizen.say("另外还有个事，我家里煤气味很大")
    assert bubbles[0].card is not None and bubbles[0].card["kind"] == "danger"
    assert citizen.draft is not None
    assert "煤气味" in citizen.draft.description
    assert LAMP in citizen.draft.later[0]


@pytest.mark.parametrize("ask", [Ask.PLACE, Ask.CONTACT, Ask.CONFIRMATION])
def test_the_same_again_adds_nothing_and_is_noted(citizen: Citizen, ask: Ask) -> None:
    at(citizen, ask)
    draft = citizen.draft
    assert draft is not None
    noted, *_ = citizen.say(draft.description + "！")
    assert noted.text in said(citizen, "noted_again")
    assert citizen.draft is not None and citizen.draft.description == draft.description
    assert citizen.asked == ask


# -- misheard ----------------------------------------------------------------------------------------------------


def test_misheard_says_sorry_what_was_understood_and_offers_others(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    (sorry,) = interrupt(citizen, Misheard, "你没听懂", "misheard")
    assert "合肥路" in sorry.text and "“" in sorry.text
    assert 2 <= len(sorry.options) <= 3
    assert titles(sorry)[-1] == citizen.services.speech.words.say("repair.ask_person")
    assert citizen.asked == Ask.CONTACT
    citizen.tapped(sorry, titles(sorry)[0])
    assert citizen.draft is not None and citizen.draft.category != "410102"


def test_misheard_twice_in_a_row_offers_a_person_first(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    (first,) = interrupt(citizen, Misheard, "你没听懂", "misheard")
    (second,) = interrupt(citizen, Misheard, "还是没听懂", "misheard")
    (third,) = interrupt(citizen, Misheard, "你没听懂", "misheard")
    assert titles(second)[0] == titles(third)[0] == citizen.services.speech.words.say("repair.ask_person")
    assert len({first.text, second.text, third.text}) == 3


def test_misheard_again_after_something_was_understood_begins_anew(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    interrupt(citizen, Misheard, "你没听懂", "misheard")
    citizen.say(PHONE)
    (again,) = interrupt(citizen, Misheard, "你没听懂", "misheard")
    assert titles(again)[-1] == citizen.services.speech.words.say("repair.ask_person")


def test_what_was_meant_is_heard_instead_of_the_turn_before(citizen: Citizen) -> None:
    at(citizen, Ask.PLACE)
    sorry, where = interrupt(citizen, Misheard, "你没听懂，我说的是垃圾没人收", "misheard")
    assert sorry.text in said(citizen, "meant")
    assert citizen.draft is not None
    assert (citizen.draft.description, citizen.draft.category) == ("垃圾没人收", "310101")
    assert citizen.asked == Ask.PLACE and where.options


def test_outside_of_everything_the_former_message_tells_what_else_it_may_have_been(citizen: Citizen) -> None:
    former = message("那个单子", "check_progress")
    former["intent_ranking"] = _ranking("check_progress", "urge", "supplement", "thanks")
    citizen.take(HearProgress, former)
    citizen.slots["requested_slot"] = None
    (sorry,) = citizen.take(Misheard, message("我不是这个意思", "misheard"))
    assert titles(sorry) == [
        citizen.services.speech.words.say(f"repair.{key}") for key in ("means_urge", "means_supplement", "ask_person")
    ]


# -- not understood ----------------------------------------------------------------------------------------------


def _ranking(*intents: str) -> list[dict[str, Any]]:
    return [{"name": name, "confidence": 0.4 - n / 10} for n, name in enumerate(intents)]


def unclear(citizen: Citizen, *intents: str, text: str = "好像是那什么来着") -> Bubble:
    heard = message(text, "nlu_fallback")
    heard["intent_ranking"] = [{"name": "nlu_fallback", "confidence": 0.5}, *_ranking(*intents)]
    (bubble,) = citizen.take(NotUnderstood, heard)
    return bubble


def test_low_confidence_asks_which_of_the_two_likeliest(citizen: Citizen) -> None:
    ask = unclear(citizen, "check_progress", "thanks", "report", "urge")
    assert titles(ask) == ["查进度", "反映问题", "转人工"]
    assert "查进度" in ask.text and "反映问题" in ask.text and len(ask.text) < 60


def test_twice_offers_a_person_first_and_never_a_third_time_the_same_words(citizen: Citizen) -> None:
    asked = [unclear(citizen, "check_progress", "report") for _ in range(6)]
    assert all(titles(one)[0] == "转人工" for one in asked[1:])
    texts = [one.text for one in asked]
    assert all(one != two for one, two in itertools.pairwise(texts))
    assert max(map(texts.count, texts)) <= 2


def test_something_understood_in_between_begins_the_count_anew(citizen: Citizen) -> None:
    unclear(citizen, "check_progress", "report")
    citizen.take(WhyAsked, message("问这个干嘛", "why_asked"))
    assert titles(unclear(citizen, "check_progress", "report"))[-1] == "转人工"


def test_what_was_not_understood_can_be_filed_with_one_tap(citizen: Citizen) -> None:
    ask = unclear(citizen, "report", "urge")
    citizen.tapped(ask, "反映问题")
    assert citizen.draft is not None and citizen.draft.description == "好像是那什么来着"


@pytest.mark.parametrize(("text", "intent"), [("好的", "affirm"), ("不", "deny"), ("不知道", "unsure")])
def test_a_short_answer_to_nothing_gets_a_way_on(citizen: Citizen, text: str, intent: str) -> None:
    (said_,) = citizen.take(NotUnderstood, message(text, intent))
    assert said_.text in said(citizen, "nothing_open") and len(said_.options) == 3


# -- languages, silence ------------------------------------------------------------------------------------------


def test_english_is_told_once_that_it_is_fine_and_the_complaint_is_taken(citizen: Citizen) -> None:
    own = "street light broken at Tong'an Road"
    told, *_, where = citizen.say("路灯 坏了 tongan路", "report", said=own, language="en")
    assert told.text in said(citizen, "english")
    assert citizen.draft is not None
    assert citizen.draft.category == "410102"
    assert citizen.draft.description.startswith(own), "the record keeps their own words"
    assert citizen.draft.place is not None or citizen.draft.place_options
    again = citizen.say("匿名", "unsure", said="anonymous", language="en")
    assert all(one.text not in said(citizen, "english") for one in again)
    assert where.text


def test_pinyin_is_understood_and_told_once_what_is_surer(citizen: Citizen) -> None:
    told, *_ = citizen.say("tongan lu路灯坏了", "report", said="tongan lu ludeng huai le", language="pinyin")
    assert told.text in said(citizen, "pinyin")
    assert citizen.draft is not None and "大意：同安路路灯坏了" in citizen.draft.description


def test_a_language_that_nobody_reads_is_answered_kindly_with_a_person(citizen: Citizen) -> None:
    (sorry,) = citizen.take(NotUnderstood, message("가로등이 고장났어요", "nlu_fallback", language="other"))
    assert sorry.text in said(citizen, "other_language") and titles(sorry) == ["转人工"]


def test_after_a_days_silence_it_is_said_where_we_were_and_the_message_is_heard(citizen: Citizen) -> None:
    at(citizen, Ask.CONTACT)
    where, card = citizen.say(PHONE, "inform", silent_hours=20.0)
    assert where.text in said(citizen, "where_we_were", problem=LAMP[:29] + ("…" if len(LAMP) > 30 else LAMP[29:30]))
    assert titles(where) == [citizen.services.speech.words.say(f"repair.{key}") for key in ("go_on", "begin_anew")]
    assert card.card is not None and card.card["kind"] == "confirm"


def test_danger_is_answered_before_where_we_were(citizen: Citizen) -> None:
    at(citizen, Ask.PLACE)
    bubbles = citizen.say("家里煤气味很大", silent_hours=20.0)
    kinds = [(one.card or {}).get("kind") for one in bubbles]
    assert "danger" not in kinds[1:]


def test_before_a_greeting_after_silence_it_is_said_once(citizen: Citizen) -> None:
    from actions.smalltalk import Smalltalk

    at(citizen, Ask.CONTACT)
    assert citizen.take(HearReport, message("你好", "greet", silent_hours=20.0)) == []
    where, *_ = citizen.take(Smalltalk)
    again = citizen.take(HearReport)
    assert titles(where)[0] == citizen.services.speech.words.say("repair.go_on")
    assert len(again) == 1 and again[0].text in said(citizen, "again_report_contact")


@pytest.mark.parametrize("hours", [0.0, 11.9])
def test_a_shorter_silence_is_none(citizen: Citizen, hours: float) -> None:
    at(citizen, Ask.CONTACT)
    assert len(citizen.say(PHONE, "inform", silent_hours=hours)) == 1


def test_without_a_report_nothing_is_said_of_the_silence(citizen: Citizen) -> None:
    (where,) = citizen.say("路灯坏了", silent_hours=50.0)
    assert where.text == citizen.services.speech.words.say("report.ask_place")


# -- a rating ----------------------------------------------------------------------------------------------------


def test_in_a_rating_waiting_and_why_do_not_count_as_answers(citizen: Citizen, services: Services) -> None:
    citizen.slots |= {"requested_slot": "rating_words", "rating_number": "x"}
    assert citizen.take(HearRating, message("等一下，我想想", "hold_on")) == []
    assert citizen.take(HearRating, message("问这个干嘛", "why_asked")) == []


@pytest.fixture(autouse=True)
def _known(services: Services, run: Callable[..., Any]) -> None:
    conversation(services)
