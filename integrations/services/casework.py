"""What happens to a complaint after filing: the department's updates move it on, step by step."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.services.errors import Conflict, Rejected
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import BackendRequest, Complaint, Feedback, Task
from kb.lifecycle import OPEN, IllegalMove, Status, StatusChange, move
from kb.text import clean

log = logging.getLogger(__name__)

# The department's events in our words.
STATUS_OF_EVENT: dict[str, Status] = {
    "accepted": Status.ACCEPTED,
    "assigned": Status.ASSIGNED,
    "answered": Status.ANSWERED,
    "returned": Status.RETURNED,
    "closed": Status.CLOSED,
}
RATING_OPEN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class DepartmentUpdate:
    """One thing the department did with a request; `sequence` counts from 1 for each request."""

    sequence: int
    event: str
    at: datetime
    unit: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Casework:
    """Applies updates, each once and in order, whoever brings them (hook or poll)."""

    unit_of_work: UnitOfWork
    clock: Clock

    def apply(self, request_id: str, update: DepartmentUpdate) -> bool:
        """Move every complaint of the request on. False when the update was known already.

        Raises Rejected for an unknown event, Conflict when the request is not known yet or an earlier update is
        still missing: the sender is to come again.
        """
        if update.event not in STATUS_OF_EVENT:
            raise Rejected(f"unknown event {update.event!r}; known: {', '.join(STATUS_OF_EVENT)}")
        update = replace(update, note=_plain(update.note), unit=_plain(update.unit))
        with self.unit_of_work() as tx:
            if update.event == "closed":
                self._hold_incidents(tx, request_id)
            requests = tx.backend_requests.by_request(request_id)
            if not requests and tx.backend_requests.is_note(request_id):
                return False  # it only told of one more person, who follows the incident's own request
            if not requests:
                raise Conflict(f"request {request_id} is not known here (yet)")
            applied = [self._apply_one(tx, request, update) for request in requests]
        return any(applied)

    def _hold_incidents(self, tx: Transaction, request_id: str) -> None:
        """Nobody joins, merges or closes them until this is written; held before anything is changed."""
        complaints = [tx.complaints.get(one.complaint_id) for one in tx.backend_requests.by_request(request_id)]
        tx.incidents.hold(*{one.incident_id for one in complaints if one})

    def _apply_one(self, tx: Transaction, request: BackendRequest, update: DepartmentUpdate) -> bool:
        if update.sequence <= request.sequence:
            return False
        if update.sequence > request.sequence + 1:
            raise Conflict(
                f"request {request.request_id}: update {update.sequence} came before update {request.sequence + 1}"
            )
        if not tx.backend_requests.advance(request.complaint_id, since=request.sequence, to=update.sequence):
            raise Conflict(f"request {request.request_id} is being updated by somebody else")
        complaint = tx.complaints.get(request.complaint_id)
        if complaint is None:
            raise Conflict(f"complaint {request.complaint_id} is not there (yet)")
        try:
            self._move(tx, complaint, update)
        except IllegalMove as illegal:
            log.warning("update passed over: request=%s sequence=%s %s", request.request_id, update.sequence, illegal)
        return True

    def _move(self, tx: Transaction, complaint: Complaint, update: DepartmentUpdate) -> None:
        change = move(
            complaint.latest,
            STATUS_OF_EVENT[update.event],
            at=update.at,
            actor="department",
            note=update.note,
            unit=update.unit,
        )
        tx.complaints.append(complaint.id, change)
        now = self.clock()
        tx.outbox.add(Task.NOTICE, complaint.id, {"status": change.after, "sequence": change.sequence}, at=now)
        if change.after is Status.CLOSED:
            self._ended(tx, complaint, now)
            self._close_incident(tx, complaint, change, now)

    def _ended(self, tx: Transaction, complaint: Complaint, now: datetime) -> None:
        tx.backend_requests.close(complaint.id)
        tx.feedbacks.open(Feedback(complaint.id, complaint.conversation_id, now, now + RATING_OPEN))

    def _close_incident(self, tx: Transaction, complaint: Complaint, change: StatusChange, now: datetime) -> None:
        """The incident ends with its own request, and all that was merged into it ends with it.

        The request of a merged one ends that one's complaints only, unless they were the last that were open.
        """
        whole = tx.incidents.recent(complaint.incident_id)
        if whole is None or whole.closed_at:
            return
        own = tx.backend_requests.of_complaint(complaint.id)
        others = [one for one in tx.complaints.of_incident(whole.id) if one.id != complaint.id and one.status in OPEN]
        if complaint.incident_id != whole.id:
            if not others:
                tx.incidents.close(whole.id, now)
            return
        tx.incidents.close(whole.id, now)
        for other in others:
            request = tx.backend_requests.of_complaint(other.id)
            if request is None or (own and request.request_id == own.request_id):
                continue  # it follows the same request, or will when it is relayed, and gets this update by that
            try:
                same = move(
                    other.latest, Status.CLOSED, at=change.at, actor="department", note=change.note, unit=change.unit
                )
            except IllegalMove:
                continue
            tx.complaints.append(other.id, same)
            tx.outbox.add(Task.NOTICE, other.id, {"status": same.after, "sequence": same.sequence}, at=now)
            self._ended(tx, other, now)


def _plain(words: str | None) -> str | None:
    """The department's words without what no database or screen should get; None when nothing is left."""
    return clean(words or "") or None
