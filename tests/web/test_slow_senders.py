"""Whoever dribbles keeps no connection: heads and bodies that do not end are cut, honest slow lines are not."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from integrations.web import heads
from tests.web.conftest import OURS, PATIENCE, Gateway

HEAD = b"POST /api/chat/typing HTTP/1.1\r\nHost: city.example\r\nX-Jiesu: page\r\nContent-Type: application/json\r\n"
GET = b"GET /health/live HTTP/1.1\r\nHost: city.example\r\n\r\n"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.6)
    monkeypatch.setattr(heads, "BODY_SECONDS", 0.6)


@contextmanager
def line(gateway: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as made:
        yield made


def cut_after(made: socket.socket, dribble: Callable[[int], bytes]) -> tuple[float, bytes]:
    """Seconds until the other side hangs up, and what it said, while bytes dribble in."""
    began, said = time.monotonic(), b""
    made.settimeout(0.05)
    for n in range(10_000):
        assert time.monotonic() - began < PATIENCE, "it was not hung up on"
        try:
            if piece := dribble(n):
                made.sendall(piece)
            got = made.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            break
        if not got:
            break
        said += got
    return time.monotonic() - began, said


@pytest.mark.parametrize(
    ("begun", "dribble"),
    [
        (b"", lambda n: (b"GET /health/live HTTP/1.1\r\nX-A: " + b"a" * 9999)[n : n + 1]),
        (b"GET /health/live HTTP/1.1\r\nHost: a\r\n", lambda n: b"X-%d: a\r\n" % n),
        (b"GET /health/live HTTP/1.1\r\nHost: a\r\n", lambda _n: b""),
    ],
    ids=["byte by byte", "header by header", "half of a head"],
)
def test_a_head_that_does_not_end_is_cut(gateway: Gateway, begun: bytes, dribble: Callable[[int], bytes]) -> None:
    with line(gateway) as made:
        made.sendall(begun)
        took, said = cut_after(made, dribble)
    assert 0.4 < took < 4
    assert said.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("dribble", [lambda _n: b"", lambda _n: b"\r\n"], ids=["nothing", "empty lines"])
def test_who_says_nothing_is_hung_up_on(gateway: Gateway, dribble: Callable[[int], bytes]) -> None:
    with line(gateway) as made:
        took, said = cut_after(made, dribble)
    assert 0.4 < took < 4 and said == b""


def test_a_second_head_on_the_same_line_is_cut_too(gateway: Gateway) -> None:
    with line(gateway) as made:
        made.sendall(GET)
        assert made.recv(65536).startswith(b"HTTP/1.1 200 ")
        took, said = cut_after(made, lambda n: (b"GET / HTTP/1.1\r\nX-A: " + b"a" * 9999)[n : n + 1])
    assert took < 4 and said.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("length", [b"Content-Length: 4000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_that_dribbles_in_is_cut(gateway: Gateway, length: bytes) -> None:
    chunked = b"chunked" in length
    with line(gateway) as made:
        made.sendall(HEAD + length + b"\r\n")
        took, _ = cut_after(made, lambda _n: b"1\r\na\r\n" if chunked else b"a")
    assert 0.4 < took < 4


def test_a_body_that_is_read_by_nobody_is_cut(gateway: Gateway) -> None:
    with line(gateway) as made:
        made.sendall(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n")
        took, said = cut_after(made, lambda _n: b"a")
    assert took < 4 and b" 404 " in said[:20]


def test_a_line_that_is_slow_and_honest_is_waited_for(gateway: Gateway) -> None:
    """Eight times as long as a body may take that does not move on."""
    client, _ = gateway.citizen()
    began = client.post("/api/chat/uploads", headers={**OURS, "Upload-Length": "60000"})
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items()).encode()
    head = (
        b"PATCH "
        + began.headers["location"].encode()
        + b" HTTP/1.1\r\nHost: a\r\nX-Jiesu: page\r\nUpload-Offset: 0\r\n"
    )
    head += b"Content-Type: application/offset+octet-stream\r\nConnection: close\r\nCookie: " + cookie + b"\r\n"
    with line(gateway) as made:
        made.sendall(head + b"Content-Length: 60000\r\n\r\n")
        for _ in range(24):
            time.sleep(0.2)
            made.sendall(bytes(2500))
        assert made.recv(65536).startswith(b"HTTP/1.1 204 ")


def test_a_stream_goes_on_for_longer_than_a_request_may_take(gateway: Gateway) -> None:
    client, _ = gateway.citizen()
    with client.stream("GET", "/api/chat/stream") as answer:
        lines = answer.iter_lines()
        assert any(one == "event: state" for one in lines)
        time.sleep(1.5)
        client.post("/api/chat/messages", json={"id": "message-001", "text": "路灯坏了"}, headers=OURS)
        assert any("听到了" in one for one in lines)
    assert client.get("/health/live").status_code == 200
