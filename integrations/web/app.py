"""The gateway: page, chat API, hooks, the demo department's page, health; and the sweep that forgets nobody."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator

import anyio.to_thread
from fastapi import FastAPI

from integrations import __version__
from integrations.bootstrap import Services
from integrations.services.errors import ServiceError
from integrations.services.records import Conversation
from integrations.web import (
    chat,
    department,
    description,
    devices,
    dispatch_hook,
    errors,
    first_view,
    health,
    media,
    my_data,
    plain,
    plain_forms,
    staff,
    stream,
    tickets,
    uploads,
    wechat_hook,
    wechat_js,
    wechat_login,
)
from integrations.web import (
    map as city_map,
)
from integrations.web.first_view import FirstView
from integrations.web.guards import BodyLimit, SafeHeaders
from integrations.web.page_files import PageFiles
from integrations.web.sessions import Sessions
from integrations.web.streams import Streams

log = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SWEEP_SECONDS = 3.0
# One alone may write into SQLite, and the more threads want to run beside it, the longer it holds everybody up.
SQLITE_THREADS = 8
# So many conversations are taken up at once after a stop; the rest wait for the next sweep.
SWEEP_AT_ONCE = 8


def create_app(services: Services) -> FastAPI:
    """The gateway for these services."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if services.settings.sql_url.startswith("sqlite"):
            anyio.to_thread.current_default_thread_limiter().total_tokens = SQLITE_THREADS
        await anyio.to_thread.run_sync(services.conversing.make_ready)
        tasks = [asyncio.create_task(_sweep(services)), asyncio.create_task(streams.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(
        title="接诉 Jiesu",
        version=__version__,
        summary="Complaint intake of a city",
        description=description.ORDER,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    words = services.speech.words
    errors.install(app, words)
    description.install(app)
    sessions = Sessions(services.settings.secrets["session_secret"], secure=services.settings.cookie_secure)
    streams = Streams(services.following, lambda: services.news, most=services.settings.streams)
    app.state.services, app.state.sessions, app.state.streams = services, sessions, streams
    for fixed in (chat, stream, devices, media, uploads, my_data, tickets, city_map, staff):
        app.router.routes += fixed.router.routes  # as they are: `include_router` makes each of them a second time
    app.include_router(dispatch_hook.router(services))
    app.include_router(health.router(services))
    for wechat in (wechat_hook, wechat_login, wechat_js):
        app.include_router(wechat.router(services))
    # The demo department has no sign-in and shows phone numbers: never to anyone but this machine.
    larger: dict[str, int] = {media.PATH: media.BODY_LIMIT, uploads.PATH: uploads.BODY_LIMIT}
    larger[plain_forms.PATH] = sys.maxsize  # counts by itself, to answer with a page
    if not services.settings.dispatch_url and services.settings.host in LOOPBACK:
        app.include_router(department.router(services.settings))
        larger[department.PATH] = department.BODY_LIMIT

    files = PageFiles()
    view = FirstView(files)
    app.include_router(first_view.router(services, view))
    app.include_router(plain.router(services, sessions, view))
    app.include_router(files.router())
    app.add_middleware(BodyLimit, limit=BODY_LIMIT, message=words.say("chat.too_large"), larger=larger)
    app.add_middleware(SafeHeaders)
    return app


async def _sweep(services: Services) -> None:
    """Take up conversations whose answer was left behind by a gateway that died or a Rasa that was away."""
    gate = asyncio.Semaphore(SWEEP_AT_ONCE)

    async def take_up(conversation: Conversation) -> None:
        async with gate:
            try:
                await anyio.to_thread.run_sync(services.conversing.please_wait, conversation.id)
                await services.conversing.drive(conversation)
            except ServiceError as later:
                log.warning("left for the next sweep: conversation=%s %s", conversation.id, later)
            except Exception:
                log.exception("sweep failed: conversation=%s", conversation.id)

    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            stale = await anyio.to_thread.run_sync(services.conversing.stale)
        except ServiceError as away:
            log.warning("sweep waits: %s", away)
            continue
        except Exception:
            log.exception("sweep failed")
            continue
        await asyncio.gather(*(take_up(conversation) for conversation in stale))
