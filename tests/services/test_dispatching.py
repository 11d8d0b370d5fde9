"""Relaying the outbox: every row is done once, however often something goes wrong over it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.bootstrap import Services
from integrations.services.dispatching import BACK_OFF, LEASE_SECONDS, Dispatching
from integrations.services.records import OutboxRow
from kb.lifecycle import Status
from tests.builders import (
    LAMP_AGAIN,
    PHONE,
    RUBBISH,
    dispatched,
    filed,
    notices,
    outbox,
    read,
    relay_all,
    request_of,
)
from tests.fakes import FakeClock, FakeDispatcher


def stuck(services: Services) -> list[OutboxRow]:
    with services.unit_of_work() as tx:
        return list(tx.outbox.list_stuck())


def put_back(services: Services, row: OutboxRow) -> bool:
    with services.unit_of_work() as tx:
        return tx.outbox.retry(row.id, services.clock())


# -- the good way ------------------------------------------------------------------------------------------------


def test_a_complaint_is_filed_once_and_moved_on(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint = filed(services)

    relay_all(services)
    relay_all(services)

    assert dispatcher.posts == [complaint.number]
    assert read(services, complaint).status is Status.DISPATCHED
    assert dispatcher.requests[request_of(services, complaint)].phone == PHONE
    assert set(outbox(services)) == {"done"}


def test_without_work_the_worker_says_so(services: Services) -> None:
    assert services.dispatching.relay_one("worker-1") is False


def test_a_first_try_does_not_ask_for_what_cannot_be_there(services: Services, dispatcher: FakeDispatcher) -> None:
    dispatched(services)

    assert dispatcher.looked_for == []


# -- what may go wrong and comes right ---------------------------------------------------------------------------


def test_a_department_that_is_away_is_tried_again_later_each_time_after_a_longer_wait(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    dispatcher.be_away(len(BACK_OFF) + 1)

    for tries, seconds in enumerate((*BACK_OFF, BACK_OFF[-1]), 1):
        assert relay_all(services) == 1
        assert len(dispatcher.posts) == tries
        clock.move(seconds=seconds - 1)
        assert relay_all(services) == 0
        clock.move(seconds=1)
    relay_all(services)

    assert len(dispatcher.numbers_of(complaint)) == 1
    assert read(services, complaint).status is Status.DISPATCHED


def test_a_lost_answer_makes_one_request(services: Services, dispatcher: FakeDispatcher, clock: FakeClock) -> None:
    complaint = filed(services)
    dispatcher.lose_answers()
    relay_all(services)
    clock.move(seconds=BACK_OFF[0])

    relay_all(services)

    assert dispatcher.posts == [complaint.number]
    assert dispatcher.looked_for == [complaint.number]
    assert dispatcher.numbers_of(complaint) == [request_of(services, complaint)]


def test_nothing_is_sent_again_while_it_cannot_be_looked_for(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    dispatcher.lose_answers()
    relay_all(services)
    dispatcher.away = True
    clock.move(seconds=BACK_OFF[0])
    relay_all(services)
    dispatcher.away = False
    clock.move(seconds=BACK_OFF[1])

    relay_all(services)

    assert dispatcher.posts == [complaint.number]


def test_a_department_that_names_a_time_is_left_alone_until_then(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    filed(services)
    dispatcher.ask_to_wait(300)
    relay_all(services)

    clock.move(seconds=299)
    assert relay_all(services) == 0
    clock.move(seconds=1)
    relay_all(services)

    assert len(dispatcher.posts) == 2


def test_one_complaint_that_waits_does_not_keep_the_others(services: Services, dispatcher: FakeDispatcher) -> None:
    filed(services)
    other = filed(services, RUBBISH, draft_id="draft-2")
    dispatcher.be_away()

    relay_all(services)

    assert read(services, other).status is Status.DISPATCHED


def test_waits_are_spread_so_that_not_everybody_comes_back_at_once(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    late = Dispatching(
        unit_of_work=services.unit_of_work,
        dispatcher=dispatcher,
        notifying=services.notifying,
        casework=services.casework,
        moving=services.moving,
        clock=clock,
        jitter=lambda: 0.2,
    )
    filed(services)
    dispatcher.be_away()
    late.relay_one("worker-1")

    clock.move(seconds=BACK_OFF[0] * 1.2 - 0.1)
    assert late.relay_one("worker-1") is False
    clock.move(seconds=0.1)
    assert late.relay_one("worker-1") is True


# -- what a person must look at ----------------------------------------------------------------------------------


def test_a_refused_complaint_waits_for_a_person_and_the_citizen_hears_of_it(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint = filed(services)
    dispatcher.refuse("no such service")

    relay_all(services)
    relay_all(services)

    (row,) = stuck(services)
    assert "no such service" in (row.last_error or "")
    assert read(services, complaint).status is Status.NEEDS_PERSON
    assert len(dispatcher.posts) == 1
    assert ["工作人员核对" in one for one in notices(services)] == [True]


def test_a_stuck_complaint_that_is_put_back_is_looked_for_first_and_filed(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint = filed(services)
    dispatcher.refuse()
    relay_all(services)
    (row,) = stuck(services)

    assert put_back(services, row)
    relay_all(services)

    assert dispatcher.looked_for == [complaint.number]
    assert read(services, complaint).status is Status.DISPATCHED
    assert stuck(services) == []


def test_what_is_not_stuck_cannot_be_put_back(services: Services, dispatcher: FakeDispatcher) -> None:
    filed(services)
    dispatcher.refuse()
    relay_all(services)
    (row,) = stuck(services)

    assert put_back(services, row)
    assert not put_back(services, row)


# -- several workers ---------------------------------------------------------------------------------------------


def test_a_claimed_row_is_nobody_elses_until_its_lease_runs_out(services: Services, clock: FakeClock) -> None:
    filed(services)
    _claim(services, "worker-that-died")

    clock.move(seconds=LEASE_SECONDS)
    assert relay_all(services, "worker-2") == 0
    clock.move(seconds=1)
    assert relay_all(services, "worker-2") > 0


def test_a_worker_that_comes_back_after_its_lease_changes_nothing(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    """It was stopped in the middle of filing, for longer than its lease; another worker has looked, and filed."""
    complaint = filed(services)

    def another_takes_over() -> None:
        dispatcher.before_filing = lambda: None
        clock.move(seconds=LEASE_SECONDS + 1)
        relay_all(services, "worker-2")

    dispatcher.before_filing = another_takes_over
    services.dispatching.relay_one("worker-1")

    history = read(services, complaint).history
    assert [one.after for one in history] == [Status.FILED, Status.DISPATCHED]
    assert request_of(services, complaint) == "DC-0001"


def test_a_worker_whose_lease_ran_out_does_not_call_a_person_for_what_another_has_filed(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)

    def another_is_at_it() -> None:
        dispatcher.before_filing = lambda: None
        clock.move(seconds=LEASE_SECONDS + 1)
        _claim(services, "worker-2")
        dispatcher.refuse("too late")

    dispatcher.before_filing = another_is_at_it
    services.dispatching.relay_one("worker-1")

    assert stuck(services) == []
    assert read(services, complaint).status is Status.FILED


def _claim(services: Services, worker: str) -> None:
    with services.unit_of_work() as tx:
        assert tx.outbox.claim(worker=worker, now=services.clock(), lease_seconds=LEASE_SECONDS) is not None


# -- joining -----------------------------------------------------------------------------------------------------


def test_a_complaint_that_joins_is_linked_to_the_request_that_is_there(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    main, request = dispatched(services)

    joined, same = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)

    assert same == request
    assert dispatcher.posts == [main.number]
    assert read(services, joined).status is Status.DISPATCHED


def test_a_complaint_that_joins_waits_until_the_first_one_is_filed(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    main = filed(services)
    joined = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    dispatcher.be_away()
    relay_all(services)
    assert read(services, joined).status is Status.FILED

    clock.move(seconds=BACK_OFF[0])
    relay_all(services)
    clock.move(seconds=BACK_OFF[1])
    relay_all(services)

    assert request_of(services, joined) == request_of(services, main)
    assert dispatcher.numbers_of(joined) == []


# -- asking after open requests ----------------------------------------------------------------------------------


def test_asking_brings_what_the_hook_did_not(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "accepted")
    dispatcher.do(request, "assigned", unit="照明三班")

    assert services.dispatching.poll() == 2
    assert services.dispatching.poll() == 0
    assert read(services, complaint).status is Status.ASSIGNED


def test_asking_fills_the_gap_that_the_hook_ran_into(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    services.casework.apply(request, dispatcher.do(request, "accepted"))
    dispatcher.do(request, "assigned", unit="照明三班")
    dispatcher.do(request, "answered", note="明天修")

    assert services.dispatching.poll() == 2
    assert read(services, complaint).status is Status.ANSWERED


def test_closed_requests_are_not_asked_after(services: Services, dispatcher: FakeDispatcher) -> None:
    _, request = dispatched(services)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    del dispatcher.requests[request]

    assert services.dispatching.poll() == 0


def test_a_request_that_the_department_lost_does_not_hide_the_others(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    _, lost = dispatched(services)
    complaint, request = dispatched(services, RUBBISH, draft_id="draft-2")
    del dispatcher.requests[lost]
    dispatcher.do(request, "accepted")

    assert services.dispatching.poll() == 1
    assert read(services, complaint).status is Status.ACCEPTED


def test_an_event_that_nobody_knows_does_not_hide_the_other_requests(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    _, odd = dispatched(services)
    complaint, request = dispatched(services, RUBBISH, draft_id="draft-2")
    dispatcher.do(odd, "paused")
    dispatcher.do(request, "accepted")

    services.dispatching.poll()

    assert read(services, complaint).status is Status.ACCEPTED


def test_every_open_request_gets_its_turn_when_there_are_more_than_fit_into_one_round(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    dispatched(services)
    complaint, request = dispatched(services, RUBBISH, draft_id="draft-2")
    dispatcher.do(request, "accepted")

    for _ in range(2):
        services.dispatching.poll(limit=1)

    assert read(services, complaint).status is Status.ACCEPTED


def test_updates_keep_the_departments_own_time(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    update = dispatcher.do(request, "accepted")

    services.dispatching.poll()

    latest = read(services, complaint).latest
    assert latest is not None
    assert latest.at - update.at == timedelta(0)


@pytest.mark.parametrize("moment", ["claimed", "before request", "after request", "before commit"])
def test_the_worker_passes_every_moment_at_which_the_kill_test_strikes(services: Services, moment: str) -> None:
    passed: list[str] = []
    filed(services)
    watched = Dispatching(
        unit_of_work=services.unit_of_work,
        dispatcher=services.dispatcher,
        notifying=services.notifying,
        casework=services.casework,
        moving=services.moving,
        clock=services.clock,
        pause_at=passed.append,
    )

    watched.relay_one("worker-1")

    assert moment in passed
