"""What every action shares: it is given its use cases, runs them off the event loop, and utters whole bubbles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import anyio.to_thread
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.memory import Memory, recall
from integrations.bootstrap import Services
from integrations.services.records import Bubble

Events = list[dict[str, Any]]


class Step(Action, ABC):
    """One dialogue step. Subclasses say their `name` and `take` the step."""

    def __init__(self, services: Services) -> None:
        self.services = services

    @abstractmethod
    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        """What to say, and what to remember. Runs in a thread, so it may wait for the database."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        bubbles, events = await anyio.to_thread.run_sync(self.take, recall(tracker))
        for bubble in bubbles:
            dispatcher.utter_message(json_message=bubble.as_json())
        return events
