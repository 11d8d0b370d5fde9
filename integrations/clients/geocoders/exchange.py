"""One question over HTTP and its answer as JSON: bounded in time and size, without redirects, its words never logged.

httpx logs the URL of every request. Ours would carry a key and an address, so they are added below that log, in the
transport, and no error of httpx goes on from here: its text may hold the URL as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from integrations.clients.trust import trusted
from integrations.services.errors import NeedsPerson, TryLater

CONNECT_SECONDS = 1.0
MOST_BYTES = 100_000
BUSY_PAUSE = 0.4
_UNSEEN = "jiesu-unseen"
_AT_ONCE = 8
# 天地图 takes a client that calls itself Mozilla for a browser and then refuses the key of a server.
_HEADERS = {"user-agent": "Jiesu", "accept": "application/json", "accept-encoding": "identity"}


class Again(TryLater):
    """May work at once: a second try after `pause` seconds is worth it."""

    def __init__(self, message: str, *, pause: float = 0.0) -> None:
        super().__init__(message)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Question:
    """A path below the service's URL, and what is asked."""

    path: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and the JSON object that came with it, empty where a refusal brought none."""

    status: int
    body: dict[str, Any]


class Exchange:
    """Asks the service at `url` (up to and without the path of a question)."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(
            transport=_Unseen(transport or _way_out(url)), headers=_HEADERS, follow_redirects=False
        )
        # Looking up a name has no time-out of its own, and a server may send a byte a second for ever. Whoever asks
        # waits for a thread as long as they want to and no longer.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="geocoder")

    def ask(self, question: Question, *, seconds: float) -> Answer:
        """The answer, within that many seconds in all.

        Raises Again (no connection, 429, 5xx), TryLater (too slow, too long, not a JSON object) or NeedsPerson (a
        redirect). Every other status is handed on: what a refusal means is for the service's own file.
        """
        work = self._threads.submit(self._ask, question, time.monotonic() + seconds)
        try:
            return work.result(timeout=seconds)
        except TimeoutError:
            work.cancel()
            raise TryLater("the map service does not answer in time") from None

    def _ask(self, question: Question, until: float) -> Answer:
        left = max(until - time.monotonic(), 0.01)
        timeout = httpx.Timeout(left, connect=min(CONNECT_SECONDS, left))
        try:
            with self._client.stream(
                "GET",
                self._url + question.path,
                timeout=timeout,
                extensions={_UNSEEN: question.params},
            ) as response:
                return _read(response, until)
        except httpx.TimeoutException:
            raise TryLater("the map service does not answer in time") from None
        except (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as away:
            raise Again(f"no connection to the map service: {type(away).__name__}") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as odd:
            raise TryLater(f"the map service cannot be asked: {type(odd).__name__}") from None


def _read(response: httpx.Response, until: float) -> Answer:
    status = response.status_code
    if status == 429:
        raise Again("the map service is asked too often", pause=BUSY_PAUSE)
    if status >= 500:
        raise Again(f"the map service answered {status}")
    if 300 <= status < 400:
        raise NeedsPerson(f"the map service answered {status}: JIESU_GEOCODER_URL must name it without a redirect")
    body = _json(response, until)
    if body is None and response.is_success:
        raise TryLater("the map service answered something that is not a JSON object")
    return Answer(status, body or {})


def _json(response: httpx.Response, until: float) -> dict[str, Any] | None:
    # We asked for plain bytes: packed ones might be a thousand times as many once unpacked.
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return None
    raw = bytearray()
    for chunk in response.iter_bytes():
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise TryLater(f"the map service answered more than {MOST_BYTES:,} bytes")
        if time.monotonic() > until:
            raise TryLater("the map service does not answer in time")
    try:
        value = json.loads(bytes(raw))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class _Unseen(httpx.BaseTransport):
    """Adds the parameters of the question where no log sees them any more, and gives status and body back."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        extensions = dict(request.extensions)
        url = request.url.copy_merge_params(extensions.pop(_UNSEEN))
        answer = self._inner.handle_request(
            httpx.Request(request.method, url, headers=request.headers, extensions=extensions)
        )
        # What a server says beside its answer goes no further: a reason that repeats the key, a cookie, a new address.
        packed = {name: value for name, value in answer.headers.items() if name == "content-encoding"}
        return httpx.Response(answer.status_code, headers=packed, stream=answer.stream)

    def close(self) -> None:
        self._inner.close()


def _way_out(url: str) -> httpx.HTTPTransport:
    """By the city's proxy, where the environment names one (HTTPS_PROXY, NO_PROXY): httpx looks only without ours."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or proxy_bypass(parts.hostname or ""):
        return httpx.HTTPTransport(verify=trusted())
    return httpx.HTTPTransport(verify=trusted(), proxy=proxy if "://" in proxy else f"http://{proxy}")
