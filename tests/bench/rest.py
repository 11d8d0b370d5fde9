"""Talking to a Rasa over its REST channel, ours or stock: the same messages to both."""

from __future__ import annotations

import os
from typing import Any

from integrations.bootstrap import Services
from tests.bench.wire import Broken, Wire


class RasaTalk:
    """One citizen before Rasa. `conversation` is one that the store knows."""

    def __init__(self, url: str, conversation: str) -> None:
        self._wire, self._conversation = Wire(url), conversation

    async def say(self, number: int, line: str) -> bool:
        mine = self._conversation
        metadata = {"conversation_id": mine, "message_id": f"{mine}:{number}", "channel": "web"}
        body = {"sender": f"web:{mine}", "message": line, "metadata": metadata}
        status, answer = await self._wire.ask("POST", "/webhooks/rest/webhook", body)
        if status != 200 or not answer:
            raise Broken(f"status {status}")
        return any(_card(one).get("kind") == "ticket" for one in answer)

    async def close(self) -> None:
        await self._wire.close()


def _card(message: dict[str, Any]) -> dict[str, Any]:
    return (message.get("custom") or {}).get("card") or {}


def conversation(services: Services) -> str:
    """A new conversation in the store, as the gateway makes one."""
    with services.unit_of_work() as tx:
        return tx.conversations.open(channel="web", address=os.urandom(12).hex(), now=services.clock()).id
