"""A feed of known issues over HTTP: asked only for what is new, bounded in time and size, without redirects.

The feed's address may hold a token: no error and no log of ours says more of it than the host.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.message import Message
from urllib.parse import urlsplit

import httpx

from integrations.clients.trust import trusted
from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.issue_records import Fetched

MOST_BYTES = 2_000_000
CONNECT_SECONDS = 5.0
SECONDS = 20.0
# Seconds before the second and the third try.
PAUSES = (1.0, 4.0)
# A feed that names a longer time is left alone until then.
LONGEST_WAIT = 5.0
LONGEST_VALIDATOR = 1_000
_JSON, _CSV = "json", "csv"
_KINDS = {
    "application/json": _JSON,
    "text/json": _JSON,
    "text/csv": _CSV,
    "application/csv": _CSV,
    "application/vnd.ms-excel": _CSV,
}
# Servers that do not know a file's kind call it one of these; then its ending says it.
_UNSAID = ("", "text/plain", "application/octet-stream", "binary/octet-stream")
_HEADERS = {"user-agent": "Jiesu", "accept": "application/json, text/csv", "accept-encoding": "identity"}


class HttpIssueFeed:
    """The `IssueFeed` port over HTTP. A proxy that the environment names (HTTPS_PROXY, NO_PROXY) is used."""

    def __init__(
        self,
        *,
        transport: httpx.BaseTransport | None = None,
        seconds: float = SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport, self._seconds, self._sleep = transport, seconds, sleep

    def fetch(self, url: str, *, etag: str | None, modified: str | None) -> Fetched:
        """What the feed says now; tried three times while it is away. Raises TryLater or NeedsPerson."""
        for pause in PAUSES:
            try:
                return self._fetch(url, etag, modified)
            except TryLater as away:
                if away.after and away.after > LONGEST_WAIT:
                    raise
                self._sleep(max(pause, away.after or 0.0))
        return self._fetch(url, etag, modified)

    def _fetch(self, url: str, etag: str | None, modified: str | None) -> Fetched:
        host = urlsplit(url).hostname or "the feed"
        headers = {**_HEADERS}
        if etag:
            headers["if-none-match"] = etag
        if modified:
            headers["if-modified-since"] = modified
        until = time.monotonic() + self._seconds
        timeout = httpx.Timeout(self._seconds, connect=min(CONNECT_SECONDS, self._seconds))
        try:
            with (
                httpx.Client(
                    transport=self._transport, timeout=timeout, verify=trusted(), follow_redirects=False
                ) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                if response.status_code == 304 and (etag or modified):
                    return Fetched(None)
                _fine(response, host)
                kind = _kind(response, url, host)
                body = _body(response, host, until)
                return Fetched(body, kind, _validator(response, "etag"), _validator(response, "last-modified"))
        except httpx.TimeoutException:
            raise TryLater(f"{host} does not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as away:
            raise TryLater(f"{host} does not answer: {type(away).__name__}") from None


def _fine(response: httpx.Response, host: str) -> None:
    status = response.status_code
    if status == 429 or status >= 500:
        raise TryLater(f"{host} answered {status}", after=_retry_after(response))
    if 300 <= status < 400:
        raise NeedsPerson(f"{host} answered {status}: the address must be the one without a redirect")
    if status != 200:
        raise NeedsPerson(f"{host} answered {status}")


def _kind(response: httpx.Response, url: str, host: str) -> str:
    said = Message()
    said["content-type"] = response.headers.get("content-type", "")
    kind = said.get_content_type() if response.headers.get("content-type") else ""
    if kind in _KINDS:
        return _KINDS[kind]
    if kind.startswith("application/") and kind.endswith("+json"):
        return _JSON
    ending = urlsplit(url).path.lower().rpartition(".")[2]
    if kind in _UNSAID and ending in (_JSON, _CSV):
        return ending
    raise NeedsPerson(f"{host} answered with {kind or 'something of no kind'}; JSON and CSV are read")


def _body(response: httpx.Response, host: str, until: float) -> bytes:
    # We asked for plain bytes: packed ones might be a thousand times as many once unpacked.
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise NeedsPerson(f"{host} answers packed though it was asked not to")
    raw = bytearray()
    for chunk in response.iter_bytes():
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise NeedsPerson(f"{host} answered more than {MOST_BYTES:,} bytes")
        if time.monotonic() > until:
            raise TryLater(f"{host} does not answer in time")
    # a list cut off in the middle would end whatever stood in the rest
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) != len(raw):
        raise TryLater(f"{host} broke off after {len(raw):,} of {int(length):,} bytes")
    return bytes(raw)


def _validator(response: httpx.Response, name: str) -> str | None:
    value = response.headers.get(name, "")
    return value if 0 < len(value) <= LONGEST_VALIDATOR and value.isascii() else None


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return min(float(value), 3600.0) if value.isascii() and value.isdigit() else None
