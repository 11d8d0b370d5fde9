"""The gateway in a test, and browsers that talk to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.commands.processes import Server
from integrations.web.app import create_app
from tests.servers import free_port

OURS = {"X-Jiesu": "page"}
PATIENCE = 10.0


@dataclass
class Browser:
    """One citizen's browser."""

    client: TestClient
    sent: int = field(default=0)

    def begin(self) -> dict[str, Any]:
        answer = self.client.post("/api/chat/session", headers=OURS)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post(self, body: object = None, /, *, headers: dict[str, str] = OURS, **message: object) -> httpx.Response:
        self.sent += 1
        if body is None:
            body = {"id": f"message-{self.sent:03}", **message}
        return self.client.post("/api/chat/messages", json=body, headers=headers)

    def say(self, text: str) -> list[dict[str, Any]]:
        answer = self.post(text=text)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["messages"])

    def messages(self, after: int = 0) -> list[dict[str, Any]]:
        return list(self.client.get("/api/chat/messages", params={"after": after}).json()["messages"])


@pytest.fixture
def app(services: Services) -> FastAPI:
    return create_app(services)


@pytest.fixture
def new_browser(app: FastAPI) -> Iterator[Callable[[], Browser]]:
    """Makes browsers with their own cookies; all of them share one running gateway."""
    with TestClient(app, raise_server_exceptions=False) as running:

        def make() -> Browser:
            client = TestClient(app, raise_server_exceptions=False)
            client.portal = running.portal  # one event loop for all, as in the real process
            return Browser(client)

        yield make


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    """A browser with a session."""
    made = new_browser()
    made.begin()
    return made


class Gateway:
    """A gateway with its own loop, and the followers in this thread."""

    def __init__(self, services: Services) -> None:
        self.port = free_port()
        self.services = services
        self.app = create_app(services)
        config = uvicorn.Config(self.app, host="127.0.0.1", port=self.port, log_level="warning")
        self.server = Server(config, self.app.state.streams.end_all)
        self.thread = Thread(target=self.server.run, daemon=True)
        self.thread.start()
        until = time.monotonic() + PATIENCE
        while not self.server.started:
            assert time.monotonic() < until
            time.sleep(0.02)

    def citizen(self) -> tuple[httpx.Client, str]:
        client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=PATIENCE)
        return client, str(client.post("/api/chat/session", headers=OURS).json()["conversation"])

    def stop(self) -> float:
        began = time.monotonic()
        self.server.should_exit = True
        self.thread.join(timeout=PATIENCE)
        assert not self.thread.is_alive()
        return time.monotonic() - began


@pytest.fixture
def gateway(services: Services) -> Iterator[Gateway]:
    """A server of its own, for what a client in the same loop cannot see."""
    running = Gateway(services)
    yield running
    running.stop()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error as the page gets it: JSON with a code and a Chinese sentence."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) >= {"code", "message"}
    return dict(error)


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
