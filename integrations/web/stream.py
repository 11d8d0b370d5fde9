"""Lines as they are said: the conversation as server-sent events."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from integrations.services.conversing import MOST_LINES
from integrations.services.errors import TryLater
from integrations.web.chat import Cookies, Mine, Ours, limit, out
from integrations.web.errors import ApiError, may_answer
from integrations.web.guards import from_elsewhere
from integrations.web.streams import Follower, Streams

BEAT_SECONDS = 15.0
# A stream ends after so long, some sooner than others: the front end opens the next one at once.
LIFE_SECONDS = (480.0, 600.0)
# Who takes nothing for so long is gone.
STUCK_SECONDS = 30.0
AGAIN_SECONDS = 2.0
OPENED_A_MINUTE = 60

EXAMPLE = """retry: 2000

id: 7
event: message
data: {"seq": 7, "from": "assistant", "at": "2026-11-23T09:00:00Z", "text": "…", "media": [], "client_id": null, \
"options": [], "card": null}

event: state
data: {"pending": false}

event: beat
data: {}

"""
EVENTS = {
    "description": "Events: `message` (a line as in GET /api/chat/messages, its `id` is its `seq`; one that you have "
    "comes again when its recording has become words: it takes the place of the former), `state` (`{pending}`, at the "
    "beginning and when it changes), `conversation` (`{conversation, latest}`: the session goes on with that "
    "conversation; forget the lines, the new ones follow from the first), `beat` (every 15 seconds of silence), `end` "
    "(`{why}`: replaced by newer streams of the session, or over)",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
}


def _event(name: str, data: str, *, seq: int | None = None) -> bytes:
    number = f"id: {seq}\n" if seq is not None else ""
    return f"{number}event: {name}\ndata: {data}\n\n".encode()


class EventStream(Response):
    """The events of one follower, until it goes, its life is over, or the gateway stops."""

    media_type = "text/event-stream"

    def __init__(self, streams: Streams, follower: Follower, *, known: str) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._streams, self._follower, self._known = streams, follower, known

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self._streams.begin(self._follower)
        tasks = [asyncio.create_task(self._send(send)), asyncio.create_task(_gone(receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._streams.over(self._follower)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for part in self._events():
            async with asyncio.timeout(STUCK_SECONDS):
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _events(self) -> AsyncIterator[bytes]:
        follower, pending = self._follower, None
        ends = time.monotonic() + random.uniform(*LIFE_SECONDS)  # noqa: S311 - not a secret
        yield f"retry: {AGAIN_SECONDS * 1000:.0f}\n\n".encode()
        while not follower.ended and time.monotonic() < ends:
            follower.woken.clear()
            try:
                standing = await self._streams.look(follower)
            except TryLater:
                yield _event("beat", "{}")
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if standing is None:
                follower.end("over")
                break
            if standing.conversation != self._known or standing.latest < follower.cursor:
                self._known = standing.conversation
                self._streams.move(follower, standing.conversation)
                about = {"conversation": standing.conversation, "latest": standing.latest}
                yield _event("conversation", json.dumps(about))
                continue
            for line in standing.lines:
                if follower.takes(line):
                    yield _event("message", out(line).model_dump_json(by_alias=True), seq=line.seq)
            if follower.cursor < standing.latest and standing.lines:
                follower.caught_up = False
                continue
            follower.caught_up = True
            if standing.pending is not pending:
                pending = standing.pending
                yield _event("state", json.dumps({"pending": pending}))
            async for beat in _until(follower, ends):
                yield beat
        if follower.ended in ("replaced", "over"):
            yield _event("end", json.dumps({"why": follower.ended}))


async def _until(follower: Follower, ends: float) -> AsyncIterator[bytes]:
    """Beats until it is woken or its life is over."""
    while time.monotonic() < ends:
        try:
            async with asyncio.timeout(min(BEAT_SECONDS, max(0.0, ends - time.monotonic()))):
                await follower.woken.wait()
            return
        except TimeoutError:
            yield _event("beat", "{}")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


router = APIRouter(prefix="/api/chat", tags=["chat"])


def _streams(request: Request) -> Streams:
    return request.app.state.streams  # type: ignore[no-any-return]


def _from(
    after: Annotated[int, Query(ge=0, le=MOST_LINES, description="The last `seq` that is known; 0: all")] = 0,
    conversation: Annotated[
        str, Query(max_length=64, description="The one that `after` belongs to; another begins from the first line")
    ] = "",
    last_event_id: Annotated[
        str, Header(max_length=20, description="What a browser sends when it comes back; stands above `after`")
    ] = "",
) -> tuple[str, int]:
    came_back = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else 0
    return conversation, min(max(after, came_back), MOST_LINES)


@router.get(
    "/stream",
    response_class=Response,
    summary="The lines as they are said",
    responses={200: EVENTS, **may_answer(401, 403, 422, 429, 503)},
)
def stream(
    request: Request,
    mine: Mine,
    services: Ours,
    sessions: Cookies,
    streams: Annotated[Streams, Depends(_streams)],
    start: Annotated[tuple[str, int], Depends(_from)],
) -> Any:
    """Server-sent events: first the lines after a number, in order, then each new one. It ends by itself after some
    ten minutes, and sooner when the session has more than four; open it again after the last line you have. 503: too
    many are open here; ask GET /api/chat/messages every few seconds instead."""
    if from_elsewhere(request, services.settings.public_url):
        raise ApiError(403, "other_site", services.speech.words.say("chat.bad_request"))
    limit(services, f"stream:{mine.id}", OPENED_A_MINUTE)
    if streams.full():
        raise ApiError(503, "too_many_streams", services.speech.words.say("chat.busy"), headers={"Retry-After": "60"})
    conversation, after = start
    same = conversation in ("", mine.id)
    follower = Follower(sessions.address(request) or mine.address, mine.id, after if same else 0)
    return EventStream(streams, follower, known=mine.id if same else conversation)
