"""The one scheduler: does what timers say, on any number of workers, each timer once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from integrations.services.errors import Conflict, ServiceError, TryLater
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.timer_records import TimerRow
from kb.deadlines import CITY_TIME

log = logging.getLogger(__name__)

Handler = Callable[[Transaction, TimerRow, datetime], None]
"""Does the work of one timer in the transaction that takes the timer away. It may set the same timer anew."""

# Seconds to wait after the first, second, … failure; the last entry repeats. Nothing is ever given up.
BACK_OFF = (5.0, 30.0, 120.0, 600.0, 3600.0)
LEASE_SECONDS = 120.0
AT_ONCE = 20
# The subject of what is done for the whole city.
CITY = "city"


class _Lost(Exception):
    """The timer belongs to somebody else by now, or was set anew: nothing of this try may stay."""


@dataclass(frozen=True, slots=True)
class Daily:
    """Work that is done once on every day, at that time in the city; with `at_start`, when a worker starts too."""

    at: time
    handler: Handler
    at_start: bool = False

    def after(self, now: datetime) -> datetime:
        """The next time after `now`."""
        here = now.astimezone(CITY_TIME)
        today = datetime.combine(here.date(), self.at, CITY_TIME)
        return today if today > here else today + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The worker's use case. `pause_at` is called at named moments; tests kill the process there."""

    unit_of_work: UnitOfWork
    clock: Clock
    handlers: Mapping[str, Handler]
    daily: Mapping[str, Daily] = field(default_factory=dict)
    pause_at: Callable[[str], None] = field(default=lambda _moment: None)

    def begin(self) -> None:
        """Set what is done daily; for the first time it is due at once. Every worker does so when it starts."""
        with self.unit_of_work() as tx:
            now = self.clock()
            for kind, daily in self.daily.items():
                if daily.at_start:
                    tx.timers.set(kind, CITY, now)
                else:
                    tx.timers.ensure(kind, CITY, now)

    def run_due(self, worker: str, *, limit: int = AT_ONCE) -> int:
        """Do up to `limit` timers that are due; gives how many were taken up. Raises TryLater."""
        kinds = (*self.handlers, *self.daily)
        with self.unit_of_work() as tx:
            rows = tx.timers.claim(worker, self.clock(), LEASE_SECONDS, limit, kinds=kinds)
        if rows:
            self.pause_at("claimed")
        for row in rows:
            self._run(row)
        return len(rows)

    def _run(self, row: TimerRow) -> None:
        try:
            with self.unit_of_work() as tx:
                self._do(tx, row, self.clock())
                if not tx.timers.done(row):
                    raise _Lost
                self.pause_at("before commit")
        except _Lost:
            log.info("timer taken over or set anew: kind=%s id=%s", row.kind, row.id)
        except (TryLater, Conflict) as away:
            log.warning("timer later: kind=%s id=%s attempt=%s %s", row.kind, row.id, row.attempts, away)
            self._failed(row, away)
        except Exception as fault:
            log.exception("timer failed: kind=%s id=%s attempt=%s", row.kind, row.id, row.attempts)
            self._failed(row, fault)

    def _do(self, tx: Transaction, row: TimerRow, now: datetime) -> None:
        if daily := self.daily.get(row.kind):
            daily.handler(tx, row, now)
            tx.timers.set(row.kind, row.subject, daily.after(now))
        else:
            self.handlers[row.kind](tx, row, now)

    def _failed(self, row: TimerRow, fault: Exception) -> None:
        wait = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
        # the words of an error that nobody foresaw may hold what a citizen said
        error = str(fault) if isinstance(fault, ServiceError) else type(fault).__name__
        with self.unit_of_work() as tx:
            tx.timers.failed(row, again=self.clock() + timedelta(seconds=wait), error=error)
