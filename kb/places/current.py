"""The places in use, which take up another version while the system works.

How a new one is noticed and loaded is in `kb/following.py`. One that cannot be loaded never gets in the way: at the
start the places that ship take its place, later those that were in use before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kb.content_files import ContentError
from kb.following import Following
from kb.kept_versions import SHIPPED
from kb.places.kept import KeptPlaces

T = TypeVar("T")
log = logging.getLogger(__name__)


class CurrentPlaces(Following[T]):
    """Gives what `load` makes of the folder in use. Safe to use from several threads.

    Raises ContentError when not even the places that ship can be loaded.
    """

    def __init__(
        self, kept: KeptPlaces, load: Callable[[Path], T], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept, self._load_folder = kept, load
        super().__init__(kept.pointer, self._first, what="list of places", clock=clock)

    @property
    def atlas(self) -> T:
        """The places in use. Ask for each message anew and keep it for that message: it may be another next time."""
        return self._now()

    def _first(self) -> T:
        try:
            return self._load()[1]
        except ContentError as wrong:
            log.error("the places in use cannot be used, those that ship take their place: %s", wrong)
            return self._load_folder(self._kept.path(SHIPPED))

    def _load(self) -> tuple[str, T]:
        number = self._kept.in_use()
        return str(number or "the one that ships"), self._load_folder(self._kept.path(number))
