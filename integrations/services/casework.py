"""What happens to a complaint after filing: the department's updates move it on, step by step."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from integrations.services.errors import Conflict, Rejected
from integrations.services.moving import Moving
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import BackendRequest, Complaint
from integrations.services.updates import MOVE_OF_EVENT, DepartmentUpdate
from kb.lifecycle import OPEN, Actor, IllegalMove, Move, Status, signed
from kb.text import clean
from kb.words import Words

__all__ = ["Casework", "DepartmentUpdate", "Verdicts"]

log = logging.getLogger(__name__)

# Longer names and lists are cut: no department may keep an update from being written by its length.
LONGEST_UNIT, LONGEST_PHOTO, MOST_PHOTOS = 128, 500, 12
# Moves that must say why. What a department leaves out is said to be left out; the move counts all the same.
_WITH_A_REASON = frozenset({Move.RETURNED, Move.EXTENDED, Move.RECHECKED, Move.REWORK})


class Verdicts(Protocol):
    """Knows what a re-check comes to."""

    def rechecked(
        self,
        tx: Transaction,
        complaint: Complaint,
        now: datetime,
        *,
        at: datetime,
        solved: bool | None,
        note: str | None,
        by: str | None,
        unit: str | None,
    ) -> None:
        """The department has checked a complaint that is RECHECKING; moves it, or leaves it open."""


@dataclass(frozen=True, kw_only=True)
class Casework:
    """Applies updates, each once and in order, whoever brings them (hook or poll)."""

    unit_of_work: UnitOfWork
    clock: Clock
    moving: Moving
    satisfaction: Verdicts
    words: Words

    def apply(self, request_id: str, update: DepartmentUpdate) -> bool:
        """Move every complaint of the request on. False when the update was known already.

        Raises Rejected for an unknown event (which is passed over, so that those after it count) or a time without a
        zone, Conflict when the request is not known yet or an earlier update is still missing: the sender is to come
        again.
        """
        update = _checked(update)
        with self.unit_of_work() as tx:
            if update.event in ("closed", "rechecked"):
                self._hold_incidents(tx, request_id)
            requests = tx.backend_requests.by_request(request_id)
            if not requests and tx.backend_requests.is_note(request_id):
                return False  # it only told of one more person, who follows the incident's own request
            if not requests:
                raise Conflict(f"request {request_id} is not known here (yet)")
            applied = [self._apply_one(tx, request, update) for request in requests]
        if update.move is None and any(applied):
            raise Rejected(f"unknown event {update.event!r}; known: {', '.join(MOVE_OF_EVENT)}")
        return any(applied)

    def _hold_incidents(self, tx: Transaction, request_id: str) -> None:
        """Nobody joins, merges or closes them until this is written; held before anything is changed."""
        complaints = [tx.complaints.get(one.complaint_id) for one in tx.backend_requests.by_request(request_id)]
        tx.incidents.hold(*{one.incident_id for one in complaints if one})

    def _apply_one(self, tx: Transaction, request: BackendRequest, update: DepartmentUpdate) -> bool:
        if update.sequence <= request.sequence:
            return False
        if update.sequence > request.sequence + 1:
            if not request.open:  # it was done with before it had caught up, and must not hold up the others
                tx.backend_requests.advance(request.complaint_id, since=request.sequence, to=update.sequence)
                return False
            raise Conflict(
                f"request {request.request_id}: update {update.sequence} came before update {request.sequence + 1}"
            )
        if not tx.backend_requests.advance(request.complaint_id, since=request.sequence, to=update.sequence):
            raise Conflict(f"request {request.request_id} is being updated by somebody else")
        complaint = tx.complaints.get(request.complaint_id)
        if complaint is None:
            raise Conflict(f"complaint {request.complaint_id} is not there (yet)")
        try:
            if update.move:
                self._move(tx, complaint, update, update.move)
        except IllegalMove as illegal:
            log.warning("update passed over: request=%s sequence=%s %s", request.request_id, update.sequence, illegal)
            if update.event in ("closed", "rechecked") and complaint.status not in OPEN:
                tx.backend_requests.close(complaint.id)  # it had ended before: nothing more will come of it
        return True

    def _move(self, tx: Transaction, complaint: Complaint, update: DepartmentUpdate, what: Move) -> None:
        now = self.clock()
        note = update.note
        if what in _WITH_A_REASON and not note:
            note = self.words.say("casework.no_reason")
        if what is Move.RECHECKED and _sent_back(complaint):
            what = Move.CLOSED  # our own staff had ended the re-check: what the department found is its next closing
        elif update.event == "rechecked":
            self._rechecked(tx, complaint, what, replace(update, note=note), now)
            return
        if what is Move.EXTENDED and update.due_at and update.due_at <= complaint.due_at:
            raise IllegalMove(complaint.status, what, ": the new date is not later than the one that stands")
        moved = self.moving.make(
            tx,
            complaint,
            what,
            actor=signed(Actor.DEPARTMENT, update.by),
            at=update.at,
            note=note,
            unit=update.unit,
            due_at=update.due_at if what is Move.EXTENDED else None,
            photos=update.photos,
        )
        if moved.status is Status.CLOSED:
            tx.backend_requests.close(complaint.id)
            self._close_incident(tx, moved, replace(update, note=note), now)

    def _rechecked(
        self, tx: Transaction, complaint: Complaint, what: Move, update: DepartmentUpdate, now: datetime
    ) -> None:
        if complaint.status is not Status.RECHECKING:
            raise IllegalMove(complaint.status, what)
        self.satisfaction.rechecked(
            tx,
            complaint,
            now,
            at=update.at,
            solved=update.solved,
            note=update.note,
            by=update.by,
            unit=update.unit,
        )
        after = tx.complaints.get(complaint.id)
        if after and after.status not in OPEN:
            tx.backend_requests.close(complaint.id)

    def _close_incident(self, tx: Transaction, complaint: Complaint, update: DepartmentUpdate, now: datetime) -> None:
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
            if other.status is Status.RECHECKING:
                continue  # a re-check ends by what it finds, not by somebody else's closing
            try:
                self.moving.make(
                    tx,
                    other,
                    Status.CLOSED,
                    actor=signed(Actor.DEPARTMENT, update.by),
                    at=update.at,
                    note=update.note,
                    unit=update.unit,
                    photos=update.photos,
                )
            except IllegalMove:
                continue
            tx.backend_requests.close(other.id)


def _sent_back(complaint: Complaint) -> bool:
    """Whether it is worked on again after a re-check, which the department may still have open."""
    again = any(one.after is Status.RECHECKING for one in complaint.history)
    return again and complaint.status in OPEN and complaint.status is not Status.RECHECKING


def _checked(update: DepartmentUpdate) -> DepartmentUpdate:
    """The update as it can be written. Raises Rejected."""
    for name, at in (("at", update.at), ("due_at", update.due_at)):
        if at is not None and at.tzinfo is None:
            raise Rejected(f"{name}: a time without a zone")
    unit = _plain(update.unit)
    photos = [name for name in map(_plain, update.photos) if name and len(name) <= LONGEST_PHOTO]
    return replace(
        update,
        note=_plain(update.note),
        unit=unit[:LONGEST_UNIT] if unit else None,
        by=_plain(update.by),
        photos=tuple(photos[:MOST_PHOTOS]),
    )


def _plain(words: str | None) -> str | None:
    """The department's words without what no database or screen should get; None when nothing is left."""
    return clean(words or "") or None
