"""The citizen's say after closure."""

from __future__ import annotations

import pytest

from integrations.bootstrap import Services
from integrations.services.casework import RATING_OPEN
from integrations.services.rating import NothingToRate, Question, Rating
from kb.lifecycle import Status
from tests.builders import LAMP_AGAIN, RUBBISH, conversation, dispatched, filed, read
from tests.fakes import FakeClock, FakeDispatcher

Q = Question


@pytest.fixture
def number(services: Services, dispatcher: FakeDispatcher) -> str:
    """The number of a closed ticket of citizen-1."""
    complaint, request = dispatched(services)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    return complaint.number


def answer(services: Services, number: str, question: Question, value: bool | str | None) -> Rating:
    return services.rating.answer(conversation(services).id, number, question, value)


def status(services: Services, number: str) -> Status:
    with services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
    assert complaint is not None
    return complaint.status


@pytest.mark.parametrize(
    ("solved", "satisfied", "asked"),
    [
        (True, True, [Q.SOLVED, Q.SATISFIED, Q.CONTACTED]),
        (True, False, [Q.SOLVED, Q.SATISFIED, Q.CONTACTED, Q.REASON]),
        (False, True, [Q.SOLVED, Q.SATISFIED, Q.CONTACTED, Q.REASON]),
        (False, False, [Q.SOLVED, Q.SATISFIED, Q.CONTACTED, Q.REASON]),
    ],
)
@pytest.mark.parametrize("contacted", [True, False])
def test_the_reason_is_asked_only_of_those_who_are_not_content(
    services: Services, number: str, solved: bool, satisfied: bool, contacted: bool, asked: list[Question]
) -> None:
    values = {Q.SOLVED: solved, Q.SATISFIED: satisfied, Q.CONTACTED: contacted, Q.REASON: "没人来修"}
    rating, seen = services.rating.current(conversation(services).id, number), []
    while rating.question is not None:
        seen.append(rating.question)
        rating = answer(services, number, rating.question, values[rating.question])

    assert seen == asked
    assert status(services, number) is Status.RATED
    feedback = rating.feedback
    assert (feedback.solved, feedback.satisfied, feedback.contacted) == (solved, satisfied, contacted)
    assert feedback.reason == ("没人来修" if Q.REASON in asked else None)
    assert feedback.finished_at == services.clock()


def test_a_broken_off_rating_goes_on_where_it_stopped(services: Services, number: str) -> None:
    answer(services, number, Q.SOLVED, True)

    assert services.rating.current(conversation(services).id).question is Q.SATISFIED
    assert status(services, number) is Status.CLOSED


def test_an_answer_may_be_changed_while_the_rating_is_open(services: Services, number: str) -> None:
    answer(services, number, Q.SOLVED, True)

    assert answer(services, number, Q.SOLVED, False).feedback.solved is False


@pytest.mark.parametrize("said", [None, "", "   ", "\u200b"])
def test_a_reason_may_be_left_unsaid(services: Services, number: str, said: str | None) -> None:
    for question in (Q.SOLVED, Q.SATISFIED, Q.CONTACTED):
        answer(services, number, question, False)

    assert answer(services, number, Q.REASON, said).question is None
    assert status(services, number) is Status.RATED


def test_a_long_reason_is_cut(services: Services, number: str) -> None:
    for question in (Q.SOLVED, Q.SATISFIED, Q.CONTACTED):
        answer(services, number, question, False)

    assert len(answer(services, number, Q.REASON, "差" * 2_000).feedback.reason or "") == 500


@pytest.mark.parametrize(("question", "value"), [(Q.SOLVED, "yes"), (Q.SATISFIED, None), (Q.REASON, True)])
def test_an_answer_of_the_wrong_kind_is_a_fault_of_the_program(
    services: Services, number: str, question: Question, value: bool | str | None
) -> None:
    with pytest.raises(ValueError, match=question):
        answer(services, number, question, value)


def test_a_finished_rating_cannot_be_given_again(services: Services, number: str) -> None:
    for question in (Q.SOLVED, Q.SATISFIED, Q.CONTACTED):
        answer(services, number, question, True)

    with pytest.raises(NothingToRate):
        answer(services, number, Q.SOLVED, False)
    with pytest.raises(NothingToRate):
        services.rating.current(conversation(services).id)


def test_a_rating_ends_after_its_time(services: Services, number: str, clock: FakeClock) -> None:
    clock.now += RATING_OPEN

    with pytest.raises(NothingToRate):
        services.rating.current(conversation(services).id, number)
    with pytest.raises(NothingToRate):
        services.rating.current(conversation(services).id)
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


def test_everybody_who_joined_rates_for_oneself(services: Services, dispatcher: FakeDispatcher) -> None:
    main, request = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    for question in (Q.SOLVED, Q.SATISFIED, Q.CONTACTED):
        answer(services, main.number, question, True)

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
