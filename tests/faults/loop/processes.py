"""The gateway and the demo department as processes of their own, which all live in one virtual time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import uvicorn

from integrations import bootstrap
from integrations.demo_dispatch.app import create_app as create_department
from integrations.demo_dispatch.delivery import Patience
from integrations.demo_dispatch.faults import DroppableConnection
from integrations.demo_dispatch.settings import Hook
from integrations.demo_dispatch.settings import Settings as DepartmentSettings
from integrations.settings import Settings
from integrations.web import dispatch_hook
from integrations.web.app import create_app as create_gateway
from tests.conftest import API_KEY, SECRETS
from tests.fakes import (
    SATURDAY,
    FakeClassifier,
    FakeDispatcher,
    FakeListener,
    FakeRequestTypes,
    MemoryLimiter,
    MemoryTurns,
)
from tests.servers import free_port

CONTEXT = multiprocessing.get_context("forkserver")


class SharedClock:
    """Stands still, in all processes that have it, until one of them moves it."""

    def __init__(self, now: datetime = SATURDAY) -> None:
        self._seconds: Any = CONTEXT.Value("d", now.timestamp())

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self._seconds.value, UTC)

    @property
    def now(self) -> datetime:
        return self()

    @now.setter
    def now(self, now: datetime) -> None:
        self._seconds.value = now.timestamp()

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def _serve(app: Any, port: int, **how: Any) -> None:
    # no Date of the real world: the department's clock is ours
    uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", date_header=False, **how)).run()


def _department(path: Path, port: int, hook: str, clock: SharedClock) -> None:
    chosen = DepartmentSettings(
        path, API_KEY, hook=Hook(hook, SECRETS["hook_secret"]), own_url=f"http://127.0.0.1:{port}", faults=True
    )
    app = create_department(chosen, clock=clock, patience=Patience(poll=0.02))
    _serve(app, port, http=DroppableConnection)


def _gateway(settings: Settings, port: int, clock: SharedClock) -> None:
    dispatch_hook.time = SimpleNamespace(time=lambda: clock().timestamp())  # type: ignore[assignment]
    services = bootstrap.build(
        settings,
        clock=clock,
        turns=MemoryTurns(),
        limiter=MemoryLimiter(clock),
        listener=FakeListener(),
        dispatcher=FakeDispatcher(),
        classifier=FakeClassifier(),
        request_types=FakeRequestTypes(),
    )
    _serve(create_gateway(services), port)


@contextmanager
def city(settings: Settings, clock: SharedClock, folder: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """The department's address as a client, and its database; its hooks go to a gateway with these settings."""
    CONTEXT.set_forkserver_preload([__name__])
    ours, theirs, path = free_port(), free_port(), folder / "department.db"
    hook = f"http://127.0.0.1:{ours}/hooks/dispatch"
    started = [
        CONTEXT.Process(target=_gateway, args=(settings, ours, clock), daemon=True),
        CONTEXT.Process(target=_department, args=(path, theirs, hook, clock), daemon=True),
    ]
    for one in started:
        one.start()
    client = httpx.Client(base_url=f"http://127.0.0.1:{theirs}", timeout=10, trust_env=False)
    try:
        _wait_for(f"http://127.0.0.1:{ours}/api/openapi.json")
        _wait_for(f"http://127.0.0.1:{theirs}/health")
        yield client, path
    finally:
        client.close()
        for one in started:
            one.kill()
            one.join()


def _wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if httpx.get(url, timeout=5, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < until, f"{url} does not answer"
        time.sleep(0.05)
