"""Questions: answered with source and date, offered to choose from, or passed on; complaints are still taken in."""

from collections.abc import Callable
from typing import Any

import pytest

from actions.question import AnswerQuestion
from actions.report import HearReport
from actions.unclear import NotUnderstood
from integrations.bootstrap import Services
from integrations.services.records import Bubble
from kb.request_types import RequestType
from kb.request_types import Verdict as RequestVerdict
from tests.actions.conftest import Citizen, any_way, message

ASKED = "供暖室温标准是多少度？"


class Asking:
    """Request types that take everything for a question."""

    def judge(self, _text: str) -> RequestVerdict:
        return RequestVerdict(RequestType.QUESTION, 0.9)


@pytest.fixture
def curious(services: Services, run: Callable[..., Any]) -> Citizen:
    """One whose words are all taken for questions."""
    services.replacements["request_types"] = Asking()
    return Citizen(services, run, "citizen-3")


def words(citizen: Citizen, key: str, **gaps: object) -> str:
    return any_way(citizen.services, key, **gaps)


def titles(bubble: Bubble) -> list[str]:
    return [option.title for option in bubble.options]


def ask(citizen: Citizen, text: str) -> Bubble:
    (said,) = citizen.take(AnswerQuestion, message(text, "ask_question"))
    return said


def tap(citizen: Citizen, bubble: Bubble, title: str) -> Bubble:
    (payload,) = (one.payload for one in bubble.options if one.title == title)
    intent, _, rest = payload.removeprefix("/").partition("{")
    assert intent == "ask_question"
    (said,) = citizen.take(AnswerQuestion, message(title, intent, option=rest.split('"')[3]))
    return said


def test_what_the_city_knows_is_answered_with_source_and_date(curious: Citizen) -> None:
    said = ask(curious, ASKED)
    entry = curious.services.answers.get("heat-eighteen")
    assert entry is not None
    assert entry.answer in said.text and entry.source in said.text and "2014年9月" in said.text
    assert titles(said) == [words(curious, "answers.still_report"), words(curious, "answers.others")]


def test_what_the_owner_has_not_confirmed_says_so(curious: Citizen) -> None:
    entry = next(one for one in curious.services.answers.entries if one.confirm)
    (said,) = curious.take(AnswerQuestion, message(entry.question, "ask_question", option=f"answer:{entry.id}"))
    assert words(curious, "answers.to_confirm", owner=entry.owner) in said.text


def test_the_wrong_answer_leads_to_the_nearest_others_and_from_there_to_passing_it_on(curious: Citizen) -> None:
    others = tap(curious, ask(curious, ASKED), words(curious, "answers.others"))
    assert others.text == words(curious, "answers.near") and len(others.options) == 4
    assert curious.services.answers.get("heat-eighteen").question not in titles(others)  # type: ignore[union-attr]
    answer = tap(curious, others, titles(others)[0])
    assert titles(answer)[-1] == words(curious, "answers.others")
    unknown = tap(curious, others, words(curious, "answers.none_of_these"))
    assert unknown.text == words(curious, "answers.unknown")
    assert curious.slots["said_before"] == ASKED
    (contact,) = curious.say("好，帮我转", "start_report", option="pass_on")
    assert curious.draft is not None and ASKED in curious.draft.description
    assert contact.text == words(curious, "report.ask_contact")
    (card,) = curious.tap("contact:anonymous")
    assert card.card is not None and [row["label"] for row in card.card["rows"]] == ["问题", "联系"]
    (ticket,) = curious.tapped(card, words(curious, "report.submit"))
    assert ticket.card is not None and ticket.card["kind"] == "ticket"


def test_who_has_no_need_is_let_go(curious: Citizen) -> None:
    (said,) = curious.take(AnswerQuestion, message("不用了", "ask_question", option="answer:enough"))
    assert said.text == words(curious, "repair.left")


def test_an_answer_that_is_gone_is_not_made_up(curious: Citizen) -> None:
    (said,) = curious.take(AnswerQuestion, message("x", "ask_question", option="answer:gone"))
    assert said.text == words(curious, "answers.unknown")


def test_a_question_that_is_not_sure_offers_questions_to_choose_from(citizen: Citizen) -> None:
    said = ask(citizen, "遛狗要不要办个什么手续呀，老家带来的")
    assert said.text == words(citizen, "answers.near") and 2 <= len(said.options) <= 4


def test_in_the_middle_of_a_report_it_is_answered_and_the_report_goes_on(curious: Citizen) -> None:
    curious.services.replacements["request_types"] = Asking()
    (where,) = curious.say("路灯坏了", "report")
    assert where.text == words(curious, "report.ask_place")
    draft = curious.draft
    said = ask(curious, ASKED)
    assert "18度" in said.text and said.options == ()
    assert curious.draft == draft is not None
    (again,) = curious.take(HearReport)
    assert again.text == words(curious, "repair.again_report_place")


def test_in_the_middle_of_a_report_what_nobody_knows_is_not_made_up(citizen: Citizen) -> None:
    citizen.say("路灯坏了")
    said = ask(citizen, "明天会下雨吗")
    assert said.text == words(citizen, "answers.unknown_now") and said.options == ()


def test_a_question_that_came_as_a_complaint_is_answered_before_any_form(curious: Citizen) -> None:
    (said,) = curious.say(ASKED)
    assert "18度" in said.text
    assert curious.draft is None and curious.asked is None
    curious.say("我还要反映", "start_report", option="said_before")
    assert curious.draft is not None and curious.draft.description == ASKED


def test_who_speaks_of_a_danger_is_helped_and_not_informed(curious: Citizen) -> None:
    danger, *_ = curious.say("厨房煤气味很大，闻到煤气味应该怎么办？")
    assert danger.card is not None and danger.card["kind"] == "danger"
    assert curious.draft is not None


def test_a_complaint_is_taken_in(citizen: Citizen) -> None:
    (where,) = citizen.say("小区门口的路灯坏了怎么没人管")
    assert where.text == words(citizen, "report.ask_place")


def test_a_question_that_rasa_did_not_understand_is_answered(curious: Citizen) -> None:
    (said,) = curious.take(NotUnderstood, message(ASKED, "nlu_fallback"))
    assert "18度" in said.text and curious.slots["said_before"] == ASKED
