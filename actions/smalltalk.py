"""Greeting, thanks, goodbye, what the assistant can do and who it is: answered by the intent."""

from __future__ import annotations

from collections.abc import Iterable

from rasa_sdk.events import SlotSet

from actions.memory import Memory
from actions.step import Events, Step
from actions.unclear import person
from integrations.services.records import Bubble

SENTENCES = {
    "greet": "smalltalk.greet",
    "goodbye": "smalltalk.goodbye",
    "thanks": "smalltalk.thanks",
    "ask_menu": "smalltalk.menu",
    "ask_identity": "smalltalk.identity",
    "off_topic": "smalltalk.off_topic",
}
# What is only heard as a chat may be a question that the city answers.
PERHAPS_ASKED = frozenset({"off_topic", "ask_menu"})
WITH_MENU = frozenset({"smalltalk.greet", "smalltalk.menu", "smalltalk.off_topic"})


class Smalltalk(Step):
    """`action_smalltalk`: a sentence for the intent; the menu for every other, and for who lost the thread.

    What is a question after all is answered; what nobody here can read is said so.
    """

    def name(self) -> str:
        return "action_smalltalk"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        speech = self.services.speech
        if memory.language == "other" and memory.requested is None:
            return [speech.say("repair.other_language", person(self))], []
        perhaps = memory.intent in PERHAPS_ASKED and not memory.tapped
        # 蛤蜊皮算什么垃圾 sounds like a chat about food
        if perhaps and (answer := self.services.answering.surely(memory.text)):
            alone = memory.requested is None and memory.draft is None
            return [speech.answer(answer, alone=alone)], [SlotSet("said_before", memory.text)]
        key = SENTENCES.get(memory.intent, "smalltalk.menu")
        if memory.requested is not None or key not in WITH_MENU:
            return [speech.say(key)], []
        menu = (
            speech.option("chat.menu_report", intent="start_report"),
            speech.option("chat.menu_progress", intent="check_progress"),
            speech.option("chat.menu_person", intent="ask_person"),
        )
        return [speech.say(key, *menu)], []
