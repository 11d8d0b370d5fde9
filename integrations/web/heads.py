"""How much a request may say before its body, and how long it may take to say all of it.

uvicorn with httptools would take any amount into memory, and would wait for the rest for ever: who sends a byte now
and then keeps a connection, and a few hundred of them keep everybody else out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# As much as uvicorn's other parser takes; browsers and proxies send a few KB.
MOST_BYTES = 64 * 1024
# From the connection, or the first byte of a later request, to the end of the head.
HEAD_SECONDS = 15.0
# Then so long for the body, and longer by what has come: a bad line carries more than this many bytes in a second.
BODY_SECONDS, SLOWEST = 30.0, 4096
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHead(HttpToolsProtocol):
    """Answers 400 and hangs up when the head of a request is not over after so many bytes, 408 after so long.

    A body that dribbles in is hung up on.
    """

    _in_head = _in_body = False
    _received, _since = 0, 0.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Somebody has connected."""
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._over()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._received = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its body follows, which has limits of its own."""
        self._in_head, self._in_body = False, True
        self._begin()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is here."""
        self._in_head = self._in_body = False
        self._over()
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        if self._timer is None:
            self._begin()
        super().data_received(data)
        self._received += len(data)
        if self._in_head and self._received > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def _begin(self) -> None:
        self._over()
        self._since = self.loop.time()
        self._timer = self.loop.call_later(BODY_SECONDS if self._in_body else HEAD_SECONDS, self._look)

    def _over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Its time is over, unless so much of a body has come that it may go on."""
        self._timer = None
        if self.transport.is_closing():
            return
        if not self._in_body:
            if self._in_head:  # whoever has said nothing yet is not spoken to
                self.transport.write(_TOO_SLOW)
            self.transport.close()
        elif self.flow.read_paused:  # it is us who are slow
            self._begin()
        elif (rest := self._since + BODY_SECONDS + self._received / SLOWEST - self.loop.time()) > 0:
            self._timer = self.loop.call_later(rest, self._look)
        else:
            self.transport.abort()
