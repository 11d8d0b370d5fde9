"""The messenger of channels that read their own history (web page, terminal): a notice is one more line."""

from __future__ import annotations

from datetime import datetime

from integrations.services.ports import Transaction
from integrations.services.records import Bubble, Conversation, Sender


class ChatLines:
    """The `Messenger` port. The page asks for lines after the last one it has, so a line written is delivered."""

    def deliver(self, tx: Transaction, conversation: Conversation, bubble: Bubble, *, at: datetime) -> None:
        """Append the bubble in the caller's transaction."""
        tx.conversations.append(conversation.id, sender=Sender.NOTICE, body=bubble.as_json(), at=at)
