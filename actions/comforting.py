"""Distress that the rules have missed, heard by the dialogue: answered before whatever the step has to say."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import SlotSet

from actions.memory import Memory
from integrations.bootstrap import Services
from integrations.services.caring import Care

# Said to the assistant about the talk itself. What sounds like despair in them is nearly always none.
COMMANDS = frozenset(
    {"ask_person", "call_back", "cancel", "start_over", "repeat", "undo", "misheard", "why_asked", "hold_on"}
    | {"withdraw", "check_progress", "urge", "start_report", "report_again", "keep_secret", "correct"}
    | {"greet", "goodbye", "thanks", "ask_identity", "ask_menu", "affirm", "deny", "unsure"}
    | {"rate_satisfied", "rate_dissatisfied"}
)


def care(services: Services, memory: Memory) -> Care | None:
    """What is said first; nothing twice for one message, and nothing to a tap."""
    answered = memory.slots.get("cared_for") == memory.message_id
    if answered or memory.tapped or not memory.freshly_said or not memory.text:
        return None
    return services.caring.later(memory.conversation_id, memory.text, command=memory.intent in COMMANDS)


def cared(memory: Memory) -> list[dict[str, Any]]:
    """The events after it: remembered, and the open question stays open, though it is not asked again now."""
    events = [SlotSet("cared_for", memory.message_id)]
    return [*events, SlotSet("requested_slot", memory.requested)] if memory.requested else events
