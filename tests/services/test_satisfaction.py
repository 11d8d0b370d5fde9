"""What follows from a closure: one round each, one reminder, a verdict, a re-check, the questions again."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.bootstrap import Services
from integrations.services.rating import NothingToRate, Question, Tone
from integrations.services.records import Complaint, Task, UpdateKind
from integrations.services.satisfaction import DECIDE, END, REMIND
from integrations.services.satisfaction_records import Feedback, Recheck
from kb.lifecycle import Status
from kb.satisfaction.levels import Level
from kb.satisfaction.rechecks import Decision, State
from tests.builders import LAMP_AGAIN, conversation, dispatched, notices, read, relay_all
from tests.fakes import FakeClock, FakeDispatcher
from tests.often import often

Q = Question
GOOD, BAD = Level.SATISFIED, Level.DISSATISFIED
EVERYTHING = ("matter", "handling", "opinion", "registered", "dispatched", "handled", "answered", "called_back")


@pytest.fixture
def closed(services: Services, dispatcher: FakeDispatcher) -> tuple[Complaint, str]:
    """A closed ticket of citizen-1 and its request; who closed it is 李明."""
    complaint, request = dispatched(services)
    close(services, dispatcher, request)
    return read(services, complaint), request


def close(services: Services, dispatcher: FakeDispatcher, request: str, event: str = "closed", **more: Any) -> None:
    from dataclasses import replace

    update = dispatcher.do(request, event, note="修好了")
    known = dispatcher.requests[request].updates
    known[-1] = replace(update, **{"by": "李明", **more})
    services.dispatching.poll()


def verdict(services: Services, number: str, level: Level, *, address: str = "citizen-1") -> None:
    values: dict[Question, Any] = {
        Q.SOLVED: level.good,
        Q.SATISFIED: level,
        Q.CONTACTED: True,
        Q.REASON: "came_back",
        Q.WORDS: "又不亮了",
        Q.MEDIA: True,
    }
    at = conversation(services, address).id
    rating = services.rating.current(at, number)
    while rating.question:
        rating = services.rating.answer(at, number, rating.question, values[rating.question])


def rounds(services: Services, complaint: Complaint) -> list[Feedback]:
    with services.unit_of_work() as tx:
        return list(tx.feedbacks.rounds(complaint.id))


def rechecks(services: Services, complaint: Complaint) -> list[Recheck]:
    with services.unit_of_work() as tx:
        return list(tx.rechecks.of_complaint(complaint.id))


def timers(services: Services) -> set[str]:
    with services.unit_of_work() as tx:
        return {one.kind for one in tx.timers.list()} & {REMIND, DECIDE, END}


def tick(services: Services) -> None:
    """The worker runs what is due, and tells it."""
    while services.timing.run_due("worker-1"):
        pass
    relay_all(services)


def reminders(services: Services, address: str = "citizen-1") -> list[str]:
    return [one for one in notices(services, address) if "就问这一回" in one]


def told(dispatcher: FakeDispatcher, kind: str) -> list[str]:
    return [one.text for _, one in dispatcher.told if one.kind == kind]


# -- one round for each closure ----------------------------------------------------------------------------------


def test_a_closure_opens_one_round_however_often_it_is_told(
    services: Services, dispatcher: FakeDispatcher, closed: tuple[Complaint, str]
) -> None:
    complaint, request = closed
    for update in dispatcher.requests[request].updates * 3:
        services.casework.apply(request, update)
    with services.unit_of_work() as tx:
        current = tx.complaints.get(complaint.id)
        assert current is not None
        for _ in range(3):
            services.satisfaction.opened(tx, current, services.clock(), by="somebody else")

    (only,) = rounds(services, complaint)
    assert (only.round, only.closed_by) == (1, "李明")
    assert complaint.latest is not None and only.closure == complaint.latest.sequence


def test_what_is_not_closed_opens_none(services: Services) -> None:
    complaint, _ = dispatched(services)
    with services.unit_of_work() as tx:
        services.satisfaction.opened(tx, complaint, services.clock(), by=None)
    assert rounds(services, complaint) == []


# -- the reminder ------------------------------------------------------------------------------------------------


def test_one_reminder_after_a_week_with_the_question_that_waits(
    services: Services, clock: FakeClock, closed: tuple[Complaint, str]
) -> None:
    at = conversation(services).id
    services.rating.answer(at, closed[0].number, Q.SOLVED, True)
    clock.move(days=6.9)
    tick(services)
    assert reminders(services) == []

    for _ in range(4):
        clock.move(days=1)
        tick(services)

    (one,) = reminders(services)
    assert one.endswith(services.speech.words.say("feedback.ask_satisfied"))


@pytest.mark.parametrize("level", [GOOD, BAD])
def test_who_has_answered_is_not_reminded(
    services: Services, clock: FakeClock, closed: tuple[Complaint, str], level: Level
) -> None:
    verdict(services, closed[0].number, level)
    for _ in range(20):
        clock.move(days=1)
        tick(services)
    assert reminders(services) == []
    assert timers(services) == set()


def test_an_answer_between_the_reminder_and_its_delivery_silences_it(
    services: Services, clock: FakeClock, closed: tuple[Complaint, str]
) -> None:
    relay_all(services)
    clock.move(days=8)
    services.timing.run_due("worker-1")
    verdict(services, closed[0].number, GOOD)
    relay_all(services)
    assert reminders(services) == []


def test_a_worker_that_slept_for_weeks_reminds_nobody(
    services: Services, clock: FakeClock, closed: tuple[Complaint, str]
) -> None:
    clock.move(days=15)
    tick(services)
    assert reminders(services) == []
    with pytest.raises(NothingToRate):
        services.rating.current(conversation(services).id, closed[0].number)


# -- verdicts ----------------------------------------------------------------------------------------------------


def test_satisfied_is_the_end(services: Services, dispatcher: FakeDispatcher, closed: tuple[Complaint, str]) -> None:
    verdict(services, closed[0].number, GOOD)
    tick(services)

    assert read(services, closed[0]).status is Status.RATED
    assert rechecks(services, closed[0]) == []
    assert dispatcher.told == []


def test_dissatisfied_opens_a_recheck_that_the_department_hears_of(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock, closed: tuple[Complaint, str]
) -> None:
    verdict(services, closed[0].number, BAD)
    tick(services)

    assert read(services, closed[0]).status is Status.RECHECKING
    (recheck,) = rechecks(services, closed[0])
    assert (recheck.number, recheck.state, recheck.closed_by) == (1, State.OPEN, "李明")
    assert recheck.why == "好了又犯；又不亮了"
    assert recheck.due_at > clock()
    assert told(dispatcher, "recheck") == ["好了又犯；又不亮了"]
    with services.unit_of_work() as tx:
        request = tx.backend_requests.of_complaint(closed[0].id)
    assert request is not None and request.open, "its updates are asked for again"


def test_a_phone_in_the_reasons_does_not_reach_the_department(
    services: Services, dispatcher: FakeDispatcher, closed: tuple[Complaint, str]
) -> None:
    at = conversation(services).id
    for question, value in ((Q.SOLVED, False), (Q.SATISFIED, BAD), (Q.CONTACTED, False), (Q.REASON, "slow")):
        services.rating.answer(at, closed[0].number, question, value)
    services.rating.answer(at, closed[0].number, Q.WORDS, "打我电话13912345678说")
    tick(services)

    assert "13912345678" not in "".join(told(dispatcher, "recheck"))
    assert "13912345678" not in repr(rounds(services, closed[0])) + repr(rechecks(services, closed[0]))


def test_who_says_no_and_goes_away_is_not_forgotten(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock, closed: tuple[Complaint, str]
) -> None:
    services.rating.hear(conversation(services).id, None, "不满意", Tone.BAD, asked=None)
    clock.move(minutes=29)
    tick(services)
    assert read(services, closed[0]).status is Status.CLOSED

    clock.move(minutes=2)
    tick(services)

    assert read(services, closed[0]).status is Status.RECHECKING
    assert any("转复核" in one for one in notices(services)), "the conversation has not told it"


def test_words_that_come_after_the_recheck_began_are_still_kept(
    services: Services, clock: FakeClock, closed: tuple[Complaint, str]
) -> None:
    at, number = conversation(services).id, closed[0].number
    services.rating.answer(at, number, Q.SATISFIED, BAD)
    clock.move(hours=1)
    tick(services)

    services.rating.answer(at, number, Q.SATISFIED, GOOD)  # too late: it is being looked into
    services.rating.answer(at, number, Q.WORDS, "还是不亮")

    (only,) = rounds(services, closed[0])
    assert (only.level, only.words) == (BAD, "还是不亮")
    assert read(services, closed[0]).status is Status.RECHECKING


def test_who_changes_their_mind_in_time_opens_none(
    services: Services, clock: FakeClock, closed: tuple[Complaint, str]
) -> None:
    at, number = conversation(services).id, closed[0].number
    services.rating.answer(at, number, Q.SATISFIED, BAD)
    services.rating.answer(at, number, Q.SATISFIED, GOOD)
    assert DECIDE not in timers(services)
    clock.move(days=20)
    tick(services)

    assert rechecks(services, closed[0]) == []
    assert read(services, closed[0]).status is Status.RATED, "the verdict counts though not everything was answered"


def test_silence_is_no_verdict(services: Services, clock: FakeClock, closed: tuple[Complaint, str]) -> None:
    clock.move(days=30)
    tick(services)
    assert read(services, closed[0]).status is Status.CLOSED
    assert timers(services) == set()


# -- the re-check ------------------------------------------------------------------------------------------------


def test_the_loop_ends_in_a_second_verdict(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock, closed: tuple[Complaint, str]
) -> None:
    complaint, request = closed
    verdict(services, complaint.number, BAD)
    tick(services)
    clock.move(hours=5)
    close(services, dispatcher, request, "rechecked", solved=True, by="王芳")
    tick(services)

    assert any("复核有结果了" in one for one in notices(services))
    assert [one.state for one in rechecks(services, complaint)] == [State.SOLVED]
    assert rechecks(services, complaint)[0].checked_by == "王芳"
    assert [(one.round, one.closed_by) for one in rounds(services, complaint)] == [(1, "李明"), (2, "王芳")]
    verdict(services, complaint.number, Level.BASICALLY)
    assert read(services, complaint).status is Status.RATED


def test_each_of_several_who_share_a_request_is_checked_again(services: Services, dispatcher: FakeDispatcher) -> None:
    """The backend knows a key again: the wish of the second citizen must not look like the first one's."""
    first, request = dispatched(services)
    second, _ = dispatched(services, LAMP_AGAIN, draft_id="d-2", address="citizen-2", join=first.incident_id)
    close(services, dispatcher, request)
    verdict(services, first.number, BAD)
    relay_all(services)
    close(services, dispatcher, request, "rechecked", solved=True, by="王芳")
    verdict(services, second.number, BAD, address="citizen-2")
    relay_all(services)

    assert len(told(dispatcher, "recheck")) == 2
    services.rechecking.decide(second.number, Decision(State.ENDED, "孙静", "规划里没有"))
    relay_all(services)
    assert len({one.key for _, one in dispatcher.told}) == 3


def test_not_solved_goes_back_to_work_and_is_closed_and_asked_about_again(
    services: Services, dispatcher: FakeDispatcher, closed: tuple[Complaint, str]
) -> None:
    complaint, request = closed
    verdict(services, complaint.number, BAD)
    tick(services)
    close(services, dispatcher, request, "rechecked", solved=False, by="王芳")
    assert read(services, complaint).status is Status.ASSIGNED
    close(services, dispatcher, request, by="李明")

    assert [one.state for one in rechecks(services, complaint)] == [State.REDONE]
    assert len(rounds(services, complaint)) == 2
    assert services.rating.current(conversation(services).id).question is Q.SOLVED


def test_who_closed_it_does_not_check_it(
    services: Services, dispatcher: FakeDispatcher, closed: tuple[Complaint, str]
) -> None:
    complaint, request = closed
    verdict(services, complaint.number, BAD)
    tick(services)
    close(services, dispatcher, request, "rechecked", solved=True, by=" 李 明")

    assert read(services, complaint).status is Status.RECHECKING
    assert [one.state for one in rechecks(services, complaint)] == [State.OPEN]
    with services.unit_of_work() as tx:
        (entry,) = tx.ledger.list()
    assert any("not taken" in note.text for note in entry.notes)
    relay_all(services)
    assert [one.text for _, one in dispatcher.told if one.kind is UpdateKind.RECHECK][1:] == [
        "复核的人就是当时办结的人，这次不算。请换一个人复核。"
    ]
    close(services, dispatcher, request, "rechecked", solved=True, by="王芳")
    assert [one.state for one in rechecks(services, complaint)] == [State.SOLVED]


def test_a_backend_without_rechecks_just_closes_again(
    services: Services, dispatcher: FakeDispatcher, closed: tuple[Complaint, str]
) -> None:
    complaint, request = closed
    verdict(services, complaint.number, BAD)
    tick(services)
    close(services, dispatcher, request, by=None)

    assert [one.state for one in rechecks(services, complaint)] == [State.SOLVED]
    assert [one.round for one in rounds(services, complaint)] == [1, 2]


def test_after_the_last_recheck_nobody_is_sent_round_in_circles(
    services: Services, dispatcher: FakeDispatcher, closed: tuple[Complaint, str]
) -> None:
    complaint, request = closed
    for checker in ("王芳", "赵刚"):
        verdict(services, complaint.number, BAD)
        tick(services)
        close(services, dispatcher, request, "rechecked", solved=True, by=checker)
    verdict(services, complaint.number, BAD)
    tick(services)

    assert read(services, complaint).status is Status.RATED
    assert len(rechecks(services, complaint)) == services.settings.recheck_rounds == 2
    with services.unit_of_work() as tx:
        (entry,) = tx.ledger.list()
    assert any("no further re-check" in note.text for note in entry.notes)


def test_every_co_reporter_is_asked_and_judges_alone(services: Services, dispatcher: FakeDispatcher) -> None:
    main, request = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    close(services, dispatcher, request)
    tick(services)
    verdict(services, main.number, GOOD)
    verdict(services, joined.number, BAD, address="citizen-2")
    tick(services)
    close(services, dispatcher, request, "rechecked", solved=True, by="王芳")
    tick(services)

    assert read(services, main).status is Status.RATED
    assert len(rounds(services, main)) == 1, "who was satisfied is not asked again"
    assert [one.round for one in rounds(services, joined)] == [1, 2]
    assert sum("复核有结果了" in one for one in notices(services, "citizen-2")) == 1
    assert not any("复核" in one for one in notices(services))


def test_the_public_word_is_asked_for_once(
    services: Services, dispatcher: FakeDispatcher, closed: tuple[Complaint, str]
) -> None:
    complaint, request = closed
    at = conversation(services).id
    for question, value in ((Q.SOLVED, True), (Q.SATISFIED, GOOD)):
        services.rating.answer(at, complaint.number, question, value)
    services.rating.answer(at, complaint.number, Q.MEDIA, False)
    services.rating.answer(at, complaint.number, Q.SATISFIED, BAD)
    services.rating.answer(at, complaint.number, Q.CONTACTED, True)
    services.rating.answer(at, complaint.number, Q.REASON, None)
    tick(services)
    close(services, dispatcher, request, "rechecked", solved=True, by="王芳")

    for question, value in ((Q.SOLVED, True), (Q.SATISFIED, GOOD)):
        services.rating.answer(at, complaint.number, question, value)
    assert services.rating.answer(at, complaint.number, Q.CONTACTED, True).question is None


# -- whatever happens --------------------------------------------------------------------------------------------

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([0.01, 0.1, 1.0, 5.0, 8.0, 15.0])),
        st.tuples(st.just("answer"), st.sampled_from([*Q])),
        st.tuples(
            st.just("say"), st.sampled_from(["不满意", "还行吧", "根本没人来", "是的", "修好了", "？？", "算了"])
        ),
        st.tuples(st.just("department"), st.sampled_from(["closed", "rechecked", "redone", "assigned", "again"])),
        st.tuples(st.just("clerk"), st.sampled_from([*State])),
        st.tuples(st.just("tick"), st.just(None)),
    ),
    max_size=25,
)


@settings(
    max_examples=often(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_STEPS, values=st.randoms(use_true_random=False))
def test_one_round_for_each_closure_one_reminder_and_no_question_after_fourteen_days(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock, steps: list[Any], values: Any
) -> None:
    case = f"{len(dispatcher.requests)}"
    complaint, request = dispatched(services, draft_id=f"draft-{case}", address=f"citizen-{case}")
    at = conversation(services, f"citizen-{case}").id
    close(services, dispatcher, request)
    for what, how in steps:
        _take(services, dispatcher, clock, complaint, request, at, what, how, values)
        _check(services, clock, complaint, at)
    for _ in range(6):  # everybody goes home
        clock.move(days=8)
        tick(services)
        _check(services, clock, complaint, at)
    assert not any(one.subject.startswith(complaint.id) and one.kind in (REMIND, DECIDE, END) for one in _set(services))
    assert all(one.decided_at or one.level is None for one in rounds(services, complaint)), "every verdict counts"


def _take(
    services: Services,
    dispatcher: FakeDispatcher,
    clock: FakeClock,
    complaint: Complaint,
    request: str,
    at: str,
    what: str,
    how: Any,
    values: Any,
) -> None:
    match what:
        case "wait":
            clock.move(days=how)
        case "tick":
            tick(services)
        case "answer":
            value = {
                Q.SATISFIED: values.choice([*Level]),
                Q.REASON: values.choice([None, "slow", "attitude"]),
                Q.WORDS: values.choice([None, "再来看看"]),
            }.get(how, values.choice([True, False]))
            with contextlib.suppress(NothingToRate, ValueError):
                services.rating.answer(at, complaint.number, how, value)
        case "say":
            try:
                asked = services.rating.current(at, complaint.number).question
                services.rating.hear(at, complaint.number, how, values.choice([*Tone]), asked=asked)
            except NothingToRate:
                pass
        case "department":
            match how:
                case "again":
                    for update in dispatcher.requests[request].updates:
                        services.casework.apply(request, update)
                case "redone":
                    close(services, dispatcher, request, "rechecked", solved=False, by="王芳")
                case _:
                    close(services, dispatcher, request, how, by=values.choice(["李明", "王芳", None]))
        case "clerk":
            from integrations.services.errors import Rejected

            with contextlib.suppress(Rejected):
                services.rechecking.decide(
                    complaint.number, Decision(how, "孙丽", "看过了", (*EVERYTHING, "archived"), "李明")
                )


def _set(services: Services) -> list[Any]:
    with services.unit_of_work() as tx:
        return list(tx.timers.list(limit=1000))


def _check(services: Services, clock: FakeClock, complaint: Complaint, at: str) -> None:
    now, current, known = clock(), read(services, complaint), rounds(services, complaint)
    closures = [
        one.sequence for one in current.history if one.after is Status.CLOSED and one.before is not Status.CLOSED
    ]
    assert [one.closure for one in known] == closures, "one round for each closure"
    assert [one.round for one in known] == list(range(1, len(known) + 1))
    with services.unit_of_work() as tx:
        rows = [one for one in tx.outbox.of_complaint(complaint.id) if one.task is Task.NOTICE]
    reminded = [one.payload["round"] for one in rows if one.payload.get("say") == "feedback_reminder"]
    assert len(reminded) == len(set(reminded)), "one reminder for each round"
    for one in known:
        assert (one.reminded_at is not None) == (one.round in reminded)
        assert one.reminded_at is None or one.reminded_at < one.expires_at
        assert one.expires_at - one.opened_at == timedelta(days=14)
        assert one.round == known[-1].round or one.finished_at, "only about the last closure anything is asked"
    try:
        services.rating.current(at, complaint.number)
    except NothingToRate:
        pass
    else:
        assert now < known[-1].expires_at, "nothing is asked after fourteen days"
    checks = rechecks(services, complaint)
    assert len(checks) <= services.settings.recheck_rounds
    assert sum(one.state is State.OPEN for one in checks) <= 1
    if current.status is Status.RECHECKING:
        assert any(one.state is State.OPEN for one in checks), "nobody forgets a re-check"
    for one in checks:
        bad = known[one.round - 1]
        assert bad.satisfied is False or bad.solved is False, "only a bad verdict opens one"
