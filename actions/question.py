"""Questions: answered with source and date where the city knows, else passed on. No answer is made up."""

from __future__ import annotations

from collections.abc import Iterable

from rasa_sdk.events import SlotSet

from actions.memory import Memory
from actions.step import Events, Step
from integrations.services.answering import Reply
from integrations.services.records import Bubble


class AnswerQuestion(Step):
    """`action_answer_question`: the answer, or questions to choose from, or the offer to pass it on.

    In the middle of something it answers without buttons, for the open question comes again after it.
    """

    def name(self) -> str:
        return "action_answer_question"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        speech, answering = self.services.speech, self.services.answering
        chosen = (memory.option or "").removeprefix("answer:") if memory.option else None
        asked = str(memory.slots.get("said_before") or "") if chosen else memory.text
        remember = [SlotSet("said_before", asked or memory.text)]
        alone = memory.draft is None and memory.requested is None
        if chosen and (answer := answering.named(chosen)):
            return [speech.answer(answer, alone=alone)], remember
        if chosen == "enough":
            return [speech.say("repair.left")], []
        if chosen == "others" and asked:
            return [speech.near_answers(answering.reply(asked))], remember
        reply = answering.reply(asked) if asked and not chosen else Reply()
        if reply.answer:
            return [speech.answer(reply.answer, alone=alone)], remember
        if not alone:
            return [speech.say("answers.unknown_now")], []
        return [speech.near_answers(reply) if reply.near else speech.no_answer()], remember
