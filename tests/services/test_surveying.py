"""Survey campaigns: each person once, up to three questions, nothing personal in the results."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.rating import Tone
from integrations.services.records import Complaint
from integrations.services.satisfaction_records import AnswerKind, SurveyQuestion
from integrations.services.surveying import Asked, Invited, NoSurvey, Person, counts, read_person
from tests.builders import PHONE, RUBBISH, conversation, filed, notices, relay_all
from tests.fakes import FakeClock

K = AnswerKind
QUESTIONS = (
    SurveyQuestion(K.YES_NO, "今年冬天家里热吗？"),
    SurveyQuestion(K.LEVELS, "对供热服务满意吗？"),
    SurveyQuestion(K.WORDS, "您还有什么建议？"),
)


@pytest.fixture
def complaint(services: Services) -> Complaint:
    made = filed(services)
    relay_all(services)
    return made


def create(services: Services, *people: Person, questions: Any = QUESTIONS, **more: Any) -> Invited:
    return services.surveying.create("供热回访", questions, people, **{"by": "孙丽", **more})


@pytest.fixture
def sent(services: Services, complaint: Complaint) -> int:
    """A survey that was sent to citizen-1."""
    made = create(services, Person(2, ticket=complaint.number))
    assert services.surveying.send(made.survey.id) == 1
    relay_all(services)
    return made.survey.id


def at(services: Services, address: str = "citizen-1") -> str:
    return conversation(services, address).id


def say(services: Services, text: str, tone: Tone = Tone.OTHER) -> Asked:
    return services.surveying.hear(at(services), None, text, tone)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("４３３４ 2518 7073", ("433425187073", None)),
        ("13812345678", (None, "13812345678")),
        ("+86 138-1234-5678", (None, "13812345678")),
        ("0532-88886666", (None, "053288886666")),
        *((text, None) for text in ("", "张三", "1234", "433425187074")),
    ],
)
def test_a_line_of_the_list_is_a_ticket_or_a_phone(text: str, found: Any) -> None:
    person = read_person(7, text)
    assert (person and (person.ticket, person.phone)) == found
    assert "138" not in repr(person)


def test_nobody_is_asked_before_it_is_sent(services: Services, complaint: Complaint) -> None:
    create(services, Person(2, ticket=complaint.number))
    relay_all(services)
    assert not any("供热回访" in one for one in notices(services))
    with pytest.raises(NoSurvey):
        services.surveying.current(at(services))


def test_a_list_is_read_each_person_once_and_says_whom_nobody_knows(services: Services, complaint: Complaint) -> None:
    second = filed(services, RUBBISH, draft_id="draft-2")
    other = filed(services, RUBBISH, address="citizen-9", draft_id="draft-9", phone="13900001111")
    numbers = (complaint.number, second.number, complaint.number, other.number, "481720935561")

    made = create(services, *(Person(line, ticket=number) for line, number in enumerate(numbers, 2)))

    assert (made.people, made.twice, made.unknown) == (2, 2, (6,))


def test_one_phone_in_two_conversations_is_one_person(services: Services, complaint: Complaint) -> None:
    same = filed(services, RUBBISH, address="citizen-9", draft_id="draft-9", phone=PHONE)
    made = create(services, Person(2, ticket=complaint.number), Person(3, ticket=same.number))
    assert (made.people, made.twice) == (1, 1)


def test_a_phone_finds_our_citizen_by_the_latest_ticket(services: Services, complaint: Complaint) -> None:
    made = create(services, Person(2, phone=PHONE), Person(3, phone="13900009999"))
    assert (made.people, made.unknown) == (1, (3,))


@pytest.mark.parametrize(
    "more",
    [
        {"questions": ()},
        {"questions": (*QUESTIONS, QUESTIONS[0])},
        {"questions": (SurveyQuestion(K.WORDS, ""),)},
        {"questions": (SurveyQuestion(K.WORDS, "问" * 121),)},
        {"by": " "},
        {"open_days": 0},
        {"open_days": 61},
    ],
)
def test_a_survey_that_cannot_be_is_refused(services: Services, complaint: Complaint, more: Any) -> None:
    with pytest.raises(Rejected):
        create(services, Person(2, ticket=complaint.number), **more)
    assert services.surveying.surveys() == []


def test_a_list_that_names_nobody_leaves_nothing_behind(services: Services) -> None:
    with pytest.raises(Rejected, match="nobody"):
        create(services, Person(2, ticket="481720935561"))
    assert services.surveying.surveys() == []


def test_it_is_told_once_with_its_first_question(services: Services, sent: int) -> None:
    with pytest.raises(Rejected, match="sent before"):
        services.surveying.send(sent)
    relay_all(services)
    (told,) = [one for one in notices(services) if "供热回访" in one]
    assert "一共3个问题" in told and "家里热吗" in told


def test_answers_by_words_are_kept_as_they_come(services: Services, sent: int) -> None:
    assert not say(services, "今天下雨").understood
    assert say(services, "是的").invitation.answers == ("1",)
    assert not say(services, "一般", Tone.GOOD).understood, "which level that is nobody else may say"
    assert say(services, "还行吧").invitation.answers == ("1", "基本满意")
    with pytest.raises(NoSurvey):
        services.surveying.current(at(services, "citizen-2"))

    done = say(services, "早点供暖，电话13912345678")

    assert done.done
    with pytest.raises(NoSurvey):
        services.surveying.current(at(services))


def test_a_button_counts_once_and_only_for_its_question(services: Services, sent: int) -> None:
    invitation = services.surveying.current(at(services)).invitation.id

    def tap(place: int, value: str) -> Asked:
        return services.surveying.answer(at(services), invitation, place, value)

    assert tap(0, "0").invitation.answers == ("0",)
    assert tap(0, "1").invitation.answers == ("0",), "a second tap on the same button changes nothing"
    assert tap(2, "skip").invitation.answers == ("0",)
    assert not tap(1, "moon").understood
    assert tap(1, "very_dissatisfied").invitation.answers == ("0", "非常不满意")
    assert tap(2, "skip").done
    with pytest.raises(NoSurvey):
        tap(2, "skip")


def test_nobody_answers_for_somebody_else(services: Services, sent: int) -> None:
    invitation = services.surveying.current(at(services)).invitation.id
    for number in (invitation, 0, 999, -1):
        with pytest.raises(NoSurvey):
            services.surveying.answer(at(services, "citizen-2"), number, 0, "1")


def test_after_its_time_and_after_stopping_nothing_is_asked(
    services: Services, complaint: Complaint, sent: int, clock: FakeClock
) -> None:
    clock.move(days=13.9)
    assert services.surveying.current(at(services)).survey.id == sent
    clock.move(days=0.1)
    with pytest.raises(NoSurvey):
        services.surveying.current(at(services))

    second = create(services, Person(2, ticket=complaint.number)).survey.id
    services.surveying.send(second)
    services.surveying.stop(second)
    relay_all(services)
    assert sum("供热回访" in one for one in notices(services)) == 1, "the notice that was on its way is not told"
    with pytest.raises(NoSurvey):
        services.surveying.current(at(services))
    for refused in (services.surveying.stop, services.surveying.send):
        with pytest.raises(Rejected):
            refused(second)


def test_two_surveys_are_asked_one_after_the_other(services: Services, complaint: Complaint, sent: int) -> None:
    later = create(services, Person(2, ticket=complaint.number), questions=QUESTIONS[:1]).survey.id
    services.surveying.send(later)

    assert services.surveying.current(at(services)).survey.id == sent
    for text in ("是", "满意", "没了"):
        say(services, text)
    assert services.surveying.current(at(services)).survey.id == later


def test_results_name_nobody(services: Services, complaint: Complaint, sent: int) -> None:
    for text in ("是", "满意", f"打我{PHONE}"):
        say(services, text)

    survey, people, rows = services.surveying.results(sent)

    assert (people, len(rows)) == (1, 1)
    assert rows[0].answers[:2] == ("1", "满意")
    assert counts(rows, 1) == {"满意": 1}
    shown = repr(rows) + repr(survey)
    for personal in (PHONE, complaint.number, complaint.id, complaint.citizen_id, "翠湖", "合肥路"):
        assert personal not in shown


def test_answers_so_far_count_too(services: Services, sent: int) -> None:
    say(services, "不是")
    _, _, rows = services.surveying.results(sent)
    assert [row.answers for row in rows] == [("0",)]
    assert counts(rows, 2) == {}
