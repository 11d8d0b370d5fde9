"""What was made of the last texts, so that a turn that asks the same thing twice pays for it once.

A message is read by the form, the classifier, the alarm, the matcher and again at the next question: always the same
words. What comes of them is kept for some minutes, for so many texts and no more.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MOST = 512
SECONDS = 900.0

V = TypeVar("V")


class Passing(Exception):
    """Raised with a value that is right for now and must not be kept: something that helps to find it was away."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


class Recent(Generic[V]):
    """Remembers values by key: at most `most` of them, none longer than `seconds`. Safe to use from several threads.

    Two threads that ask for the same at once may both make it; neither waits for the other.
    """

    def __init__(
        self, *, most: int = MOST, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value kept under that key, else the one that `make` gives, which is kept.

        `make` may raise `Passing` with a value that is given and not kept. Its other errors go to the caller.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and self._clock() - kept[0] < self._seconds:
                self._kept.move_to_end(key)
                return kept[1]
        try:
            value = make()
        except Passing as passing:
            return passing.value  # type: ignore[return-value]
        with self._lock:
            self._kept[key] = (self._clock(), value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value

    def forget(self) -> None:
        """Everything: what the values were made with has changed."""
        with self._lock:
            self._kept.clear()
