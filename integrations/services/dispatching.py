"""Relaying the outbox: every row is done once, however often a worker dies over it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from integrations.services.casework import Casework, DepartmentUpdate
from integrations.services.errors import Conflict, NeedsPerson, Rejected, TryLater
from integrations.services.notifying import Notifying
from integrations.services.ports import Clock, Dispatcher, Transaction, UnitOfWork
from integrations.services.records import BackendRequest, Complaint, OutboxRow, Related, Task
from kb.lifecycle import Status, move

log = logging.getLogger(__name__)

# Seconds to wait after the first, second, … failure; the last entry repeats.
BACK_OFF = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)
JITTER = 0.2
# Longer than any outside call can take, so that a live worker never loses its claim.
LEASE_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Dispatching:
    """The worker's use case. `pause_at` is called at named moments; tests kill the process there."""

    unit_of_work: UnitOfWork
    dispatcher: Dispatcher
    notifying: Notifying
    casework: Casework
    clock: Clock
    jitter: Callable[[], float] = field(default=lambda: random.uniform(-JITTER, JITTER))  # noqa: S311
    pause_at: Callable[[str], None] = field(default=lambda _moment: None)

    def relay_one(self, worker: str) -> bool:
        """Take up one row and do it. False when there was none."""
        with self.unit_of_work() as tx:
            row = tx.outbox.claim(worker=worker, now=self.clock(), lease_seconds=LEASE_SECONDS)
        if row is None:
            return False
        self.pause_at("claimed")
        try:
            if row.task is Task.FILE:
                self._file(row)
            else:
                self.notifying.notify(row)
        except TryLater as later:
            self._come_back(row, later)
        except (NeedsPerson, Rejected) as refused:
            self._give_to_a_person(row, refused)
        except Conflict as overtaken:
            log.warning("outbox row overtaken: row=%s task=%s %s", row.id, row.task, overtaken)
        except Exception as fault:  # noqa: BLE001 - one row must not end the worker; it is logged whole
            self._fault(row, fault)
        else:
            log.info("outbox row done: row=%s task=%s attempt=%s", row.id, row.task, row.attempts)
        return True

    def _file(self, row: OutboxRow) -> None:
        """Hand a complaint to the backend, once.

        Before any second try the backend is asked whether it has our reference already: the first try may have
        been heard although its answer was lost.
        """
        with self.unit_of_work() as tx:
            complaint = tx.complaints.get(row.complaint_id)
            if complaint is None:
                raise NeedsPerson(f"complaint {row.complaint_id} is gone")
            known = tx.backend_requests.of_complaint(complaint.id)
            phone = tx.complaints.phone(complaint.id)
            if known:
                tx.outbox.done(row, self.clock())
                return
        if complaint.joined:
            self._join(row, complaint, phone)
            return
        request_id = self.dispatcher.find(complaint) if row.attempts > 1 else None
        if request_id is None:
            self.pause_at("before request")
            with self.unit_of_work() as tx:
                related = _related(tx, complaint)
            request_id = self.dispatcher.file(complaint, phone=phone, related=related)
            self.pause_at("after request")
        self._record(row, complaint, request_id)

    def _join(self, row: OutboxRow, complaint: Complaint, phone: str | None) -> None:
        """Tell the backend, once, that one more person is affected, and follow the incident's request from now on."""
        with self.unit_of_work() as tx:
            main = _main(tx, complaint)
            related = replace(_related(tx, complaint), incident=main.request_id)
        note_id = self.dispatcher.find(complaint) if row.attempts > 1 else None
        if note_id is None and main.open:
            self.pause_at("before request")
            note_id = self.dispatcher.join(complaint, phone=phone, related=related)
            self.pause_at("after request")
        self._record(row, complaint, None, note_id)

    def _record(self, row: OutboxRow, complaint: Complaint, request_id: str | None, note_id: str | None = None) -> None:
        """Write down which request is this complaint's: its own, or (None) that of the incident it joined."""
        with self.unit_of_work() as tx:
            now = self.clock()
            if not tx.outbox.done(row, now):
                raise Conflict(f"row {row.id} was taken up by another worker")
            current = tx.complaints.get(complaint.id)
            latest = current.latest if current else complaint.latest
            if request_id:
                request = BackendRequest(complaint.id, request_id, now)
            else:
                request = replace(_followed(_main(tx, complaint), complaint, now), note_id=note_id)
            tx.backend_requests.add(request)
            change = move(latest, Status.DISPATCHED, at=now, actor="dispatch")
            tx.complaints.append(complaint.id, change)
            tx.outbox.add(Task.NOTICE, complaint.id, {"status": change.after, "sequence": change.sequence}, at=now)
            self.pause_at("before commit")

    def _come_back(self, row: OutboxRow, later: TryLater) -> None:
        wait = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1] * (1 + self.jitter())
        at = self.clock() + timedelta(seconds=max(wait, later.after or 0.0))
        log.warning("outbox row later: row=%s task=%s attempt=%s %s", row.id, row.task, row.attempts, later)
        with self.unit_of_work() as tx:
            tx.outbox.later(row, at=at, error=str(later))

    def _fault(self, row: OutboxRow, fault: Exception) -> None:
        """Something nobody foresaw: this row waits for a person, the others go on."""
        log.exception("outbox row failed: row=%s task=%s attempt=%s", row.id, row.task, row.attempts)
        self._give_to_a_person(row, NeedsPerson(f"not foreseen: {type(fault).__name__}"))

    def _give_to_a_person(self, row: OutboxRow, refused: Exception) -> None:
        log.error("outbox row stuck: row=%s task=%s attempt=%s %s", row.id, row.task, row.attempts, refused)
        with self.unit_of_work() as tx:
            if not tx.outbox.stuck(row, str(refused)):
                return  # another worker has it in hand
            complaint = tx.complaints.get(row.complaint_id)
            if row.task is Task.FILE and complaint and complaint.status is Status.FILED:
                change = move(
                    complaint.latest, Status.NEEDS_PERSON, at=self.clock(), actor="dispatch", note=str(refused)
                )
                tx.complaints.append(complaint.id, change)
                tx.outbox.add(
                    Task.NOTICE,
                    complaint.id,
                    {"status": change.after, "sequence": change.sequence},
                    at=self.clock(),
                )

    # -- looking for what the hook did not bring ---------------------------------------------------------------

    def poll(self, *, limit: int = 50) -> int:
        """Ask the backend about requests that are still open; gives how many updates were new."""
        with self.unit_of_work() as tx:
            requests = tx.backend_requests.next_to_ask(now=self.clock(), limit=limit)
        found = 0
        for request in requests:
            try:
                updates = self.dispatcher.updates(request.request_id)
            except (TryLater, NeedsPerson, Rejected) as silent:
                log.warning("no updates: request=%s %s", request.request_id, silent)
                continue
            for update in updates:
                if update.sequence <= request.sequence:
                    continue
                try:
                    found += self.casework.apply(
                        request.request_id,
                        DepartmentUpdate(update.sequence, update.event, update.at, update.unit, update.note),
                    )
                except (Conflict, Rejected) as refused:
                    log.warning("update not taken: request=%s %s", request.request_id, refused)
                    break
        return found


def _main(tx: Transaction, complaint: Complaint) -> BackendRequest:
    """The request of the incident that this complaint joined. Raises TryLater while there is none."""
    main = tx.backend_requests.leading(complaint.incident_id)
    if main is None:
        raise TryLater("the incident it joins is not filed yet")
    return main


def _followed(main: BackendRequest, complaint: Complaint, now: datetime) -> BackendRequest:
    """That request as this complaint's own.

    No update will ever come again for one that was closed meanwhile: then what it has had is read anew.
    """
    return BackendRequest(complaint.id, main.request_id, now, main.sequence if main.open else 0)


def _related(tx: Transaction, complaint: Complaint) -> Related:
    """What the backend should know of other requests: how many people, and which closed one has come back."""
    incident = tx.incidents.find(complaint.incident_id)
    if incident is None:
        return Related()
    whole = tx.incidents.recent(incident.id)
    before = tx.backend_requests.leading(incident.recurrence_of) if incident.recurrence_of else None
    return Related(
        people=whole.people if whole else incident.people, recurrence_of=before.request_id if before else None
    )
