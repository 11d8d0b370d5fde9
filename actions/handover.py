"""Giving the conversation to a person."""

from __future__ import annotations

from collections.abc import Iterable

from actions.memory import Memory
from actions.step import Events, Step
from integrations.services.records import Bubble


class AskPerson(Step):
    """`action_ask_person`: record the wish with what is filled in so far."""

    def name(self) -> str:
        return "action_ask_person"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        context = {"draft": memory.draft.as_dict() if memory.draft else None, "said": memory.text}
        place = self.services.handing_over.ask(memory.conversation_id, context)
        key = "handover.first" if place == 1 else "handover.recorded"
        return [self.services.speech.say(key, ahead=place - 1)], []
