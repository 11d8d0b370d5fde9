"""Rasa over HTTP: the REST channel for a turn, the tracker for looking whether a turn was heard before.

Rasa answers an internal failure with an empty list and status 200, so an empty answer counts as a failure here.
"""

from __future__ import annotations

from typing import Any

import httpx

from integrations.clients.trust import trusted
from integrations.services.errors import TryLater
from integrations.services.records import Bubble, Conversation, Option, Said

TIMEOUT = httpx.Timeout(30.0, connect=2.0, pool=5.0)
# A turn that takes long is not begun anew beside itself; who waits for it is told, see `Conversing.please_wait`.
TURN_TIMEOUT = httpx.Timeout(100.0, connect=2.0, pool=5.0)


class Unreached(TryLater):
    """Nobody was there: nothing was heard."""


class BrokeOff(TryLater):
    """The connection was cut while the answer was waited for: it may have been heard."""


class RasaListener:
    """The `Listener` port over a running Rasa. `name` is its URL, without a secret that may stand in it."""

    def __init__(self, base_url: str, *, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = base_url.rpartition("@")[2].removeprefix("http://")
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=TIMEOUT,
            transport=transport,
            verify=trusted(),
            limits=httpx.Limits(max_connections=64),
            trust_env=False,  # a proxy for the wide world has no business between the parts
        )
        self._token = token

    async def hear(self, conversation: Conversation, said: Said, message_id: str) -> list[Bubble]:
        """One turn; at least one bubble. Raises TryLater."""
        body = {
            "sender": conversation.sender,
            "message": said.payload or said.heard or said.text or "（位置）",
            "metadata": {
                "message_id": message_id,
                "conversation_id": conversation.id,
                "channel": conversation.channel,
                "location": said.location,
                "photos": list(said.photos),
                "noted": said.noted,
                "title": said.text,
                "said": said.text if said.heard else "",
                "language": said.language,
                "silent_hours": round(said.silent_hours, 1),
            },
        }
        messages = await self._json("POST", "/webhooks/rest/webhook", json=body, timeout=TURN_TIMEOUT)
        if not isinstance(messages, list) or not messages:
            raise TryLater("Rasa gave no answer to a message")
        return [_readable(message) for message in messages]

    async def heard(self, conversation: Conversation, message_id: str) -> list[Bubble] | None:
        """The bubbles that followed that message when its turn was finished, else None. Raises TryLater."""
        tracker = await self._json(
            "GET", f"/conversations/{conversation.sender}/tracker", params={"token": self._token}
        )
        if not isinstance(tracker, dict):
            raise TryLater("Rasa's tracker cannot be read")
        answer: list[Bubble] | None = None
        finished = False
        for event in tracker.get("events") or ():
            if event.get("event") == "user":
                if answer is not None:
                    break
                if (event.get("metadata") or {}).get("message_id") == message_id:
                    answer = []
            elif answer is not None and event.get("event") == "bot":
                answer.append(_readable({"text": event.get("text"), **(event.get("data") or {})}))
            elif answer is not None and event.get("name") == "action_listen":
                finished = True
        return answer if answer and finished else None

    async def ping(self) -> None:
        """Raises TryLater unless a model is loaded and ready."""
        await self._json("GET", "/status", params={"token": self._token})

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _json(self, method: str, url: str, **kwargs: Any) -> Any:
        try:
            response = await self._client.request(method, url, **kwargs)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as away:
            raise Unreached(f"Rasa is not there: {type(away).__name__}", unheard=True) from away
        except httpx.TimeoutException as slow:
            raise TryLater(f"Rasa takes too long: {type(slow).__name__}") from slow
        except httpx.HTTPError as away:
            raise BrokeOff(f"Rasa does not answer: {type(away).__name__}") from away
        if response.status_code != 200:
            raise TryLater(f"Rasa answered {response.status_code}")
        try:
            return response.json()
        except ValueError as garbled:
            raise TryLater("Rasa answered something that is not JSON") from garbled


def _readable(message: Any) -> Bubble:
    try:
        return _bubble(message)
    except (KeyError, TypeError, AttributeError, ValueError) as odd:
        raise TryLater(f"Rasa's answer cannot be read ({type(odd).__name__})") from odd


def _bubble(message: dict[str, Any]) -> Bubble:
    """A message of Rasa's as a bubble; our own actions put the whole bubble under `custom`."""
    if custom := message.get("custom"):
        return Bubble.from_json(custom)
    options = tuple(Option(one["title"], one["payload"]) for one in message.get("buttons") or ())
    return Bubble(message.get("text") or "", options)
