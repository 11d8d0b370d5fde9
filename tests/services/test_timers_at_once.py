"""Several workers race for the same timers, and some are killed: each timer is done once."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from integrations.bootstrap import Services
from integrations.store.personal_tables import personal_acts
from integrations.store.timer_tables import timers
from tests.conftest import wait_until
from tests.services.timer_entry import KIND, now, processes, timing, work

TIMERS = 2000


@pytest.fixture
def url(services: Services) -> str:
    return services.settings.sql_url


@pytest.fixture
def subjects(services: Services) -> list[str]:
    """That many timers that are due."""
    with services.unit_of_work() as tx:
        conversation = tx.conversations.open(channel="web", address="citizen-1", now=now())
        names = [f"{number:04}" for number in range(TIMERS)]
        due = {"at": now(), "next_at": now(), "payload": {"conversation": conversation.id}}
        tx._connection.execute(insert(timers), [{"kind": KIND, "subject": name, **due} for name in names])
    return names


def done(services: Services) -> Counter[str]:
    with services.engine.connect() as connection:
        return Counter(connection.execute(select(personal_acts.c.why)).scalars())


def left(services: Services) -> int:
    with services.engine.connect() as connection:
        return len(connection.execute(select(timers.c.id)).all())


def test_four_threads_do_each_timer_once(services: Services, subjects: list[str], url: str) -> None:
    threads = [threading.Thread(target=work, args=(url, f"thread-{n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert left(services) == 0
    assert done(services) == Counter(subjects)


@pytest.mark.timeout(300)
def test_four_processes_that_are_killed_again_and_again_do_each_timer_once(
    services: Services, subjects: list[str], url: str
) -> None:
    chance = random.Random(6)
    in_the_middle = 0
    while left(services):
        with processes(url, 4) as workers:
            before = left(services)
            wait_until(lambda start=before: left(services) <= max(0, start - 100), 120)
            for worker in chance.sample(workers, 3):
                worker.kill()
                worker.join()
            in_the_middle += left(services) > 0
            goal = max(0, left(services) - 100)
            wait_until(lambda end=goal: left(services) <= end or not _due(services), 120)
        with services.engine.begin() as connection:  # the leases of the dead run out
            past = now() - timedelta(seconds=1)
            connection.execute(update(timers).where(timers.c.claim.is_not(None)).values(next_at=past))

    assert in_the_middle >= 1  # mostly a dozen; fewer where this process gets little time
    assert done(services) == Counter(subjects)


def _due(services: Services) -> int:
    with services.engine.connect() as connection:
        return len(connection.execute(select(timers.c.id).where(timers.c.next_at <= now())).all())


def test_a_timer_that_two_threads_set_at_once_is_there_once(services: Services, url: str) -> None:
    barrier, troubles = threading.Barrier(8), []
    opened = timing(url).unit_of_work

    def put() -> None:
        barrier.wait()
        try:
            for _ in range(10):
                with opened() as tx:
                    tx.timers.set(KIND, "one", now())
        except Exception as trouble:  # noqa: BLE001 - whatever a thread meets is shown by the test
            troubles.append(trouble)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert troubles == []
    assert left(services) == 1
