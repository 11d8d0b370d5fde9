"""Too much at once: how many turns a gateway works on, and what it refuses for now so that nobody waits in vain."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from integrations.services.errors import TryLater

# Who is refused is asked to come again after so many seconds, by how long the queue is.
SOONEST, LATEST = 2.0, 30.0
# How much a new turn weighs in the mean of how long turns take.
_WEIGHT = 0.1


class Busy(TryLater):
    """The queue is full: nothing was stored, and the same message is welcome after `after` seconds."""


@dataclass
class Queue:
    """One gateway's turns: at most `at_once` are heard at the same time, and at most `longest` wait.

    Not shared between gateways: each protects the Rasa processes by its own part of what they can do.
    """

    at_once: int = 16
    longest: int = 400
    waiting: int = 0
    _seconds: float = 0.05
    _gate: asyncio.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._gate = asyncio.Semaphore(self.at_once)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """While somebody's turn is waited for or heard."""
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    @contextlib.asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """While a turn is heard; waits until there is room for it."""
        async with self._gate:
            began = time.perf_counter()
            yield
            self._seconds += _WEIGHT * (time.perf_counter() - began - self._seconds)

    def check(self) -> None:
        """Raises Busy when the queue is full."""
        if self.waiting >= self.longest:
            raise Busy("the gateway's queue is full", after=self.patience)

    @property
    def patience(self) -> float:
        """In how many seconds there will be room again."""
        return float(min(LATEST, max(SOONEST, math.ceil(self.waiting / self.at_once * self._seconds))))
