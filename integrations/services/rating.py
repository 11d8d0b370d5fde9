"""The citizen's say after closure: solved? satisfied? contacted? why not? and may it be told?

Answers are kept as they come, so that a broken-off rating is not lost; what follows from them is `satisfaction`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from integrations.services.errors import Rejected
from integrations.services.own_tickets import OwnTickets
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint
from integrations.services.satisfaction import Satisfaction, bad
from integrations.services.satisfaction_records import Feedback
from kb.satisfaction.hearing import Heard, Hearing
from kb.satisfaction.levels import Level, on_scale
from kb.satisfaction.reasons import Reason
from kb.text import clean, shortened

LONGEST_WORDS = 500
# What the button of somebody who gives no reason says.
SKIP = "skip"


class Question(StrEnum):
    """The questions in their order. Values are slot names of the rating form; SURVEY is asked by `surveying`."""

    SOLVED = "rating_solved"
    SATISFIED = "rating_satisfied"
    CONTACTED = "rating_contacted"
    REASON = "rating_reason"
    WORDS = "rating_words"
    MEDIA = "rating_media"
    SURVEY = "rating_survey"


class NothingToRate(Exception):
    """No closed ticket of this citizen waits for a rating."""


class Tone(StrEnum):
    """What the classifier made of words that no table has: praise, blame, yes or no; or nothing of the kind."""

    GOOD = "good"
    BAD = "bad"
    YES = "yes"
    NO = "no"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rating:
    """The state of one rating; `question` is None when it is complete.

    `reasons` are those that may still be chosen. `recheck` is the number of the re-check that the verdict has opened;
    `capped` when it would have opened one, but there have been as many as there may be.
    """

    number: str
    question: Question | None
    feedback: Feedback
    reasons: tuple[Reason, ...] = ()
    recheck: int | None = None
    capped: bool = False
    understood: bool = True


@dataclass(frozen=True, kw_only=True)
class RatingTickets:
    """The use case.

    Whoever has shown the number and the phone's last digits may give the verdict too. Then whoever filed hears of it by
    `tell_owner`, for the unit knows both as well; and they alone are asked whether the case may be told.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    satisfaction: Satisfaction
    hearing: Hearing
    own: OwnTickets
    tell_owner: Callable[[Transaction, Complaint, datetime], None] = field(default=lambda _tx, _complaint, _now: None)

    def current(self, conversation_id: str, number: str | None = None) -> Rating:
        """The open rating of that ticket, or the citizen's latest open one. Raises NothingToRate."""
        with self.unit_of_work() as tx:
            feedback, complaint, theirs = self._find(tx, conversation_id, number)
            return _asked(self.state(tx, complaint, feedback), theirs)

    def answer(self, conversation_id: str, number: str, question: Question, value: bool | Level | str | None) -> Rating:
        """Keep one answer: yes or no, a level, the id of a reason, or words; None for what somebody will not say.

        The verdict moves the ticket on. Raises NothingToRate, and ValueError for an answer of the wrong kind.
        """
        with self.unit_of_work() as tx:
            feedback, complaint, theirs = self._find(tx, conversation_id, number)
            if question is Question.MEDIA and not theirs:
                raise ValueError("only who filed it says whether it may be told")
            return self._keep(tx, complaint, feedback, self._with(feedback, question, value), theirs)

    def hear(
        self, conversation_id: str, number: str | None, text: str, tone: Tone = Tone.OTHER, *, asked: Question | None
    ) -> Rating:
        """Keep what somebody says in their own words; `asked` is the question that waits, if one does.

        `understood` is False when nothing was: then the same question is asked again. Raises NothingToRate.
        """
        with self.unit_of_work() as tx:
            feedback, complaint, theirs = self._find(tx, conversation_id, number)
            text = clean(text)
            known = self.state(tx, complaint, feedback).question
            if asked is not None and known is not None:
                asked = known  # somebody may have answered by a button in the meantime
            if asked in (Question.REASON, Question.WORDS):
                changed = self._in_words(complaint, feedback, text)
            else:
                changed = self._heard(complaint, feedback, text, tone, asked)
            if changed == feedback:
                return replace(_asked(self.state(tx, complaint, feedback), theirs), understood=False)
            return self._keep(tx, complaint, feedback, changed, theirs)

    # -- what an answer changes --------------------------------------------------------------------------------

    def _with(self, feedback: Feedback, question: Question, value: bool | Level | str | None) -> Feedback:
        match question, value:
            case Question.SOLVED, bool():
                return replace(feedback, solved=value)
            case Question.SATISFIED, Level():
                return replace(feedback, level=on_scale(value, self.satisfaction.rules.levels))
            case Question.CONTACTED, bool():
                return replace(feedback, contacted=value)
            case Question.MEDIA, bool():
                return replace(feedback, media=value)
            case Question.REASON, str() if self.satisfaction.reasons.has(value):
                return replace(feedback, reasons=tuple(dict.fromkeys((*(feedback.reasons or ()), value))))
            case Question.REASON, None:
                return replace(feedback, reasons=feedback.reasons or (), words=feedback.words or "")
            case Question.WORDS, str() | None:
                return replace(feedback, reasons=feedback.reasons or (), words=_words(value))
            case _:
                raise ValueError(f"{question} cannot be answered by {value!r}")

    def _in_words(self, complaint: Complaint, feedback: Feedback, text: str) -> Feedback:
        found = self.satisfaction.reasons.heard(text, complaint.category)
        return replace(feedback, reasons=tuple(dict.fromkeys((*(feedback.reasons or ()), *found))), words=_words(text))

    def _heard(
        self, complaint: Complaint, feedback: Feedback, text: str, tone: Tone, asked: Question | None
    ) -> Feedback:
        heard = self.hearing.hear(text)
        changed = feedback
        if asked is Question.MEDIA:
            plain = _plain_yes(heard, tone)
            return feedback if plain is None else replace(feedback, media=plain)
        if heard.nothing:
            if not heard.unclear:
                changed = self._by_tone(feedback, heard, tone, asked)
        else:
            changed = self._by_table(feedback, heard, asked)
        reasons = self.satisfaction.reasons.heard(text, complaint.category)
        if changed == feedback and not reasons:
            return feedback
        if _unhappy(changed) or reasons:
            if reasons:
                changed = replace(changed, reasons=tuple(dict.fromkeys((*(changed.reasons or ()), *reasons))))
            if heard.keep or reasons:
                changed = replace(changed, words=_joined(feedback.words, text))
        elif heard.keep:
            changed = replace(changed, words=_joined(feedback.words, text))
        return changed

    def _by_table(self, feedback: Feedback, heard: Heard, asked: Question | None) -> Feedback:
        """What the table heard; an answer that was given before is only changed when it is asked for again."""

        def take(question: Question, old: bool | None, new: bool | None) -> bool | None:
            return old if new is None or (old is not None and asked is not question) else new

        level = feedback.level
        if heard.level and (level is None or asked is Question.SATISFIED):
            level = on_scale(heard.level, self.satisfaction.rules.levels)
        return replace(
            feedback,
            solved=take(Question.SOLVED, feedback.solved, heard.solved),
            contacted=take(Question.CONTACTED, feedback.contacted, heard.contacted),
            level=level,
        )

    @staticmethod
    def _by_tone(feedback: Feedback, heard: Heard, tone: Tone, asked: Question | None) -> Feedback:
        """What no table has: a plain yes or no, or what the classifier makes of it, to the question that waits."""
        plain = _plain_yes(heard, tone)
        if asked is Question.SOLVED:
            good = {Tone.GOOD: True, Tone.BAD: False}.get(tone, plain)
            return feedback if good is None else replace(feedback, solved=good)
        if asked is Question.CONTACTED:
            return feedback if plain is None else replace(feedback, contacted=plain)
        good = {Tone.GOOD: True, Tone.BAD: False}.get(tone, plain if asked is Question.SATISFIED else None)
        if good is None or (asked is None and feedback.level):
            return feedback
        return replace(feedback, level=Level.SATISFIED if good else Level.DISSATISFIED)

    # -- keeping -----------------------------------------------------------------------------------------------

    def _keep(self, tx: Transaction, complaint: Complaint, before: Feedback, changed: Feedback, theirs: bool) -> Rating:
        if before.decided_at:  # the verdict has been acted on; what was not said yet may still be added
            changed = replace(changed, solved=before.solved, level=before.level)
        rating = self.state(tx, complaint, changed)
        now = self.clock()
        if rating.question is None:
            changed = replace(changed, finished_at=now)
        complete = rating.question in (None, Question.MEDIA)
        changed = self.satisfaction.answered(tx, changed, now, complete=complete)
        if changed.decided_at and not before.decided_at and not theirs:
            self.tell_owner(tx, complaint, now)
        return _asked(self.state(tx, complaint, changed), theirs)

    def _find(self, tx: Transaction, conversation_id: str, number: str | None) -> tuple[Feedback, Complaint, bool]:
        """The round that waits, its ticket, and whether this conversation's citizen has filed it."""
        now = self.clock()
        conversation = tx.conversations.get(conversation_id)
        if conversation is None:
            raise NothingToRate
        complaint: Complaint | None
        if number:
            try:
                complaint = self.own.mine(tx, conversation_id, number)
            except Rejected:
                raise NothingToRate from None
        else:
            latest = tx.feedbacks.latest_open(conversation.citizen_id, now)
            complaint = tx.complaints.get(latest.complaint_id) if latest else None
        if complaint is None:
            raise NothingToRate
        theirs = self.own.filed_by(tx, conversation_id, complaint)
        feedback = tx.feedbacks.hold(complaint.id)
        if feedback is None or feedback.finished_at or feedback.expires_at <= now:
            raise NothingToRate
        if feedback.decided_at and not theirs:
            raise NothingToRate
        return feedback, complaint, theirs

    def state(self, tx: Transaction, complaint: Complaint, feedback: Feedback) -> Rating:
        """The rating as it stands: which question waits, and what may be answered."""
        unhappy = feedback.solved is False or feedback.satisfied is False
        waiting = {
            Question.SOLVED: feedback.solved is None,
            Question.SATISFIED: feedback.level is None,
            Question.CONTACTED: feedback.contacted is None,
            Question.REASON: unhappy and feedback.reasons is None,
            Question.WORDS: unhappy and feedback.words is None,
            Question.MEDIA: not unhappy and feedback.media is None and not self._asked_before(tx, feedback),
        }
        question = next((one for one, waits in waiting.items() if waits), None)
        left = [
            one for one in self.satisfaction.reasons.of(complaint.category) if one.id not in (feedback.reasons or ())
        ]
        standing = tx.rechecks.standing(complaint.id) if feedback.decided_at and bad(feedback) else None
        capped = bool(feedback.decided_at and bad(feedback) and standing is None)
        return Rating(complaint.number, question, feedback, tuple(left), standing.number if standing else None, capped)

    @staticmethod
    def _asked_before(tx: Transaction, feedback: Feedback) -> bool:
        """Whether the citizen has said in an earlier round if the case may be told."""
        if feedback.round == 1:
            return False
        return any(one.media is not None for one in tx.feedbacks.rounds(feedback.complaint_id))


def _asked(rating: Rating, theirs: bool) -> Rating:
    """Whoever opened it by the phone's last digits is not asked whether it may be told: that is the owner's to say."""
    return replace(rating, question=None) if rating.question is Question.MEDIA and not theirs else rating


def value_of(question: Question, choice: str) -> bool | Level | str | None:
    """What a button means; 'yes' and 'no' of satisfaction stand on buttons of former versions."""
    match question:
        case Question.SATISFIED:
            former = {"yes": Level.SATISFIED, "no": Level.DISSATISFIED}
            return former.get(choice) or next((one for one in Level if one.name.lower() == choice), None)
        case Question.REASON:
            return None if choice == SKIP else choice
        case Question.WORDS:
            return None
        case _:
            return {"yes": True, "no": False}.get(choice)


def _plain_yes(heard: Heard, tone: Tone) -> bool | None:
    if heard.yes is not None:
        return heard.yes
    return {Tone.YES: True, Tone.NO: False}.get(tone)


def _unhappy(feedback: Feedback) -> bool:
    return feedback.solved is False or feedback.satisfied is False


def _words(value: str | None) -> str:
    return shortened(clean(value or ""), LONGEST_WORDS)


def _joined(before: str | None, text: str) -> str:
    """What was said before and now."""
    return _words("。".join(filter(None, [before, text])))
