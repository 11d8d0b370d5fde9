"""A clock that tests move: it runs with real time, n times as fast, or only when it is moved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Seconds since 1970. `speed` 1 is real time, 50 is fifty times as fast, 0 stands still until it is moved."""

    def __init__(
        self, start: float | None = None, *, speed: float = 0.0, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self.speed = speed
        self._ticks = ticks
        self._base = time.time() if start is None else start
        self._mark = ticks()
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._base + (self._ticks() - self._mark) * self.speed

    def moment(self) -> datetime:
        """The same, as a UTC datetime, for code that takes its clock as a callable."""
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Move forward; nothing but the clock happens."""
        if seconds < 0:
            raise ValueError("time does not go backward")
        with self._lock:
            self._base += seconds
