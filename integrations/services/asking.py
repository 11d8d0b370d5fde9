"""The questions after closure and of surveys as bubbles, for the conversation and for notices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.services.notifying import Teller
from integrations.services.ports import Transaction
from integrations.services.rating import Question, Rating, RatingTickets
from integrations.services.records import Bubble, Complaint, Option
from integrations.services.satisfaction import REMINDER, asks
from integrations.services.satisfaction_records import AnswerKind, Invitation, Survey
from integrations.services.speech import Speech, payload
from integrations.services.surveying import INVITATION
from kb import ticket_number
from kb.satisfaction.levels import Level, scale

SURVEY = "survey"


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Makes the bubbles. `levels`: how many levels of satisfaction are offered, 5 or 2."""

    speech: Speech
    rating: RatingTickets
    levels: int

    def question(self, rating: Rating) -> Bubble:
        """The question that waits. Raises ValueError when none does."""
        number, speech = rating.number, self.speech
        match rating.question:
            case Question.SOLVED:
                shown = ticket_number.display(number)
                return speech.yes_no(
                    *("feedback.ask_solved", f"{number}:solved", "feedback.solved_yes", "feedback.solved_no"),
                    number=shown,
                )
            case Question.SATISFIED:
                return speech.say("feedback.ask_satisfied", *self._levels(f"{number}:satisfied"))
            case Question.CONTACTED:
                return speech.yes_no(
                    "feedback.ask_contacted", f"{number}:contacted", "feedback.contacted_yes", "feedback.contacted_no"
                )
            case Question.REASON:
                return speech.say("feedback.ask_reason", *self._reasons(rating), self._no_reason(number))
            case Question.WORDS:
                done = speech.option("feedback.words_none", f"{number}:words:none", intent="rate")
                return speech.say("feedback.ask_words", *self._reasons(rating), done)
            case Question.MEDIA:
                return speech.yes_no("feedback.ask_media", f"{number}:media", "feedback.media_yes", "feedback.media_no")
            case _:
                raise ValueError("the rating is complete")

    def thanks(self, rating: Rating) -> Bubble:
        """What is said when everything was asked."""
        speech, number = self.speech, ticket_number.display(rating.number)
        if rating.capped:
            person = speech.option("repair.ask_person", intent="ask_person")
            return speech.say("feedback.thanks_capped", person, number=number)
        if rating.recheck:
            return speech.say("feedback.thanks_recheck", number=number)
        if rating.feedback.solved and rating.feedback.satisfied:
            told = {True: "feedback.thanks_media", False: "feedback.thanks_no_media"}
            return speech.say(told.get(rating.feedback.media, "feedback.thanks_good"))  # type: ignore[arg-type]
        again = speech.option("feedback.report_again", intent="start_report")
        return speech.say("feedback.thanks_bad", again)

    def survey_question(self, survey: Survey, invitation: Invitation) -> Bubble:
        """The next question of a survey; before the first one, what it is about."""
        place = len(invitation.answers)
        question = survey.questions[place]
        choice = f"{SURVEY}:{invitation.id}:{place}"
        options: tuple[Option, ...]
        match question.kind:
            case AnswerKind.YES_NO:
                options = (
                    self.speech.option("feedback.survey_yes", f"{choice}:1", intent="rate"),
                    self.speech.option("feedback.survey_no", f"{choice}:0", intent="rate"),
                )
            case AnswerKind.LEVELS:
                options = self._levels(choice, over=len(Level))
            case AnswerKind.WORDS:
                options = (self.speech.option("feedback.survey_skip", f"{choice}:skip", intent="rate"),)
        if place:
            return Bubble(question.text, options)
        count = len(survey.questions)
        return self.speech.say(
            "feedback.survey_intro", *options, title=survey.title, count=count, question=question.text
        )

    # -- notices ---------------------------------------------------------------------------------------------

    @property
    def tellers(self) -> Mapping[str, Teller]:
        """What is said in notices that are not about a move."""
        return {REMINDER: self._reminder, INVITATION: self._invitation}

    def _reminder(self, tx: Transaction, complaint: Complaint, row: Mapping[str, Any], now: datetime) -> Bubble | None:
        """The question that still waits; silence when it has been answered, or the time is over."""
        feedback = tx.feedbacks.get(complaint.id, int(row["round"]))
        latest = tx.feedbacks.of_complaint(complaint.id)
        if feedback is None or latest is None or latest.round != feedback.round or not asks(feedback, now):
            return None
        question = self.question(self.rating.state(tx, complaint, feedback))
        number = ticket_number.display(complaint.number)
        reminder = self.speech.words.say("feedback.reminder", number=number)
        return Bubble(
            f"{reminder}\n{question.text}", question.options, {"kind": "notice", "number": number, "rows": []}
        )

    def _invitation(
        self, tx: Transaction, _complaint: Complaint, row: Mapping[str, Any], now: datetime
    ) -> Bubble | None:
        """The first question of a survey; silence when it is over or has been answered."""
        invitation = tx.surveys.invitation(int(row["invitation"]))
        survey = tx.surveys.get(invitation.survey_id) if invitation else None
        if invitation is None or survey is None or invitation.finished_at or not survey.open(now):
            return None
        return self.survey_question(survey, invitation)

    # -- parts -----------------------------------------------------------------------------------------------

    @staticmethod
    def choices(question: Bubble) -> list[tuple[str, str]]:
        """Title and answer of each button, for a front end that sends the answer by itself."""
        said = [(one.title, json.loads(one.payload.removeprefix("/rate"))) for one in question.options]
        return [(title, str(value["option"]).rpartition(":")[2]) for title, value in said]

    def _levels(self, choice: str, *, over: int | None = None) -> tuple[Option, ...]:
        return tuple(
            Option(level.value, payload("rate", f"{choice}:{level.name.lower()}"))
            for level in scale(over or self.levels)
        )

    def _reasons(self, rating: Rating) -> tuple[Option, ...]:
        return tuple(Option(one.name, payload("rate", f"{rating.number}:reason:{one.id}")) for one in rating.reasons)

    def _no_reason(self, number: str) -> Option:
        return self.speech.option("feedback.reason_skip", f"{number}:reason:skip", intent="rate")
