"""The outbox: whose turn it is, and what is known of what may have been heard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.bootstrap import Services
from integrations.services.records import Complaint, OutboxRow, RowState, Task
from tests.builders import LAMP, RUBBISH, filed
from tests.fakes import FakeClock
from tests.often import often

LEASE = 60.0


@pytest.fixture
def complaint(services: Services) -> Complaint:
    """Its FILE row is in the outbox."""
    return filed(services, LAMP)


def claim(services: Services, worker: str = "w") -> OutboxRow | None:
    with services.unit_of_work() as tx:
        return tx.outbox.claim(worker=worker, now=services.clock(), lease_seconds=LEASE)


def add(services: Services, complaint: Complaint, task: Task, name: str = "") -> None:
    with services.unit_of_work() as tx:
        tx.outbox.add(task, complaint.id, {"name": name}, at=services.clock())


def row_of(services: Services, complaint: Complaint, row_id: int) -> OutboxRow:
    with services.unit_of_work() as tx:
        return next(row for row in tx.outbox.of_complaint(complaint.id) if row.id == row_id)


def claimed(services: Services, worker: str = "w") -> OutboxRow:
    row = claim(services, worker)
    assert row is not None
    return row


# -- turns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["ready", "claimed", "stuck"])
def test_an_update_waits_for_the_filing_whatever_has_become_of_it(
    services: Services, complaint: Complaint, state: str
) -> None:
    add(services, complaint, Task.UPDATE)
    row = claimed(services)
    assert row.task is Task.FILE
    with services.unit_of_work() as tx:
        if state == "stuck":
            tx.outbox.stuck(row, "refused")
        elif state == "ready":
            tx.outbox.later(row, at=services.clock() + timedelta(hours=1), error="away")

    assert claim(services) is None


def test_updates_of_one_ticket_go_one_after_the_other_those_of_two_together(
    services: Services, complaint: Complaint
) -> None:
    other = filed(services, RUBBISH, draft_id="draft-2")
    for _ in range(2):
        row = claimed(services)
        with services.unit_of_work() as tx:
            tx.outbox.done(row, services.clock())
    for name in ("a", "b"):
        add(services, complaint, Task.UPDATE, name)
        add(services, other, Task.UPDATE, name)

    first = [claimed(services), claimed(services)]
    assert claim(services) is None
    assert {(row.complaint_id, row.payload["name"]) for row in first} == {(complaint.id, "a"), (other.id, "a")}
    with services.unit_of_work() as tx:
        tx.outbox.stuck(first[0], "refused")

    assert claimed(services).payload["name"] == "b"


def test_a_notice_waits_for_nothing(services: Services, complaint: Complaint) -> None:
    claimed(services)
    add(services, complaint, Task.UPDATE)
    add(services, complaint, Task.NOTICE)

    assert claimed(services).task is Task.NOTICE


def test_what_a_dead_worker_left_goes_first(services: Services, complaint: Complaint, clock: FakeClock) -> None:
    left = claimed(services, "dead")
    clock.move(seconds=LEASE + 1)
    add(services, complaint, Task.NOTICE)

    again = claimed(services, "alive")

    assert (again.id, again.attempts, again.claimed_by) == (left.id, 2, "alive")


# -- may it have been heard? -------------------------------------------------------------------------------------


def test_before_it_is_sent_the_row_says_so_and_the_lease_begins_anew(
    services: Services, complaint: Complaint, clock: FakeClock
) -> None:
    row = claimed(services)
    clock.move(seconds=LEASE - 1)
    with services.unit_of_work() as tx:
        assert tx.outbox.sending(row, now=clock(), lease_seconds=LEASE)
    clock.move(seconds=LEASE - 1)

    assert claim(services, "another") is None
    assert row_of(services, complaint, row.id).sent_at is not None


def test_who_lost_the_row_may_not_send_it(services: Services, complaint: Complaint, clock: FakeClock) -> None:
    row = claimed(services, "slow")
    clock.move(seconds=LEASE + 1)
    claimed(services, "fast")

    with services.unit_of_work() as tx:
        assert not tx.outbox.sending(row, now=clock(), lease_seconds=LEASE)
        assert not tx.outbox.keep_token(row, "T")
    assert row_of(services, complaint, row.id).sent_at is None


@settings(max_examples=often(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=st.lists(st.sampled_from(["unheard", "lost", "died"]), min_size=1, max_size=6))
def test_a_row_that_may_have_been_heard_once_says_so_for_ever(
    services: Services, complaint: Complaint, clock: FakeClock, tries: list[str]
) -> None:
    """Whatever comes after: only 'surely unheard' since the beginning means that nobody can have it."""
    with services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = 'ready', attempts = 0, sent_at = NULL, claimed_by = NULL")
    first_at, doubt = None, False
    for outcome in tries:
        row = claimed(services)
        with services.unit_of_work() as tx:
            assert tx.outbox.sending(row, now=clock(), lease_seconds=LEASE)
        first_at = first_at if doubt else clock()
        doubt = doubt or outcome != "unheard"
        if outcome == "died":
            clock.move(seconds=LEASE + 1)
            continue
        with services.unit_of_work() as tx:
            tx.outbox.later(row, at=clock(), error=outcome, unheard=outcome == "unheard")
        clock.move(seconds=1)

    assert row_of(services, complaint, row.id).sent_at == (first_at if doubt else None)


# -- what a person does ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unheard", "sent"), [(False, True), (True, False)])
def test_putting_back_forgets_the_doubt_only_where_a_person_says_so(
    services: Services, complaint: Complaint, unheard: bool, sent: bool
) -> None:
    row = claimed(services)
    with services.unit_of_work() as tx:
        tx.outbox.sending(row, now=services.clock(), lease_seconds=LEASE)
        tx.outbox.keep_token(row, "T-1")
        tx.outbox.stuck(row, "not foreseen")
        assert tx.outbox.retry(row.id, services.clock(), unheard=unheard)
        assert not tx.outbox.retry(row.id, services.clock())
        assert not tx.outbox.settle(row.id, services.clock())

    back = row_of(services, complaint, row.id)
    assert (back.state, back.sent_at is not None, back.token) == (RowState.READY, sent, "T-1" if sent else None)
