"""Files in pieces, as the core of the tus protocol 1.0 has it: announced, asked for, added to.

A browser goes on where a broken line, a reload or another gateway left off. What is whole is sent with a message as
`upload` of POST /api/chat/media.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import format_datetime
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Path, Request, Response
from starlette.requests import ClientDisconnect

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.media import TooMany
from integrations.services.records import Conversation
from integrations.services.upload_records import Upload
from integrations.services.uploading import PIECE, Gone, TooLarge, WrongOffset
from integrations.web.chat import Mine, Ours, only_our_page
from integrations.web.errors import ApiError, may_answer

PATH = "/api/chat/uploads"
BODY_LIMIT = PIECE
PIECE_TYPE = "application/offset+octet-stream"
# More digits than any file has.
MOST = 2**31 - 1

router = APIRouter(tags=["chat"])
_STANDING = {
    "Upload-Offset": {"description": "Bytes that are here", "schema": {"type": "integer"}},
    "Upload-Length": {"description": "Bytes of the whole file", "schema": {"type": "integer"}},
    "Upload-Expires": {"description": "When it is deleted unless it is used", "schema": {"type": "string"}},
}
_PIECE = {"type": "string", "format": "binary"}
_PLACE = {"Location": {"description": "Where its pieces go", "schema": {"type": "string"}}}
BEGUN: dict[int | str, dict[str, Any]] = {
    201: {"description": "Announced; nothing of it is here yet", "headers": {**_PLACE, **_STANDING}}
}
ADDED: dict[int | str, dict[str, Any]] = {204: {"description": "Taken in", "headers": _STANDING}}
UploadId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="From the `Location` of what was begun")]
Length = Annotated[int, Header(alias="Upload-Length", ge=0, le=MOST, description="Bytes of the whole file")]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=MOST, description="Where the piece begins")]


@router.post(
    PATH,
    dependencies=[Depends(only_our_page)],
    status_code=201,
    response_class=Response,
    summary="Announce a file that comes in pieces",
    responses={**BEGUN, **may_answer(401, 403, 413, 422, 429, 503)},
)
def begin(mine: Mine, services: Ours, response: Response, length: Length) -> None:
    """`Location` is where its pieces go. Up to 10 MB; what is not used within 24 hours is deleted."""
    try:
        upload = services.uploading.begin(mine.id, length)
    except Rejected as refused:
        raise _error(refused) from refused
    response.headers.update(_headers(upload) | {"location": f"{PATH}/{upload.id}"})


@router.head(PATH + "/{upload_id}", include_in_schema=False)
def look(mine: Mine, services: Ours, response: Response, upload_id: UploadId) -> None:
    """`Upload-Offset`: how many bytes are here."""
    try:
        response.headers.update(_headers(services.uploading.look(mine.id, upload_id)))
    except Rejected as gone:
        raise _error(gone) from gone


@router.patch(
    PATH + "/{upload_id}",
    dependencies=[Depends(only_our_page)],
    status_code=204,
    summary="Add a piece of a file",
    responses={**ADDED, **may_answer(401, 403, 404, 409, 413, 415, 422, 429, 503)},
    openapi_extra={"requestBody": {"required": True, "content": {PIECE_TYPE: {"schema": _PIECE}}}},
)
async def add(
    mine: Mine, services: Ours, request: Request, response: Response, upload_id: UploadId, offset: Offset
) -> None:
    """At most 256 KB. 409 where it does not begin at the `Upload-Offset` that the answer, and HEAD, name."""
    if request.headers.get("content-type", "") != PIECE_TYPE:
        raise ApiError(415, "wrong_type", services.speech.words.say("chat.bad_request"))
    try:
        piece = await request.body()
    except ClientDisconnect as lost:
        raise ApiError(408, "line_lost", services.speech.words.say("uploads.unfinished")) from lost
    upload = await anyio.to_thread.run_sync(_added, services, mine, upload_id, offset, piece)
    response.headers.update(_headers(upload))


def _added(services: Services, mine: Conversation, upload_id: str, offset: int, piece: bytes) -> Upload:
    try:
        return services.uploading.append(mine.id, upload_id, offset, piece)
    except WrongOffset as other:
        words = services.speech.words.say("uploads.unfinished")
        raise ApiError(409, "wrong_offset", words, headers=_headers(other.upload)) from other
    except Rejected as refused:
        raise _error(refused) from refused


def _error(refused: Rejected) -> ApiError:
    match refused:
        case Gone():
            return ApiError(404, "upload_gone", str(refused))
        case TooLarge():
            return ApiError(413, "too_large", str(refused))
        case TooMany():
            return ApiError(429, "too_fast", str(refused), headers={"Retry-After": "15"})
    return ApiError(422, "not_accepted", str(refused))


def _headers(upload: Upload) -> dict[str, str]:
    return {
        "tus-resumable": "1.0.0",
        "upload-offset": str(upload.received),
        "upload-length": str(upload.length),
        "upload-expires": format_datetime(upload.until.astimezone(UTC), usegmt=True),
        "cache-control": "no-store",
    }
