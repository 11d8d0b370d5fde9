"""A citizen's side of the chat API, for the terminal and for replaying."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from integrations.clients.trust import trusted
from integrations.services.errors import Rejected, TryLater

Message = dict[str, Any]
PENDING_SECONDS = 60.0
# How often the terminal looks for an answer that it waits for.
LOOK_EVERY = 0.3


class Citizen:
    """One session with a running system, over its public chat API only."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"X-Jiesu": "terminal"},
            timeout=httpx.Timeout(20, connect=3),
            transport=transport,
            verify=trusted(),
            trust_env=False,
        )
        self.latest = 0
        self.conversation = ""

    def begin(self) -> Sequence[Message]:
        """Open the session; gives what the assistant says first. Raises TryLater."""
        self.conversation = str(self._ask("POST", "/api/chat/session", json={}).get("conversation") or "")
        return self.news()

    def say(self, text: str) -> Sequence[Message]:
        """Say something; gives the answer. Raises Rejected or TryLater."""
        return self._send({"text": text})

    def tap(self, message: Message, number: int) -> Sequence[Message]:
        """Tap a button of a message; gives the answer."""
        return self._send({"choice": {"seq": message["seq"], "option": number}})

    def news(self) -> Sequence[Message]:
        """What came since the last look, the citizen's own lines left out."""
        return self._news()[0]

    def _news(self) -> tuple[Sequence[Message], bool]:
        """What came, and whether an answer is still being worked on."""
        answer = self._ask("GET", "/api/chat/messages", params={"after": self.latest})
        if answer.get("conversation", self.conversation) != self.conversation:
            self.conversation, self.latest = answer["conversation"], 0
            answer = self._ask("GET", "/api/chat/messages", params={"after": 0})
        return self._keep(answer["messages"]), bool(answer.get("pending"))

    def _send(self, said: dict[str, Any]) -> Sequence[Message]:
        body = {"id": uuid.uuid4().hex, **said}
        for attempt in range(4):
            try:
                answer = self._ask("POST", "/api/chat/messages", json=body)
                break
            except TryLater as later:
                if attempt == 3:
                    raise
                time.sleep(later.after or 0.5 * 2**attempt)  # the same id: taken once
        heard = list(self._keep(answer["messages"]))
        waited, pending = time.monotonic() + PENDING_SECONDS, answer.get("state") == "pending"
        while pending:
            if time.monotonic() > waited:
                raise TryLater(f"no answer in {PENDING_SECONDS:.0f} s")
            time.sleep(LOOK_EVERY)
            more, pending = self._news()
            heard += more
        return heard

    def _keep(self, messages: Sequence[Message]) -> Sequence[Message]:
        fresh = [one for one in messages if one["seq"] > self.latest]
        self.latest = max([self.latest, *(one["seq"] for one in fresh)])
        return [one for one in fresh if one["from"] != "citizen"]

    def _ask(self, method: str, url: str, **kwargs: Any) -> Any:
        try:
            response = self._client.request(method, url, **kwargs)
        except httpx.HTTPError as away:
            raise TryLater(f"{self._client.base_url} does not answer: {type(away).__name__}") from away
        if response.status_code == 429 or response.status_code >= 500:
            after = response.headers.get("retry-after", "")
            raise TryLater(_message(response), after=float(after) if after.isdigit() else None)
        if not response.is_success:
            raise Rejected(_message(response))
        return response.json()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.text[:120]}"
