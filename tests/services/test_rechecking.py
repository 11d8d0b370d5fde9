"""Re-checks by our own staff: another person, everything checked, the outcome told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Conflict, Rejected
from integrations.services.records import Complaint
from kb.lifecycle import Status
from kb.satisfaction.levels import Level
from kb.satisfaction.rechecks import Decision, State
from tests.builders import dispatched, filed, notices, read, relay_all
from tests.fakes import FakeClock, FakeDispatcher
from tests.services.test_satisfaction import close, rechecks, rounds, told, verdict

VERIFIED = ("matter", "handling", "opinion")
FILED = ("registered", "dispatched", "handled", "answered", "called_back", "archived")
SOLVED = Decision(State.SOLVED, "王芳", "现场看过，三盏灯都亮了。", VERIFIED + FILED)
REDONE = Decision(State.REDONE, "王芳", "还有一盏不亮，今晚重修。", VERIFIED)
ENDED = Decision(State.ENDED, "王芳", "您要的是换成景观灯，这条路的规划里没有，我们没法办到。")


@pytest.fixture
def waiting(services: Services, dispatcher: FakeDispatcher) -> Complaint:
    """A ticket whose citizen is not satisfied; 李明 had closed it."""
    complaint, request = dispatched(services)
    dispatcher.do(request, "accepted")
    close(services, dispatcher, request)
    verdict(services, complaint.number, Level.DISSATISFIED)
    relay_all(services)
    return read(services, complaint)


def states(services: Services, complaint: Complaint) -> list[State]:
    return [one.state for one in rechecks(services, complaint)]


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (replace(SOLVED, by="李明"), "another person"),
        (replace(SOLVED, by="  李 明 "), "another person"),
        (replace(SOLVED, by="李明", closed_by="赵刚"), "another person"),
        (replace(SOLVED, by=" "), "by name"),
        (replace(SOLVED, note="\u200b "), "what was found"),
        (replace(SOLVED, ticked=VERIFIED), "registered 有登记"),
        (replace(SOLVED, ticked=FILED), "matter 核实诉求事项"),
        (replace(REDONE, ticked=("matter", "opinion")), "handling 核实办理情况"),
        (replace(SOLVED, ticked=(*SOLVED.ticked, "tea")), "no such item: tea"),
        (replace(ENDED, by="李明"), "another person"),
        (replace(SOLVED, to=State.OPEN), "cannot become open"),
        (replace(SOLVED, by="王" * 41), "40 characters"),
    ],
)
def test_a_decision_that_lacks_something_is_refused_and_nothing_changes(
    services: Services, waiting: Complaint, decision: Decision, says: str
) -> None:
    with pytest.raises(Rejected, match=says):
        services.rechecking.decide(waiting.number, decision)

    assert states(services, waiting) == [State.OPEN]
    assert read(services, waiting).status is Status.RECHECKING


def test_solved_is_told_and_asked_about_again(
    services: Services, dispatcher: FakeDispatcher, waiting: Complaint
) -> None:
    services.rechecking.decide(waiting.number, SOLVED)
    relay_all(services)

    assert read(services, waiting).status is Status.CLOSED
    assert states(services, waiting) == [State.SOLVED]
    assert "现场看过，三盏灯都亮了。" in notices(services)[-1]
    assert [one.closed_by for one in rounds(services, waiting)] == ["李明", "王芳"]
    assert told(dispatcher, "supplement") == ["复核结论：问题已解决，可以结案。现场看过，三盏灯都亮了。"]
    verdict(services, waiting.number, Level.VERY_SATISFIED)
    assert read(services, waiting).status is Status.RATED


def test_the_second_recheck_is_made_by_a_third_person(services: Services, waiting: Complaint) -> None:
    services.rechecking.decide(waiting.number, SOLVED)
    verdict(services, waiting.number, Level.DISSATISFIED)

    with pytest.raises(Rejected, match="another person"):
        services.rechecking.decide(waiting.number, SOLVED)
    services.rechecking.decide(waiting.number, replace(SOLVED, by="赵刚"))

    assert states(services, waiting) == [State.SOLVED, State.SOLVED]


def test_not_solved_goes_back_to_the_unit(services: Services, dispatcher: FakeDispatcher, waiting: Complaint) -> None:
    services.rechecking.decide(waiting.number, REDONE)
    relay_all(services)

    assert read(services, waiting).status is Status.ASSIGNED
    assert len(rounds(services, waiting)) == 1, "nobody is asked before it is closed again"
    assert "还有一盏不亮" in told(dispatcher, "supplement")[0]
    (request,) = dispatcher.requests
    close(services, dispatcher, request)
    assert read(services, waiting).status is Status.CLOSED
    assert len(rounds(services, waiting)) == 2


def test_a_department_that_ends_its_own_re_check_after_ours_has_closed_the_ticket(
    services: Services, dispatcher: FakeDispatcher, waiting: Complaint
) -> None:
    """It still has the re-check open when ours sends the ticket back: its result is what it comes to."""
    services.rechecking.decide(waiting.number, REDONE)
    (request,) = dispatcher.requests

    close(services, dispatcher, request, "rechecked", solved=False, by="赵刚")
    assert read(services, waiting).status is Status.ASSIGNED
    close(services, dispatcher, request, "rechecked", solved=True, by="赵刚")

    assert read(services, waiting).status is Status.CLOSED
    assert len(rounds(services, waiting)) == 2


def test_an_end_for_a_reason_is_told_and_final(services: Services, waiting: Complaint, clock: FakeClock) -> None:
    services.rechecking.decide(waiting.number, ENDED)
    relay_all(services)

    assert read(services, waiting).status is Status.RATED
    assert ENDED.note in notices(services)[-1]
    assert len(rounds(services, waiting)) == 1
    with pytest.raises(Rejected, match="no re-check that waits"):
        services.rechecking.decide(waiting.number, ENDED)


@pytest.mark.parametrize("by_request", [False, True])
def test_a_re_check_that_the_department_hears_of_late_is_not_waited_for(
    services: Services, dispatcher: FakeDispatcher, by_request: bool
) -> None:
    """Our own staff was quicker than the message of it: whatever the department finds, nobody asks after it."""
    dispatcher.tells_by_request = by_request
    complaint, request = dispatched(services)
    close(services, dispatcher, request)
    verdict(services, complaint.number, Level.DISSATISFIED)
    services.rechecking.decide(complaint.number, ENDED)

    relay_all(services)

    assert read(services, complaint).status is Status.RATED
    assert len(told(dispatcher, "recheck")) == 1
    with services.unit_of_work() as tx:
        assert tx.backend_requests.next_to_ask(now=services.clock(), limit=9) == []
        known = tx.backend_requests.of_complaint(complaint.id)
    assert known and known.request_id == request
    if by_request:
        (follow_up,) = dispatcher.requests.keys() - {request}
        assert not services.casework.apply(follow_up, dispatcher.do(follow_up, "closed", note="又去看了"))


def test_nothing_is_decided_twice(services: Services, waiting: Complaint) -> None:
    services.rechecking.decide(waiting.number, SOLVED)
    with pytest.raises(Rejected, match="no re-check that waits"):
        services.rechecking.decide(waiting.number, REDONE)


def test_two_clerks_at_once_decide_once(services: Services, waiting: Complaint) -> None:
    with pytest.raises(Conflict), services.unit_of_work() as tx:
        standing, complaint = tx.rechecks.standing(waiting.id), tx.complaints.get(waiting.id)
        assert standing is not None and complaint is not None
        assert tx.rechecks.decide(replace(standing, state=State.REDONE))
        services.rechecking._decide(tx, complaint, standing, SOLVED)
    assert states(services, waiting) == [State.OPEN], "all of it or nothing"


def test_where_nobody_told_who_closed_the_checker_must_say(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    close(services, dispatcher, request, by=None)
    verdict(services, complaint.number, Level.DISSATISFIED)

    with pytest.raises(Rejected, match="nobody has told who closed it"):
        services.rechecking.decide(complaint.number, SOLVED)
    with pytest.raises(Rejected, match="another person"):
        services.rechecking.decide(complaint.number, replace(SOLVED, closed_by="王芳"))
    services.rechecking.decide(complaint.number, replace(SOLVED, closed_by="李明"))

    (recheck,) = rechecks(services, complaint)
    assert (recheck.closed_by, recheck.checked_by) == ("李明", "王芳")


def test_a_ticket_that_nobody_has_is_refused(services: Services) -> None:
    with pytest.raises(Rejected, match="no ticket"):
        services.rechecking.decide("481720935561", SOLVED)


def test_the_list_has_what_is_due_first_and_what_the_records_show(
    services: Services, waiting: Complaint, clock: FakeClock
) -> None:
    (case,) = services.rechecking.waiting()

    assert case.complaint.number == waiting.number
    assert set(case.shown) == {"registered", "dispatched", "handled", "answered", "called_back"}
    assert not case.late(clock())
    clock.move(days=30)
    assert case.late(clock())


@pytest.mark.parametrize("days", [0, 400])
def test_whoever_reports_it_again_meanwhile_gets_no_second_ticket(
    services: Services, waiting: Complaint, clock: FakeClock, days: int
) -> None:
    clock.move(days=days)

    again = filed(services, "还是老样子", draft_id="draft-2", join=waiting.incident_id)

    assert again.number == waiting.number
    with services.unit_of_work() as tx:
        assert [one.text for one in tx.reports.of_complaint(waiting.id)][1:] == ["还是老样子"]
