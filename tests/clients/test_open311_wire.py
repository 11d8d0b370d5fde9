"""One exchange: bounded in time and size against real sockets, and every error sorted."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from integrations.clients.open311.mapping import Sort
from integrations.clients.open311.wire import MOST_BYTES, Wire
from integrations.services.errors import NeedsPerson, Rejected, TryLater

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads a request and then does as it is told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.recv(65536)
                talk(client)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def wire(url: str, timeout: float = 0.5, **errors: Sort) -> Wire:
    return Wire(url, form="json", errors=errors, clock=lambda: NOW, timeout=timeout)


def scripted(*answers: httpx.Response | Exception, errors: dict[str, Sort] | None = None) -> Wire:
    left = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    return Wire("http://x", form="json", errors=errors or {}, clock=lambda: NOW, transport=httpx.MockTransport(answer))


# -- time and size -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"], ids=["head", "body"])
def test_a_server_that_drips_is_left_in_time(head: bytes) -> None:
    """Each byte comes within httpx's own time-out, so only an end for the whole exchange helps."""

    def drip(client: socket.socket) -> None:
        client.sendall(head)
        for _ in range(300):
            client.sendall(b"H")
            time.sleep(0.05)

    with speaking(drip) as url:
        asked = wire(url)
        began = time.monotonic()
        with pytest.raises(TryLater) as later, asked.within(0.6):
            asked.post("requests", {})

    assert time.monotonic() - began < 3
    assert later.value.unheard is False


def test_several_questions_of_one_operation_share_one_end() -> None:
    def slow(client: socket.socket) -> None:
        time.sleep(0.25)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")

    with speaking(slow) as url:
        asked = wire(url)
        with pytest.raises(TryLater), asked.within(0.6):
            for _ in range(20):
                asked.get("requests")


def test_outside_of_an_operation_the_next_one_has_its_own_time() -> None:
    def fine(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")

    with speaking(fine) as url:
        asked = wire(url)
        with suppress(TryLater), asked.within(0):
            asked.get("requests")

        assert asked.get("requests") == []


def test_a_port_where_nobody_listens_has_surely_heard_nothing() -> None:
    with pytest.raises(TryLater) as later:
        wire("http://127.0.0.1:1").post("requests", {})

    assert later.value.unheard is True


def test_an_answer_without_end_is_not_kept() -> None:
    def flood(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(MOST_BYTES // 65536 + 10):
            client.sendall(b"x" * 65536)

    with speaking(flood) as url, pytest.raises(TryLater, match="more than"):
        wire(url, timeout=5).get("requests")


def test_what_is_posted_never_uses_a_kept_connection() -> None:
    """The other side may close it just then, and nobody would know what was heard."""
    connections: list[int] = []

    def count(client: socket.socket) -> None:
        connections.append(1)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        client.settimeout(0.3)
        with suppress(OSError):
            while client.recv(65536):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    with speaking(count) as url:
        asked = wire(url, timeout=3)
        for _ in range(3):
            asked.post("requests", {})

    assert len(connections) == 3


# -- sorting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "unheard"),
    [
        (301, NeedsPerson, None),
        (400, NeedsPerson, None),
        (401, NeedsPerson, None),
        (403, NeedsPerson, None),
        (404, NeedsPerson, None),
        (408, TryLater, True),
        (410, Rejected, None),
        (422, NeedsPerson, None),
        (425, TryLater, True),
        (429, TryLater, True),
        (500, TryLater, False),
        (501, NeedsPerson, None),
        (502, TryLater, False),
        (503, TryLater, True),
        (504, TryLater, False),
        (599, TryLater, False),
    ],
)
def test_each_status_has_its_meaning(status: int, error: type[Exception], unheard: bool | None) -> None:
    with pytest.raises(error) as raised:
        scripted(httpx.Response(status, json=[{"code": status, "description": "words"}])).post("requests", {})

    assert "words" in str(raised.value)
    assert unheard is None or raised.value.unheard is unheard  # type: ignore[attr-defined]


def test_a_backend_that_repeats_what_it_refuses_gives_no_phone_away() -> None:
    answer = httpx.Response(400, json=[{"code": 400, "description": "cannot read 我电话13812345678"}])

    with pytest.raises(NeedsPerson) as refused:
        scripted(answer).post("requests", {})

    assert "13812345678" not in str(refused.value)


def test_what_is_not_there_is_not_known() -> None:
    with pytest.raises(Rejected):
        scripted(httpx.Response(404)).get("requests/DC-1")


@pytest.mark.parametrize(
    ("errors", "error"),
    [
        ({"400": Sort.TRY_LATER}, TryLater),
        ({"busy": Sort.TRY_LATER}, TryLater),
        ({"busy": Sort.REJECT, "400": Sort.TRY_LATER}, Rejected),
        ({"other": Sort.TRY_LATER}, NeedsPerson),
    ],
)
def test_a_backend_may_mean_something_else_by_its_errors(errors: dict[str, Sort], error: type[Exception]) -> None:
    answer = httpx.Response(400, json=[{"code": "busy", "description": "come again"}])

    with pytest.raises(error):
        scripted(answer, errors=errors).post("requests", {})


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Sat, 21 Nov 2026 02:01:30 GMT", "Date": "Sat, 21 Nov 2026 02:01:00 GMT"}, 30.0),
        ({"Retry-After": "Sat, 21 Nov 2026 02:01:30 GMT"}, None),
        ({"Retry-After": "Sat, 21 Nov 2026 01:00:00 GMT", "Date": "Sat, 21 Nov 2026 02:01:00 GMT"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Sat, 21 Nov 2026 02:01:00 GMT"}, 3600.0),
        ({"Retry-After": "3.5"}, None),
    ],
)
def test_a_time_to_come_again_may_be_seconds_or_a_date(headers: dict[str, str], after: float | None) -> None:
    with pytest.raises(TryLater) as later:
        scripted(httpx.Response(429, headers=headers)).post("requests", {})

    assert later.value.after == after


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 21 Nov 2026"])
def test_a_backend_that_does_not_say_its_time_is_taken_to_have_ours(date: str) -> None:
    asked = scripted(httpx.Response(200, json=[], headers={"Date": date}))
    asked.get("services")

    assert asked.ahead == 0.0


def test_how_far_ahead_the_backends_clock_is_can_be_seen() -> None:
    said = (NOW + timedelta(hours=3)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    asked = scripted(httpx.Response(200, json=[], headers={"Date": said}))
    asked.get("services")

    assert asked.ahead == 3 * 3600
