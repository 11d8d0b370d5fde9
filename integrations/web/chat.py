"""The chat API: the page, the terminal and any other front end talk to the assistant through it."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from integrations.bootstrap import Services
from integrations.services.conversing import LANGUAGE_MARK, MAX_CHARACTERS, MOST_LINES
from integrations.services.errors import Rejected, TryLater
from integrations.services.gathering import typing_mark
from integrations.services.queueing import Busy
from integrations.services.records import Conversation, Hearing, Line, Said, Sender
from integrations.web.errors import ApiError, may_answer
from integrations.web.guards import from_elsewhere
from integrations.web.sessions import Sessions
from kb.media_types import Kind
from kb.page_words import FIRST

log = logging.getLogger(__name__)

# How long a POST waits for the answer before it says 'pending'; the page then asks again.
WAIT_SECONDS = 8.0
# One conversation, one address: generous for people, a stop for programs.
MESSAGES_A_MINUTE, SESSIONS_A_MINUTE = 40, 120
# So long a sign that the citizen is typing holds, in seconds; the page gives one a second.
TYPING_SECONDS = 2


class Location(BaseModel):
    """A pin. Degrees; `crs` is WGS-84 (browsers), GCJ-02 (WeChat, most Chinese maps) or BD-09 (Baidu)."""

    model_config = ConfigDict(extra="forbid")

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    crs: Annotated[str, Field(pattern="^(WGS-84|GCJ-02|BD-09)$")] = "WGS-84"
    label: Annotated[str, Field(max_length=100)] = ""


class Choice(BaseModel):
    """A tap on button number `option` (from 1) of message `seq`."""

    model_config = ConfigDict(extra="forbid")

    seq: Annotated[int, Field(ge=1, le=MOST_LINES)]
    option: Annotated[int, Field(ge=1, le=100)]


class Incoming(BaseModel):
    """One message: exactly one of text, choice, location. The same `id` sent twice is taken once."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
    text: Annotated[str, Field(description=f"At most {MAX_CHARACTERS} characters")] | None = None
    choice: Choice | None = None
    location: Location | None = None

    @field_validator("text")
    @classmethod
    def _characters(cls, text: str | None) -> str | None:
        if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError("half of a character")
        return text

    @model_validator(mode="after")
    def _one(self) -> Incoming:
        if sum(part is not None for part in (self.text, self.choice, self.location)) != 1:
            raise ValueError("exactly one of text, choice, location")
        return self


class OptionOut(BaseModel):
    """A button."""

    number: int
    title: str


class MediumOut(BaseModel):
    """A picture or a recording of the citizen's."""

    kind: Annotated[str, Field(description="photo or voice")]
    url: Annotated[str, Field(description="For this session only")]


class MessageOut(BaseModel):
    """One line of the conversation. `client_id` is the id under which the front end sent it."""

    model_config = ConfigDict(populate_by_name=True)

    seq: int
    sender: Annotated[str, Field(serialization_alias="from", description="citizen, assistant or notice")]
    at: datetime
    text: str
    media: list[MediumOut]
    stand_in: Annotated[bool, Field(description="`text` only names what `media` shows")] = False
    client_id: str | None
    language: Annotated[str | None, Field(description="BCP 47, of `text`; null for the citizen's own words")] = None
    options: list[OptionOut]
    card: Annotated[
        dict[str, Any] | None,
        Field(
            description="What to show beside the text. `kind` is confirm, ticket, progress, incidents, known_issue, "
            "referral, danger or staff; `rows` are pairs of label and value, `items` are cards of their own"
        ),
    ]


class Begun(BaseModel):
    """What the front end says of itself."""

    model_config = ConfigDict(extra="forbid")

    language: Annotated[str, Field(max_length=35, pattern="^[A-Za-z0-9-]*$", description="BCP 47; '' is Chinese")] = ""


class SessionOut(BaseModel):
    """The conversation of this session, and the number of its last line."""

    conversation: str
    latest: int


class MessagesOut(BaseModel):
    """Lines in order; `pending` while an answer is still being worked on.

    `conversation` changes when the session goes on with one of another channel: its lines count anew.
    """

    conversation: str
    messages: list[MessageOut]
    latest: int
    pending: bool


class AnswerOut(BaseModel):
    """The citizen's own line and what followed it."""

    state: Annotated[str, Field(description="answered or pending")]
    messages: list[MessageOut]


def out(line: Line) -> MessageOut:
    """A line as the API shows it: payloads stay here."""
    options = [OptionOut(number=n, title=o.title) for n, o in enumerate(line.bubble.options, 1)]
    return MessageOut(
        seq=line.seq,
        sender=line.sender,
        at=line.at,
        text=line.body.get("text") or line.body.get("shown") or "",
        media=_media(line) if line.sender is Sender.CITIZEN else [],
        stand_in=bool(line.said.photos) and not line.body.get("text"),
        client_id=line.client_id if line.sender is Sender.CITIZEN else None,
        language=_language(line),
        options=options if line.sender is not Sender.CITIZEN else [],
        card=line.body.get("card"),
    )


def _language(line: Line) -> str | None:
    """All is said in Chinese but the notice that says so."""
    if line.sender is Sender.CITIZEN:
        return None
    mark = line.client_id or ""
    return mark.removeprefix(LANGUAGE_MARK) if mark.startswith(LANGUAGE_MARK) else FIRST


def _media(line: Line) -> list[MediumOut]:
    sent = [*((Kind.PHOTO, one) for one in line.said.photos), *((Kind.VOICE, one) for one in (line.said.voice,) if one)]
    return [MediumOut(kind=kind.value, url=f"/api/chat/media/{one}") for kind, one in sent]


router = APIRouter(prefix="/api/chat", tags=["chat"])


def _services(request: Request) -> Services:
    return request.app.state.services  # type: ignore[no-any-return]


def _sessions(request: Request) -> Sessions:
    return request.app.state.sessions  # type: ignore[no-any-return]


Ours = Annotated[Services, Depends(_services)]
Cookies = Annotated[Sessions, Depends(_sessions)]


def only_our_page(
    request: Request,
    services: Ours,
    x_jiesu: Annotated[str, Header(description="Anything but empty: no form of another site can send a header")] = "",
) -> None:
    """A header that no form of another site can send; and no browser that says it asks for another site."""
    if not x_jiesu:
        raise ApiError(403, "header_missing", services.speech.words.say("chat.bad_request"))
    if from_elsewhere(request, services.settings.public_url):
        raise ApiError(403, "other_site", services.speech.words.say("chat.bad_request"))


def _mine(request: Request, services: Ours, sessions: Cookies) -> Conversation:
    address = sessions.address(request)
    if address is None:
        raise ApiError(401, "no_session", services.speech.words.say("chat.no_session"))
    return services.conversing.open("web", address)


Mine = Annotated[Conversation, Depends(_mine)]


@router.post(
    "/session",
    dependencies=[Depends(only_our_page)],
    summary="Begin or go on with a session",
    responses=may_answer(403, 429, 503),
)
def session(
    request: Request, response: Response, services: Ours, sessions: Cookies, begun: Begun | None = None
) -> SessionOut:
    """Sets the session's cookie. Calling it again changes nothing.

    Where the page is in another `language` than simplified Chinese, a notice says once in that language that Chinese is
    understood best, and that what is said in it is taken all the same.
    """
    address = sessions.address(request)
    if address is None and (address := sessions.former(request)):
        sessions.keep(response, address)
    if address is None:
        client = request.client.host if request.client else "unknown"
        limit(services, f"session:{client}", SESSIONS_A_MINUTE)
        address = sessions.start(response)
    mine = services.conversing.open("web", address)
    if begun and begun.language:
        services.conversing.note_language(mine, begun.language)
    return SessionOut(conversation=mine.id, latest=services.conversing.latest(mine.id))


@router.get("/messages", summary="The lines after a number", responses=may_answer(401, 422, 503))
def messages(
    mine: Mine,
    services: Ours,
    after: Annotated[int, Query(ge=0, le=MOST_LINES, description="The last `seq` that is known; 0: all")] = 0,
) -> MessagesOut:
    """At most 200 lines; ask again after the last one for more."""
    # first: an answer that comes between the two looks is then shown at the next one, and not taken for none
    pending = services.conversing.is_pending(mine.id)
    lines = services.conversing.history(mine.id, after)
    return MessagesOut(
        conversation=mine.id,
        messages=[out(line) for line in lines],
        latest=lines[-1].seq if lines else after,
        pending=pending,
    )


@router.post(
    "/messages",
    dependencies=[Depends(only_our_page)],
    summary="Say something",
    responses=may_answer(401, 403, 413, 422, 429, 503),
)
async def say(mine: Mine, services: Ours, incoming: Incoming) -> AnswerOut:
    """Stored first, answered in its turn. 'pending' means that the answer will stand in the lines later.

    A message that looks unfinished is 'pending' at once: what is sent after it is heard together with it. 429 with
    Retry-After: too much at once, nothing was stored; send the same again.
    """
    return await answer(services, mine, await anyio.to_thread.run_sync(accept, services, mine, incoming))


async def answer(services: Services, mine: Conversation, line: Line) -> AnswerOut:
    """What followed a line that was just stored."""
    began = time.perf_counter()
    await _answered(services, mine, line)
    lines = await anyio.to_thread.run_sync(services.conversing.history, mine.id, line.seq - 1)
    waited = lines[0].state is not Hearing.PENDING
    log.info(
        "turn: conversation=%s seq=%s state=%s ms=%.0f",
        mine.id,
        line.seq,
        "answered" if waited else "pending",
        (time.perf_counter() - began) * 1000,
    )
    return AnswerOut(state="answered" if waited else "pending", messages=[out(one) for one in lines])


@router.post(
    "/typing",
    dependencies=[Depends(only_our_page)],
    status_code=204,
    summary="Say that the citizen is typing",
    responses=may_answer(401, 403, 429, 503),
)
def typing(mine: Mine, services: Ours) -> None:
    """Holds for two seconds: an unfinished message is waited for a little longer."""
    limit(services, f"typing:{mine.id}", 2 * MESSAGES_A_MINUTE)
    services.limiter.mark(typing_mark(mine.id), seconds=TYPING_SECONDS)


def limit(services: Services, key: str, times: int) -> None:
    if not services.limiter.allow(key, times=times, seconds=60):
        raise ApiError(429, "too_fast", services.speech.words.say("chat.too_fast"), headers={"Retry-After": "15"})


def accept(services: Services, mine: Conversation, incoming: Incoming) -> Line:
    """Store a message. Raises ApiError where it is not taken."""
    limit(services, f"say:{mine.id}", MESSAGES_A_MINUTE)
    try:
        if incoming.choice:
            said = services.conversing.option(mine.id, incoming.choice.seq, incoming.choice.option)
        elif incoming.location:
            said = Said(location=incoming.location.model_dump())
        else:
            said = Said(incoming.text or "")
        return services.conversing.accept(mine.id, incoming.id, said)
    except Rejected as refused:
        raise ApiError(422, "not_accepted", str(refused)) from refused
    except Busy as busy:
        log.warning("shed: conversation=%s %s", mine.id, busy)
        after = {"Retry-After": f"{busy.after or 5:.0f}"}
        raise ApiError(429, "busy", services.speech.words.say("chat.shed"), headers=after) from busy


async def _answered(services: Services, mine: Conversation, line: Line) -> None:
    """Wait for the answer, but not longer than a page should wait. Nothing is lost either way.

    Only the waiting ends, never the turn: a turn that is cut off half-way would have to be heard again.
    """
    if line.state is not Hearing.PENDING:
        return
    held = await anyio.to_thread.run_sync(services.conversing.gathering.holds, mine.id, line)
    turn = asyncio.create_task(_drive(services, mine, line, held=held))
    _turns.add(turn)
    turn.add_done_callback(_turns.discard)
    if not held:
        await asyncio.wait({turn}, timeout=WAIT_SECONDS)


# Turns that are under way: asyncio itself keeps no firm hold of a task.
_turns: set[asyncio.Task[None]] = set()


async def _drive(services: Services, mine: Conversation, line: Line, *, held: bool) -> None:
    """The turn; when it takes long, the citizen is told once. While it is they who go on, it does not take long."""
    conversing, patience = services.conversing, services.settings.please_wait_seconds
    driving = asyncio.create_task(conversing.drive(mine))
    try:
        while not (await asyncio.wait({driving}, timeout=patience))[0]:
            held, before = (await anyio.to_thread.run_sync(conversing.gathering.look, mine.id)).unfinished, held
            if not (held or before):
                await anyio.to_thread.run_sync(conversing.please_wait, mine.id)
                break
        await driving
    except TryLater as late:
        log.warning("turn late: conversation=%s seq=%s %s", mine.id, line.seq, late)
    except Exception:
        log.exception("turn failed: conversation=%s seq=%s", mine.id, line.seq)
