"""The staff API: clerks take conversations, read, answer, give back, and make the calls that were promised.

Every call carries `Authorization: Bearer …` with a clerk's own token (`jiesu staff token NAME`). Answers are for that
clerk alone and are stored nowhere on the way.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from integrations.bootstrap import Services
from integrations.services.conversing import MOST_LINES
from integrations.services.errors import TryLater
from integrations.services.handover_errors import Refused, Why
from integrations.services.staff_access import Clerk, Scope
from integrations.web import media
from integrations.web import staff_shapes as shapes
from integrations.web.errors import ApiError, ErrorOut
from integrations.web.staff_shapes import (
    CallIn,
    CallOut,
    DoneOut,
    HandoverOut,
    MeOut,
    NoteIn,
    OutcomeIn,
    QueuedOut,
    SayIn,
    TakenCallOut,
    ViewOut,
)

# For one clerk; and for one address that shows tokens which are none.
CALLS_A_MINUTE, WRONG_A_MINUTE = 240, 20
MOST = 2**31 - 1
_STATUS = {
    Why.UNKNOWN: 404,
    Why.TAKEN: 409,
    Why.NOT_TAKEN: 409,
    Why.OVER: 409,
    Why.EMPTY: 422,
    Why.TOO_LONG: 422,
    Why.NO_PHONE: 422,
    Why.NO_WINDOW: 422,
}
_WORDS = {
    Why.UNKNOWN: "staff.unknown",
    Why.TAKEN: "staff.taken",
    Why.NOT_TAKEN: "staff.not_taken",
    Why.OVER: "staff.over",
    Why.EMPTY: "staff.empty",
    Why.TOO_LONG: "staff.too_long",
    Why.NO_PHONE: "staff.no_phone",
    Why.NO_WINDOW: "staff.no_window",
}
_MEANINGS = {
    401: "No token, or one that is made up, over or revoked",
    403: "The token is not good for this",
    404: "There is no such number",
    409: "Somebody else has it (`taken`), nobody has (`not_taken`: take it first), or it is over (`over`)",
    422: "It cannot be used as it is",
    429: "Too many calls; come again after Retry-After seconds",
    503: "A part is away; nothing was done. Come again after Retry-After seconds",
}
_ERRORS: dict[int | str, dict[str, object]] = {
    status: {"model": ErrorOut, "description": said} for status, said in _MEANINGS.items()
}
_BEARER = HTTPBearer(auto_error=False, description="A clerk's token, made by `jiesu staff token NAME`")

Number = Annotated[int, Path(ge=1, le=MOST, description="Number from the list")]


def _services(request: Request) -> Services:
    return request.app.state.services  # type: ignore[no-any-return]


Ours = Annotated[Services, Depends(_services)]


def _clerk(
    request: Request,
    response: Response,
    services: Ours,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Clerk:
    """Who calls. 401 without a token that is good; 429 for too many calls."""
    words = services.speech.words
    clerk = services.staff_access.clerk(shown.credentials) if shown else None
    if clerk is None:
        address = request.client.host if request.client else "unknown"
        if not _guesses(services, address):
            raise ApiError(429, "too_fast", words.say("staff.too_fast"), headers={"Retry-After": "30"})
        raise ApiError(401, "no_token", words.say("staff.no_token"), headers={"WWW-Authenticate": "Bearer"})
    if not services.limiter.allow(f"staff:{clerk.token_id}", times=CALLS_A_MINUTE, seconds=60):
        raise ApiError(429, "too_fast", words.say("staff.too_fast"), headers={"Retry-After": "15"})
    response.headers["cache-control"] = "no-store"
    return clerk


def _guesses(services: Services, address: str) -> bool:
    """Whether somebody from there may go on trying. A wrong token opens nothing while nobody can count, either."""
    try:
        return services.limiter.allow(f"staff-door:{address}", times=WRONG_A_MINUTE, seconds=60)
    except TryLater:
        return True


Whoever = Annotated[Clerk, Depends(_clerk)]


def _may(services: Services, clerk: Clerk, scope: Scope) -> Clerk:
    if scope not in clerk.may:
        raise ApiError(403, "not_allowed", services.speech.words.say("staff.not_allowed"))
    return clerk


def _talks(services: Ours, clerk: Whoever) -> Clerk:
    return _may(services, clerk, Scope.HANDOVERS)


def _calls(services: Ours, clerk: Whoever) -> Clerk:
    return _may(services, clerk, Scope.CALL_BACKS)


Talks = Annotated[Clerk, Depends(_talks)]
Calls = Annotated[Clerk, Depends(_calls)]
router = APIRouter(prefix="/api/staff", tags=["staff"], responses=_ERRORS)


class _told:
    """Answers a refusal of the desk in words for a clerk."""

    def __init__(self, services: Services) -> None:
        self._words = services.speech.words

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, refused: BaseException | None, trace: object) -> None:
        if isinstance(refused, Refused):
            said = self._words.say(_WORDS[refused.why])
            raise ApiError(_STATUS[refused.why], refused.why.value, said) from refused


@router.get("/me", summary="Whose token this is")
def me(clerk: Whoever) -> MeOut:
    """The clerk's name and what the token is good for."""
    return MeOut(name=clerk.name, may=sorted(clerk.may))


# -- hand-overs --------------------------------------------------------------------------------------------------


@router.get("/handovers", summary="Who waits and who has somebody", dependencies=[Depends(_talks)])
def listed(services: Ours) -> list[QueuedOut]:
    """The next one first, then those that are taken. Nothing here tells who the citizen is."""
    return [shapes.queued(one) for one in services.attending.standing()]


@router.post("/handovers/{number}/take", summary="Take a conversation")
def take(number: Number, services: Ours, clerk: Talks) -> HandoverOut:
    """The assistant is silent from now on. Taking one's own again renews it; 409 when another clerk was first."""
    with _told(services):
        return shapes.handover(services.attending.take(number, by=clerk.name))


@router.get("/handovers/{number}", summary="Read a conversation")
def read(
    number: Number,
    services: Ours,
    clerk: Talks,
    after: Annotated[int, Query(ge=0, le=MOST_LINES, description="Only lines after this number")] = 0,
) -> ViewOut:
    """The lines after that number, at most 200, and what is filled so far. For the clerk who has taken it, and renews
    it; which lines were shown to whom is kept. 409 when it is not, or not any more, theirs.
    """
    with _told(services):
        return shapes.view(services.attending.read(number, by=clerk.name, after=after))


@router.get(
    "/handovers/{number}/media/{medium_id}",
    summary="A picture or recording",
    response_class=Response,
    responses=media.SHOWN,
)
def medium(
    number: Number,
    medium_id: Annotated[str, Path(pattern="^[0-9a-f]{1,64}$", description="Id from a line")],
    services: Ours,
    clerk: Talks,
) -> Response:
    """What the citizen sent, for the clerk who has taken the conversation; that it was shown is kept."""
    with _told(services):
        found = services.attending.medium(number, medium_id, by=clerk.name)
    return Response(found.body, media_type=found.content_type, headers={"cache-control": "no-store"})


@router.post("/handovers/{number}/renew", summary="Still here")
def renew(number: Number, services: Ours, clerk: Talks) -> HandoverOut:
    """Keep a conversation without reading or saying anything."""
    with _told(services):
        return shapes.handover(services.attending.renew(number, by=clerk.name))


@router.post("/handovers/{number}/messages", summary="Say something to the citizen")
def say(number: Number, services: Ours, clerk: Talks, incoming: SayIn) -> DoneOut:
    """It stands in the citizen's chat at once. The same `id` sent twice is said once."""
    with _told(services):
        said = services.attending.say(number, by=clerk.name, key=incoming.id, text=incoming.text)
    return DoneOut(again=not said)


@router.post("/handovers/{number}/notes", summary="Note something for the next clerk")
def note(number: Number, services: Ours, clerk: Talks, incoming: NoteIn) -> DoneOut:
    """Never shown to the citizen in the chat. The same `id` sent twice is noted once."""
    with _told(services):
        noted = services.attending.note(number, by=clerk.name, key=incoming.id, text=incoming.text)
    return DoneOut(again=not noted)


@router.post("/handovers/{number}/give-back", summary="Give the conversation back to the assistant")
def give_back(number: Number, services: Ours, clerk: Talks) -> HandoverOut:
    """The assistant says so once and asks the open question of the form again. Twice is once."""
    with _told(services):
        return shapes.handover(services.attending.give_back(number, by=clerk.name))


@router.post("/handovers/{number}/end", summary="The matter is settled")
def end(number: Number, services: Ours, clerk: Talks) -> HandoverOut:
    """The citizen is told, and asked once whether a form that was open goes on. Twice is once."""
    with _told(services):
        return shapes.handover(services.attending.end(number, by=clerk.name))


@router.post("/handovers/{number}/call-back", summary="Promise a call")
def promise(number: Number, services: Ours, clerk: Talks, incoming: CallIn) -> CallOut:
    """In place of going on in the chat; the citizen is told the time. 422 without a number to call."""
    with _told(services):
        made = services.attending.call_back(number, by=clerk.name, phone=incoming.phone, wanted=incoming.wanted)
    return shapes.call(made)


# -- calls -------------------------------------------------------------------------------------------------------


@router.get("/call-backs", summary="Calls that are to be made", dependencies=[Depends(_calls)])
def to_make(services: Ours, over: Annotated[bool, Query(description="Those that are over")] = False) -> list[CallOut]:
    """The earliest first, with masked numbers; with `over` the last ones that are over."""
    calling = services.calling_back
    return [shapes.call(one) for one in (calling.finished() if over else calling.to_make())]


@router.post("/call-backs/{number}/take", summary="Make a call")
def take_call(number: Number, services: Ours, clerk: Calls) -> TakenCallOut:
    """The whole number, for this clerk alone for half an hour; that it was shown is kept. 409 when another has it."""
    with _told(services):
        call, phone = services.calling_back.take(number, by=clerk.name)
    return shapes.taken_call(call, phone)


@router.post("/call-backs/{number}/outcome", summary="Tick a call off")
def outcome(number: Number, services: Ours, clerk: Calls, incoming: OutcomeIn) -> CallOut:
    """Reached or not; the citizen is told. The same tick twice is one."""
    with _told(services):
        done = services.calling_back.tick_off(number, by=clerk.name, reached=incoming.reached, note=incoming.note)
    return shapes.call(done)
