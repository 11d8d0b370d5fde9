"""Which pictures may be fetched by their address: those at the one host that a setting names, and no others.

The address stands in a push. WeChat signs pushes, but a server that fetches whatever address it is told would reach
the city's inner machines for whoever gets hold of the token. So only path and query are taken from the address; host,
port and scheme are the setting's own.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx

from integrations.clients.wechat.exchange import Exchange, Question, TooMuch
from integrations.services.errors import TryLater
from integrations.services.wechat.errors import MediaGone, MediaTooLarge

LARGEST, SECONDS = 10 * 1024 * 1024, 15.0
# What an address may consist of: visible ASCII without what is read differently by different readers.
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]{1,2048}")
_PORTS = {"http": 80, "https": 443}


class Pictures:
    """Fetches pictures from the host of `url` and from nowhere else."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        ours = urlsplit(url)
        self._host, self._port = (ours.hostname or "").lower(), ours.port or _PORTS.get(ours.scheme)
        self._scheme = ours.scheme
        self._exchange = Exchange(f"{ours.scheme}://{ours.netloc}", transport=transport)

    def picture(self, address: str, *, seconds: float = SECONDS) -> bytes:
        """Raises MediaGone (not an address of ours, not found, not a picture), MediaTooLarge or TryLater."""
        question = Question("GET", "/", self._path(address))
        try:
            answer = self._exchange.ask(question, seconds=seconds, most=LARGEST)
        except TooMuch:
            raise MediaTooLarge(f"the picture has more than {LARGEST:,} bytes") from None
        if answer.status >= 500 or answer.status in (408, 425, 429):
            raise TryLater(f"WeChat's pictures answered {answer.status}")
        if answer.status != 200:
            raise MediaGone(f"WeChat's pictures answered {answer.status}")
        if not answer.content_type.startswith("image/") or not answer.body:
            raise MediaGone("what stands at the picture's address is no picture")
        return answer.body

    def close(self) -> None:
        """Close the connections."""
        self._exchange.close()

    def _path(self, address: str) -> str:
        if not self._host or not _PLAIN.fullmatch(address):
            raise MediaGone("the picture's address is none of WeChat's")
        try:
            theirs = urlsplit(address)
            host, port = (theirs.hostname or "").lower(), theirs.port
        except ValueError:
            raise MediaGone("the picture's address is none of WeChat's") from None
        # Pushes name pictures by http; they are fetched in the setting's way all the same.
        plain = theirs.scheme in _PORTS and "@" not in theirs.netloc and not theirs.netloc.endswith(":")
        same_port = (port or _PORTS.get(theirs.scheme)) == self._port
        upgraded = port is None and theirs.scheme == "http" and (self._scheme, self._port) == ("https", 443)
        if not plain or host != self._host or not (same_port or upgraded):
            raise MediaGone("the picture's address is none of WeChat's")
        path = theirs.path or "/"
        return f"{path}?{theirs.query}" if theirs.query else path
