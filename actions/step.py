"""What every action shares: it is given its use cases, runs them off the event loop, and utters whole bubbles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import anyio.to_thread
from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import comforting, opening
from actions.keeping import dropped, kept
from actions.memory import Memory, recall
from actions.saying import varied
from integrations.bootstrap import Services
from integrations.services.records import Bubble
from kb import repairs
from kb.normalising import plain
from kb.text import find_phone

Events = list[dict[str, Any]]
_FORM = "validate_"
_IN_LETTERS = ("en", "pinyin")


class Step(Action, ABC):
    """One dialogue step. Subclasses say their `name` and `take` the step."""

    def __init__(self, services: Services) -> None:
        self.services = services

    @abstractmethod
    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        """What to say, and what to remember. Runs in a thread, so it may wait for the database."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        memory = recall(tracker, self.name().removeprefix(_FORM))
        bubbles, events = await anyio.to_thread.run_sync(self._whole, memory)
        for bubble in bubbles:
            dispatcher.utter_message(json_message=bubble.as_json())
        return events

    def _whole(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        """The step with what belongs to every step: said in Chinese, kept for taking back, never twice the same."""
        memory = self._in_chinese(memory)
        care = comforting.care(self.services, memory)
        if care and care.whole:
            return [care.bubble], comforting.cared(memory)
        if draft := self._wanted_back(memory):
            taken, events = self._bring_back(memory, draft)
        elif self._is_to_ask_again(memory):
            made, events = self.take(replace(memory, freshly_said=False))
            taken, events = list(made), [*events, SlotSet("said_before", memory.slots.get("said_before"))]
        else:
            made, events = self.take(memory)
            taken = list(made)
        if not taken and not events:
            return (), []  # a form that steps back remembers nothing, or Rasa takes it for an answer
        events = [*events, *kept(self.name(), memory, events, self.services.clock())]
        taken, events = opening.opened(self.services, memory, taken, events)
        taken, events = opening.come_back(self.services, self.name(), memory, taken, events)
        taken = opening.offered_back(self.services, memory, taken, events)
        bubbles, counted = varied(taken, memory)
        if care:
            return [care.bubble, *bubbles], [*events, *counted, *comforting.cared(memory)]
        return bubbles, [*events, *counted]

    def _in_chinese(self, memory: Memory) -> Memory:
        """A message in letters with the roads that only the gazetteer knows, and its sense beside it for the record."""
        if memory.language not in _IN_LETTERS or not memory.said:
            return memory
        heard = plain(memory.said, self.services.places().spelt).text
        meaning = self.services.speech.words.say("repair.meaning", said=memory.said, heard=heard)
        return replace(memory, text=heard, said=meaning)

    def _is_to_ask_again(self, memory: Memory) -> bool:
        """Whether the open question is only to be said again; what tells a place or a number is an answer to it."""
        if not (self.name().startswith(_FORM) and memory.asks_again):
            return False
        return find_phone(memory.text) is None and not self.services.locating.names_a_place(memory.text)

    # -- a report that was called off --------------------------------------------------------------------------

    def _wanted_back(self, memory: Memory) -> dict[str, Any] | None:
        """The report that was called off, where this message takes it up again."""
        told = memory.slots.get("report_draft") or {}
        elsewhere = memory.requested is not None and memory.asked is None
        if told.get("description") or elsewhere or not memory.freshly_said:
            return None
        wanted = memory.option == opening.BRING_BACK or (
            not memory.tapped and repairs.shipped().wants_back(memory.text)
        )
        return dropped(memory, self.services.clock()) if wanted else None

    def _bring_back(self, memory: Memory, draft: dict[str, Any]) -> tuple[list[Bubble], Events]:
        again = opening.back_again(self.services, draft)
        events: Events = [SlotSet("report_draft", draft), SlotSet("dropped_draft", None)]
        if self.name() != f"{_FORM}report_form":
            return [again], [*events, FollowupAction("report_form")]
        slots = {**memory.slots, "report_draft": draft}
        made, more = self.take(replace(memory, slots=slots, freshly_said=False, requested=None))
        return [again, *made], [*events, *more]
