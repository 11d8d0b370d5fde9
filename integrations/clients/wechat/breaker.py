"""A circuit breaker: after several failures in a row the other side is left alone for a while, then tried once.

Of our own: pybreaker runs each call under its lock, so that a slow one holds up all the others, and circuitbreaker has
no lock and lets everybody through at once when its time is over. Neither waits longer each time.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from integrations.services.errors import TryLater
from integrations.services.wechat.errors import CircuitOpen, QuotaUsed

FAILURES, FIRST_SECONDS, LONGEST_SECONDS = 5, 5.0, 60.0


class Breaker:
    """For one process and all its threads. `ticks` are seconds that only go up."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        first_seconds: float = FIRST_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures, self._first, self._longest, self._ticks = failures, first_seconds, longest_seconds, ticks
        self._lock = threading.Lock()
        self._row = 0
        self._pause = first_seconds
        self._open_until: float | None = None
        self._trying = False
        # Counts how often it opened or closed: what was begun before that says nothing any more.
        self._round = 0

    @contextlib.contextmanager
    def guarding(self) -> Iterator[None]:
        """Around one call. Raises CircuitOpen while the other side is left alone.

        A TryLater out of it is a failure of the other side's or the network's; every other outcome is an answer, and
        so is a used up quota.
        """
        round_ = self._admit()
        try:
            yield
        except TryLater as fault:
            if isinstance(fault, QuotaUsed):
                self._passed(round_)
            else:
                self._failed(round_)
            raise
        except Exception:
            self._passed(round_)
            raise
        except BaseException:
            self._unknown(round_)
            raise
        self._passed(round_)

    def _admit(self) -> int:
        with self._lock:
            if self._open_until is not None:
                left = self._open_until - self._ticks()
                if left > 0 or self._trying:
                    raise CircuitOpen(
                        "WeChat has failed several times in a row and is left alone for a moment",
                        after=max(left, 1.0),
                        unheard=True,
                    )
                self._trying = True
            return self._round

    def _passed(self, round_: int) -> None:
        with self._lock:
            if round_ != self._round:
                return
            self._row = 0
            if self._open_until is not None:
                self._open_until, self._trying, self._pause = None, False, self._first
                self._round += 1

    def _failed(self, round_: int) -> None:
        with self._lock:
            if round_ != self._round:
                return
            self._row += 1
            if self._trying:
                self._pause = min(self._pause * 2, self._longest)
            elif self._row < self._failures:
                return
            self._open_until, self._trying = self._ticks() + self._pause, False
            self._round += 1

    def _unknown(self, round_: int) -> None:
        """The process is told to stop: somebody else may make the trial."""
        with self._lock:
            if round_ == self._round:
                self._trying = False
