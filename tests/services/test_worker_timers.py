"""The worker's loop does timers too: beside the outbox, after trouble, and to the end of what it has begun."""

from __future__ import annotations

import threading
from dataclasses import replace

from integrations.bootstrap import Services
from integrations.services.clocks import CALENDAR, DEADLINE
from integrations.services.errors import TryLater
from integrations.services.ports import Transaction
from integrations.services.timer_records import TimerRow
from integrations.services.timing import CITY
from integrations.worker import Worker
from tests.builders import filed
from tests.conftest import wait_until
from tests.fakes import FakeClock
from tests.services.test_worker import working


def kinds(services: Services) -> list[str]:
    with services.unit_of_work() as tx:
        return [row.kind for row in tx.timers.list()]


def test_a_worker_warns_of_deadlines_and_looks_at_the_calendar(services: Services, clock: FakeClock) -> None:
    complaint = filed(services)
    clock.now = complaint.due_at

    with working(services):
        wait_until(lambda: len(_given(services, complaint.id)) == 2)
        wait_until(lambda: CALENDAR in kinds(services))


def _given(services: Services, complaint_id: str) -> list[str]:
    with services.unit_of_work() as tx:
        return [one.kind for one in tx.warnings.of_complaint(complaint_id)]


def test_a_worker_whose_database_was_away_at_the_start_does_its_timers_afterwards(
    services: Services, clock: FakeClock
) -> None:
    away = threading.Event()
    away.set()
    real = services.timing.unit_of_work

    def sometimes():  # type: ignore[no-untyped-def]
        if away.is_set():
            raise TryLater("the database did not answer")
        return real()

    services.__dict__["timing"] = replace(services.timing, unit_of_work=sometimes)
    complaint = filed(services)
    clock.now = complaint.due_at

    with working(services):
        away.clear()
        wait_until(lambda: len(_given(services, complaint.id)) == 2)
        with services.unit_of_work() as tx:
            assert tx.timers.get(CALENDAR, CITY)


def test_a_worker_that_stops_finishes_the_timer_it_is_doing(services: Services) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction, row: TimerRow, _now: object) -> None:
        begun.set()
        assert go_on.wait(5)

    services.__dict__["timing"] = replace(services.timing, handlers={DEADLINE: slow})
    filed(services)
    with services.unit_of_work() as tx:
        tx.timers.set(DEADLINE, "one", services.clock())

    worker = Worker(services)
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert begun.wait(5)
    worker.stop()
    thread.join(1.5)
    assert thread.is_alive(), "it did not wait for the timer"
    go_on.set()
    thread.join(5)
    assert not thread.is_alive()
    with services.unit_of_work() as tx:
        assert tx.timers.get(DEADLINE, "one") is None
