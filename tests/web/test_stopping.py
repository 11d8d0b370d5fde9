"""A gateway in a process of its own is told to stop while streams are open: they end well, and so does it, at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from integrations.settings import Settings
from tests.conftest import PROJECT, SECRETS, wait_until
from tests.servers import free_port
from tests.web.conftest import OURS

STREAMS, SECONDS = 3, 5.0


class Running:
    """`jiesu gateway`, without a Rasa and a department."""

    def __init__(self, settings: Settings, redis_url: str) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        chosen = {
            "JIESU_DATA_DIR": str(settings.data_dir),
            "JIESU_DATABASE_URL": settings.sql_url,
            "JIESU_REDIS_URL": redis_url,
            "JIESU_RASA_URL": "http://127.0.0.1:1",
            "JIESU_DISPATCH_URL": "http://127.0.0.1:1/open311/v2",
            "JIESU_PORT": str(port),
            **{f"JIESU_{name.upper()}": value for name, value in SECRETS.items()},
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "integrations.cli", "gateway"],
            env={**os.environ, **chosen},
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def is_ready(self) -> bool:
        assert self.process.poll() is None, "it did not start"
        try:
            return httpx.get(f"{self.url}/health/live", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def running(settings: Settings, redis_url: str) -> Iterator[Running]:
    made = Running(settings, redis_url)
    try:
        wait_until(made.is_ready, 60)
        yield made
    finally:
        made.process.kill()
        made.process.wait(10)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_open_streams_end_well_and_nobody_is_waited_for(running: Running, told: signal.Signals) -> None:
    with ExitStack() as stack:
        answers = []
        for _ in range(STREAMS):
            client = stack.enter_context(httpx.Client(base_url=running.url, trust_env=False, timeout=20))
            assert client.post("/api/chat/session", headers=OURS).status_code == 200
            answers.append(stack.enter_context(client.stream("GET", "/api/chat/stream")))
        lines = [answer.iter_lines() for answer in answers]
        assert all(any(one == "event: state" for one in each) for each in lines)

        began = time.monotonic()
        running.process.send_signal(told)
        with ThreadPoolExecutor(STREAMS) as pool:
            # a stream that is cut in the middle raises
            rest = list(pool.map(list, lines))
        code = running.process.wait(SECONDS)

        assert time.monotonic() - began < SECONDS
        assert code in (0, -told), code
        assert all("event: message" not in each for each in rest)
