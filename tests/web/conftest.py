"""The gateway in a test, and browsers that talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.web.app import create_app

OURS = {"X-Jiesu": "page"}


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


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error as the page gets it: JSON with a code and a Chinese sentence."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) >= {"code", "message"}
    return dict(error)


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
