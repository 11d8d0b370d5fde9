"""One exchange with the backend: bounded in time and size, its errors sorted by what to do next.

An operation (`within`) may need several exchanges and has one end for all of them, far below the lease of the row it
works on. The end also holds against a server that sends a byte now and then, which httpx's own time-outs do not see.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore
import httpx

from integrations.clients.open311 import reading
from integrations.clients.open311.mapping import Sort
from integrations.clients.trust import trusted
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.ports import Clock
from kb.text import hide_personal

ANSWER_SECONDS, CONNECT_SECONDS = 10.0, 3.0
OPERATION_SECONDS = 60.0
MOST_BYTES = 20_000_000
LONGEST_WAIT = 3600.0

# What a status means, and whether it is certain that nothing was done. What is not here goes by its hundred.
SORTED: dict[int, tuple[Sort, bool]] = {
    404: (Sort.NEEDS_PERSON, True),
    408: (Sort.TRY_LATER, True),
    410: (Sort.REJECT, True),
    425: (Sort.TRY_LATER, True),
    429: (Sort.TRY_LATER, True),
    500: (Sort.TRY_LATER, False),
    501: (Sort.NEEDS_PERSON, True),
    502: (Sort.TRY_LATER, False),
    503: (Sort.TRY_LATER, True),
    504: (Sort.TRY_LATER, False),
}
_BY_HUNDRED = {3: (Sort.NEEDS_PERSON, True), 4: (Sort.NEEDS_PERSON, True), 5: (Sort.TRY_LATER, False)}
# The connection never came about, so nothing was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_until: ContextVar[float] = ContextVar("open311_until", default=float("inf"))


class Wire:
    """Asks the backend at `base_url` in `form` ("json" or "xml"). `errors` sorts statuses and codes otherwise."""

    def __init__(
        self,
        base_url: str,
        *,
        form: str,
        errors: Mapping[str, Sort],
        clock: Clock,
        timeout: float = ANSWER_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        base = base_url.rstrip("/") + "/"
        self._form, self._errors, self._clock = form, errors, clock
        patience = httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
        trust = trusted()
        self._gets = _bounded(httpx.Client(base_url=base, timeout=patience, verify=trust, transport=transport))
        # A kept connection may be closed by the other side just while we send, and then nobody knows what was heard.
        once = httpx.Limits(max_keepalive_connections=0)
        self._posts = _bounded(
            httpx.Client(base_url=base, timeout=patience, verify=trust, transport=transport, limits=once)
        )
        self.ahead = 0.0
        """Seconds by which the backend's clock was ahead of ours when it last said."""

    @contextmanager
    def within(self, seconds: float = OPERATION_SECONDS) -> Iterator[None]:
        """Everything asked inside ends in that time, or raises TryLater."""
        token = _until.set(min(_until.get(), time.monotonic() + seconds))
        try:
            yield
        finally:
            _until.reset(token)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The value at `path` (without its suffix). Raises TryLater, NeedsPerson, or Rejected where there is none."""
        return self._ask(self._gets, "GET", path, params=params)

    def post(self, path: str, form: Mapping[str, str]) -> Any:
        """The answer to a posted form. Raises TryLater (`unheard` where nothing was done), NeedsPerson, Rejected."""
        return self._ask(self._posts, "POST", path, data=form)

    def _ask(self, client: httpx.Client, method: str, path: str, **what: Any) -> Any:
        with self.within():
            try:
                with client.stream(method, f"{path}.{self._form}", **what) as response:
                    body = _body(response.iter_bytes())
            except _NOT_SENT as away:
                raise TryLater(f"no connection to the backend: {type(away).__name__}", unheard=True) from None
            except (httpx.HTTPError, httpx.StreamError) as away:
                raise TryLater(f"the backend does not answer: {type(away).__name__}") from None
        self._compare_clocks(response)
        if not response.is_success:
            self._refuse(response, body, method)
        try:
            return reading.read(body, self._form)
        except reading.Unreadable as garbled:
            raise TryLater(f"the backend gave {garbled}") from None

    def _refuse(self, response: httpx.Response, body: bytes, method: str) -> None:
        status, told = response.status_code, reading.errors(body)
        sort, unheard = SORTED.get(status) or _BY_HUNDRED.get(status // 100, (Sort.NEEDS_PERSON, False))
        if status == 404 and method == "GET":
            sort = Sort.REJECT
        sort = next(
            (self._errors[one] for one in (*(code for code, _ in told), str(status)) if one in self._errors), sort
        )
        # A backend may repeat what it refuses, and this goes into logs and lists.
        words = hide_personal(f"{status} {'; '.join(words for _, words in told)}".strip())
        match sort:
            case Sort.TRY_LATER:
                raise TryLater(f"the backend answered {words}", after=_retry_after(response), unheard=unheard)
            case Sort.REJECT:
                raise Rejected(f"the backend will not have it: {words}")
        raise NeedsPerson(f"the backend refused: {words}")

    def _compare_clocks(self, response: httpx.Response) -> None:
        try:
            theirs = parsedate_to_datetime(response.headers.get("date", ""))
        except (ValueError, TypeError):
            return
        self.ahead = (theirs.replace(tzinfo=theirs.tzinfo or UTC) - self._clock()).total_seconds()


def _body(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MOST_BYTES:
            raise TryLater(f"the backend answered more than {MOST_BYTES:,} bytes")
    return bytes(body)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
        wait = (at.replace(tzinfo=at.tzinfo or UTC) - _said_at(response)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(wait, LONGEST_WAIT) if wait > 0 else None


def _said_at(response: httpx.Response) -> datetime:
    """When the answer was given, by the same clock as the time that it names. Raises ValueError, TypeError."""
    at = parsedate_to_datetime(response.headers.get("date", ""))
    return at.replace(tzinfo=at.tzinfo or UTC)


# -- an end for the whole exchange, not for each byte -----------------------------------------------------------------


def _left(timeout: float | None, late: type[Exception]) -> float:
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise late("the time for the whole exchange is over")
    return min(left, timeout) if timeout is not None else left


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, left, local_address, socket_options)
        _left(None, httpcore.ConnectTimeout)  # looking up a name has no time-out: nothing is sent after the end
        return _Stream(stream)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_unix_socket(path, _left(timeout, httpcore.ConnectTimeout), socket_options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


def _bounded(client: httpx.Client) -> httpx.Client:
    """httpx lets nobody choose how its pools reach the network, so it is put in place afterwards; tests hold it."""
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = _Network(pool._network_backend)
    return client
