"""What follows from a closure: a round of questions, its verdict, a re-check, and the questions again.

Everything here works inside the transaction of its caller: the closure, the answer, or the timer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from integrations.services.ledger import LedgerKeeping
from integrations.services.moving import Moving
from integrations.services.ports import Transaction
from integrations.services.records import Complaint, Task, UpdateKind
from integrations.services.satisfaction_records import Feedback, Recheck
from integrations.services.timer_records import TimerRow
from integrations.services.timing import Handler
from kb.deadlines import due
from kb.lifecycle import Actor, Move, Status, StatusChange, signed
from kb.satisfaction.policy import Policy
from kb.satisfaction.reasons import Reasons
from kb.satisfaction.rechecks import State, same_person
from kb.text import hide_personal, shortened
from kb.words import Words

log = logging.getLogger(__name__)

REMIND, DECIDE, END = "feedback_reminder", "feedback_decide", "feedback_end"
REMINDER = "feedback_reminder"
"""What the outbox row of the reminder says."""
ANOTHER_PERSON = "feedback.recheck_another_person"
# A citizen who says 不满意 and then goes away: after so long the re-check begins without the rest.
PATIENCE = timedelta(minutes=30)
LONGEST_NAME, LONGEST_WHY = 64, 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """How long is asked, when one reminder comes, on which scale, and how many re-checks there may be."""

    open_for: timedelta = timedelta(days=14)
    remind_after: timedelta = timedelta(days=7)
    levels: int = 5
    rechecks: int = 2


@dataclass(frozen=True, kw_only=True)
class Satisfaction:
    """Opens rounds, acts on verdicts, concludes re-checks."""

    moving: Moving
    ledger: LedgerKeeping
    reasons: Reasons
    policy: Policy
    words: Words
    rules: Rules = field(default_factory=Rules)

    # -- a closure -------------------------------------------------------------------------------------------

    def after_move(self, tx: Transaction, complaint: Complaint, change: StatusChange, now: datetime) -> None:
        """A listener of `Moving`: every closure is asked about, whoever closed."""
        if change.after is Status.CLOSED and change.before is not Status.CLOSED:
            self.opened(tx, complaint, now, by=change.name)

    def opened(self, tx: Transaction, complaint: Complaint, now: datetime, *, by: str | None) -> None:
        """Ask about the closure that the complaint's history ends with; once for each closure, however often called."""
        closing = complaint.latest
        if closing is None or closing.after is not Status.CLOSED:
            return
        before = tx.feedbacks.hold(complaint.id)
        if before and before.closure == closing.sequence:
            return
        if before:
            self._superseded(tx, before, now)
        feedback = Feedback(
            complaint_id=complaint.id,
            conversation_id=complaint.conversation_id,
            opened_at=now,
            expires_at=now + self.rules.open_for,
            round=before.round + 1 if before else 1,
            closure=closing.sequence,
            closed_by=by[:LONGEST_NAME] if by else None,
        )
        if not tx.feedbacks.open(feedback):
            return
        self._reclosed(tx, complaint, now, by)
        if self.rules.remind_after < self.rules.open_for:
            tx.timers.set(REMIND, feedback.subject, now + self.rules.remind_after)
        tx.timers.set(END, feedback.subject, feedback.expires_at)

    def _superseded(self, tx: Transaction, feedback: Feedback, now: datetime) -> None:
        """Nothing more is asked about an earlier closure."""
        if feedback.finished_at is None:
            tx.feedbacks.save(replace(feedback, finished_at=now))
        self._quiet(tx, feedback)

    def _reclosed(self, tx: Transaction, complaint: Complaint, now: datetime, by: str | None) -> None:
        """A department that knows no re-checks closed again: that was its re-check, told by nobody in particular."""
        standing = tx.rechecks.standing(complaint.id)
        if standing is None:
            return
        latest = complaint.latest
        note = latest.note if latest else None
        tx.rechecks.decide(replace(standing, state=State.SOLVED, checked_by=by, note=note, decided_at=now))
        if by and standing.closed_by and same_person(by, standing.closed_by):
            self.ledger.happened(tx, complaint.incident_id, now, "closed again by the person who had closed it before")

    # -- a verdict -------------------------------------------------------------------------------------------

    def answered(self, tx: Transaction, feedback: Feedback, now: datetime, *, complete: bool) -> Feedback:
        """Keep the answers and act on the verdict: at once when `complete`, soon when it is a bad one.

        Gives the round as it is kept.
        """
        if complete and feedback.decided_at is None:
            feedback = self._decide(tx, feedback, now, actor=Actor.CITIZEN)
        elif feedback.decided_at is None and bad(feedback):
            tx.timers.set(DECIDE, feedback.subject, now + PATIENCE)
        elif feedback.decided_at is None:
            tx.timers.cancel(DECIDE, feedback.subject)
        if feedback.finished_at:
            self._quiet(tx, feedback)
        tx.feedbacks.save(feedback)
        return feedback

    def _decide(self, tx: Transaction, feedback: Feedback, now: datetime, *, actor: Actor) -> Feedback:
        complaint = tx.complaints.get(feedback.complaint_id)
        if complaint is None or complaint.status is not Status.CLOSED:
            return replace(feedback, decided_at=now)
        tx.timers.cancel(DECIDE, feedback.subject)
        tx.timers.cancel(REMIND, feedback.subject)
        if not bad(feedback):
            self.moving.make(tx, complaint, Status.RATED, actor=actor)
            self.ledger.happened(tx, complaint.incident_id, now, f"rated after closure {feedback.round}: satisfied")
            return replace(feedback, decided_at=now)
        done = tx.rechecks.count(complaint.id)
        self.ledger.dissatisfied(tx, complaint.incident_id, now, f"dissatisfied after closure {feedback.round}")
        if done >= self.rules.rechecks:
            self.moving.make(tx, complaint, Status.RATED, actor=actor)
            self.ledger.happened(tx, complaint.incident_id, now, f"no further re-check: {done} were made")
        else:
            self._open_recheck(tx, complaint, feedback, done + 1, now, actor)
        return replace(feedback, decided_at=now)

    def _open_recheck(
        self, tx: Transaction, complaint: Complaint, feedback: Feedback, number: int, now: datetime, actor: Actor
    ) -> None:
        why = self.why(feedback)
        unit = complaint.latest.unit if complaint.latest else None
        self.moving.make(tx, complaint, Status.RECHECKING, actor=actor, note=why or None)
        opened = Recheck(
            complaint_id=complaint.id,
            number=number,
            round=feedback.round,
            opened_at=now,
            due_at=due(now, self.policy.recheck.deadline),
            why=why,
            closed_by=feedback.closed_by,
            unit=unit,
        )
        tx.rechecks.open(opened)
        tx.backend_requests.reopen(complaint.id)
        self._tell_recheck(tx, complaint, opened, now, "", why)

    @staticmethod
    def _tell_recheck(tx: Transaction, complaint: Complaint, one: Recheck, now: datetime, again: str, why: str) -> None:
        # One request may be followed by several complaints: the key names this one.
        key = f"{complaint.number}-recheck-{one.number}{again}"
        tx.outbox.add(Task.UPDATE, complaint.id, {"kind": UpdateKind.RECHECK, "key": key, "text": why}, at=now)

    def why(self, feedback: Feedback) -> str:
        """The citizen's reasons and words in one line, without numbers that are personal."""
        parts = [self.reasons.name(one) for one in feedback.reasons or ()]
        return shortened("；".join(filter(None, [*parts, hide_personal(feedback.words or "")])), LONGEST_WHY)

    # -- the outcome of a re-check ----------------------------------------------------------------------------

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
        """The department has checked a complaint that is RECHECKING: closed again, or back to work.

        What the same person checked who had closed it does not count: the re-check stays open, the ledger says so, and
        the department is told to send somebody else.
        """
        standing = tx.rechecks.standing(complaint.id)
        if by and standing and standing.closed_by and same_person(by, standing.closed_by):
            log.warning("re-check not taken, closed and checked by one person: complaint=%s", complaint.id)
            self.ledger.happened(tx, complaint.incident_id, now, "checked by the person who had closed it: not taken")
            self._tell_recheck(tx, complaint, standing, now, f"-{at:%Y%m%d%H%M%S}", self.words.say(ANOTHER_PERSON))
            return
        what = Move.REWORK if solved is False else Move.RECHECKED
        if standing:
            state = State.REDONE if solved is False else State.SOLVED
            tx.rechecks.decide(replace(standing, state=state, checked_by=by, note=note, decided_at=now))
        actor = signed(Actor.DEPARTMENT, by)
        self.moving.make(tx, complaint, what, actor=actor, at=at, note=note, unit=unit, solved=solved)

    # -- when the time comes -----------------------------------------------------------------------------------

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What the timers of a round do."""
        return {REMIND: self._remind, DECIDE: self._decide_now, END: self._end}

    def _remind(self, tx: Transaction, row: TimerRow, now: datetime) -> None:
        feedback = self._round(tx, row)
        if feedback is None or not asks(feedback, now):
            return
        if tx.feedbacks.remind(feedback.complaint_id, feedback.round, now):
            tx.outbox.add(Task.NOTICE, feedback.complaint_id, {"say": REMINDER, "round": feedback.round}, at=now)

    def _decide_now(self, tx: Transaction, row: TimerRow, now: datetime) -> None:
        feedback = self._round(tx, row)
        if feedback and feedback.decided_at is None and bad(feedback):
            tx.feedbacks.save(self._decide(tx, feedback, now, actor=Actor.SYSTEM))

    def _end(self, tx: Transaction, row: TimerRow, now: datetime) -> None:
        """The time is over: a verdict that was given counts, though not everything was answered."""
        feedback = self._round(tx, row)
        if feedback is None:
            return
        if feedback.decided_at is None and (bad(feedback) or feedback.level):
            tx.feedbacks.save(self._decide(tx, feedback, now, actor=Actor.SYSTEM))
        self._quiet(tx, feedback, but=END)

    def _round(self, tx: Transaction, row: TimerRow) -> Feedback | None:
        """The round of the timer, if it is still the complaint's latest."""
        complaint_id, _, number = row.subject.rpartition(":")
        feedback = tx.feedbacks.hold(complaint_id)
        return feedback if feedback and str(feedback.round) == number else None

    @staticmethod
    def _quiet(tx: Transaction, feedback: Feedback, *, but: str | None = None) -> None:
        for kind in (REMIND, DECIDE, END):
            if kind != but:
                tx.timers.cancel(kind, feedback.subject)


def bad(feedback: Feedback) -> bool:
    """Whether it is a verdict that opens a re-check: not satisfied, or not solved with nothing said of satisfaction."""
    return not feedback.level.good if feedback.level else feedback.solved is False


def asks(feedback: Feedback, now: datetime) -> bool:
    """Whether the citizen may still be asked for a verdict."""
    return feedback.decided_at is None and feedback.finished_at is None and now < feedback.expires_at
