"""The citizen's rating after closure, and the questions of a survey."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rasa_sdk.events import SlotSet

from actions.memory import REPAIRS, Memory
from actions.step import Events, Step
from integrations.services.asking import SURVEY
from integrations.services.rating import NothingToRate, Question, Rating, Tone, value_of
from integrations.services.records import Bubble
from integrations.services.surveying import Asked, NoSurvey

TONE_OF_INTENT = {
    "rate_satisfied": Tone.GOOD,
    "rate_dissatisfied": Tone.BAD,
    "affirm": Tone.YES,
    "deny": Tone.NO,
}
# Whatever is said to these is the answer.
IN_OWN_WORDS = frozenset({Question.REASON, Question.WORDS})
# A longer message says something of its own.
LONGEST_REPAIR = 14


class HearRating(Step):
    """`validate_feedback_form`: keep the answer, ask the next question, thank at the end."""

    def name(self) -> str:
        return "validate_feedback_form"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        if self._steps_back(memory):
            return (), []
        asked = memory.requested in set(Question)
        known = str(memory.slots.get("rating_number") or "") or None if asked else None
        about = memory.option or known or ""
        try:
            if about.partition(":")[0] == SURVEY:
                return self._survey(memory, about)
            return self._rate(memory, known)
        except NothingToRate:
            if memory.option:
                return self._end(self.services.speech.say("feedback.nothing_to_rate"))
            return self._any_survey(memory)
        except NoSurvey:
            return self._end(self.services.speech.say("feedback.nothing_to_rate"))

    def _steps_back(self, memory: Memory) -> bool:
        """Whether the message is meant for something else than the question that waits."""
        if not memory.interrupts("feedback_form"):
            return False
        if memory.requested == Question.MEDIA and self.services.hearing.hear(memory.text).yes is False:
            return False  # "算了" to "may it be told?" is no, not a wish to stop
        if memory.tapped or memory.intent in ("cancel", "ask_person"):
            return True
        if memory.intent in REPAIRS and len(memory.text) <= LONGEST_REPAIR:
            return True
        if memory.requested in IN_OWN_WORDS or self._is_survey_in_words(memory):
            return False
        return self.services.hearing.hear(memory.text).nothing

    def _is_survey_in_words(self, memory: Memory) -> bool:
        _, _, invitation = str(memory.slots.get("rating_number") or "").partition(":")
        asked = memory.requested == Question.SURVEY
        return asked and self.services.surveying.in_words(memory.conversation_id, _number(invitation))

    # -- a rating ----------------------------------------------------------------------------------------------

    def _rate(self, memory: Memory, known: str | None) -> tuple[list[Bubble], Events]:
        rating = self.services.rating
        if memory.option:
            return self._next(self._tapped(memory, memory.option))
        if not (memory.freshly_said or memory.requested is None) or (memory.tapped and not memory.text):
            return self._next(rating.current(memory.conversation_id, known))
        asked = Question(memory.requested) if memory.requested in set(Question) else None
        if asked is None and memory.intent not in TONE_OF_INTENT:
            return self._next(rating.current(memory.conversation_id, known))
        tone = TONE_OF_INTENT.get(memory.intent, Tone.OTHER)
        heard = rating.hear(memory.conversation_id, known, memory.text, tone, asked=asked)
        return self._next(heard if asked else replace(heard, understood=True))

    def _tapped(self, memory: Memory, option: str) -> Rating:
        """A button: '<number>:<question>:<answer>'. One that means nothing, or no more, changes nothing."""
        number, _, rest = option.partition(":")
        what, _, said = rest.partition(":")
        rating = self.services.rating.current(memory.conversation_id, number)
        question = Question(f"rating_{what}") if f"rating_{what}" in set(Question) else None
        if question is None:
            return rating
        try:
            return self.services.rating.answer(memory.conversation_id, number, question, value_of(question, said))
        except ValueError:
            return rating

    def _next(self, rating: Rating) -> tuple[list[Bubble], Events]:
        if rating.question is None:
            return self._end(self.services.asking.thanks(rating))
        bubble = self.services.asking.question(rating)
        bubbles = [bubble] if rating.understood else [self.services.speech.say("feedback.not_heard"), bubble]
        return bubbles, [SlotSet("rating_number", rating.number), SlotSet("requested_slot", rating.question.value)]

    # -- a survey ----------------------------------------------------------------------------------------------

    def _survey(self, memory: Memory, about: str) -> tuple[list[Bubble], Events]:
        _, invitation, place, value = (*about.split(":", 3), "", "", "")[:4]
        number = _number(invitation)
        surveying = self.services.surveying
        if memory.option:
            return self._next_of(surveying.answer(memory.conversation_id, number, _number(place), value))
        if not memory.freshly_said:
            return self._next_of(surveying.current(memory.conversation_id, number))
        return self._next_of(self._hear(memory, number))

    def _any_survey(self, memory: Memory) -> tuple[list[Bubble], Events]:
        """Words of praise or blame when no ticket waits for them: they may answer a survey that was just sent."""
        try:
            return self._next_of(self._hear(memory, None))
        except NoSurvey:
            return self._end(self.services.speech.say("feedback.nothing_to_rate"))

    def _hear(self, memory: Memory, invitation: int | None) -> Asked:
        tone = TONE_OF_INTENT.get(memory.intent, Tone.OTHER)
        return self.services.surveying.hear(memory.conversation_id, invitation, memory.text, tone)

    def _next_of(self, asked: Asked) -> tuple[list[Bubble], Events]:
        if asked.done:
            return self._end(self.services.speech.say("feedback.survey_thanks"))
        bubble = self.services.asking.survey_question(asked.survey, asked.invitation)
        bubbles = [bubble] if asked.understood else [self.services.speech.say("feedback.not_heard"), bubble]
        about = f"{SURVEY}:{asked.invitation.id}"
        return bubbles, [SlotSet("rating_number", about), SlotSet("requested_slot", Question.SURVEY.value)]

    @staticmethod
    def _end(bubble: Bubble) -> tuple[list[Bubble], Events]:
        return [bubble], [SlotSet("rating_number", None), SlotSet("requested_slot", None)]


def _number(text: str) -> int:
    """The number, 0 for what is none: nothing has it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
