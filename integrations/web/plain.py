"""The same conversation without scripts: one HTML page and a form, for old browsers and until the scripts have come.

The page's own writing line posts here too while its scripts are still on their way.
"""

from __future__ import annotations

import secrets
from functools import partial
from urllib.parse import parse_qs

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from integrations.bootstrap import Services
from integrations.services.conversing import MAX_CHARACTERS
from integrations.services.errors import ServiceError
from integrations.services.records import Conversation
from integrations.web import chat
from integrations.web.errors import ApiError
from integrations.web.first_view import FirstView
from integrations.web.guards import from_elsewhere
from integrations.web.sessions import Sessions

# So many lines, the latest, are shown.
SHOWN = 60
FIELDS = 8
_ID_BYTES = 12

Fields = dict[str, str]


def router(services: Services, sessions: Sessions, view: FirstView) -> APIRouter:
    """The plain page and what it sends."""
    routes = APIRouter()
    say = services.speech.words.say

    def opened(request: Request, response: Response) -> Conversation:
        """The conversation of this browser, begun where there is none."""
        address = sessions.address(request)
        if address is None and (address := sessions.former(request)):
            sessions.keep(response, address)
        if address is None:
            client = request.client.host if request.client else "unknown"
            chat.limit(services, f"session:{client}", chat.SESSIONS_A_MINUTE)
            address = sessions.start(response)
        return services.conversing.open("web", address)

    def shown(request: Request, *, status: int = 200, trouble: str = "", draft: str = "") -> Response:
        language = view.language(request)
        response = Response(status_code=status, media_type="text/html; charset=utf-8")
        lines, pending = list[chat.MessageOut](), False
        try:
            mine = opened(request, response)
            if language != view.words.languages[0]:
                services.conversing.note_language(mine, language)
            pending = services.conversing.is_pending(mine.id)
            after = max(0, services.conversing.latest(mine.id) - SHOWN)
            lines = [chat.out(line) for line in services.conversing.history(mine.id, after)]
        except ApiError as refused:
            trouble, response.status_code = trouble or str(refused), refused.status
        except ServiceError:
            trouble, response.status_code = trouble or say("chat.busy"), 503
        body = view.plain(
            language, lines=lines, pending=pending, trouble=trouble, draft=draft, id=secrets.token_urlsafe(_ID_BYTES)
        ).encode()
        response.body = body
        response.headers["content-length"] = str(len(body))
        response.headers["cache-control"] = "no-store"
        response.headers["content-language"] = language
        return response

    @routes.get("/plain", include_in_schema=False)
    def page(request: Request) -> Response:
        return shown(request)

    @routes.post("/plain/say", include_in_schema=False)
    async def said(request: Request) -> Response:
        """Stored and answered as from the page, then back to where it was sent from; what was refused is kept."""
        if from_elsewhere(request, services.settings.public_url):
            raise ApiError(403, "other_site", say("chat.bad_request"))
        fields = _fields(await request.body())
        back = RedirectResponse("/" if fields.get("from") == "page" else "/plain#last", status_code=303)
        try:
            mine = await anyio.to_thread.run_sync(opened, request, back)
            line = await anyio.to_thread.run_sync(chat.accept, services, mine, _incoming(fields))
            await chat.answer(services, mine, line)
        except ValidationError:
            status, trouble = 422, say("chat.bad_request")
        except ApiError as refused:
            status, trouble = refused.status, str(refused)
        except ServiceError:
            status, trouble = 503, say("chat.busy")
        else:
            return back
        draft = fields.get("text", "")[: 2 * MAX_CHARACTERS]
        kept = partial(shown, request, status=status, trouble=trouble, draft=draft)
        return await anyio.to_thread.run_sync(kept)

    return routes


def _fields(body: bytes) -> Fields:
    """The fields of a form; nothing where it is no form. The first of each name counts."""
    try:
        found = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _incoming(fields: Fields) -> chat.Incoming:
    """Raises ValidationError where it is no message."""
    given: dict[str, object] = {"id": fields.get("id") or secrets.token_urlsafe(_ID_BYTES)}
    if "option" in fields:
        given["choice"] = {"seq": fields.get("seq"), "option": fields["option"]}
    else:
        given["text"] = fields.get("text", "")
    return chat.Incoming.model_validate(given)
