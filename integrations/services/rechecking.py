"""Re-checks (复核) by our own staff: who waits, what was found, and the reasoned end of one that cannot be met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.services.errors import Conflict, Rejected
from integrations.services.ledger import LedgerKeeping
from integrations.services.moving import Moving
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, Task, UpdateKind
from integrations.services.satisfaction_records import Feedback, Recheck
from kb.lifecycle import Actor, Move, Status, signed
from kb.satisfaction import rechecks
from kb.satisfaction.checklists import CheckLists
from kb.satisfaction.rechecks import Decision, NotAllowed, State
from kb.text import clean, hide_personal, shortened
from kb.words import Words

LONGEST_NAME, LONGEST_NOTE = 40, 1000
# What the department reads of it.
_OUTCOME = {
    State.SOLVED: "feedback.outcome_solved",
    State.REDONE: "feedback.outcome_redone",
    State.ENDED: "feedback.outcome_ended",
}
_MOVE = {State.SOLVED: Move.RECHECKED, State.REDONE: Move.REWORK, State.ENDED: Move.ENDED}


@dataclass(frozen=True, slots=True)
class Case:
    """A re-check with its complaint and the round that opened it. `shown` says by id what our records show by
    themselves of the items on the check-lists."""

    recheck: Recheck
    complaint: Complaint
    feedback: Feedback | None
    shown: Mapping[str, str]

    def late(self, now: datetime) -> bool:
        """Whether it should have been decided by then."""
        return self.recheck.state is State.OPEN and self.recheck.due_at < now


@dataclass(frozen=True, kw_only=True)
class Rechecking:
    """The use case."""

    unit_of_work: UnitOfWork
    clock: Clock
    moving: Moving
    ledger: LedgerKeeping
    lists: CheckLists
    words: Words

    def waiting(self) -> Sequence[Case]:
        """Those that are not decided, the one that is due first at the head."""
        with self.unit_of_work() as tx:
            pairs = [(one, tx.complaints.get(one.complaint_id)) for one in tx.rechecks.waiting()]
            return [self._case(tx, one, complaint) for one, complaint in pairs if complaint]

    def of_ticket(self, number: str) -> Sequence[Case]:
        """All re-checks of a ticket, the first first. Raises Rejected when there is no such ticket."""
        with self.unit_of_work() as tx:
            complaint = self._complaint(tx, number)
            return [self._case(tx, one, complaint) for one in tx.rechecks.of_complaint(complaint.id)]

    def decide(self, number: str, decision: Decision) -> Complaint:
        """Decide the ticket's re-check; the citizen is told, the department too, and a solved one is asked about again.

        Raises Rejected for what may not be decided so (the same person, items not checked), Conflict when somebody
        else has decided it in this moment.
        """
        decision = replace(
            decision,
            by=clean(decision.by),
            note=shortened(clean(decision.note), LONGEST_NOTE),
            closed_by=clean(decision.closed_by or "") or None,
        )
        if len(decision.by) > LONGEST_NAME:
            raise Rejected(f"a name has {LONGEST_NAME} characters at most")
        with self.unit_of_work() as tx:
            complaint = self._complaint(tx, number)
            tx.feedbacks.hold(complaint.id)
            standing = tx.rechecks.standing(complaint.id)
            if standing is None:
                raise Rejected(f"ticket {complaint.number} has no re-check that waits")
            if complaint.status is not Status.RECHECKING:
                raise Rejected(f"ticket {complaint.number} is with the department again: it is {complaint.status}")
            try:
                rechecks.check(standing.state, decision, closed_by=standing.closed_by, lists=self.lists)
            except NotAllowed as wrong:
                raise Rejected(str(wrong)) from wrong
            return self._decide(tx, complaint, standing, decision)

    def _decide(self, tx: Transaction, complaint: Complaint, standing: Recheck, decision: Decision) -> Complaint:
        now = self.clock()
        decided = replace(
            standing,
            state=decision.to,
            closed_by=standing.closed_by or decision.closed_by,
            checked_by=decision.by,
            ticked=decision.ticked,
            note=decision.note,
            decided_at=now,
        )
        if not tx.rechecks.decide(decided):
            raise Conflict(f"the re-check of ticket {complaint.number} has been decided in this moment")
        solved = {State.SOLVED: True, State.REDONE: False}.get(decision.to)
        moved = self.moving.make(
            tx,
            complaint,
            _MOVE[decision.to],
            actor=signed(Actor.CLERK, decision.by),
            note=decision.note,
            unit=standing.unit if decision.to is State.REDONE else None,
            solved=solved,
        )
        if decision.to is not State.REDONE:
            tx.backend_requests.close(complaint.id)
        text = self.words.say(_OUTCOME[decision.to], note=hide_personal(decision.note))
        key = f"{complaint.number}-recheck-done-{standing.number}"
        payload = {"kind": UpdateKind.SUPPLEMENT, "key": key, "text": text}
        tx.outbox.add(Task.UPDATE, complaint.id, payload, at=now)
        self.ledger.happened(
            tx, complaint.incident_id, now, f"re-check {standing.number} decided by {decision.by}: {decision.to}"
        )
        return moved

    def _case(self, tx: Transaction, recheck: Recheck, complaint: Complaint) -> Case:
        feedback = tx.feedbacks.get(complaint.id, recheck.round)
        return Case(recheck, complaint, feedback, _shown(complaint, feedback))

    @staticmethod
    def _complaint(tx: Transaction, number: str) -> Complaint:
        complaint = tx.complaints.by_number(number)
        if complaint is None:
            raise Rejected(f"there is no ticket {number}")
        return complaint


def _shown(complaint: Complaint, feedback: Feedback | None) -> dict[str, str]:
    """What the records show of the six items of a closed file (六有), by item id; a person still has to tick them."""
    first: dict[Status, str] = {}
    for one in complaint.history:
        first.setdefault(one.after, one.at.isoformat(timespec="minutes"))
    handled = [first[one] for one in (Status.ACCEPTED, Status.ASSIGNED, Status.ANSWERED) if one in first]
    by_department = [one.note for one in complaint.history if one.role is Actor.DEPARTMENT and one.note]
    found = {
        "registered": first.get(Status.FILED),
        "dispatched": first.get(Status.DISPATCHED),
        "handled": min(handled) if handled else None,
        "answered": by_department[-1] if by_department else None,
        "called_back": feedback.opened_at.isoformat(timespec="minutes") if feedback else None,
    }
    return {key: value for key, value in found.items() if value}
