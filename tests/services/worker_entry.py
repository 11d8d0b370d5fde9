"""A real worker process whose life ends at a named moment, as `worker_process` starts it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from integrations import bootstrap, worker
from integrations.settings import Settings
from tests.fakes import MemoryLimiter

NEVER = "never"


def _work(settings: Settings, fatal: str) -> None:
    def pause_at(moment: str) -> None:
        if moment == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    worker.run(bootstrap.build(settings, limiter=MemoryLimiter(bootstrap.now), dispatching={"pause_at": pause_at}))


@contextmanager
def worker_process(settings: Settings, fatal: str = NEVER) -> Iterator[BaseProcess]:
    """A process of its own, made by a server that has imported everything already: that saves seconds each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.services.worker_entry"])
    process = context.Process(target=_work, args=(settings, fatal))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
