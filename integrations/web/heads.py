"""How much a request may say before its body: uvicorn's faster parser would take any amount into memory."""

from __future__ import annotations

from uvicorn.protocols.http.auto import AutoHTTPProtocol

# As much as uvicorn's other parser takes; browsers and proxies send a few KB.
MOST_BYTES = 64 * 1024


class BoundedHead(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Answers 400 and hangs up when the head of a request is not over after so many bytes."""

    _in_head = False
    _received = 0

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._received = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its body follows, which has limits of its own."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        super().data_received(data)
        self._received += len(data)
        if self._in_head and self._received > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")
