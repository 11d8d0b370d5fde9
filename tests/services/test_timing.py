"""The scheduler: each timer once, whatever its work meets; daily work once a day."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from integrations.bootstrap import Services
from integrations.services.errors import Conflict, TryLater
from integrations.services.personal_records import Act
from integrations.services.ports import Transaction
from integrations.services.timer_records import TimerRow
from integrations.services.timing import BACK_OFF, CITY, LEASE_SECONDS, Daily, Handler, Timing
from integrations.store.personal_tables import personal_acts
from kb.deadlines import CITY_TIME
from tests.fakes import FakeClock

WORKER = "worker-1"


def timing(services: Services, handlers: dict[str, Handler], daily: dict[str, Daily] | None = None) -> Timing:
    return Timing(unit_of_work=services.unit_of_work, clock=services.clock, handlers=handlers, daily=daily or {})


def mark(tx: Transaction, row: TimerRow, now: datetime) -> None:
    """Work that leaves one row in the database each time it is done."""
    tx.personal.record(Act("timer", "worker", row.subject, now))


def marks(services: Services) -> int:
    with services.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(personal_acts)).scalar_one())


def put(services: Services, subject: str = "one", *, kind: str = "bell", **later: float) -> None:
    with services.unit_of_work() as tx:
        tx.timers.set(kind, subject, services.clock() + timedelta(**later))


def standing(services: Services) -> list[TimerRow]:
    with services.unit_of_work() as tx:
        return list(tx.timers.list())


def failing(trouble: Exception) -> Handler:
    def handler(tx: Transaction, row: TimerRow, now: datetime) -> None:
        mark(tx, row, now)
        raise trouble

    return handler


def test_a_timer_is_done_when_it_is_due_and_never_again(services: Services, clock: FakeClock) -> None:
    put(services, seconds=5)
    at_work = timing(services, {"bell": mark})

    assert at_work.run_due(WORKER) == 0
    clock.move(seconds=5)
    assert at_work.run_due(WORKER) == 1
    assert at_work.run_due(WORKER) == 0
    assert (marks(services), standing(services)) == (1, [])


@pytest.mark.parametrize(
    ("trouble", "kept"),
    [
        (TryLater("the map is away"), "the map is away"),
        (Conflict("it has moved on"), "it has moved on"),
        (ValueError("王女士 13812345678"), "ValueError"),
    ],
    ids=["later", "conflict", "unforeseen"],
)
def test_work_that_fails_leaves_nothing_and_is_tried_again_without_end(
    services: Services, clock: FakeClock, caplog: pytest.LogCaptureFixture, trouble: Exception, kept: str
) -> None:
    put(services)
    broken = timing(services, {"bell": failing(trouble)})
    caplog.set_level(logging.CRITICAL)  # a traceback of the test's own

    for wait in (*BACK_OFF, BACK_OFF[-1]):
        assert broken.run_due(WORKER) == 1
        assert (marks(services), standing(services)[0].last_error) == (0, kept)
        clock.move(seconds=wait - 0.001)
        assert broken.run_due(WORKER) == 0
        clock.move(seconds=0.001)

    assert timing(services, {"bell": mark}).run_due(WORKER) == 1
    assert marks(services) == 1


def test_one_that_fails_does_not_stop_the_others(services: Services) -> None:
    put(services, "bad", kind="broken")
    put(services, "good")
    at_work = timing(services, {"broken": failing(ZeroDivisionError()), "bell": mark})

    assert at_work.run_due(WORKER) == 2
    assert [row.subject for row in standing(services)] == ["bad"]


def test_a_kind_that_this_worker_does_not_know_is_left_to_others(services: Services) -> None:
    put(services, kind="of tomorrow")

    assert timing(services, {"bell": mark}).run_due(WORKER) == 0
    assert timing(services, {"of tomorrow": mark}).run_due(WORKER) == 1


def test_a_worker_that_is_killed_over_it_leaves_it_to_the_next_when_its_lease_has_run_out(
    services: Services, clock: FakeClock
) -> None:
    class Killed(BaseException):
        """Not an Exception: as a signal is not."""

    def die(moment: str) -> Callable[[str], None]:
        def pause_at(here: str) -> None:
            if here == moment:
                raise Killed

        return pause_at

    at_work = timing(services, {"bell": mark})
    put(services)
    for moment in ("claimed", "before commit"):
        with pytest.raises(Killed):
            replace(at_work, pause_at=die(moment)).run_due(WORKER)
        assert at_work.run_due("worker-2") == 0, "before its lease has run out"
        assert marks(services) == 0
        clock.move(seconds=LEASE_SECONDS)

    assert at_work.run_due("worker-2") == 1
    assert (marks(services), standing(services)) == (1, [])


def test_who_is_so_slow_that_another_does_it_undoes_its_own_work(services: Services, clock: FakeClock) -> None:
    """The slow worker's transaction begins before and ends after the whole work of the other one."""
    put(services)
    with services.unit_of_work() as tx:
        (slow,) = tx.timers.claim(WORKER, clock(), LEASE_SECONDS, 1)
    clock.move(seconds=LEASE_SECONDS)
    at_work = timing(services, {"bell": mark})
    assert at_work.run_due("worker-2") == 1

    at_work._run(slow)
    assert marks(services) == 1


def test_work_may_set_its_own_timer_anew(services: Services, clock: FakeClock) -> None:
    def again(tx: Transaction, row: TimerRow, now: datetime) -> None:
        mark(tx, row, now)
        tx.timers.set(row.kind, row.subject, now + timedelta(seconds=10))

    put(services)
    at_work = timing(services, {"bell": again})
    for count in (1, 2, 3):
        assert at_work.run_due(WORKER) == 1
        assert at_work.run_due(WORKER) == 0
        assert marks(services) == count
        clock.move(seconds=10)


# -- daily -------------------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-23 05:59", "2026-11-23 06:00"),
        ("2026-11-23 06:00", "2026-11-24 06:00"),
        ("2026-11-23 23:59", "2026-11-24 06:00"),
    ],
)
def test_daily_work_is_done_next_at_its_time(now: str, then: str) -> None:
    assert Daily(time(6), mark).after(at(now)) == at(then)


def test_daily_work_is_done_at_once_at_first_then_once_a_day_even_after_days_asleep(
    services: Services, clock: FakeClock
) -> None:
    clock.now = at("2026-11-23 10:00")
    done: list[datetime] = []
    daily = timing(services, {}, {"sweep": Daily(time(6), lambda tx, row, now: done.append(now))})

    for _ in range(3):  # three workers start
        daily.begin()
    assert [daily.run_due(WORKER) for _ in range(2)] == [1, 0]
    clock.now = at("2026-11-24 06:00")
    assert [daily.run_due(WORKER) for _ in range(2)] == [1, 0]
    clock.now = at("2026-11-28 12:00")
    daily.begin()
    assert [daily.run_due(WORKER) for _ in range(2)] == [1, 0]
    assert standing(services)[0].at == at("2026-11-29 06:00")
    assert standing(services)[0].subject == CITY
    assert len(done) == 3


def test_what_is_done_at_the_start_too_is_done_when_a_worker_starts(services: Services, clock: FakeClock) -> None:
    done: list[datetime] = []
    daily = timing(services, {}, {"look": Daily(time(6), lambda tx, row, now: done.append(now), at_start=True)})

    for _ in range(2):
        daily.begin()
        assert daily.run_due(WORKER) == 1
    assert len(done) == 2


def test_daily_work_is_not_done_twice_when_the_clock_jumps_back(services: Services, clock: FakeClock) -> None:
    clock.now = at("2026-11-23 06:00")
    done: list[datetime] = []
    daily = timing(services, {}, {"sweep": Daily(time(6), lambda tx, row, now: done.append(now))})
    daily.begin()
    daily.run_due(WORKER)

    clock.now = at("2026-11-23 05:59")
    assert daily.run_due(WORKER) == 0
    clock.now = at("2026-11-23 06:00")
    assert daily.run_due(WORKER) == 0
    assert len(done) == 1


def test_daily_work_that_fails_is_tried_again_before_the_next_day(services: Services, clock: FakeClock) -> None:
    daily = timing(services, {}, {"sweep": Daily(time(6), failing(TryLater("away")))})
    daily.begin()
    daily.run_due(WORKER)

    clock.move(seconds=BACK_OFF[0])
    assert daily.run_due(WORKER) == 1
