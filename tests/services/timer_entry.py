"""Real worker processes that do nothing but timers; each is to leave one row for each timer it has done."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess

from integrations.services.personal_records import Act
from integrations.services.ports import Transaction
from integrations.services.timer_records import TimerRow
from integrations.services.timing import Timing
from integrations.store import database

KIND = "bell"


def now() -> datetime:
    return datetime.now(UTC)


def mark(tx: Transaction, row: TimerRow, at: datetime) -> None:
    tx.personal.record(Act("timer", "worker", row.subject, at))


def timing(url: str) -> Timing:
    """The scheduler over a connection of its own."""
    opened = database.unit_of_work(database.connect(url))
    return Timing(unit_of_work=opened, clock=now, handlers={KIND: mark})


def work(url: str, name: str) -> None:
    """Do timers until none is due."""
    at_work = timing(url)
    while at_work.run_due(name):
        pass


def work_for_ever(url: str, name: str) -> None:
    """Do timers until somebody ends the process."""
    at_work = timing(url)
    while True:
        if not at_work.run_due(name):
            time.sleep(0.02)


@contextmanager
def processes(url: str, count: int) -> Iterator[list[BaseProcess]]:
    """That many workers, in processes of their own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.services.timer_entry"])
    started = [context.Process(target=work_for_ever, args=(url, f"process-{n}")) for n in range(count)]
    for process in started:
        process.start()
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.join()
