"""The door through which WeChat pushes messages and events; whoever comes from WeChat gets a proper answer in time."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from integrations.bootstrap import Services
from integrations.clients.wechat.door import Visit
from integrations.clients.wechat.envelope import BadPush
from integrations.services.errors import TryLater
from integrations.services.gathering import in_thread
from integrations.services.wechat.arriving import Fate
from integrations.services.wechat.replying import READY_BY, Reply, Unanswered

log = logging.getLogger(__name__)

PATH = "/wechat"
SUCCESS = "success"
# While nothing can be kept, it is tried again so often, in seconds.
TRY_EVERY = 0.5
# More pushes at once than can be answered in time are not taken in: each is told to come again.
MOST_AT_ONCE = 50
# In seconds: WeChat waits for five, and says to the citizen that the account is out of order.
ANSWERED_BY = 4.4
_TEXT = {"schema": {"type": "string"}}
_QUERY = "signature, timestamp, nonce; msg_signature and encrypt_type where it is sealed"


def router(services: Services) -> APIRouter:
    """The hook's routes; none where no account is set up."""
    routes = APIRouter(tags=["wechat"])
    if not services.wechat.is_on:
        return routes
    wechat, verified = services.wechat, services.settings.wechat_verified
    at_once, answers = list[str](), set[asyncio.Task[Reply]]()
    come_again = Reply(services.speech.words.say("wechat.shed"))

    @routes.get(
        PATH,
        summary="WeChat's check of this address",
        response_class=Response,
        responses={200: {"content": {"text/plain": _TEXT}}, 403: {"description": "Not WeChat"}},
    )
    async def check(request: Request) -> Response:
        """The echo of a rightly signed request, as plain text."""
        try:
            return Response(wechat.door.echo(request.query_params), media_type="text/plain")
        except BadPush as refused:
            return _refused(refused)

    @routes.post(
        PATH,
        summary="A message or an event from WeChat",
        description=f"XML, sealed or not as the account is set up. In the query: {_QUERY}. Answered within five "
        "seconds by XML or by 'success'; the same push is taken once and answered the same however often it comes.",
        responses={
            200: {"content": {"application/xml": _TEXT, "text/plain": _TEXT}},
            400: {"description": "Not readable"},
            403: {"description": "Not WeChat"},
            413: {"description": "Too large"},
        },
        response_class=Response,
    )
    async def push(request: Request) -> Response:
        """One push."""
        began = asyncio.get_running_loop().time()
        try:
            visit = wechat.door.enter(request.query_params, await request.body())
        except BadPush as refused:
            return _refused(refused)
        at_once.append(visit.push.key)
        try:
            reply = await _answer(visit, began)
        finally:
            at_once.remove(visit.push.key)
        took = asyncio.get_running_loop().time() - began
        log.info(
            "push: key=%s kind=%s passive=%s ms=%.0f", visit.push.key, visit.push.kind, bool(reply.text), took * 1000
        )
        if not reply.text:
            return Response(SUCCESS, media_type="text/plain")
        try:
            xml = wechat.door.leave(visit, reply.text, at=int(services.clock().timestamp()))
        except ValueError as unfit:  # not confirmed, so it is told by the other way
            log.error("a reply cannot be sealed: key=%s %s", visit.push.key, unfit)
            return Response(SUCCESS, media_type="text/plain")
        return Response(xml, media_type="application/xml", background=BackgroundTask(_confirm, reply, began))

    async def _answer(visit: Visit, began: float) -> Reply:
        """Nothing may be left unanswered, however busy everything is: what is not done in time goes on by itself."""
        if len(at_once) > MOST_AT_ONCE and not await in_thread(partial(wechat.arriving.is_known, visit.push)):
            log.warning("shed: push=%s %s at once", visit.push.key, len(at_once))
            return come_again
        fate = Fate()
        answer = asyncio.create_task(_tried(visit, began, fate))
        answers.add(answer)
        answer.add_done_callback(answers.discard)
        # who may only reply lets WeChat ask again: see `Replying`
        patience = began + ANSWERED_BY - asyncio.get_running_loop().time() if verified else None
        if (await asyncio.wait({answer}, timeout=patience))[0]:
            return answer.result()
        given_up = fate.give_up()
        log.warning("late: push=%s kept=%s", visit.push.key, not given_up)
        return come_again if given_up else Reply()

    async def _tried(visit: Visit, began: float, fate: Fate) -> Reply:
        """While the store is away it is asked again, then the citizen is asked to."""
        while True:
            try:
                return await wechat.replying.reply(visit.push, began, fate)
            except Unanswered as away:
                log.warning("push kept, not answered: key=%s %s", visit.push.key, away)
            except TryLater as away:
                log.warning("push not kept: key=%s %s", visit.push.key, away)
            except Exception:
                log.exception("push failed: key=%s", visit.push.key)
            if asyncio.get_running_loop().time() - began + TRY_EVERY >= READY_BY:
                return come_again if fate.give_up() else Reply()
            await asyncio.sleep(TRY_EVERY)

    async def _confirm(reply: Reply, began: float) -> None:
        try:
            await wechat.replying.confirm(reply, began)
        except TryLater as away:
            log.warning("a reply is told once more, nobody could keep that it left: key=%s %s", reply.key, away)

    return routes


def _refused(refused: BadPush) -> Response:
    log.warning("push refused: %s", refused)
    return Response(status_code=refused.status)
