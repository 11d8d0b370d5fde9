"""Worker processes that are killed at a named moment, run out of disk, or race each other."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.process import BaseProcess

from sqlalchemy import update

from integrations import bootstrap, worker
from integrations.bootstrap import Services
from integrations.clients.redis import RedisLimiter
from integrations.services import dispatching
from integrations.settings import Settings
from integrations.store import tables as t
from tests.conftest import wait_until
from tests.fakes import MemoryLimiter

QUICK = (0.3, 0.6, 1.0)


@dataclass(frozen=True)
class Fate:
    """What becomes of a worker: killed the `nth` time it passes `moment`, or kept from writing files beyond `bytes`."""

    moment: str = ""
    nth: int = 1
    bytes: int | None = None


def _work(settings: Settings, fate: Fate, redis: str) -> None:
    passed = 0

    def pause_at(moment: str) -> None:
        nonlocal passed
        passed += moment == fate.moment
        if moment == fate.moment and passed == fate.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    dispatching.BACK_OFF = QUICK
    if fate.bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (fate.bytes, resource.RLIM_INFINITY))
    limiter = RedisLimiter(redis) if redis else MemoryLimiter(bootstrap.now)
    worker.run(bootstrap.build(settings, limiter=limiter, dispatching={"pause_at": pause_at}))


@contextmanager
def working(settings: Settings, fate: Fate = Fate(), *, redis: str = "") -> Iterator[BaseProcess]:
    """A worker in a process of its own, until the end of the block."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.workers"])
    process = context.Process(target=_work, args=(settings, fate, redis))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def die(settings: Settings, fate: Fate) -> None:
    """Run a worker to its end, which must be a violent one."""
    with working(settings, fate) as process:
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, process.exitcode


def let_leases_run_out(services: Services) -> None:
    """As if the time of the dead had passed."""
    past = bootstrap.now() - timedelta(seconds=1)
    with services.engine.begin() as connection:
        connection.execute(update(t.outbox).where(t.outbox.c.state == "claimed").values(lease_until=past))


def all_done(services: Services) -> bool:
    """Nothing is left to do."""
    with services.unit_of_work() as tx:
        return set(tx.outbox.counts()) <= {"done", "kept"}


def finish(services: Services, settings: Settings, workers: int = 1, seconds: float = 90.0) -> None:
    """Let the dead's leases run out and new workers do what is left."""
    let_leases_run_out(services)
    stack = [working(settings) for _ in range(workers)]
    for one in stack:
        one.__enter__()
    try:
        wait_until(lambda: all_done(services), seconds)
    finally:
        for one in stack:
            one.__exit__(None, None, None)
