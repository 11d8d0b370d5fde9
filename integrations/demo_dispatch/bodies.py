"""How much a request may carry."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.demo_dispatch.pictures import LARGEST_BYTES, MOST

LARGEST_FORM = 256 * 1024
LARGEST_UPLOAD = (MOST + 1) * LARGEST_BYTES
PATIENCE = 4
"""So many times the limit is read and thrown away, so that a browser gets to see why; then the line is cut."""


class LimitedBody:
    """Answers 413 to a body larger than forms, or clerk's forms with pictures, can be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        pictures = Headers(scope=scope).get("content-type", "").startswith("multipart/form-data")
        limit = LARGEST_UPLOAD if pictures else LARGEST_FORM
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            while taken > limit:
                if not message.get("more_body") or taken > PATIENCE * limit:
                    raise HTTPException(413, "The body is too large.")
                message = await receive()
                taken += len(message.get("body", b""))
            return message

        await self._app(scope, counted, send)
