"""Keeping contacts sealed: what an older version left plain, and a change of keys. Killed anywhere, nothing is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.timer_records import TimerRow

log = logging.getLogger(__name__)

SEAL, SEAL_ON = "contacts_seal", "contacts_seal_on"
"""The timers that seal what is left: at every worker's start and once a day; and on, while there is more."""

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """How contacts are kept: rows by key, and rows that are plain yet."""

    sealed: dict[str, int]
    plain: int


@dataclass(frozen=True, kw_only=True)
class KeepingContacts:
    """The use case. `pause_at` is called between the steps; tests kill the process there."""

    unit_of_work: UnitOfWork
    clock: Clock
    tidy: Callable[[], None] = field(default=lambda: None)
    pause_at: Callable[[str], None] = field(default=lambda _moment: None)

    def standing(self) -> Standing:
        """What there is; nothing is opened."""
        with self.unit_of_work() as tx:
            return Standing(tx.contacts.key_ids(), tx.contacts.unsealed())

    def check(self) -> Standing:
        """As `standing`. Raises NeedsPerson, naming the setting, where a key is missing or wrong."""
        with self.unit_of_work() as tx:
            tx.contacts.check()
            return Standing(tx.contacts.key_ids(), tx.contacts.unsealed())

    def seal_leftovers(self) -> int:
        """Seal every plain row; gives how many. Raises NeedsPerson before anything is touched."""
        return self._all(lambda tx: tx.contacts.seal_some(limit=AT_ONCE))

    def rekey(self) -> int:
        """Seal everything anew under the first key; gives how many rows were under another. Raises NeedsPerson."""
        self.check()
        return self.seal_leftovers() + self._all(lambda tx: tx.contacts.reseal_some(limit=AT_ONCE))

    def seal_some(self, tx: Transaction, _row: TimerRow, now: datetime) -> None:
        """The timer's work: some now, the rest when it rings again."""
        sealed = tx.contacts.seal_some(limit=AT_ONCE)
        if sealed:
            log.info("contacts sealed: rows=%s", sealed)
            tx.timers.set(SEAL_ON, "city", now)

    def _all(self, some: Callable[[Transaction], int]) -> int:
        done = 0
        while True:
            with self.unit_of_work() as tx:
                step = some(tx)
                self.pause_at("before commit")
            if not step:
                break
            done += step
            self.pause_at("between")
        if done:
            self.tidy()
        return done
