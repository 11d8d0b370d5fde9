"""The page without a Rasa: a real gateway whose answers a test gives, quick to start.

`Stage.services` are the gateway's own use cases over the test's store: what a test files there, the page shows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from integrations.bootstrap import Services
from integrations.commands.processes import Server
from integrations.services.records import Bubble, Option
from integrations.web.app import create_app
from tests.fakes import FakeListener
from tests.servers import free_port


def bubble(text: str, *titles: str, card: dict[str, Any] | None = None) -> Bubble:
    """An answer; a tap on a title is heard with that title."""
    return Bubble(text, tuple(Option(title, f"/choice_{number}") for number, title in enumerate(titles, 1)), card)


@dataclass
class Stage:
    """A gateway of a test's own; `listener.answers = lambda said: [bubble(…), …]` says what it answers."""

    services: Services
    listener: FakeListener
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(stage: Stage) -> Iterator[Stage]:
    """Serve it until the end of the block."""
    app = create_app(stage.services)
    config = uvicorn.Config(app, host="127.0.0.1", port=stage.port, log_level="warning", timeout_graceful_shutdown=1)
    server = Server(config, app.state.streams.end_all)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until, "the gateway did not start"
        time.sleep(0.02)
    try:
        yield stage
    finally:
        server.should_exit = True
        thread.join(timeout=10)
