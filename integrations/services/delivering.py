"""Bringing a bubble to a citizen on the channel of their conversation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from integrations.services.ports import Messenger, Transaction
from integrations.services.records import Bubble, Conversation, Sender


def deliver(
    tx: Transaction, messengers: Mapping[str, Messenger], conversation: Conversation, bubble: Bubble, *, at: datetime
) -> None:
    """By the channel's messenger; a channel without one finds it in its own lines when it asks for them."""
    if messenger := messengers.get(conversation.channel):
        messenger.deliver(tx, conversation, bubble, at=at)
    else:
        tx.conversations.append(conversation.id, sender=Sender.NOTICE, body=bubble.as_json(), at=at)
