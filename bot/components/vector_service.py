"""Asking for a sentence's vector: the action server has the embedder, here is its client.

One message is embedded once in a turn: the steps that follow find it in the embedder's memory. The address, with the
token, comes in the environment (JIESU_VECTORS_URL); without it nobody is asked. What does not come in time is done
without, and for a moment nobody is asked again.

Rasa hears one message at a time in one thread. So that others are heard while a vector is made, `later` lets `ask` only
note what is wanted; whoever waits without holding up the thread then fetches it and asks again.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Iterator, List, Optional, Text, Tuple
from urllib.parse import urlsplit

import numpy as np

ADDRESS, PATIENCE = "JIESU_VECTORS_URL", "JIESU_VECTORS_SECONDS"
# How long a vector is waited for; JIESU_VECTORS_SECONDS says otherwise.
TIMEOUT_SECONDS = 0.5
# After a failure nobody is asked for so long.
REST_SECONDS = 2.0
REMEMBERED = 256

Named = Tuple[Text, np.ndarray]
_wanted: "ContextVar[Optional[List[Text]]]" = ContextVar("wanted", default=None)


@contextmanager
def later() -> Iterator[List[Text]]:
    """Inside, `ask` waits for nobody: it notes in the list what it has not at hand."""
    noted: List[Text] = []
    token = _wanted.set(noted)
    try:
        yield noted
    finally:
        _wanted.reset(token)


class VectorService:
    """The client: `ask` gives the embedder's name and the raw vector (float32), or None. Safe in several threads."""

    def __init__(self, url: Optional[Text] = None, *, timeout: Optional[float] = None) -> None:
        self._url = urlsplit(url if url is not None else os.environ.get(ADDRESS, ""))
        self._timeout = timeout or float(os.environ.get(PATIENCE, TIMEOUT_SECONDS))
        self._local = threading.local()
        self._rest_until = 0.0
        self._remembered: "OrderedDict[Text, Named]" = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, text: Text) -> Optional[Named]:
        """The vector of this text; None where nobody has it in time, or where it is to come later."""
        with self._lock:
            if (known := self._remembered.get(text)) is not None:
                self._remembered.move_to_end(text)
                return known
        if not self._url.netloc or time.monotonic() < self._rest_until:
            return None
        if (noted := _wanted.get()) is not None:
            noted.append(text)
            return None
        return self.fetch(text)

    def fetch(self, text: Text) -> Optional[Named]:
        """Wait for the vector and remember it; None where it does not come in time."""
        try:
            found = self._asked_for(text)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            self._close()
            self._rest_until = time.monotonic() + REST_SECONDS
            return None
        with self._lock:
            self._remembered[text] = found
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def _asked_for(self, text: Text) -> Named:
        body = json.dumps({"text": text}).encode()
        try:
            answer = self._post(body)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # the server has closed a connection that was kept: that is no failure yet
            self._close()
            answer = self._post(body)
        row = np.frombuffer(base64.b64decode(answer["vector"], validate=True), dtype="<f4")
        if not len(row) or not np.all(np.isfinite(row)):
            raise ValueError("no vector")
        return str(answer["embedder"]), row

    def _post(self, body: bytes) -> dict:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
            connection = self._local.connection = kind(self._url.netloc, timeout=self._timeout)
        path = f"{self._url.path or '/'}?{self._url.query}"
        connection.request("POST", path, body, {"content-type": "application/json"})
        response = connection.getresponse()
        raw = response.read()
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        found = json.loads(raw)
        if not isinstance(found, dict):
            raise ValueError("no answer")
        return found

    def _close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


@lru_cache(maxsize=1)
def service() -> VectorService:
    """The one client of this process."""
    return VectorService()
