"""A transcription service for tests: it hears the words that `recording` has put into a recording."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

# As WebM begins; what follows is for this service only.
_BEGINS = b"\x1aE\xdf\xa3"
_SAID = re.compile(rb"<said>(.*?)</said>", re.DOTALL)


def recording(words: str) -> bytes:
    """A recording in which these words are heard; none where there are none."""
    return _BEGINS + b"<said>" + words.encode() + b"</said>"


class _Service(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"] or 0))
        said = _SAID.search(sent)
        answer = json.dumps({"text": said[1].decode() if said else ""}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing of it in the test's output."""


@contextmanager
def transcription_service() -> Iterator[str]:
    """The service while it runs; gives its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
