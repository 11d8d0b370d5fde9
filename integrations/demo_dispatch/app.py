"""Puts the department together: one store, its routes, and the sender beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.demo_dispatch.bodies import LimitedBody
from integrations.demo_dispatch.catalogue import load_catalogue
from integrations.demo_dispatch.clerk import Pages, UnknownPage, UnknownRequest, clerk_routes
from integrations.demo_dispatch.clock import Clock, system_clock
from integrations.demo_dispatch.delivery import Patience, Sender
from integrations.demo_dispatch.faults import FaultQueue, fault_routes
from integrations.demo_dispatch.georeport import PREFIX, georeport_routes
from integrations.demo_dispatch.replies import Refused, Value, refusal, reply
from integrations.demo_dispatch.settings import Settings
from integrations.demo_dispatch.staff import load_staff
from integrations.demo_dispatch.store import Store

NO_SUCH_REQUEST = "没有这个编号的工单。"
PROBLEMS = {
    404: "没有这个页面。",
    405: "这个页面不接受这样的操作。",
    413: "提交的内容太大了，什么也没有改动。请换小一些的照片。",
}


def create_app(settings: Settings, *, clock: Clock = system_clock, patience: Patience | None = None) -> FastAPI:
    """Opens the database, and closes it when the application stops. Raises StoreUnusable."""
    store = Store(settings.database)
    catalogue = load_catalogue()
    pages = Pages()
    faults = FaultQueue() if settings.faults else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with _sending(settings, store, clock, patience or Patience(), faults):
                yield
        finally:
            store.close()

    app = FastAPI(
        title="Demo dispatch",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(LimitedBody)
    app.add_middleware(UnderPrefix, prefix=settings.public_base)
    app.include_router(
        georeport_routes(
            store=store,
            catalogue=catalogue,
            clock=clock,
            settings=settings,
            faults=faults,
        )
    )
    app.include_router(clerk_routes(store=store, catalogue=catalogue, staff=load_staff(), clock=clock, pages=pages))
    if faults is not None:
        app.include_router(
            fault_routes(faults, lose_data=lambda newest, again: store.lose(newest, numbers_again=again))
        )

    @app.get("/health")
    def health() -> Response:
        content: Value = {
            "status": "ok",
            "requests": store.count_requests(),
            "undelivered_events": store.count_undelivered(),
        }
        return reply("json", "health", content)

    @app.exception_handler(Refused)
    async def tell_sender(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return refusal(_asked_format(request), error.status, error.problems)

    @app.exception_handler(UnknownRequest)
    async def tell_clerk(request: Request, _: Exception) -> Response:
        return pages.problem(404, NO_SUCH_REQUEST, depth=_depth(request, settings.public_base))

    @app.exception_handler(UnknownPage)
    async def tell_of_no_page(request: Request, _: Exception) -> Response:
        return pages.problem(404, PROBLEMS[404], depth=_depth(request, settings.public_base))

    @app.exception_handler(HTTPException)
    async def tell_visitor(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if f"{PREFIX}/" in request.url.path:
            # the standard has 404 for what is not there and 400 for everything else that can't be done
            status = 404 if error.status_code == 404 else 400
            return refusal(_asked_format(request), status, [error.detail])
        text = PROBLEMS.get(error.status_code, "这个请求无法处理。")
        depth = _depth(request, settings.public_base)
        return pages.problem(error.status_code, text, depth=depth)

    return app


@asynccontextmanager
async def _sending(
    settings: Settings, store: Store, clock: Clock, patience: Patience, faults: FaultQueue | None
) -> AsyncIterator[None]:
    """Without a hook nothing is sent, and events wait for a start that has one."""
    if settings.hook is None:
        yield
        return
    # trust_env: a proxy meant for the wide world must not get in between us and the hook
    async with httpx.AsyncClient(trust_env=False) as client:
        sender = Sender(
            store=store,
            client=client,
            hook=settings.hook,
            own_url=settings.own_url,
            clock=clock,
            patience=patience,
            faults=faults,
        )
        task = asyncio.create_task(sender.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _asked_format(request: Request) -> str:
    return request.url.path.rpartition(".")[2]


def _depth(request: Request, public_base: str) -> int:
    """Slashes below our list page."""
    path: str = request.scope["path"].removeprefix(public_base)
    return max(path.count("/") - 1, 0)


class UnderPrefix:
    """Lets the application know its public prefix, whether or not the proxy has cut it off."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._prefix:
            path: str = scope["path"]
            whole = path == self._prefix or path.startswith(f"{self._prefix}/")
            scope = {
                **scope,
                "root_path": self._prefix,
                "path": path if whole else self._prefix + path,
            }
        await self._app(scope, receive, send)
