"""Going on with a form exactly where it was when a person is done: its open question once more, with its buttons.

While a person has a conversation the dialogue hears nothing, so its memory still waits for the answer to the last
question that it asked.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.services.errors import TryLater
from integrations.services.personal_ports import Trackers
from integrations.services.ports import Transaction
from integrations.services.records import Bubble, Conversation, Line, Sender
from integrations.services.remembered import Remembered, read

log = logging.getLogger(__name__)

# The question stands before whatever was said to the person and by them.
LOOK_BACK = 400
# What stands as the id of a line that only says that it takes longer.
WAIT = "wait:"
_NO_QUESTION = frozenset({"handover", "danger", "care"})


@dataclass(frozen=True, kw_only=True)
class Resuming:
    """The use case."""

    trackers: Trackers

    def remembered(self, conversation: Conversation, context: Mapping[str, Any]) -> Remembered:
        """What the dialogue remembers; what was known when a person was asked for, where it cannot be read."""
        try:
            events = self.trackers.remembered(conversation.sender)
        except TryLater as away:
            log.warning("the dialogue's memory is away: conversation=%s %s", conversation.id, away)
            events = []
        if events:
            return read(events)
        form, asked, draft = (context.get(name) for name in ("form", "asked", "draft"))
        return Remembered(form, asked, draft)

    def question(self, tx: Transaction, conversation: Conversation, context: Mapping[str, Any]) -> Bubble | None:
        """The question that waits, as it was asked; None when no form waits for an answer."""
        if not self.remembered(conversation, context).waits:
            return None
        last = tx.conversations.last_seq(conversation.id)
        for line in tx.conversations.before(conversation.id, last + 1, limit=LOOK_BACK):
            if _may_ask(line):
                return line.bubble
        return None


def _may_ask(line: Line) -> bool:
    """Not our own sentences about the queue, not advice, and not that it takes a moment longer."""
    if line.sender is not Sender.ASSISTANT or (line.client_id or "").startswith(WAIT):
        return False
    return (line.bubble.card or {}).get("kind") not in _NO_QUESTION
