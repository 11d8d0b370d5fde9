"""The citizen's say after closure: solved? satisfied? contacted? and why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, Feedback
from kb.lifecycle import Status, move
from kb.text import clean, shortened


class Question(StrEnum):
    """The questions in their order. Values are slot names of the rating form."""

    SOLVED = "rating_solved"
    SATISFIED = "rating_satisfied"
    CONTACTED = "rating_contacted"
    REASON = "rating_reason"


class NothingToRate(Exception):
    """No closed ticket of this citizen waits for a rating."""


@dataclass(frozen=True, slots=True)
class Rating:
    """The state of one rating; `question` is None when it is complete."""

    number: str
    question: Question | None
    feedback: Feedback


@dataclass(frozen=True, kw_only=True)
class RatingTickets:
    """The use case. Answers are kept as they come, so that a broken-off rating is not lost."""

    unit_of_work: UnitOfWork
    clock: Clock

    def current(self, conversation_id: str, number: str | None = None) -> Rating:
        """The open rating of that ticket, or the latest open one. Raises NothingToRate."""
        with self.unit_of_work() as tx:
            feedback, complaint = self._find(tx, conversation_id, number)
            return _rating(complaint, feedback)

    def answer(self, conversation_id: str, number: str, question: Question, value: bool | str | None) -> Rating:
        """Keep one answer. The last one moves the ticket to RATED. Raises NothingToRate."""
        with self.unit_of_work() as tx:
            feedback, complaint = self._find(tx, conversation_id, number)
            match question, value:
                case Question.SOLVED, bool():
                    feedback = replace(feedback, solved=value)
                case Question.SATISFIED, bool():
                    feedback = replace(feedback, satisfied=value)
                case Question.CONTACTED, bool():
                    feedback = replace(feedback, contacted=value)
                case Question.REASON, str() | None:
                    feedback = replace(feedback, reason=shortened(clean(str(value or "")), 500) or "未说明")
                case _:
                    raise ValueError(f"{question} cannot be answered by {value!r}")
            rating = _rating(complaint, feedback)
            if rating.question is None:
                feedback = replace(feedback, finished_at=self.clock())
                change = move(complaint.latest, Status.RATED, at=self.clock(), actor="citizen")
                tx.complaints.append(complaint.id, change)
            tx.feedbacks.save(feedback)
            return replace(rating, feedback=feedback)

    def _find(self, tx: Transaction, conversation_id: str, number: str | None) -> tuple[Feedback, Complaint]:
        now = self.clock()
        if number:
            complaint = tx.complaints.by_number(number)
            feedback = tx.feedbacks.of_complaint(complaint.id) if complaint else None
        else:
            feedback = tx.feedbacks.latest_open(conversation_id, now)
            complaint = tx.complaints.get(feedback.complaint_id) if feedback else None
        if feedback is None or complaint is None or feedback.conversation_id != conversation_id:
            raise NothingToRate
        if feedback.finished_at or feedback.expires_at <= now:
            raise NothingToRate
        return feedback, complaint


def _rating(complaint: Complaint, feedback: Feedback) -> Rating:
    waiting = {
        Question.SOLVED: feedback.solved is None,
        Question.SATISFIED: feedback.satisfied is None,
        Question.CONTACTED: feedback.contacted is None,
        Question.REASON: (feedback.solved is False or feedback.satisfied is False) and feedback.reason is None,
    }
    return Rating(complaint.number, next((q for q, waits in waiting.items() if waits), None), feedback)
