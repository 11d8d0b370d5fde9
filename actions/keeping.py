"""What every step keeps beside its own: what the last turns changed, and a report that was called off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rasa_sdk.events import SlotSet

from actions.memory import Memory
from kb import undoing
from kb.text import hide_personal, shortened

Events = list[dict[str, Any]]
# So long a report that was called off can be taken up again.
KEPT_FOR = timedelta(hours=24)
# How much of the citizen's words is repeated to them.
LONGEST = 20
SUBMITS = "action_submit_report"
# These put back what was: what they change is no turn to take back.
_PUT_BACK = frozenset({"action_undo", "action_misheard"})


def kept(step: str, memory: Memory, events: Sequence[Mapping[str, Any]], now: datetime) -> Events:
    """The events that remember what this step changed of the report; none where it changed nothing."""
    if step in _PUT_BACK or not any(one.get("name") == "report_draft" for one in events):
        return []
    before = memory.slots.get("report_draft")
    after = next(one["value"] for one in reversed(events) if one.get("name") == "report_draft")
    if step == SUBMITS:
        return [SlotSet(name, None) for name in ("undo_log", "dropped_draft") if memory.slots.get(name)]
    if after is None:
        if not before or not before.get("description"):
            return []
        return [SlotSet("dropped_draft", {"draft": before, "at": now.isoformat()}), SlotSet("undo_log", None)]
    if not memory.freshly_said:
        return []
    said = shortened(hide_personal(memory.said or memory.text), LONGEST)
    made = undoing.turn(before or None, after, said=said, asked=memory.requested)
    return [SlotSet("undo_log", undoing.kept([*turns(memory), made]))] if made else []


def turns(memory: Memory) -> list[undoing.Turn]:
    """The turns that can be taken back, oldest first."""
    return [undoing.Turn.from_dict(one) for one in memory.slots.get("undo_log") or ()]


def dropped(memory: Memory, now: datetime) -> dict[str, Any] | None:
    """The report that was called off not too long ago, as plain values."""
    kept = memory.slots.get("dropped_draft")
    if not kept or now - datetime.fromisoformat(kept["at"]) > KEPT_FOR:
        return None
    return dict(kept["draft"])
