"""A map service for tests: it answers what it is told to, remembers what it was asked, or is a bare socket."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from integrations.clients.geocoders import Amap, GuardedGeocoder, SharedMemory, Tianditu
from integrations.clients.geocoders.exchange import Exchange
from tests.fakes import FakeClock

ANSWERS = Path(__file__).with_name("geocoder_answers")
KEY, SECRET, CITY = "tk-3f9a0c", "private-77d1", "青岛市"
KINDS = ("tianditu", "amap")

Reply = Callable[[], httpx.Response]


def recorded(name: str) -> dict[str, Any]:
    """The answer kept under that name."""
    return dict(json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8")))


def says(body: object, status: int = 200, **headers: str) -> Reply:
    """A reply with that body: text and bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, str | bytes) else json.dumps(body, ensure_ascii=False)
    content = raw.encode() if isinstance(raw, str) else raw
    return lambda: httpx.Response(status, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()})


def fails(error: Exception) -> Reply:
    """A reply that never comes."""

    def reply() -> httpx.Response:
        raise error

    return reply


class FakeMapService:
    """Gives its replies in turn, the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[httpx.URL] = []
        self.headers: list[httpx.Headers] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        self.headers.append(request.headers)
        return (self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])()

    @property
    def words(self) -> str:
        """What the last question said."""
        params = self.asked[-1].params
        return str(json.loads(params["ds"])["keyWord"] if "ds" in params else params["address"])


def geocoder(
    kind: str,
    service: FakeMapService | str,
    redis_url: str,
    *,
    clock: FakeClock | None = None,
    secret: str = "",
    peace_seconds: float = 60,
    **given: Any,
) -> GuardedGeocoder:
    """The port over a fake service, or over a real server at that URL."""
    url, transport = (service, None) if isinstance(service, str) else ("http://map.example", service)
    return GuardedGeocoder(
        Amap(KEY, city=CITY, secret=secret) if kind == "amap" else Tianditu(KEY),
        Exchange(url, transport=httpx.MockTransport(transport) if transport else None),
        SharedMemory(redis_url, service=kind, pepper=KEY, peace_seconds=peace_seconds),
        city=CITY,
        **{"daily_quota": 5000, "clock": clock or FakeClock(), "sleep": lambda _: None, **given},
    )


@contextmanager
def bare_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a server that hands every connection to `answer`, once a request has come in."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=talk, args=(connection,), daemon=True).start()

        def talk(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(65536)
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def drip(begin: bytes, *, seconds: float = 6.0, over: threading.Event) -> Callable[[socket.socket], None]:
    """Sends `begin` and then one blank after another; `over` is set when the other side hangs up."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(begin)
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                connection.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            over.set()

    return answer
