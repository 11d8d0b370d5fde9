"""Not the same words twice: which way a sentence is said, by how often this conversation has heard it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa_sdk.events import SlotSet

from actions.memory import Memory
from integrations.services.records import Bubble


def varied(bubbles: Iterable[Bubble], memory: Memory) -> tuple[list[Bubble], list[dict[str, Any]]]:
    """The bubbles in the words that are due, and the event that remembers what was heard.

    A turn that is tried again finds the same memory, so it says the same.
    """
    times: dict[str, int] = dict(memory.slots.get("said_times") or {})
    due, counted = [], False
    for bubble in bubbles:
        if bubble.ways is None:
            due.append(bubble)
            continue
        heard = times.get(bubble.ways.key, 0)
        times[bubble.ways.key], counted = heard + 1, True
        due.append(bubble.chosen(memory.conversation_id, heard))
    return due, [SlotSet("said_times", times)] if counted else []
