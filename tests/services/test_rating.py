"""The citizen's say after closure."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.rating import NothingToRate, Question, Rating, Tone
from kb.lifecycle import Status
from kb.satisfaction.levels import Level
from tests.builders import LAMP_AGAIN, RUBBISH, conversation, dispatched, filed, read
from tests.fakes import FakeClock, FakeDispatcher

Q = Question
GOOD, BAD = Level.SATISFIED, Level.DISSATISFIED


@pytest.fixture
def number(services: Services, dispatcher: FakeDispatcher) -> str:
    """The number of a closed ticket of citizen-1."""
    complaint, request = dispatched(services)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    return complaint.number


def answer(services: Services, number: str, question: Question, value: Any) -> Rating:
    return services.rating.answer(conversation(services).id, number, question, value)


def say(
    services: Services, text: str, tone: Tone = Tone.OTHER, *, asked: Question | None = None, number: str | None = None
) -> Rating:
    return services.rating.hear(conversation(services).id, number, text, tone, asked=asked)


def status(services: Services, number: str) -> Status:
    with services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
    assert complaint is not None
    return complaint.status


def go_through(services: Services, number: str, values: dict[Question, Any]) -> tuple[Rating, list[Question]]:
    """Answer whatever is asked; gives the end and the questions in their order."""
    rating, seen = services.rating.current(conversation(services).id, number), []
    while rating.question is not None:
        seen.append(rating.question)
        rating = answer(services, number, rating.question, values[rating.question])
    return rating, seen


@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("contacted", [True, False])
def test_reasons_are_asked_of_those_who_are_not_content_and_the_public_word_of_those_who_are(
    services: Services, number: str, solved: bool, level: Level, contacted: bool
) -> None:
    values = {
        Q.SOLVED: solved,
        Q.SATISFIED: level,
        Q.CONTACTED: contacted,
        Q.REASON: "nobody_came",
        Q.WORDS: "没人来修",
        Q.MEDIA: False,
    }

    rating, seen = go_through(services, number, values)

    unhappy = not solved or not level.good
    assert seen == [Q.SOLVED, Q.SATISFIED, Q.CONTACTED, *([Q.REASON, Q.WORDS] if unhappy else [Q.MEDIA])]
    feedback = rating.feedback
    assert (feedback.solved, feedback.level, feedback.contacted) == (solved, level, contacted)
    assert (feedback.reasons, feedback.words) == ((("nobody_came",), "没人来修") if unhappy else (None, None))
    assert feedback.finished_at == services.clock()
    assert status(services, number) is (Status.RATED if level.good else Status.RECHECKING)


def test_a_broken_off_rating_goes_on_where_it_stopped(services: Services, number: str) -> None:
    answer(services, number, Q.SOLVED, True)

    assert services.rating.current(conversation(services).id).question is Q.SATISFIED
    assert status(services, number) is Status.CLOSED


def test_an_answer_may_be_changed_until_the_verdict_counts(services: Services, number: str) -> None:
    answer(services, number, Q.SOLVED, True)
    assert answer(services, number, Q.SOLVED, False).feedback.solved is False
    answer(services, number, Q.SOLVED, True)
    answer(services, number, Q.SATISFIED, GOOD)
    decided = answer(services, number, Q.CONTACTED, True)
    assert (decided.question, status(services, number)) == (Q.MEDIA, Status.RATED)

    changed = answer(services, number, Q.SATISFIED, BAD)

    assert changed.feedback.level is GOOD
    assert status(services, number) is Status.RATED


@pytest.mark.parametrize("said", [None, "", "   ", "\u200b"])
def test_what_somebody_will_not_say_is_left_unsaid(services: Services, number: str, said: str | None) -> None:
    for question, value in ((Q.SOLVED, False), (Q.SATISFIED, BAD), (Q.CONTACTED, False), (Q.REASON, "slow")):
        answer(services, number, question, value)

    done = answer(services, number, Q.WORDS, said)

    assert (done.question, done.feedback.words) == (None, "")
    assert status(services, number) is Status.RECHECKING


def test_no_reason_at_all_is_an_answer(services: Services, number: str) -> None:
    for question, value in ((Q.SOLVED, False), (Q.SATISFIED, BAD), (Q.CONTACTED, False)):
        answer(services, number, question, value)

    done = answer(services, number, Q.REASON, None)

    assert (done.question, done.feedback.reasons, done.feedback.words) == (None, (), "")


def test_several_reasons_may_be_chosen_each_once_and_are_not_offered_again(services: Services, number: str) -> None:
    for question, value in ((Q.SOLVED, False), (Q.SATISFIED, BAD), (Q.CONTACTED, False)):
        answer(services, number, question, value)
    offered = [one.id for one in services.rating.current(conversation(services).id, number).reasons]
    assert offered[0] == "lamp_still_dark", "those of street lamps come first"

    for reason in ("nobody_came", "lamp_still_dark", "nobody_came"):
        rating = answer(services, number, Q.REASON, reason)

    assert rating.question is Q.WORDS
    assert rating.feedback.reasons == ("nobody_came", "lamp_still_dark")
    assert not {"nobody_came", "lamp_still_dark"} & {one.id for one in rating.reasons}


def test_long_words_are_cut(services: Services, number: str) -> None:
    for question, value in ((Q.SOLVED, False), (Q.SATISFIED, BAD), (Q.CONTACTED, False), (Q.REASON, "slow")):
        answer(services, number, question, value)

    assert len(answer(services, number, Q.WORDS, "差" * 2_000).feedback.words or "") == 500


@pytest.mark.parametrize(
    ("question", "value"),
    [
        *((Q.SOLVED, "yes"), (Q.SOLVED, None), (Q.SATISFIED, True), (Q.SATISFIED, "满意"), (Q.CONTACTED, None)),
        *((Q.REASON, True), (Q.REASON, "no_such_reason"), (Q.WORDS, True), (Q.MEDIA, None), (Q.SURVEY, True)),
    ],
)
def test_an_answer_of_the_wrong_kind_is_a_fault_of_the_program_and_changes_nothing(
    services: Services, number: str, question: Question, value: Any
) -> None:
    before = services.rating.current(conversation(services).id, number)
    with pytest.raises(ValueError, match=question):
        answer(services, number, question, value)
    assert services.rating.current(conversation(services).id, number) == before


def test_a_finished_rating_cannot_be_given_again(services: Services, number: str) -> None:
    for question, value in ((Q.SOLVED, True), (Q.SATISFIED, GOOD), (Q.CONTACTED, True), (Q.MEDIA, True)):
        answer(services, number, question, value)

    with pytest.raises(NothingToRate):
        answer(services, number, Q.SOLVED, False)
    with pytest.raises(NothingToRate):
        services.rating.current(conversation(services).id)


@pytest.mark.parametrize(("days", "asked"), [(13.99, True), (14, False), (400, False)])
def test_a_rating_ends_after_its_time(
    services: Services, number: str, clock: FakeClock, days: float, asked: bool
) -> None:
    clock.move(days=days)

    for named in (number, None):
        if asked:
            assert services.rating.current(conversation(services).id, named).question is Q.SOLVED
        else:
            with pytest.raises(NothingToRate):
                services.rating.current(conversation(services).id, named)
            with pytest.raises(NothingToRate):
                say(services, "满意", number=named)
    assert status(services, number) is Status.CLOSED


def test_what_is_not_closed_cannot_be_rated(services: Services) -> None:
    complaint = filed(services)

    with pytest.raises(NothingToRate):
        services.rating.current(conversation(services).id, complaint.number)


@pytest.mark.parametrize("number", ["481720935562", "", "nonsense"])
def test_a_number_that_nobody_has_cannot_be_rated(services: Services, number: str) -> None:
    with pytest.raises(NothingToRate):
        services.rating.answer(conversation(services).id, number, Q.SOLVED, True)


def test_nobody_rates_the_ticket_of_somebody_else(services: Services, number: str) -> None:
    with pytest.raises(NothingToRate):
        services.rating.answer(conversation(services, "citizen-2").id, number, Q.SOLVED, True)
    with pytest.raises(NothingToRate):
        services.rating.current(conversation(services, "citizen-2").id)
    with pytest.raises(NothingToRate):
        services.rating.current("no such conversation", number)


def test_everybody_who_joined_rates_for_oneself(services: Services, dispatcher: FakeDispatcher) -> None:
    main, request = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    for question, value in ((Q.SOLVED, True), (Q.SATISFIED, GOOD), (Q.CONTACTED, True)):
        answer(services, main.number, question, value)

    assert read(services, main).status is Status.RATED
    assert read(services, joined).status is Status.CLOSED
    assert services.rating.current(conversation(services, "citizen-2").id).question is Q.SOLVED


def test_of_several_closed_tickets_the_last_one_is_asked_about(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    numbers = []
    for text, draft_id in ((LAMP_AGAIN, "draft-1"), (RUBBISH, "draft-2")):
        complaint, request = dispatched(services, text, draft_id=draft_id)
        dispatcher.do(request, "closed", note="好了")
        services.dispatching.poll()
        clock.move(hours=1)
        numbers.append(complaint.number)

    assert services.rating.current(conversation(services).id).number == numbers[-1]


# -- in words ----------------------------------------------------------------------------------------------------


def test_nobody_came_says_neither_contacted_nor_solved_and_why(services: Services, number: str) -> None:
    rating = say(services, "根本没人来", Tone.BAD)

    feedback = rating.feedback
    assert (feedback.contacted, feedback.solved, feedback.level) == (False, False, None)
    assert (feedback.reasons, feedback.words) == (("nobody_came",), "根本没人来")
    assert rating.question is Q.SATISFIED, "how satisfied somebody is nobody else may say"


def test_so_so_is_basically_satisfied(services: Services, number: str) -> None:
    assert say(services, "还行吧", Tone.GOOD).feedback.level is Level.BASICALLY


@pytest.mark.parametrize("text", ["一般吧", "不好说", "修好了，又不亮了没人管，修好了"])
def test_what_may_mean_this_or_that_is_asked_again_whatever_the_classifier_says(
    services: Services, number: str, text: str
) -> None:
    for tone, asked in itertools.product((Tone.GOOD, Tone.BAD, Tone.OTHER), (Q.SOLVED, Q.SATISFIED)):
        if asked is Q.SATISFIED:
            answer(services, number, Q.SOLVED, True)
        rating = say(services, text, tone, asked=asked)
        assert rating.feedback.level is None


def test_what_nobody_understands_changes_nothing_and_says_so(services: Services, number: str) -> None:
    before = services.rating.current(conversation(services).id)

    rating = say(services, "今天天气不错啊哈哈哈你说呢", asked=Q.SOLVED)
    rating = say(services, "嗯呐哈", asked=Q.SOLVED)

    assert not rating.understood
    assert rating.question is Q.SOLVED
    assert services.rating.current(conversation(services).id).feedback.solved is before.feedback.solved is None


@pytest.mark.parametrize(("text", "tone"), [("对", Tone.OTHER), ("是的是的", Tone.OTHER), ("必须的嘛", Tone.YES)])
def test_a_plain_yes_answers_what_was_asked_and_nothing_else(
    services: Services, number: str, text: str, tone: Tone
) -> None:
    first = say(services, text, tone, asked=Q.SOLVED)
    assert (first.feedback.solved, first.feedback.level) == (True, None)
    assert say(services, text, tone).feedback.level is None, "yes to nothing is nothing"
    answer(services, number, Q.SATISFIED, GOOD)
    assert say(services, text, tone, asked=Q.CONTACTED).feedback.contacted is True
    done = say(services, text, tone, asked=Q.MEDIA)
    assert (done.question, done.feedback.media) == (None, True)


def test_whatever_is_said_to_the_question_why_is_kept_word_for_word(services: Services, number: str) -> None:
    for question, value in ((Q.SOLVED, False), (Q.SATISFIED, BAD), (Q.CONTACTED, False)):
        answer(services, number, question, value)

    done = say(services, "都三天了，来了看了一眼就走了，满意个鬼", Tone.OTHER, asked=Q.REASON)

    assert done.question is None
    assert done.feedback.words == "都三天了，来了看了一眼就走了，满意个鬼"
    assert done.feedback.reasons == ("only_looked",)


def test_words_never_overwrite_what_was_tapped_before(services: Services, number: str) -> None:
    answer(services, number, Q.SOLVED, True)

    rating = say(services, "不满意，又坏了", asked=Q.SATISFIED)

    assert (rating.feedback.solved, rating.feedback.level) == (True, BAD)


def test_a_scale_of_two_has_two_levels(settings: Any, services: Services, number: str) -> None:
    from dataclasses import replace

    two = replace(services.rating, satisfaction=replace(
        services.satisfaction, rules=replace(services.satisfaction.rules, levels=2)
    ))  # fmt: skip
    at = conversation(services).id

    assert two.hear(at, number, "还行吧", Tone.OTHER, asked=Q.SATISFIED).feedback.level is Level.SATISFIED
    assert two.hear(at, number, "非常不满意", Tone.OTHER, asked=Q.SATISFIED).feedback.level is not None
