"""Several Rasas behind one port: each conversation has its own, and another one goes on where that is away.

All of them keep conversations in the same store, and the gateway hands in one message of a conversation at a time, so
any of them can take any turn. A conversation stays with one as long as that answers; which one follows from its id
alone, so that all gateways send it to the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from integrations.clients.rasa import BrokeOff, RasaListener, Unreached
from integrations.services.errors import TryLater
from integrations.services.records import Bubble, Conversation, Said

log = logging.getLogger(__name__)

# One that could not be reached is left in peace for so long, while another one can be.
AWAY_SECONDS = 3.0
T = TypeVar("T")


class SeveralRasas:
    """The `Listener` port over one or more Rasas."""

    def __init__(self, rasas: Sequence[RasaListener], *, clock: Callable[[], float] = time.monotonic) -> None:
        if not rasas:
            raise ValueError("at least one Rasa is needed")
        self._rasas = tuple(rasas)
        self._clock = clock
        self._away_until: dict[str, float] = {}

    async def hear(self, conversation: Conversation, said: Said, message_id: str) -> list[Bubble]:
        """One turn; at least one bubble. Raises TryLater.

        A Rasa that was surely not reached has heard nothing: the next one hears. One that broke off may have heard to
        the end: the next one looks before it hears. One that only takes too long may still be at it: that is for later.
        """
        may_be_heard = False

        async def turn(rasa: RasaListener) -> list[Bubble]:
            nonlocal may_be_heard
            if may_be_heard and (known := await rasa.heard(conversation, message_id)):
                return known
            try:
                return await rasa.hear(conversation, said, message_id)
            except BrokeOff:
                may_be_heard = True
                raise

        return await self._first(conversation, turn)

    async def heard(self, conversation: Conversation, message_id: str) -> list[Bubble] | None:
        """As `RasaListener.heard`, of whichever answers: they share their memory."""
        return await self._first(conversation, lambda rasa: rasa.heard(conversation, message_id))

    async def ping(self) -> None:
        """Raises TryLater unless every one is ready, naming those that are not."""
        found = await asyncio.gather(*(rasa.ping() for rasa in self._rasas), return_exceptions=True)
        missing = [f"{rasa.name}: {why}" for rasa, why in zip(self._rasas, found, strict=True) if why is not None]
        if missing:
            raise TryLater(f"{len(missing)} of {len(self._rasas)} Rasas are not ready ({'; '.join(missing)})")

    async def aclose(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(rasa.aclose() for rasa in self._rasas))

    def order(self, conversation_id: str) -> list[RasaListener]:
        """Whom to ask, first to last. Where one is added or taken away, only its own conversations move."""

        def weight(rasa: RasaListener) -> bytes:
            return hashlib.blake2b(f"{rasa.name} {conversation_id}".encode(), digest_size=8).digest()

        return sorted(self._rasas, key=weight)

    async def _first(self, conversation: Conversation, work: Callable[[RasaListener], Awaitable[T]]) -> T:
        """What the first of them gives that can be reached."""
        wanted, now = self.order(conversation.id), self._clock()
        # those that were away just now come last: better asked once more than nobody
        asked = sorted(wanted, key=lambda rasa: self._away_until.get(rasa.name, now) > now)
        for rasa in asked[:-1]:
            try:
                return await work(rasa)
            except (Unreached, BrokeOff) as away:
                self._away_until[rasa.name] = self._clock() + AWAY_SECONDS
                log.warning("another Rasa goes on: conversation=%s %s: %s", conversation.id, rasa.name, away)
        return await work(asked[-1])
