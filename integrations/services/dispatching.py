"""Relaying the outbox: every row is done once, however often a worker dies over it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from integrations.services.casework import Casework
from integrations.services.dispatch_ports import Dispatcher
from integrations.services.errors import Conflict, NeedsPerson, Rejected, TryLater
from integrations.services.handing_on import HandingOn
from integrations.services.media_links import MediaLinks
from integrations.services.moving import Moving
from integrations.services.notifying import Notifying
from integrations.services.ports import Clock, UnitOfWork
from integrations.services.records import BackendRequest, OutboxRow, Task
from integrations.services.sending_once import LEASE_SECONDS, SendingOnce
from integrations.services.updates import DepartmentUpdate

log = logging.getLogger(__name__)

# Seconds to wait after the first, second, … failure; the last entry repeats.
BACK_OFF = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)
JITTER = 0.2
# A backend that says for this long that it does not know an open request has lost it.
LOST_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Dispatching:
    """The worker's use case. `pause_at` is called at named moments; tests kill the process there."""

    unit_of_work: UnitOfWork
    dispatcher: Dispatcher
    notifying: Notifying
    casework: Casework
    moving: Moving
    clock: Clock
    links: MediaLinks | None = None
    jitter: Callable[[], float] = field(default=lambda: random.uniform(-JITTER, JITTER))  # noqa: S311
    pause_at: Callable[[str], None] = field(default=lambda _moment: None)

    def relay_one(self, worker: str) -> bool:
        """Take up one row and do it. False when there was none."""
        with self.unit_of_work() as tx:
            row = tx.outbox.claim(worker=worker, now=self.clock(), lease_seconds=LEASE_SECONDS)
            self.pause_at("claiming")
        if row is None:
            return False
        self.pause_at("claimed")
        try:
            self._do(row)
        except TryLater as later:
            self._come_back(row, later)
        except (NeedsPerson, Rejected) as refused:
            self._give_to_a_person(row, refused, unheard=True)
        except Conflict as overtaken:
            log.warning("outbox row overtaken: row=%s task=%s %s", row.id, row.task, overtaken)
        except Exception as fault:  # noqa: BLE001 - one row must not end the worker; it is logged whole
            self._fault(row, fault)
        else:
            log.info("outbox row done: row=%s task=%s attempt=%s", row.id, row.task, row.attempts)
        return True

    def _do(self, row: OutboxRow) -> None:
        match row.task:
            case Task.FILE:
                self.handing_on.file(row)
            case Task.UPDATE:
                self.handing_on.update(row)
            case Task.COPY:
                self.handing_on.copy(row)
            case _:
                self.notifying.notify(row)

    @property
    def handing_on(self) -> HandingOn:
        """What a row for the backend means, and what follows from it."""
        once = SendingOnce(
            unit_of_work=self.unit_of_work, dispatcher=self.dispatcher, clock=self.clock, pause_at=self.pause_at
        )
        return HandingOn(
            unit_of_work=self.unit_of_work,
            dispatcher=self.dispatcher,
            clock=self.clock,
            moving=self.moving,
            once=once,
            links=self.links,
        )

    def _come_back(self, row: OutboxRow, later: TryLater) -> None:
        wait = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1] * (1 + self.jitter())
        at = self.clock() + timedelta(seconds=max(wait, later.after or 0.0))
        log.warning("outbox row later: row=%s task=%s attempt=%s %s", row.id, row.task, row.attempts, later)
        with self.unit_of_work() as tx:
            tx.outbox.later(row, at=at, error=str(later), unheard=later.unheard)

    def _fault(self, row: OutboxRow, fault: Exception) -> None:
        """Something nobody foresaw: this row waits for a person, the others go on."""
        log.exception("outbox row failed: row=%s task=%s attempt=%s", row.id, row.task, row.attempts)
        self._give_to_a_person(row, NeedsPerson(f"not foreseen: {type(fault).__name__}"), unheard=False)

    def _give_to_a_person(self, row: OutboxRow, refused: Exception, *, unheard: bool) -> None:
        """`unheard`: it was refused, so nothing was done with it."""
        log.error("outbox row stuck: row=%s task=%s attempt=%s %s", row.id, row.task, row.attempts, refused)
        with self.unit_of_work() as tx:
            if not tx.outbox.stuck(row, str(refused), unheard=unheard):
                return  # another worker has it in hand
            if row.task is Task.FILE:
                self.handing_on.hold(tx, row.complaint_id, str(refused))

    # -- looking for what the hook did not bring ---------------------------------------------------------------

    def poll(self, *, limit: int = 50) -> int:
        """Ask the backend about requests that are still open; gives how many updates were new."""
        with self.unit_of_work() as tx:
            requests = tx.backend_requests.next_to_ask(now=self.clock(), limit=limit)
        return sum(self._ask_after(request) for request in requests)

    def _ask_after(self, request: BackendRequest) -> int:
        try:
            updates = self.dispatcher.updates(request.request_id)
        except Rejected as unknown:
            log.warning("no updates: request=%s %s", request.request_id, unknown)
            self._lost(request)
            return 0
        except (TryLater, NeedsPerson) as silent:
            log.warning("no updates: request=%s %s", request.request_id, silent)
            return 0
        if request.lost_at:
            with self.unit_of_work() as tx:
                tx.backend_requests.lost(request.complaint_id, None)
        if updates and updates[0].sequence == 0:
            return self._stands(request, updates[0])
        found = 0
        for update in updates:
            if update.sequence <= request.sequence:
                continue
            try:
                found += self.casework.apply(request.request_id, update)
            except (Conflict, Rejected) as refused:
                log.warning("update not taken: request=%s %s", request.request_id, refused)
                break
        return found

    def _stands(self, request: BackendRequest, now_at: DepartmentUpdate) -> int:
        """A backend without a history only shows where it stands: what is new there is the next update."""
        if now_at.event == request.last_event:
            return 0
        found = 0
        if now_at.event:
            try:
                found += self.casework.apply(request.request_id, replace(now_at, sequence=request.sequence + 1))
            except (Conflict, Rejected) as refused:
                log.warning("update not taken: request=%s %s", request.request_id, refused)
                return 0
        with self.unit_of_work() as tx:
            tx.backend_requests.stands(request.request_id, now_at.event)
        return found

    def _lost(self, request: BackendRequest) -> None:
        """Not known for long enough, an open request is gone: it is to be filed again, by itself or by a person."""
        now = self.clock()
        with self.unit_of_work() as tx:
            tx.backend_requests.lost(request.complaint_id, now)
            if request.lost_at is None or now - request.lost_at < LOST_AFTER:
                return
            self.handing_on.lost(tx, request)
