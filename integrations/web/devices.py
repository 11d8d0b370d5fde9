"""Going on with the same conversation on another device: a code is shown on one and typed on the other."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from integrations.services.linking import MINUTES, Joined
from integrations.web.chat import Mine, Ours, only_our_page
from integrations.web.errors import ApiError, may_answer

router = APIRouter(prefix="/api/chat/devices", tags=["chat"], dependencies=[Depends(only_our_page)])


class CodeOut(BaseModel):
    """Good once, for so many minutes; a newer one takes its place."""

    code: Annotated[str, Field(examples=["01234567"], description="Eight digits; show them in fours")]
    minutes: int


class CodeIn(BaseModel):
    """What was typed. Blanks and dashes between the digits do no harm."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(pattern=r"^[\s-]*([0-9][\s-]*){8}$", max_length=32, examples=["0123 4567"])]


class JoinedOut(BaseModel):
    """The conversation that the session goes on with; `same` where it was that one already."""

    state: Literal["linked", "same"]
    conversation: str
    text: Annotated[str, Field(description="For the citizen")]


@router.post("/code", summary="A code for another device", responses=may_answer(401, 403, 429, 503))
def code(mine: Mine, services: Ours, response: Response) -> CodeOut:
    """Whoever types it on another device goes on with this conversation, tickets included. Five an hour."""
    given = services.devices.code(mine)
    if given is None:
        raise _too_often(services.speech.words.say("linking.too_often"))
    response.headers["cache-control"] = "no-store"
    return CodeOut(code=given, minutes=MINUTES)


@router.post("/join", summary="Go on with the conversation of a code", responses=may_answer(401, 403, 422, 429, 503))
def join(mine: Mine, services: Ours, typed: CodeIn) -> JoinedOut:
    """From then on this session is part of that conversation: its lines count anew, its stream says `conversation`.
    A code that is wrong, used or late is 422 `wrong_code`; five tries an hour, wrong or not."""
    digits = "".join(one for one in typed.code if one.isdigit())
    joined, text = services.devices.join(mine, digits)
    if joined is Joined.WRONG:
        raise ApiError(422, "wrong_code", text)
    if joined is Joined.TOO_OFTEN:
        raise _too_often(text)
    found = services.following.look(mine.id, 0)
    return JoinedOut(
        state="linked" if joined is Joined.LINKED else "same",
        conversation=found.conversation if found else mine.id,
        text=text,
    )


def _too_often(text: str) -> ApiError:
    return ApiError(429, "too_often", text, headers={"Retry-After": "3600"})
