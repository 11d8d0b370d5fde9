"""Pictures and recordings: taken in from a citizen, shown to them, and by a signed link to who deals with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, File, Form, Path, Query, Response, UploadFile

from integrations.bootstrap import Services
from integrations.services.conversing import MAX_CHARACTERS
from integrations.services.errors import Rejected
from integrations.services.media import LARGEST, TooMany
from integrations.services.media_links import PATH as LINKS
from integrations.services.media_records import Medium
from integrations.services.queueing import Busy
from integrations.services.records import Conversation, Line
from integrations.services.uploading import Gone, Unfinished
from integrations.web.chat import AnswerOut, Mine, Ours, answer, only_our_page
from integrations.web.errors import ApiError, may_answer

log = logging.getLogger(__name__)

PATH = "/api/chat/media"
# Nine pictures as phones make them; one that is larger than a picture may be is refused by its own size.
BODY_LIMIT = 3 * LARGEST
# Whatever the bytes are, a browser shows them as what they were stored as, runs nothing, and keeps nothing for others.
_HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-disposition": "inline",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
}

# A list is opened again and again; another session of the same browser asks anew.
_SMALL = {"cache-control": "private, max-age=3600", "vary": "Cookie"}

_BYTES = {"schema": {"type": "string", "format": "binary"}}
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture or the recording", "content": {"image/jpeg": _BYTES, "audio/*": _BYTES}}
}

router = APIRouter(tags=["chat"])
MediumId = Annotated[str, Path(description="The `id` of a line's `media`")]
Token = Annotated[str, Path(description="From a signed link; good for its time only")]
Id = Annotated[str, Form(alias="id", min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
Caption = Annotated[str, Form(max_length=MAX_CHARACTERS, description="Words beside pictures")]
Files = Annotated[Sequence[UploadFile], File(description="Up to 9 JPEG, PNG or WebP, or one recording; 10 MB each")]
Whole = Annotated[Sequence[str], Form(max_length=9, description="Ids of files that came in pieces before")]


@router.post(
    PATH,
    dependencies=[Depends(only_our_page)],
    summary="Send pictures or a recording",
    responses=may_answer(401, 403, 409, 410, 413, 422, 429, 503),
)
async def send(
    mine: Mine, services: Ours, client_id: Id, file: Files = (), upload: Whole = (), text: Caption = ""
) -> AnswerOut:
    """Stored first, then answered as a message; the same `id` sent twice is taken once.

    Files come with it, or came in pieces before (`upload`, see POST /api/chat/uploads): 410 when one of those is gone,
    409 when it is not whole. What a file is, is told by its content: its name and type are not looked at. A picture is
    written anew, without what the camera had noted. A recording becomes words where the city has a service for it; its
    line has them then.
    """
    contents = [await one.read(LARGEST + 1) for one in file]
    line = await anyio.to_thread.run_sync(take, services, mine, client_id, contents, upload, text)
    return await answer(services, mine, line)


@router.get(
    PATH + "/{medium_id}",
    response_class=Response,
    summary="One's own picture or recording, or one of one's own ticket",
    responses={**SHOWN, **may_answer(401, 404, 503)},
)
def show(
    mine: Mine,
    services: Ours,
    medium_id: MediumId,
    size: Annotated[
        Literal["small"] | None, Query(description="A picture of at most 320 pixels a side, for lists")
    ] = None,
) -> Response:
    """For the citizen who sent it or whose ticket it goes with, and for nobody else."""
    try:
        shown = _shown(services.receiving.show(mine, medium_id, small=size is not None))
        if size:
            shown.headers.update(_SMALL)
        return shown
    except Rejected as gone:
        raise ApiError(404, "not_found", str(gone)) from gone


@router.get(
    LINKS + "{token}",
    response_class=Response,
    summary="A picture or recording by its signed link",
    responses={**SHOWN, **may_answer(403, 404, 503)},
)
def by_link(services: Ours, token: Token) -> Response:
    """For whoever deals with the ticket. 403 when the link is not ours or its time is over, 404 once it is erased."""
    medium_id = services.media_links.read(token)
    if medium_id is None:
        raise ApiError(403, "bad_link", services.speech.words.say("attached.gone"))
    with services.unit_of_work() as tx:
        medium = tx.media.get(medium_id)
    if medium is None:
        raise ApiError(404, "not_found", services.speech.words.say("attached.gone"))
    return _shown(medium)


def _shown(medium: Medium) -> Response:
    return Response(medium.body, media_type=medium.content_type, headers=_HEADERS)


def take(
    services: Services, mine: Conversation, client_id: str, contents: Sequence[bytes], uploads: Sequence[str], text: str
) -> Line:
    """Store pictures or a recording as a message. Raises ApiError where they are not taken."""
    words = services.speech.words
    try:
        return services.receiving.take(mine.id, client_id, contents, text, uploads=uploads)
    except Rejected as refused:
        raise refusal(refused) from refused
    except Busy as busy:
        log.warning("shed: conversation=%s %s", mine.id, busy)
        after = {"Retry-After": f"{busy.after or 5:.0f}"}
        raise ApiError(429, "busy", words.say("chat.shed"), headers=after) from busy


def refusal(refused: Rejected) -> ApiError:
    """Why pictures are not taken, as an answer."""
    match refused:
        case TooMany():
            return ApiError(429, "too_fast", str(refused), headers={"Retry-After": "60"})
        case Gone():
            return ApiError(410, "upload_gone", str(refused))
        case Unfinished():
            return ApiError(409, "upload_unfinished", str(refused))
    return ApiError(422, "not_accepted", str(refused))
