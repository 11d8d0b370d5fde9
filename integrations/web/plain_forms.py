"""What the forms without scripts send: words, a button or pictures within limits, and the id under which it is kept.

A form that is sent twice (a double tap, a reload, a tired line) says the same twice and is one message; a form that was
gone back to and changed says something else and is another.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message

from integrations.services.media import LARGEST
from integrations.services.records import Line, Sender
from integrations.web import media
from kb.report import MOST_PHOTOS

PATH = "/plain/say"
# Bytes of a form with pictures, and of one without.
WITH_PICTURES, WORDS = media.BODY_LIMIT, 64 * 1024
# An old browser sees the answer only when it has sent everything: so much of what is too large is taken and dropped.
PASSED_OVER = MOST_PHOTOS * LARGEST + WORDS
FIELDS = 8
# Files of a form: more than may be sent, so that this can be said, and no more than that.
FILES = 4 * MOST_PHOTOS
# The form of the page is the same for everybody and has no id: so long the same words are taken for the same form.
DOUBLED = timedelta(minutes=2)
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_FORM = "form-"
_OVER: Message = {"type": "http.request", "body": b"", "more_body": False}


class Unreadable(Exception):
    """It is no form."""


class TooLarge(Exception):
    """More than is taken. `form` is what came first of it; `passed` whether the rest was passed over."""

    def __init__(self, form: Form, *, passed: bool) -> None:
        super().__init__("too large")
        self.form, self.passed = form, passed


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent. Whatever else a file said of itself is not here."""

    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Sequence[bytes] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        return self.fields.get("text", "")

    @property
    def of_the_page(self) -> bool:
        """Whether the page's own writing line sent it, before its scripts had come."""
        return self.fields.get("from") == "page"


def new_id() -> str:
    """For a form that is shown now."""
    return secrets.token_urlsafe(12)


async def read(request: Request) -> Form:
    """Raises TooLarge, Unreadable, ClientDisconnect."""
    kind = request.headers.get("content-type", "")
    with_pictures = kind.lower().startswith("multipart/form-data")
    body = _Bounded(request, WITH_PICTURES if with_pictures else WORDS)
    if not with_pictures:
        whole = b"".join([chunk async for chunk in Request(request.scope, body.receive).stream()])
        if body.too_large:
            raise TooLarge(Form(_words(body.head)), passed=body.passed)
        return Form(_words(whole))
    try:
        form = Request(request.scope, body.receive).form(max_files=FILES, max_fields=FIELDS, max_part_size=WORDS)
        async with form as sent:
            if not body.too_large:
                return await _read(sent.multi_items())
    except HTTPException as wrong:
        await body.pass_over()
        if not body.too_large:
            raise Unreadable from wrong
    raise TooLarge(Form(_begun(body.head, kind)), passed=body.passed)


async def _read(parts: Sequence[tuple[str, UploadFile | str]]) -> Form:
    """The first field of each name counts, and of files what is in them; a field where none was chosen is empty."""
    fields, files = dict[str, str](), list[bytes]()
    for name, value in parts:
        if isinstance(value, str):
            fields.setdefault(name, _characters(value))
        elif value.filename or value.size:
            files.append(await value.read(LARGEST + 1))
    return Form(fields, files)


class _Bounded:
    """The body as it arrives: at most `limit` bytes are handed on, then it is over; the rest is passed over."""

    def __init__(self, request: Request, limit: int) -> None:
        self._request, self._limit, self._read = request, limit, 0
        announced = request.headers.get("content-length", "")
        self._more = not (announced.isdigit() and int(announced) > PASSED_OVER)
        self.too_large = not self._more
        self.head = b""

    @property
    def passed(self) -> bool:
        """Whether all of it has come."""
        return not self._more and self._read > 0

    async def receive(self) -> Message:
        """As the application asks for it."""
        message = await self._next() if self._more else _OVER
        if self.too_large:
            await self.pass_over()
            return _OVER
        return message

    async def pass_over(self) -> None:
        """Take the rest and drop it."""
        while self._more and self._read <= PASSED_OVER:
            await self._next()

    async def _next(self) -> Message:
        message = await self._request.receive()
        body = message.get("body", b"")
        self._more = bool(message.get("more_body"))
        self._read += len(body)
        self.head += body[: WORDS - len(self.head)]
        self.too_large = self.too_large or self._read > self._limit
        return message


def _words(body: bytes) -> dict[str, str]:
    """The fields of a form without files; nothing where it is no form."""
    try:
        found = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        return {}
    return {name: _characters(values[0]) for name, values in found.items()}


def _begun(head: bytes, kind: str) -> dict[str, str]:
    """What was written in a form whose pictures were too large: the words stand before them."""
    boundary = kind.partition("boundary=")[2].partition(";")[0].strip(' "').encode()
    for part in head.split(b"--" + boundary) if boundary else ():
        name, _, value = part.partition(b"\r\n\r\n")
        if b'name="text"' in name and value.endswith(b"\r\n"):
            return {"text": _characters(value[:-2].decode(errors="replace"))}
    return {}


def _characters(text: str) -> str:
    """Without halves of characters, which nothing could store."""
    return text.encode(errors="replace").decode()


def kept_as(form: Form, lines: Sequence[Line], now: datetime) -> str:
    """The id of what the form says: the same for the same form with the same content, whenever it comes.

    Where the form has none, what stands for it is the citizen's last line before it, as the latest `lines` have it.
    Raises Unreadable where the id is none of ours.
    """
    if "id" in form.fields:
        if not _ID.fullmatch(form.fields["id"]):
            raise Unreadable
        return _hashed(form.fields["id"], form)
    mine = [line for line in lines if line.sender is Sender.CITIZEN]
    lately = {line.client_id for line in mine if now - line.at < DOUBLED}
    ids = [_hashed(str(seq), form) for seq in (0, *(line.seq for line in mine))]
    return next((one for one in reversed(ids) if one in lately), ids[-1])


def _hashed(of: str, form: Form) -> str:
    parts = [of, *(form.fields.get(name, "") for name in ("seq", "option", "text"))]
    parts += [hashlib.sha256(one).hexdigest() for one in form.files]
    whole = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{_FORM}{whole[:40]}"
