"""The same conversation without scripts: one HTML page and a form, for old browsers and until the scripts have come.

The page's own writing line posts here too while its scripts are still on their way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from integrations.bootstrap import Services
from integrations.services.errors import ServiceError
from integrations.services.records import Conversation, Line, Sender
from integrations.web import chat, media, plain_forms, wechat_login
from integrations.web.errors import ApiError
from integrations.web.first_view import FirstView
from integrations.web.guards import from_elsewhere
from integrations.web.page_files import ASKED
from integrations.web.plain_forms import PATH, Form, TooLarge, Unreadable
from integrations.web.sessions import Sessions
from kb.page_words import FIRST

# So many lines, the latest, are shown.
SHOWN = 60
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong, in words of a language, and what the citizen had written."""

    status: int
    text: str
    language: str = FIRST
    form: Form = field(default_factory=Form)
    over: bool = False


class Visit:
    """One request: whose it is, and the cookies that say so from now on."""

    def __init__(self, services: Services, sessions: Sessions, request: Request) -> None:
        self._services, self._sessions, self._request = services, sessions, request
        self._cookies = Response()
        self._mine: Conversation | None = None

    def opened(self) -> Conversation:
        """The conversation of this browser, begun where there is none. Raises ApiError, ServiceError."""
        if self._mine is None:
            self._mine = self._services.conversing.open("web", self._address())
        return self._mine

    def _address(self) -> str:
        sessions, request = self._sessions, self._request
        if address := sessions.address(request):
            return address
        if address := sessions.former(request):
            sessions.keep(self._cookies, address)
            return address
        client = request.client.host if request.client else "unknown"
        chat.limit(self._services, f"session:{client}", chat.SESSIONS_A_MINUTE)
        return sessions.start(self._cookies)

    def answered(self, response: Response) -> Response:
        """The answer with the cookies."""
        response.raw_headers += [one for one in self._cookies.raw_headers if one[0] == b"set-cookie"]
        return response


def router(services: Services, sessions: Sessions, view: FirstView) -> APIRouter:
    """The plain page and what it sends."""
    routes = APIRouter()
    say = services.speech.words.say

    def headers(language: str) -> dict[str, str]:
        return {"cache-control": "no-store", "content-language": language}

    def shown(request: Request, visit: Visit, trouble: Trouble | None = None) -> Response:
        """The latest lines and the forms, with what went wrong."""
        language = view.language(request)
        lines, pending = list[chat.MessageOut](), False
        if trouble is None or trouble.status != 403:
            try:
                mine = visit.opened()
                if language != FIRST:
                    services.conversing.note_language(mine, language)
                pending = services.conversing.is_pending(mine.id)
                lines = [chat.out(line) for line in _latest(services, mine)]
            except ApiError as refused:
                trouble = trouble or Trouble(refused.status, str(refused))
            except ServiceError:
                trouble = trouble or Trouble(503, say("chat.busy"))
        asked = next((line.seq for line in reversed(lines) if line.options or line.sender != Sender.NOTICE), 0)
        body = view.plain(language, lines=lines, asked=asked, pending=pending, trouble=trouble, id=plain_forms.new_id())
        response = Response(body, trouble.status if trouble else 200, headers(language), HTML)
        if trouble and trouble.over:
            response.headers["connection"] = "close"
        view.remember(request, response, secure=services.settings.cookie_secure)
        return visit.answered(response)

    @routes.api_route("/plain", methods=ASKED, include_in_schema=False)
    async def page(request: Request) -> Response:
        """Who asks for the head only, a link's preview or a load balancer, begins no conversation."""
        if away := await wechat_login.sign_in_first(services, request):
            return away
        if request.method == "HEAD":
            head = Response(headers=headers(view.language(request)), media_type=HTML)
            del head.headers["content-length"]
            return head
        return await anyio.to_thread.run_sync(shown, request, Visit(services, sessions, request))

    @routes.post(PATH, include_in_schema=False)
    async def said(request: Request) -> Response:
        """Stored and answered as from the page, then back to where it was sent from; what was refused is kept."""
        visit, form = Visit(services, sessions, request), Form()
        try:
            if from_elsewhere(request, services.settings.public_url):
                raise ApiError(403, "other_site", say("chat.bad_request"))
            form = await plain_forms.read(request)
            mine = await anyio.to_thread.run_sync(visit.opened)
            line = await anyio.to_thread.run_sync(_stored, services, mine, form)
            await chat.answer(services, mine, line)
        except (Unreadable, ValidationError, ClientDisconnect):
            trouble = Trouble(422, say("chat.bad_request"), form=form)
        except TooLarge as much:
            language = view.language(request)
            sorry = view.words.frame(language).say("plain.too_large")
            trouble = Trouble(413, sorry, language, much.form, over=not much.passed)
        except ApiError as refused:
            trouble = Trouble(refused.status, str(refused), form=form)
        except ServiceError:
            trouble = Trouble(503, say("chat.busy"), form=form)
        else:
            return visit.answered(RedirectResponse("/" if form.of_the_page else "/plain#last", status_code=303))
        return await anyio.to_thread.run_sync(partial(shown, request, visit, trouble))

    return routes


def _latest(services: Services, mine: Conversation) -> list[Line]:
    after = max(0, services.conversing.latest(mine.id) - SHOWN)
    return list(services.conversing.history(mine.id, after))


def _stored(services: Services, mine: Conversation, form: Form) -> Line:
    """Raises ApiError where it is not taken, ValidationError and Unreadable where it is no message."""
    lines = [] if "id" in form.fields else _latest(services, mine)
    client_id = plain_forms.kept_as(form, lines, services.clock())
    if form.files:
        chat.limit(services, f"say:{mine.id}", chat.MESSAGES_A_MINUTE)
        return media.take(services, mine, client_id, form.files, (), form.text)
    given: dict[str, object] = {"id": client_id}
    if "option" in form.fields:
        given["choice"] = {"seq": form.fields.get("seq"), "option": form.fields["option"]}
    else:
        given["text"] = form.text
    return chat.accept(services, mine, chat.Incoming.model_validate(given))
