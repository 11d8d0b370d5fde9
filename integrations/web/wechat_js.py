"""What pages inside WeChat need: their signature, pictures by media id, and the page that switches notices on."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from integrations.bootstrap import Services
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.media import TooMany
from integrations.services.queueing import Busy
from integrations.services.records import Conversation, Line
from integrations.services.wechat.errors import MediaGone, MediaTooLarge
from integrations.web.chat import AnswerOut, Mine, Ours, answer, limit, only_our_page
from integrations.web.errors import ApiError, may_answer
from integrations.web.guards import CONTENT_POLICY
from integrations.web.wechat_login import WechatParts, client, inside_wechat, parts

log = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"
SIGNATURES_A_MINUTE, PICTURES_A_MINUTE = 240, 20
# WeChat keeps an uploaded picture for three days (official).
MEDIA_SECONDS = 3 * 24 * 3600
# Open tags are frames of WeChat's and carry styles of their own (from memory of WeChat's page on open tags).
_OPEN_TAGS = "; frame-src https://*.qq.com weixin:"


class WechatPageOut(BaseModel):
    """For `wx.config`, by the names that it wants; and what to load and to ask for."""

    model_config = ConfigDict(populate_by_name=True)

    app_id: Annotated[str, Field(serialization_alias="appId")]
    timestamp: Annotated[int, Field(description="Seconds since 1970")]
    nonce: Annotated[str, Field(serialization_alias="nonceStr")]
    signature: str
    script: Annotated[str, Field(description="WeChat's script, for inside WeChat only")]
    templates: Annotated[list[str], Field(description="Subscription notices that a citizen may switch on")]


class WechatMedium(BaseModel):
    """A picture that the page has given to WeChat."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
    media_id: Annotated[str, Field(min_length=1, max_length=256, pattern="^[A-Za-z0-9_-]+$", repr=False)]


def page_policy(services: Services, request: Request) -> str | None:
    """The chat page's content policy inside WeChat, whose script it may load; None: the usual one."""
    if parts(services) is None or not inside_wechat(request):
        return None
    return _with_script(services)


def _with_script(services: Services, *, open_tags: bool = False) -> str:
    """This one script and nothing else of that host."""
    url = urlsplit(services.settings.wechat_script_url)
    script = f"{url.scheme}://{url.netloc}{url.path}"
    if any(character in script for character in " ;,'\"") or not script.isascii():
        return CONTENT_POLICY
    policy = CONTENT_POLICY.replace("script-src 'self'", f"script-src 'self' {script}")
    if open_tags:
        policy = policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + _OPEN_TAGS
    return policy


def router(services: Services) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["wechat"])
    words = services.speech.words

    @routes.get(
        "/api/wechat/page",
        summary="Sign a page for WeChat's script",
        responses=may_answer(404, 422, 429, 503),
        response_model_by_alias=True,
    )
    def page(
        request: Request,
        response: Response,
        url: Annotated[str, Query(min_length=1, max_length=4_096, description="As in the browser; '#…' is cut off")],
    ) -> WechatPageOut:
        """Only for pages of ours. 404 where WeChat is not connected, 503 while WeChat gives no ticket."""
        found = _parts(services)
        limit(services, f"wechat-page:{client(request)}", SIGNATURES_A_MINUTE)
        try:
            signed = found.signing_in.page(url)
        except Rejected as foreign:
            raise ApiError(422, "foreign_page", words.say("wechat.foreign_page")) from foreign
        except NeedsPerson as wrong:
            raise _away(services, wrong, after=60) from wrong
        except TryLater as later:
            raise _away(services, later, after=later.after or 3) from later
        response.headers["cache-control"] = "no-store"
        return WechatPageOut(
            app_id=signed.app_id,
            timestamp=signed.timestamp,
            nonce=signed.nonce,
            signature=signed.signature,
            script=services.settings.wechat_script_url,
            templates=list(found.notice_templates),
        )

    @routes.post(
        "/api/chat/wechat-media",
        dependencies=[Depends(only_our_page)],
        summary="Send a picture by WeChat's media id",
        responses=may_answer(401, 403, 404, 422, 429, 503),
    )
    async def media(mine: Mine, ours: Ours, sent: WechatMedium) -> AnswerOut:
        """Fetched from WeChat and taken like any picture; the same `id` sent twice is taken once.

        A media id is of the conversation that sends it first: from any other it is 422, as one that does not exist.
        """
        return await answer(ours, mine, await anyio.to_thread.run_sync(_fetched, ours, mine, sent))

    @routes.get("/wechat/notices", include_in_schema=False)
    def notices(request: Request) -> FileResponse:
        """The page with the button that switches notices on; it works inside WeChat, and says so elsewhere."""
        headers = {"cache-control": "no-cache"}
        if parts(services) is not None and inside_wechat(request):
            headers["content-security-policy"] = _with_script(services, open_tags=True)
        return FileResponse(PAGE / "consent.html", headers=headers)

    return routes


def _parts(services: Services) -> WechatParts:
    found = parts(services)
    if found is None:
        raise ApiError(404, "no_wechat", services.speech.words.say("wechat.page_off"))
    return found


def _away(services: Services, why: Exception, *, after: float) -> ApiError:
    log.warning("WeChat cannot be asked for a page: %s", type(why).__name__)
    headers = {"Retry-After": f"{max(1, after):.0f}"}
    return ApiError(503, "try_later", services.speech.words.say("wechat.page_later"), headers=headers)


def _fetched(services: Services, mine: Conversation, sent: WechatMedium) -> Line:
    found, words = _parts(services), services.speech.words
    with services.unit_of_work() as tx:
        if known := tx.conversations.find(mine.id, sent.id):
            return known
    limit(services, f"wechat-media:{mine.id}", PICTURES_A_MINUTE)
    if not _is_theirs(services, mine, sent.media_id):
        raise ApiError(422, "not_accepted", words.say("wechat.picture_gone"))
    try:
        return services.receiving.take(mine.id, sent.id, [found.api.media(sent.media_id)])
    except MediaGone as gone:
        raise ApiError(422, "not_accepted", words.say("wechat.picture_gone")) from gone
    except MediaTooLarge as large:
        raise ApiError(422, "not_accepted", words.say("attached.photo_large")) from large
    except TooMany as many:
        raise ApiError(429, "too_fast", str(many), headers={"Retry-After": "60"}) from many
    except Busy as busy:
        log.warning("shed: conversation=%s %s", mine.id, busy)
        raise ApiError(429, "busy", words.say("chat.shed"), headers={"Retry-After": f"{busy.after or 5:.0f}"}) from busy
    except Rejected as refused:
        raise ApiError(422, "not_accepted", str(refused)) from refused
    except NeedsPerson as wrong:
        raise _away(services, wrong, after=60) from wrong
    except TryLater as later:
        raise _away(services, later, after=later.after or 3) from later


def _is_theirs(services: Services, mine: Conversation, media_id: str) -> bool:
    """Whoever sends a media id first has it; they may send it again when WeChat was away."""
    name = hashlib.sha256(media_id.encode()).hexdigest()
    if services.limiter.allow(f"wechat-medium:{name}", times=1, seconds=MEDIA_SECONDS):
        services.limiter.mark(f"wechat-medium:{name}:{mine.id}", seconds=MEDIA_SECONDS)
        return True
    services.limiter.ping()
    try:
        services.limiter.seen(f"wechat-medium:{name}:{mine.id}")
    except TryLater:
        return False
    return True
