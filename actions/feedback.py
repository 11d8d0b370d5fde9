"""The citizen's rating after closure."""

from __future__ import annotations

from collections.abc import Iterable

from rasa_sdk.events import SlotSet

from actions.memory import Memory
from actions.step import Events, Step
from integrations.services.rating import NothingToRate, Question, Rating
from integrations.services.records import Bubble

GOOD = frozenset({"rate_satisfied", "affirm"})
BAD = frozenset({"rate_dissatisfied", "deny"})


class HearRating(Step):
    """`validate_feedback_form`: keep the answer, ask the next question, thank at the end."""

    def name(self) -> str:
        return "validate_feedback_form"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        if memory.interrupts("feedback_form"):
            return (), []
        number, question, value = self._answer(memory)
        try:
            if question is None:
                rating = self.services.rating.current(memory.conversation_id, number)
                if value is not None and rating.question in (Question.SOLVED, Question.SATISFIED):
                    rating = self._both(memory, rating, bool(value))
            elif memory.freshly_said or memory.requested is None:
                current = self.services.rating.current(memory.conversation_id, number)
                rating = current
                if current.question is question or memory.option:
                    rating = self.services.rating.answer(memory.conversation_id, current.number, question, value)
            else:
                rating = self.services.rating.current(memory.conversation_id, number)
        except NothingToRate:
            return self._end(self.services.speech.say("feedback.nothing_to_rate"))
        return self._next(rating)

    def _both(self, memory: Memory, rating: Rating, good: bool) -> Rating:
        """'满意' or '根本没人来' out of the blue answers both whether it is solved and whether they are satisfied."""
        answer = self.services.rating.answer
        for question in (Question.SOLVED, Question.SATISFIED):
            if rating.question is question:
                rating = answer(memory.conversation_id, rating.number, question, good)
        return rating

    def _answer(self, memory: Memory) -> tuple[str | None, Question | None, bool | str | None]:
        """(number, question, value) of what was tapped or said; None where it was not said."""
        if memory.option:
            number, _, rest = memory.option.partition(":")
            what, _, said = rest.partition(":")
            question = Question(f"rating_{what}") if f"rating_{what}" in set(Question) else None
            return number, question, (None if question is Question.REASON else said == "yes")
        slot = memory.slots.get("rating_number")
        known = str(slot) if slot else None
        asked = Question(memory.requested) if memory.requested in set(Question) else None
        if asked is Question.REASON:
            return known, asked, memory.text
        if memory.intent in GOOD | BAD:
            return known, asked, memory.intent in GOOD
        return known, None, None

    def _next(self, rating: Rating) -> tuple[list[Bubble], Events]:
        speech = self.services.speech
        number = rating.number
        match rating.question:
            case Question.SOLVED:
                ask = speech.yes_no(
                    "feedback.ask_solved",
                    f"{number}:solved",
                    "feedback.solved_yes",
                    "feedback.solved_no",
                    number=number,
                )
            case Question.SATISFIED:
                ask = speech.yes_no(
                    "feedback.ask_satisfied", f"{number}:satisfied", "feedback.satisfied_yes", "feedback.satisfied_no"
                )
            case Question.CONTACTED:
                ask = speech.yes_no(
                    "feedback.ask_contacted", f"{number}:contacted", "feedback.contacted_yes", "feedback.contacted_no"
                )
            case Question.REASON:
                skip = speech.option("feedback.reason_skip", f"{number}:reason:skip", intent="rate")
                ask = speech.say("feedback.ask_reason", skip)
            case None:
                good = rating.feedback.solved and rating.feedback.satisfied
                if good:
                    return self._end(speech.say("feedback.thanks_good"))
                again = speech.option("feedback.report_again", intent="start_report")
                return self._end(speech.say("feedback.thanks_bad", again))
        return [ask], [SlotSet("rating_number", number), SlotSet("requested_slot", rating.question.value)]

    @staticmethod
    def _end(bubble: Bubble) -> tuple[list[Bubble], Events]:
        return [bubble], [SlotSet("rating_number", None), SlotSet("requested_slot", None)]
