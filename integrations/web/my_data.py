"""What is kept of the citizen of this session, and erasing it: the phone alone, or everything that may go."""

from __future__ import annotations

from typing import Annotated, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from integrations.bootstrap import Services
from integrations.services.errors import Conflict, TryLater
from integrations.services.own_data import Gone, NoPhone
from integrations.services.records import Conversation
from integrations.web.chat import Cookies, Mine, Ours, limit, only_our_page
from integrations.web.errors import may_answer
from kb import ticket_number

# Nobody erases themselves more often; each look counts rows.
ERASURES_A_MINUTE, LOOKS_A_MINUTE = 6, 30
PATH = "/api/chat/my-data"


class Erasure(BaseModel):
    """What is to go. It cannot be undone, so `confirm` has to be true."""

    model_config = ConfigDict(extra="forbid")

    what: Literal["phone", "all"]
    confirm: Literal[True]


class KeptOut(BaseModel):
    """What there is. `days` is how long each kind stays after its ticket is over, or after it was last used."""

    tickets: int
    open: Annotated[list[str], Field(description="Numbers of tickets that stay until they are over")]
    phones: Annotated[list[str], Field(description="Masked")]
    lines: int
    days: dict[str, int]


class GoneOut(BaseModel):
    """What was done, in words. `over`: the session has ended, begin a new one."""

    text: str
    open: Annotated[list[str], Field(description="Numbers of tickets that stay until they are over")]
    over: bool


router = APIRouter(prefix=PATH, tags=["chat"])


@router.get("", summary="What is kept of oneself", responses=may_answer(401, 429, 503))
def look(mine: Mine, services: Ours, response: Response) -> KeptOut:
    """Counts and masked phones, nothing in full."""
    limit(services, f"my-data:{mine.id}", LOOKS_A_MINUTE)
    kept = services.own_data.look(mine.id)
    response.headers["cache-control"] = "no-store"
    return KeptOut(
        tickets=kept.tickets,
        open=[ticket_number.display(one) for one in kept.open],
        phones=list(kept.phones),
        lines=kept.lines,
        days={kind.value: days for kind, days in kept.days.items()},
    )


@router.post(
    "/erase",
    dependencies=[Depends(only_our_page)],
    summary="Erase one's phone or everything",
    responses=may_answer(401, 403, 422, 429, 503),
)
async def erase(response: Response, mine: Mine, services: Ours, sessions: Cookies, wish: Erasure) -> GoneOut:
    """Tickets that somebody works on stay until they are over, and with them the conversation; the phone may go. An
    answer that is being worked on is waited for."""
    await anyio.to_thread.run_sync(limit, services, f"my-data-erase:{mine.id}", ERASURES_A_MINUTE)
    async with services.own_data.at_rest(mine.id):
        gone = await anyio.to_thread.run_sync(_erase, services, mine, wish)
    if gone.over:
        sessions.end(response)
    return gone


def _erase(services: Services, mine: Conversation, wish: Erasure) -> GoneOut:
    try:
        if wish.what == "phone":
            return GoneOut(text=_no_phone(services, services.own_data.forget_phone(mine.id)), open=[], over=False)
        gone = services.own_data.erase(mine.id)
    except Conflict as busy:
        raise TryLater("a ticket changed in this very moment") from busy
    return GoneOut(text=_told(services, gone), open=[ticket_number.display(one) for one in gone.open], over=gone.whole)


def _no_phone(services: Services, gone: NoPhone) -> str:
    say = services.speech.words.say
    if gone.calls:
        return say("my_data.phone_gone_call")
    return say("my_data.phone_gone" if gone.numbers else "my_data.phone_none")


def _told(services: Services, gone: Gone) -> str:
    say = services.speech.words.say
    if gone.whole:
        return say("my_data.all_gone")
    return say("my_data.some_gone" if gone.tickets else "my_data.nothing_gone")
