"""A feed over HTTP: what is asked, what is believed, and what is said of everything else."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable

import httpx
import pytest

from integrations.clients.issue_feed import MOST_BYTES, HttpIssueFeed
from integrations.services.errors import NeedsPerson, ServiceError, TryLater
from tests.clients.map_service import bare_server

URL = "https://user:pass-77d1@city.example/issues?token=tk-3f9a0c"
SECRETS = ("tk-3f9a0c", "pass-77d1")
Answer = Callable[[httpx.Request], httpx.Response]
JSON = {"content-type": "application/json"}


class Server:
    """Gives its answers in turn, the last one for ever; an exception is what the connection meets."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.asked, self.slept = list(answers), list[httpx.Request](), list[float]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def fetch(self, url: str = URL, *, etag: str | None = None, modified: str | None = None) -> object:
        feed = HttpIssueFeed(transport=httpx.MockTransport(self), sleep=self.slept.append)
        return feed.fetch(url, etag=etag, modified=modified)


def says(status: int = 200, content: bytes = b"[]", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=content, headers=named or JSON)


@pytest.mark.parametrize(
    ("answer", "error", "said", "tries"),
    [
        (says(500), TryLater, "answered 500", 3),
        (says(503, retry_after="600"), TryLater, "answered 503", 1),
        (says(429, retry_after="2"), TryLater, "answered 429", 3),
        (says(301, location="https://elsewhere.example/tk-3f9a0c"), NeedsPerson, "without a redirect", 1),
        (says(304), NeedsPerson, "answered 304", 1),
        (says(404), NeedsPerson, "answered 404", 1),
        (says(401), NeedsPerson, "answered 401", 1),
        (says(204, b""), NeedsPerson, "answered 204", 1),
        (says(206), NeedsPerson, "answered 206", 1),
        (says(content=b"<html>", content_type="text/html; charset=utf-8"), NeedsPerson, "answered with text/html", 1),
        (says(content_type="image/png"), NeedsPerson, "answered with image/png", 1),
        (says(content_type="text/plain"), NeedsPerson, "answered with text/plain", 1),
        (says(content=b"x" * (MOST_BYTES + 1)), NeedsPerson, "more than 2,000,000 bytes", 1),
        (says(content_encoding="br", content_type="application/json"), NeedsPerson, "packed", 1),
        (says(content_length="3", content_type="application/json"), TryLater, "broke off after 2 of 3 bytes", 3),
        (httpx.ConnectError("tk-3f9a0c"), TryLater, "ConnectError", 3),
        (httpx.ReadTimeout("tk-3f9a0c"), TryLater, "in time", 3),
        (httpx.RemoteProtocolError("tk-3f9a0c"), TryLater, "RemoteProtocolError", 3),
    ],
)
def test_whatever_is_wrong_is_said_without_the_token(
    answer: httpx.Response | Exception, error: type[ServiceError], said: str, tries: int
) -> None:
    server = Server(answer)
    with pytest.raises(error) as told:
        server.fetch()
    assert said in str(told.value) and str(told.value).startswith("city.example ")
    assert not [secret for secret in SECRETS if secret in repr(told.value)]
    assert told.value.__cause__ is None
    assert len(server.asked) == tries


def test_a_feed_that_comes_back_is_read_at_the_second_or_third_try() -> None:
    server = Server(says(500), httpx.ConnectError("x"), says())
    assert server.fetch().body == b"[]"  # type: ignore[attr-defined]
    assert server.slept == [1.0, 4.0]


def test_a_long_wait_is_left_to_whoever_asks() -> None:
    with pytest.raises(TryLater) as told:
        Server(says(429, retry_after="99999")).fetch()
    assert told.value.after == 3600


@pytest.mark.parametrize(
    ("url", "kind", "read_as"),
    [
        (URL, "application/json; charset=utf-8", "json"),
        (URL, "application/geo+json", "json"),
        (URL, "text/csv; charset=gb18030", "csv"),
        ("https://city.example/a.csv?x=1", "application/octet-stream", "csv"),
        ("https://city.example/a.JSON", "text/plain", "json"),
        ("https://city.example/a.csv", "application/json", "json"),
    ],
)
def test_the_kind_is_what_the_server_says_else_the_ending(url: str, kind: str, read_as: str) -> None:
    assert Server(says(content_type=kind)).fetch(url).kind == read_as  # type: ignore[attr-defined]


def test_only_what_is_new_is_asked_for() -> None:
    when = "Sat, 21 Nov 2026 02:00:00 GMT"
    server = Server(says(etag='"v1"', last_modified=when, content_type="application/json"), says(304))
    first = server.fetch()
    assert (first.etag, first.modified) == ('"v1"', when)  # type: ignore[attr-defined]
    assert "if-none-match" not in server.asked[0].headers and "if-modified-since" not in server.asked[0].headers

    assert server.fetch(etag='"v1"', modified=when).body is None  # type: ignore[attr-defined]
    assert server.asked[1].headers["if-none-match"] == '"v1"'
    assert server.asked[1].headers["if-modified-since"] == when


def test_a_validator_that_is_none_is_not_kept() -> None:
    odd = httpx.Response(200, content=b"[]", headers=[("content-type", "application/json"), ("etag", "x" * 2000)])
    assert Server(odd).fetch().etag is None  # type: ignore[attr-defined]


def test_the_token_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "integrations"):
        Server(says()).fetch()
    assert not [secret for secret in SECRETS if secret in caplog.text]


# -- real sockets ------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


def fetch_from(answer: Callable[[socket.socket], None], seconds: float = 0.5) -> float:
    """How long it takes until the feed is given up."""
    began = time.monotonic()
    with bare_server(answer) as url, pytest.raises(TryLater):
        HttpIssueFeed(seconds=seconds, sleep=lambda _: None).fetch(url, etag=None, modified=None)
    return time.monotonic() - began


def test_a_server_that_says_nothing_is_given_up() -> None:
    assert fetch_from(lambda _: time.sleep(2)) < 4


def test_a_server_that_sends_a_byte_at_a_time_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"content-length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.05)

    assert fetch_from(drip) < 4


def test_a_body_that_is_cut_off_on_the_wire_is_not_believed() -> None:
    fetch_from(lambda connection: connection.sendall(HEAD + b"content-length: 100\r\n\r\n[]"))


def test_a_body_without_end_is_cut_off() -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with bare_server(pour) as url, pytest.raises(NeedsPerson, match="more than"):
        HttpIssueFeed(seconds=20).fetch(url, etag=None, modified=None)
