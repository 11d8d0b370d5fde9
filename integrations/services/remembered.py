"""What the dialogue remembers of a conversation, read from the events of its memory: the open form and the draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Remembered:
    """`form` is being filled in, `asked` is its open question, `draft` the report that is being told."""

    form: str | None = None
    asked: str | None = None
    draft: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def waits(self) -> bool:
        """Whether a question of a form waits for its answer."""
        return self.form is not None and self.asked is not None


def read(events: Iterable[Mapping[str, Any]]) -> Remembered:
    """What stands after these events, oldest first."""
    form: str | None = None
    slots: dict[str, Any] = {}
    for event in events:
        match event.get("event"):
            case "slot":
                slots[str(event.get("name"))] = event.get("value")
            case "active_loop":
                form = event.get("name")
            case "restart":
                form, slots = None, {}
            case "reset_slots":
                slots = {}
    asked, draft = slots.get("requested_slot"), slots.get("report_draft")
    return Remembered(form, str(asked) if asked else None, draft if isinstance(draft, Mapping) else None)
