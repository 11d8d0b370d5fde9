"""The department in a test: one fixed morning, one file, one key."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.demo_dispatch.app import create_app
from integrations.demo_dispatch.casework import COMPLETE, VERIFIED
from integrations.demo_dispatch.clock import CITY_TIME
from integrations.demo_dispatch.faults import DroppableConnection
from integrations.demo_dispatch.settings import Settings

KEY = "test-key"
ALL_CHECKS = [*VERIFIED, *COMPLETE]
Photo = tuple[str, bytes, str]
"""Name, content and type of a file."""

OWN_URL = "http://department.example"
MORNING = datetime(2026, 11, 21, 9, 30, tzinfo=CITY_TIME)


class StillClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Citizen:
    """Files requests and reads about them over GeoReport; also sits at the clerk's desk."""

    client: httpx.Client

    def post(self, form: str = "json", /, **changes: str | None) -> httpx.Response:
        """A good request with ``changes``; None leaves an argument out."""
        fields = {
            "api_key": KEY,
            "service_code": "QD-41",
            "address_string": "市北区合肥路688号翠湖花园三期北门",
            "description": "路灯坏了，三天了",
            "attribute[REFERENCE]": "QD20261121000001",
        } | changes
        data = {name: value for name, value in fields.items() if value is not None}
        return self.client.post(f"/open311/v2/requests.{form}", data=data)

    def file(self, **changes: str | None) -> str:
        answer = self.post(**changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()[0]["service_request_id"])

    def read(self, number: str) -> dict[str, Any]:
        answer = self.client.get(f"/open311/v2/requests/{number}.json")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()[0])

    def numbers(self, **query: str) -> list[str]:
        answer = self.client.get("/open311/v2/requests.json", params=query)
        assert answer.status_code == 200, answer.text
        return [row["service_request_id"] for row in answer.json()]

    def tell(
        self, number: str, kind: str, key: str = "k-1", form: str = "json", **changes: str | None
    ) -> httpx.Response:
        """A good update with ``changes``; None leaves an argument out."""
        fields = {"api_key": KEY, "kind": kind, "key": key, "text": "三天了还没人来"} | changes
        data = {name: value for name, value in fields.items() if value is not None}
        return self.client.post(f"/open311/v2/requests/{number}/updates.{form}", data=data)

    def form(self, number: str, step: str, text: str = "", **more: Any) -> dict[str, Any]:
        """The fields of a form as the page shows it now."""
        page = self.client.get(f"/requests/{number}").text
        token = re.search(r'name="token" value="(\w+)"', page)
        seen = re.search(r'name="seen" value="(\d+)"', page)
        assert token, page
        assert seen, page
        return {"step": step, "text": text, "token": token[1], "seen": seen[1], **more}

    def send(self, number: str, form: dict[str, Any], photos: Sequence[Photo] = ()) -> httpx.Response:
        files = [("photos", photo) for photo in photos]
        return self.client.post(f"/requests/{number}", data=form, files=files or None, follow_redirects=False)

    def step(self, number: str, step: str, text: str = "", photos: Sequence[Photo] = (), **more: Any) -> None:
        answer = self.send(number, self.form(number, step, text, **more), photos)
        assert answer.status_code == 303, answer.text

    def closed(self, by: str = "王敏") -> str:
        """A request that has come as far as being closed."""
        number = self.file()
        self.step(number, "accepted")
        self.step(number, "assigned", "二班")
        self.step(number, "closed", "已修复", clerk=by)
        return number

    def history(self, number: str) -> list[dict[str, Any]]:
        return list(self.read(number)["extended_attributes"]["history"])

    def states(self, number: str) -> list[str]:
        return [entry["event"] for entry in self.history(number)]


@dataclass
class Hook:
    """A receiver with a memory; it answers as ``answers`` says, then 204 for ever."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)
    """The sequence of every event that came, taken or not."""


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=tmp_path / "demo_dispatch.db", api_key=KEY, own_url=OWN_URL, faults=True)


@pytest.fixture
def app(settings: Settings, clock: StillClock) -> FastAPI:
    return create_app(settings, clock=clock)


@pytest.fixture
def citizen(app: FastAPI) -> Iterator[Citizen]:
    with TestClient(app) as client:
        yield Citizen(client)


@pytest.fixture
def hook() -> Iterator[Hook]:
    seen = Hook()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.tried.append(json.loads(body)["sequence"])
            status = seen.answers.pop(0) if seen.answers else 204
            if status == 204:
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen.taken.append((headers, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    seen.url = f"http://127.0.0.1:{server.server_port}/hooks/dispatch"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def serving(app: FastAPI) -> Iterator[Citizen]:
    """The department on a real socket, with the connection that faults need."""
    config = uvicorn.Config(app, port=0, http=DroppableConnection, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5, trust_env=False) as client:
            yield Citizen(client)
    finally:
        server.should_exit = True
        thread.join()


def wait_until(come_true: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not come_true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
