"""Giving a conversation to a person: recorded with its context, answered in the same chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.services.errors import Rejected
from integrations.services.ports import Clock, Messenger, UnitOfWork
from integrations.services.records import Bubble, Handover


@dataclass(frozen=True, kw_only=True)
class HandingOver:
    """The use case."""

    unit_of_work: UnitOfWork
    messengers: dict[str, Messenger]
    clock: Clock

    def ask(self, conversation_id: str, context: dict[str, Any]) -> int:
        """Record the wish, once while it waits; gives the place in the queue, from 1."""
        with self.unit_of_work() as tx:
            waiting = list(tx.handovers.waiting())
            known = [n for n, one in enumerate(waiting, 1) if one.conversation_id == conversation_id]
            if known:
                return known[0]
            tx.handovers.add(conversation_id, context, self.clock())
            return len(waiting) + 1

    def waiting(self) -> Sequence[Handover]:
        """Who waits, the longest first."""
        with self.unit_of_work() as tx:
            return tx.handovers.waiting()

    def answer(self, handover_id: int, text: str) -> None:
        """A person's answer into the citizen's chat; it also takes the wish off the queue. Raises Rejected."""
        with self.unit_of_work() as tx:
            handover = tx.handovers.take(handover_id, self.clock())
            conversation = tx.conversations.get(handover.conversation_id) if handover else None
            if conversation is None:
                raise Rejected(f"nobody waits under number {handover_id}")
            self.messengers[conversation.channel].deliver(
                tx, conversation, Bubble(text, (), {"kind": "staff", "rows": []}), at=self.clock()
            )
