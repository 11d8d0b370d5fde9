"""Signing in from the page inside WeChat: silently, once in an hour at most, and never in the page's way.

Whatever goes wrong on the way leads back to the page, which then works as it does in any browser.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Protocol

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from integrations.bootstrap import Services
from integrations.services.errors import Rejected, ServiceError
from integrations.services.wechat.ports import WechatApi
from integrations.services.wechat.signing_in import BACK, MARK, VALID, SigningIn
from integrations.web.sessions import Sessions

log = logging.getLogger(__name__)

LOGIN = "/wechat/login"
# The page that does not sign in: without cookies nothing else could say that it was tried.
PLAIN_PAGE = "/?nologin"
HOLDER, TRIED = "jiesu_wechat_state", "jiesu_wechat_tried"
# Kept with the state by who came from the page without scripts, and goes back there.
SIMPLE, FROM_SIMPLE = "/plain", "jiesu_wechat_plain"
# Seconds. The browser in WeChat ends hardly ever: a cookie of its session would never try again.
AGAIN = 3_600
# A phone may get another owner, or its WeChat another account: so long is the session of a sign-in at most.
LASTS = 30 * 24 * 3_600
# One address in a minute; many phones share one.
TRIES_A_MINUTE = 240
_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class WechatParts(Protocol):
    """What pages need of `services.wechat`."""

    @property
    def is_on(self) -> bool: ...
    @property
    def api(self) -> WechatApi: ...
    @property
    def signing_in(self) -> SigningIn: ...
    @property
    def notice_templates(self) -> Sequence[str]: ...


def parts(services: Any) -> WechatParts | None:
    """WeChat's part of the services; None where pages cannot use it: no account, or no address of our own is set."""
    found: WechatParts = services.wechat
    return found if found.is_on and services.settings.public_url else None


def inside_wechat(request: Request) -> bool:
    """Whether this is WeChat's own browser; that of WeCom calls itself so too, and knows no openid."""
    agent = request.headers.get("user-agent", "").lower()
    return "micromessenger" in agent and "wxwork" not in agent


def client(request: Request) -> str:
    """Who is counted."""
    return request.client.host if request.client else "unknown"


async def sign_in_first(services: Services, request: Request) -> RedirectResponse | None:
    """For the chat page, with scripts or without, and no other: where it goes before it is shown; None: show it."""
    found = parts(services)
    if found is None or not inside_wechat(request):
        return None
    if "nologin" in request.query_params or TRIED in request.cookies:
        return None
    sessions: Sessions = request.app.state.sessions
    address = sessions.address(request)
    try:
        linked = address is not None and await _is_linked(found, address)
    except ServiceError as away:
        log.warning("no sign-in for now: %s", type(away).__name__)
        return None
    if linked:
        return None
    return _to(f"{LOGIN}?plain" if request.url.path == SIMPLE else LOGIN)


async def _is_linked(found: WechatParts, address: str) -> bool:
    return await anyio.to_thread.run_sync(found.signing_in.is_linked, address)


def router(services: Services) -> APIRouter:
    """`/wechat/login` leads to WeChat, `/wechat/back` back from there: for browsers, and not part of the API."""
    routes = APIRouter(tags=["wechat"])
    secure = services.settings.cookie_secure

    @routes.get(LOGIN, include_in_schema=False)
    def login(request: Request) -> RedirectResponse:
        """Leads to WeChat, which asks nobody anything and leads to `/wechat/back`; outside WeChat to the page."""
        found, simple = parts(services), "plain" in request.query_params
        if found is None or not inside_wechat(request):
            return _to(f"{SIMPLE}?nologin" if simple else PLAIN_PAGE)
        holder = secrets.token_urlsafe(24)
        away = _to(found.signing_in.begin(holder))
        own = {"httponly": True, "samesite": "lax", "secure": secure}
        away.set_cookie(HOLDER, holder, max_age=VALID, path=BACK, **own)  # type: ignore[arg-type]
        away.set_cookie(TRIED, "1", max_age=AGAIN, path="/", **own)  # type: ignore[arg-type]
        if simple:
            away.set_cookie(FROM_SIMPLE, "1", max_age=VALID, path=BACK, **own)  # type: ignore[arg-type]
        else:  # left from a sign-in that was broken off
            away.delete_cookie(FROM_SIMPLE, path=BACK)
        return away

    @routes.get(BACK, include_in_schema=False)
    def back(
        request: Request,
        code: Annotated[str, Query(description="WeChat's code, good once and for minutes")] = "",
        state: Annotated[str, Query(description="The state that was given to this browser; good once")] = "",
    ) -> RedirectResponse:
        """The session goes on with the citizen's WeChat conversation, and has a new cookie.

        A state that is not this browser's, a code that is used up, or WeChat being away change nothing: the page then
        works as it does without WeChat.
        """
        simple = FROM_SIMPLE in request.cookies
        answer = _to(f"{SIMPLE}?nologin" if simple else PLAIN_PAGE)
        found, holder = parts(services), request.cookies.get(HOLDER, "")
        for name in {HOLDER, FROM_SIMPLE} & request.cookies.keys():
            answer.delete_cookie(name, path=BACK)
        if found is None:
            return answer
        sessions: Sessions = request.app.state.sessions
        fresh = MARK + secrets.token_urlsafe(24)
        try:
            # WeChat is asked below: whoever has no state of ours must not make us do that
            if not services.limiter.allow(f"wechat-back:{client(request)}", times=TRIES_A_MINUTE, seconds=60):
                return answer
            if not found.signing_in.accepts(state, holder):
                log.info("sign-in from WeChat refused: the state is not this browser's, or is used up")
                return answer
            found.signing_in.enter(code, former=sessions.address(request), fresh=fresh)
        except Rejected as refused:
            log.info("sign-in from WeChat refused: %s", type(refused).__name__)
            return answer
        except ServiceError as away:
            log.warning("sign-in from WeChat failed: %s", type(away).__name__)
            return answer
        sessions.keep(answer, fresh, seconds=LASTS)
        # The cookies came back with the state: the page knows by them that it was tried.
        answer.headers["location"] = SIMPLE if simple else "/"
        return answer

    return routes


def _to(url: str) -> RedirectResponse:
    return RedirectResponse(url, status_code=303, headers=_HEADERS)
