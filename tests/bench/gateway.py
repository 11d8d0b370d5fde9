"""Talking to the whole system over the public chat API, as the page does."""

from __future__ import annotations

import asyncio
import secrets
import time

from fastapi import Response

from integrations.web.sessions import Sessions
from tests.bench.wire import Broken, Wire

# Where the answer did not come with the message itself: how often it is looked for, and for how long, in seconds.
LOOK_EVERY, PATIENCE = 0.1, 60.0


def cookie(session_secret: str) -> str:
    """The cookie of a new citizen. One address may begin a hundred sessions a minute only, so they are signed here."""
    response = Response()
    Sessions(session_secret, secure=False).start(response)
    return response.headers["set-cookie"].split(";")[0]


class ChatTalk:
    """One citizen on the page."""

    def __init__(self, url: str, session_secret: str) -> None:
        self._wire = Wire(url, headers={"X-Jiesu": "bench", "Cookie": cookie(session_secret)})

    async def say(self, number: int, line: str) -> bool:
        body = {"id": secrets.token_hex(8), "text": line}
        status, answer = await self._wire.ask("POST", "/api/chat/messages", body)
        if status != 200:
            raise Broken(f"status {status}")
        lines, waited = answer["messages"], time.monotonic() + PATIENCE
        pending = answer["state"] == "pending"
        after = lines[0]["seq"]
        while pending:
            if time.monotonic() > waited:
                raise Broken("no answer")
            await asyncio.sleep(LOOK_EVERY)
            status, answer = await self._wire.ask("GET", f"/api/chat/messages?after={after}")
            if status != 200:
                raise Broken(f"status {status}")
            lines, pending = answer["messages"], answer["pending"]
        return any((one["card"] or {}).get("kind") == "ticket" for one in lines)

    async def close(self) -> None:
        await self._wire.close()
