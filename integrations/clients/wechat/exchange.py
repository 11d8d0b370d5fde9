"""One request to WeChat and its answer: bounded in time and size, without redirects, nothing secret in any log.

httpx logs the URL of every request. Ours carry tokens, so what must not be seen is added below that log, in the
transport, and no text of httpx's errors goes on from here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from integrations.clients.trust import trusted
from integrations.services.errors import TryLater
from integrations.services.wechat.errors import SetUpWrong

CONNECT_SECONDS = 3.0
# Kept idle no longer than servers usually do: a connection that was closed meanwhile costs a doubtful answer.
_IDLE_SECONDS = 5.0
_AT_ONCE = 16
_UNSEEN, _SENDING = "jiesu-unseen", "jiesu-sending"


class Again(TryLater):
    """WeChat has surely done nothing, and may take the same a moment later."""

    def __init__(self, message: str) -> None:
        super().__init__(message, unheard=True)


class TooMuch(Exception):
    """The answer is longer than we take."""


@dataclass(frozen=True, slots=True)
class Question:
    """`shown` is the path that logs may show, `unseen` what is asked for instead: path and query, with secrets."""

    method: str
    shown: str
    unseen: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, the type that it claims to be, and what came with it."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


class Exchange:
    """Asks the server at `url`, which may end with a path. Threads may share it."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        base = url.rstrip("/")
        limits = httpx.Limits(
            max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE // 2, keepalive_expiry=_IDLE_SECONDS
        )
        inner = transport or httpx.HTTPTransport(verify=trusted(), trust_env=False, limits=limits)
        self._base = base
        self._client = httpx.Client(
            transport=_Below(base, inner, traced=transport is None),
            headers={"user-agent": "Jiesu", "accept-encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )
        # Looking up a name has no time-out of its own, and a server may send a byte now and then for ever. Whoever
        # asks waits for a thread as long as they want to and no longer.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wechat")

    def ask(self, question: Question, *, seconds: float, most: int) -> Answer:
        """The answer of at most `most` bytes, within that many seconds in all; statuses of 300 and more as well.

        Raises Again where nothing was sent, TryLater where nobody knows what became of it, TooMuch.
        """
        sending = _Sending()
        work = self._threads.submit(self._ask, question, sending, time.monotonic() + seconds, most)
        try:
            return work.result(timeout=seconds)
        except TimeoutError:
            work.cancel()
            if sending.give_up():
                raise TryLater("WeChat does not answer in time") from None
            raise Again("no connection to WeChat in time") from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, question: Question, sending: _Sending, until: float, most: int) -> Answer:
        left = max(until - time.monotonic(), 0.01)
        timeout = httpx.Timeout(left, connect=min(CONNECT_SECONDS, left))
        headers = {"content-type": "application/json; charset=utf-8"} if question.body is not None else {}
        extensions = {_UNSEEN: question.unseen, _SENDING: sending}
        try:
            with self._client.stream(
                question.method,
                self._base + question.shown,
                content=question.body,
                headers=headers,
                timeout=timeout,
                extensions=extensions,
            ) as response:
                return _read(response, until, most)
        except _GivenUp:
            raise Again("no connection to WeChat in time") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as away:
            raise Again(f"no connection to WeChat: {type(away).__name__}") from None
        except httpx.TimeoutException:
            raise TryLater("WeChat does not answer in time") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise SetUpWrong("WeChat's address cannot be used: look at JIESU_WECHAT_URL") from None
        except (httpx.HTTPError, httpx.StreamError) as odd:
            if not sending.begun:
                raise Again(f"no connection to WeChat: {type(odd).__name__}") from None
            raise TryLater(f"WeChat's answer did not come whole: {type(odd).__name__}") from None


def _read(response: httpx.Response, until: float, most: int) -> Answer:
    # We asked for plain bytes: packed ones might be a thousand times as many once unpacked.
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise TryLater("WeChat's answer is packed, which was not asked for")
    length = response.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:15]) > most:
        raise TooMuch
    read = bytearray()
    for piece in response.iter_raw():
        read += piece
        if len(read) > most:
            raise TooMuch
        if time.monotonic() > until:
            raise TryLater("WeChat does not answer in time")
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(response.status_code, content_type, bytes(read))


class _GivenUp(Exception):
    """Nobody waits any more, so nothing is sent."""


class _Sending:
    """Whether a request has begun to go out. Who gives up before that has made sure that it never will."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given_up = False
        self.begun = False

    def begin(self) -> None:
        with self._lock:
            if self._given_up:
                raise _GivenUp
            self.begun = True

    def give_up(self) -> bool:
        """True where it is too late."""
        with self._lock:
            self._given_up = True
            return self.begun

    def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        """Hears from httpcore what a connection does."""
        if event.endswith("send_request_headers.started"):
            self.begin()


class _Below(httpx.BaseTransport):
    """Puts the unseen address in, where no log sees it any more, and hands on only what is needed of an answer."""

    def __init__(self, base: str, inner: httpx.BaseTransport, *, traced: bool) -> None:
        self._base, self._inner, self._traced = base, inner, traced

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        extensions = dict(request.extensions)
        sending: _Sending = extensions.pop(_SENDING)
        address = self._base + extensions.pop(_UNSEEN)
        if self._traced:
            extensions["trace"] = sending.trace
        else:
            sending.begin()
        answer = self._inner.handle_request(
            httpx.Request(
                request.method, address, headers=request.headers, stream=request.stream, extensions=extensions
            )
        )
        kept = ("content-type", "content-length", "content-encoding")
        headers = {name: value for name, value in answer.headers.items() if name in kept}
        return httpx.Response(answer.status_code, headers=headers, stream=answer.stream)

    def close(self) -> None:
        self._inner.close()
