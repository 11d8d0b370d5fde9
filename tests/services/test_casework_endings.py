"""The department's updates after a complaint was taken back, and while it is re-checked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.bootstrap import Services
from integrations.services.records import Complaint
from integrations.services.updates import MOVE_OF_EVENT
from kb.lifecycle import Move, Status
from tests.builders import LAMP_AGAIN, RUBBISH, dispatched, notices, read, relay_all
from tests.services.test_casework import WHOLE_LIFE, kinds, update

# -- taken back --------------------------------------------------------------------------------------------------


def taken_back(services: Services, complaint: Complaint) -> None:
    services.withdrawing.withdraw(complaint.conversation_id, complaint.number, key="m1")


@pytest.mark.parametrize("event", MOVE_OF_EVENT)
def test_nothing_moves_what_was_taken_back(services: Services, event: str) -> None:
    complaint, request = dispatched(services)
    taken_back(services, complaint)
    later = complaint.due_at + timedelta(days=2)

    assert services.casework.apply(request, update(1, event, "照明三班", "说明", due_at=later)) is True

    found = read(services, complaint)
    assert found.status is Status.WITHDRAWN
    assert found.due_at == complaint.due_at


def test_others_go_on_when_the_first_one_is_taken_back(services: Services) -> None:
    main, request = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    taken_back(services, main)

    for one in WHOLE_LIFE:
        services.casework.apply(request, one)
    relay_all(services)

    assert read(services, joined).status is Status.CLOSED
    assert any("修好了" in notice for notice in notices(services, "citizen-2"))
    assert not any("修好了" in notice for notice in notices(services, "citizen-1"))
    with services.unit_of_work() as tx:
        assert tx.backend_requests.next_to_ask(now=services.clock(), limit=9) == []


# -- re-checks ---------------------------------------------------------------------------------------------------


def rechecking(services: Services, closed_by: str | None = None) -> tuple[Complaint, str]:
    """A complaint that was closed and is looked at again."""
    complaint, request = dispatched(services)
    services.casework.apply(request, update(1, "closed", "照明三班", "修好了", by=closed_by))
    with services.unit_of_work() as tx:
        closed = tx.complaints.get(complaint.id)
        assert closed is not None
        services.moving.make(tx, closed, Status.RECHECKING, actor="citizen", note="根本没修")
        tx.backend_requests.reopen(complaint.id)
    return read(services, complaint), request


def test_a_re_check_that_finds_it_solved_is_a_second_closure(services: Services) -> None:
    complaint, request = rechecking(services)

    assert services.casework.apply(request, update(2, "rechecked", None, "三核实过了", solved=True, by="王工"))

    found = read(services, complaint)
    assert (found.status, found.history[-1].kind, found.history[-1].name) == (Status.CLOSED, Move.RECHECKED, "王工")
    with services.unit_of_work() as tx:
        assert [one.round for one in tx.feedbacks.rounds(complaint.id)] == [1, 2]
        assert tx.backend_requests.next_to_ask(now=services.clock(), limit=9) == []


def test_a_re_check_that_finds_it_unsolved_goes_back_to_work_and_can_be_closed_again(services: Services) -> None:
    complaint, request = rechecking(services)

    services.casework.apply(request, update(2, "rechecked", None, "确实没修", solved=False, by="王工"))
    assert read(services, complaint).status is Status.ASSIGNED
    services.casework.apply(request, update(3, "closed", "照明三班", "这回修好了", by="王工"))

    assert kinds(services, complaint)[2:] == ["closed", "rechecking", "rework", "closed"]


def test_a_department_that_knows_no_re_checks_just_closes_again(services: Services) -> None:
    complaint, request = rechecking(services)

    services.casework.apply(request, update(2, "answered", "照明三班", "再去看"))
    services.casework.apply(request, update(3, "closed", "照明三班", "修好了"))

    assert read(services, complaint).status is Status.CLOSED
    with services.unit_of_work() as tx:
        assert len(tx.feedbacks.rounds(complaint.id)) == 2


@pytest.mark.parametrize("solved", [True, False, None])
def test_a_re_check_that_nobody_asked_for_changes_nothing(services: Services, solved: bool | None) -> None:
    complaint, request = dispatched(services)
    services.casework.apply(request, update(1, "closed", note="修好了"))

    services.casework.apply(request, update(2, "rechecked", note="没问题", solved=solved))

    assert kinds(services, complaint) == ["filed", "dispatched", "closed"]


def test_the_closing_of_another_request_does_not_end_a_re_check(services: Services) -> None:
    """Two incidents are merged; one ticket is in a re-check when the other request is closed."""
    one, request = dispatched(services)
    other, second = dispatched(services, RUBBISH, address="citizen-2", draft_id="draft-2")
    services.merging.merge(one.incident_id, [other.incident_id], by="王科长", why="一件事")
    services.casework.apply(second, update(1, "closed", note="收走了"))
    with services.unit_of_work() as tx:
        closed = tx.complaints.get(other.id)
        assert closed is not None
        services.moving.make(tx, closed, Status.RECHECKING, actor="citizen")

    services.casework.apply(request, update(1, "closed", note="修好了"))

    assert read(services, one).status is Status.CLOSED
    assert read(services, other).status is Status.RECHECKING
