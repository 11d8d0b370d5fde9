"""The rating after closure and the questions of a survey, as the citizen meets them."""

from __future__ import annotations

from typing import Any

import pytest

from actions.feedback import HearRating
from integrations.bootstrap import Services
from integrations.services.casework import DepartmentUpdate
from integrations.services.rating import Question
from integrations.services.records import Bubble
from integrations.services.satisfaction_records import AnswerKind, Feedback, SurveyQuestion
from integrations.services.surveying import Person
from kb.lifecycle import Status
from kb.satisfaction.levels import Level
from kb.ticket_number import display
from tests.actions.conftest import Citizen, any_way, message
from tests.builders import dispatched, filed, read, relay_all

NUMBER_OF_NOBODY = "481720935561"
FIVE = [level.value for level in Level]


@pytest.fixture
def closed(services: Services) -> str:
    """The number of a ticket that the department closed."""
    complaint, request = dispatched(services)
    update = DepartmentUpdate(1, "closed", services.clock(), "市北区城市管理局", "灯换好了。", by="李明")
    services.casework.apply(request, update)
    assert read(services, complaint).status == "closed"
    return complaint.number


def words(citizen: Citizen, key: str, **gaps: object) -> str:
    return any_way(citizen.services, f"feedback.{key}", **gaps)


def rate(citizen: Citizen, text: str, intent: str = "rate", **how: Any) -> Bubble:
    """What is answered last."""
    return citizen.take(HearRating, message(text, intent, **how))[-1]


def tap(citizen: Citizen, bubble: Bubble, title: str) -> Bubble:
    """Tap the button with this title."""
    (payload,) = (one.payload for one in bubble.options if one.title == title)
    return rate(citizen, title, option=payload.split('"')[3])


def titles(bubble: Bubble) -> list[str]:
    return [one.title for one in bubble.options]


def feedback(citizen: Citizen, number: str) -> Feedback:
    with citizen.services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
        found = tx.feedbacks.of_complaint(complaint.id) if complaint else None
    assert found is not None
    return found


def status(citizen: Citizen, number: str) -> Status:
    with citizen.services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
    assert complaint is not None
    return complaint.status


def test_a_good_rating_is_four_taps(citizen: Citizen, closed: str) -> None:
    satisfied = rate(citizen, "解决了", option=f"{closed}:solved:yes")
    assert (satisfied.text, titles(satisfied)) == (words(citizen, "ask_satisfied"), FIVE)
    contacted = tap(citizen, satisfied, "满意")
    assert contacted.text == words(citizen, "ask_contacted")
    media = tap(citizen, contacted, "联系过")
    assert media.text == words(citizen, "ask_media")
    assert status(citizen, closed) is Status.RATED, "the verdict counts before the last question"
    assert tap(citizen, media, "可以讲").text == words(citizen, "thanks_media")
    assert citizen.asked is None
    assert feedback(citizen, closed).media is True


def test_a_bad_rating_asks_why_by_reasons_of_its_category_and_keeps_words(citizen: Citizen, closed: str) -> None:
    satisfied = rate(citizen, "没解决", option=f"{closed}:solved:no")
    why = tap(citizen, tap(citizen, satisfied, "非常不满意"), "没联系")
    assert why.text == words(citizen, "ask_reason")
    assert titles(why)[0] == "灯还是不亮" and titles(why)[-1] == "不想说"
    more = tap(citizen, why, "没人来过")
    assert more.text == words(citizen, "ask_words") and "没人来过" not in titles(more)
    thanks = rate(citizen, "打了三次电话都推给物业", "report")
    assert thanks.text == words(citizen, "thanks_recheck", number=display(closed))
    kept = feedback(citizen, closed)
    assert kept.reasons == ("nobody_came", "passed_on") and kept.words == "打了三次电话都推给物业"
    assert status(citizen, closed) is Status.RECHECKING


def test_nobody_came_is_understood_out_of_the_blue(citizen: Citizen, closed: str) -> None:
    satisfied = rate(citizen, "根本没人来", "rate_dissatisfied")
    assert satisfied.text == words(citizen, "ask_satisfied")
    thanks = rate(citizen, "一点都不满意", "rate_dissatisfied")
    assert thanks.text == words(citizen, "thanks_recheck", number=display(closed))
    kept = feedback(citizen, closed)
    assert (kept.contacted, kept.solved, kept.level) == (False, False, Level.VERY_DISSATISFIED)
    assert kept.words == "根本没人来"


def test_so_so_is_basically_satisfied_and_the_rest_is_asked(citizen: Citizen, closed: str) -> None:
    assert rate(citizen, "还行吧", "rate_satisfied").text == words(citizen, "ask_solved", number=display(closed))
    assert feedback(citizen, closed).level is Level.BASICALLY
    assert rate(citizen, "修好了", "rate_satisfied").text == words(citizen, "ask_contacted")
    assert rate(citizen, "没人联系我", "rate_dissatisfied").text == words(citizen, "ask_media")
    assert rate(citizen, "别", "deny").text == words(citizen, "thanks_no_media")


def test_what_was_not_understood_is_said_so_and_asked_again(citizen: Citizen, closed: str) -> None:
    first = rate(citizen, "评价", "rate")
    said = citizen.take(HearRating, message("嗯你说呢这个天", "off_topic"))
    assert [one.text for one in said] == [words(citizen, "not_heard"), first.text]
    assert feedback(citizen, closed).solved is None


@pytest.mark.parametrize("text", ["一般般吧", "不好说"])
def test_a_doubtful_word_is_asked_about_whatever_the_classifier_makes_of_it(
    citizen: Citizen, closed: str, text: str
) -> None:
    rate(citizen, "解决了", option=f"{closed}:solved:yes")
    for intent in ("rate_satisfied", "rate_dissatisfied"):
        said = citizen.take(HearRating, message(text, intent))
        assert [one.text for one in said] == [words(citizen, "not_heard"), words(citizen, "ask_satisfied")]


def test_another_rating_is_thanked_for_only_once(citizen: Citizen, closed: str) -> None:
    test_a_good_rating_is_four_taps(citizen, closed)
    assert rate(citizen, "解决了", option=f"{closed}:solved:no").text == words(citizen, "nothing_to_rate")


def test_nobody_rates_a_ticket_of_somebody_else(neighbour: Citizen, closed: str) -> None:
    assert rate(neighbour, "没解决", option=f"{closed}:solved:no").text == words(neighbour, "nothing_to_rate")


@pytest.mark.parametrize(
    "option",
    [
        *("", "x", f"{NUMBER_OF_NOBODY}:solved:yes", "::", "1:moon:yes", "survey:", "survey:1:0:1", "survey:x:y:z"),
        "survey:99999999999999999999:0:1",
    ],
)
def test_a_button_that_means_nothing_harms_nothing(citizen: Citizen, option: str) -> None:
    filed(citizen.services)
    assert rate(citizen, "好", option=option).text == words(citizen, "nothing_to_rate")


@pytest.mark.parametrize("rest", ["moon:yes", "survey:yes", "satisfied:moon", "solved:moon", "reason:moon", "media:"])
def test_a_strange_answer_to_ones_own_ticket_asks_the_same(citizen: Citizen, closed: str, rest: str) -> None:
    assert rate(citizen, "好", option=f"{closed}:{rest}").text == words(citizen, "ask_solved", number=display(closed))


@pytest.mark.parametrize(("said", "level"), [("yes", Level.SATISFIED), ("no", Level.DISSATISFIED)])
def test_buttons_of_former_versions_still_count(citizen: Citizen, closed: str, said: str, level: Level) -> None:
    rate(citizen, "满意", option=f"{closed}:satisfied:{said}")
    assert feedback(citizen, closed).level is level


def test_an_old_button_of_a_question_that_is_answered_changes_the_answer(citizen: Citizen, closed: str) -> None:
    rate(citizen, "没解决", option=f"{closed}:solved:no")
    assert rate(citizen, "解决了", option=f"{closed}:solved:yes").text == words(citizen, "ask_satisfied")
    assert feedback(citizen, closed).solved is True


@pytest.mark.parametrize("intent", ["report", "report_again", "check_progress", "cancel", "ask_person"])
def test_what_is_meant_for_something_else_interrupts(citizen: Citizen, closed: str, intent: str) -> None:
    rate(citizen, "评价", "rate")
    assert citizen.take(HearRating, message("翠湖小区的垃圾桶满得冒尖", intent)) == []


def test_an_answer_that_sounds_like_a_report_is_an_answer(citizen: Citizen, closed: str) -> None:
    rate(citizen, "评价", "rate")
    rate(citizen, "门口的路灯还是不亮", "report")
    assert feedback(citizen, closed).solved is False


def test_own_words_are_the_answer_to_why_but_a_tapped_button_is_not(citizen: Citizen, closed: str) -> None:
    for rest in ("solved:no", "satisfied:dissatisfied", "contacted:no"):
        rate(citizen, "不", option=f"{closed}:{rest}")
    assert citizen.asked == Question.REASON
    assert citizen.take(HearRating, {**message("", "check_progress"), "text": "/check_progress"}) == []
    thanks = rate(citizen, "都三天了进度呢", "check_progress")
    assert thanks.text == words(citizen, "thanks_recheck", number=display(closed))
    assert feedback(citizen, closed).words == "都三天了进度呢"


def test_coming_back_to_the_form_only_asks_again(citizen: Citizen, closed: str) -> None:
    first = rate(citizen, "评价", "rate")
    citizen.last = message("不满意", "rate_dissatisfied")
    citizen.last["metadata"]["conversation_id"] = citizen.conversation_id
    citizen.events += [{"event": "user", "text": "x"}, {"event": "action", "name": "utter_greet"}]
    (again,) = citizen.take(HearRating)
    assert (again.text, again.options) == (
        citizen.services.speech.words.say("repair.again_rating_solved"),
        first.options,
    )
    assert feedback(citizen, closed).level is None


# -- surveys -----------------------------------------------------------------------------------------------------


@pytest.fixture
def survey(services: Services) -> int:
    """A survey that asks citizen-1; gives the number of the invitation."""
    complaint = filed(services)
    relay_all(services)
    questions = [SurveyQuestion(AnswerKind.YES_NO, "家里热吗？"), SurveyQuestion(AnswerKind.LEVELS, "满意吗？")]
    made = services.surveying.create("供热回访", questions, [Person(2, ticket=complaint.number)], by="孙丽")
    services.surveying.send(made.survey.id)
    with services.unit_of_work() as tx:
        return tx.surveys.invitations(made.survey.id)[0].id


def test_a_survey_is_answered_by_taps(citizen: Citizen, survey: int) -> None:
    second = rate(citizen, "是", option=f"survey:{survey}:0:1")
    assert (second.text, titles(second)) == ("满意吗？", FIVE)
    assert tap(citizen, second, "基本满意").text == words(citizen, "survey_thanks")
    assert citizen.asked is None
    assert tap(citizen, second, "满意").text == words(citizen, "nothing_to_rate")


def test_a_survey_is_answered_in_words(citizen: Citizen, survey: int) -> None:
    assert rate(citizen, "是", option=f"survey:{survey}:0:1").text == "满意吗？"
    said = citizen.take(HearRating, message("冬天真冷啊你说", "off_topic"))
    assert [one.text for one in said] == [words(citizen, "not_heard"), "满意吗？"]
    assert rate(citizen, "还行吧", "rate_satisfied").text == words(citizen, "survey_thanks")


def test_praise_out_of_the_blue_is_for_the_survey_where_no_ticket_waits(citizen: Citizen, survey: int) -> None:
    said = citizen.take(HearRating, message("不满意", "rate_dissatisfied"))
    assert "家里热吗" in said[-1].text, "the first question is a yes or no"
    assert citizen.asked == Question.SURVEY


def test_a_ticket_that_waits_goes_before_a_survey(citizen: Citizen, closed: str, survey: int) -> None:
    assert rate(citizen, "满意", "rate_satisfied").text == words(citizen, "ask_solved", number=display(closed))


@pytest.mark.parametrize("intent", ["report", "ask_question", "off_topic"])
def test_what_is_said_to_a_question_in_words_is_its_answer_whatever_it_sounds_like(
    services: Services, citizen: Citizen, intent: str
) -> None:
    complaint = filed(services)
    relay_all(services)
    made = services.surveying.create(
        "回访", [SurveyQuestion(AnswerKind.WORDS, "还想说什么？")], [Person(2, ticket=complaint.number)], by="孙丽"
    )
    services.surveying.send(made.survey.id)
    with services.unit_of_work() as tx:
        invitation = tx.surveys.invitations(made.survey.id)[0].id
    citizen.slots |= {"rating_number": f"survey:{invitation}", "requested_slot": str(Question.SURVEY)}
    assert rate(citizen, "站牌旁边再装个凳子", intent).text == words(citizen, "survey_thanks")
