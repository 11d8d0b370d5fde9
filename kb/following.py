"""Something in use that changes while it is used: whoever put another version to use need not restart anything.

At most every two seconds a call looks whether the pointer file changed; then the new version is loaded beside the old
one, which goes on until the new one is ready. One that cannot be loaded never gets in the way.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from kb.content_files import ContentError

LOOK_AFTER = 2.0
log = logging.getLogger(__name__)
T = TypeVar("T")


class Following(ABC, Generic[T]):
    """Holds the version in use. Safe to use from several threads.

    `pointer` is the file that says which one that is; `first` gives the value to begin with and is called once, after
    the pointer was looked at, so that no change is missed; `what` is what the log calls it ("model of categories").
    """

    def __init__(
        self, pointer: Path, first: Callable[[], T], *, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pointer, self._clock, self._what = pointer, clock, what
        self._changing = threading.Lock()
        self._looked, self._seen = clock(), self._signature()
        self._value = first()

    @abstractmethod
    def _load(self) -> tuple[str, T]:
        """What to call the version that is in use now, and its value. Raises ContentError."""

    def _now(self) -> T:
        """The value in use."""
        self._look()
        return self._value

    def _look(self) -> None:
        if self._clock() - self._looked < LOOK_AFTER or not self._changing.acquire(blocking=False):
            return
        self._looked = self._clock()
        signature = self._signature()
        if signature == self._seen:
            self._changing.release()
            return
        self._seen = signature
        threading.Thread(target=self._change, name=f"new {self._what}", daemon=True).start()

    def _change(self) -> None:
        try:
            name, self._value = self._load()
            log.info("another %s is in use: %s", self._what, name)
        except ContentError as wrong:
            log.error("the new %s cannot be used, the old one goes on: %s", self._what, wrong)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, the old one must go on
            log.error("the new %s cannot be used, the old one goes on: %s", self._what, type(wrong).__name__)
        finally:
            self._changing.release()

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self._pointer.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
