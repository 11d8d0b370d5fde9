"""How every part is: for people, for the supervisor, for the city's monitoring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio.to_thread
import httpx
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from integrations.bootstrap import Services
from integrations.clients.trust import trusted
from integrations.services.errors import ServiceError
from integrations.worker import BEAT_KEY

PATIENCE_SECONDS = 3.0


class PartOut(BaseModel):
    """One part: `ms` it took to answer, or `why` it did not."""

    status: str = Field(description="ok or down")
    ms: int | None = None
    why: str | None = None


class HealthOut(BaseModel):
    """Everything at a glance."""

    status: str = Field(description="ok, or degraded when a part is down")
    parts: dict[str, PartOut] = Field(description="gateway, database, redis, rasa, actions, worker, dispatch")
    outbox: dict[str, int] = Field(description="What waits to be sent: ready and stuck rows; empty without a database")
    deadlines: dict[str, int] = Field(
        description="holidays_known_until: the last year whose holidays are known; provisional: open deadlines beyond"
    )


def router(services: Services) -> APIRouter:
    """`/health` asks every part; `/health/live` only says that this process answers."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health/live", summary="This process answers")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get(
        "/health",
        summary="Every part, with the time it took to answer",
        response_model=HealthOut,
        response_model_exclude_none=True,
        responses={503: {"model": HealthOut, "description": "A part is down; the body says which and why"}},
    )
    async def health(response: Response) -> dict[str, Any]:
        """Asks all parts at once, each for at most 3 seconds."""
        checks: dict[str, Callable[[], Awaitable[object]]] = {
            "database": partial(anyio.to_thread.run_sync, partial(_database, services)),
            "redis": partial(anyio.to_thread.run_sync, services.limiter.ping),
            "rasa": services.listener.ping,
            "actions": partial(_actions, services),
            "worker": partial(anyio.to_thread.run_sync, partial(_worker, services)),
            "dispatch": partial(anyio.to_thread.run_sync, services.dispatcher.ping),
        }
        results = await asyncio.gather(*(_timed(check) for check in checks.values()))
        parts = {"gateway": {"status": "ok", "ms": 0}, **dict(zip(checks, results, strict=True))}
        fine = all(part["status"] == "ok" for part in parts.values())
        response.status_code = 200 if fine else 503
        there = parts["database"]["status"] == "ok"
        outbox = await anyio.to_thread.run_sync(_outbox, services) if there else {}
        deadlines = await anyio.to_thread.run_sync(_deadlines, services) if there else {}
        return {"status": "ok" if fine else "degraded", "parts": parts, "outbox": outbox, "deadlines": deadlines}

    return routes


async def _timed(check: Callable[[], Awaitable[object]]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await check()
    except (ServiceError, TimeoutError, httpx.HTTPError) as failed:
        return {"status": "down", "why": str(failed) or type(failed).__name__}
    return {"status": "ok", "ms": round((time.perf_counter() - began) * 1000)}


def _database(services: Services) -> None:
    with services.unit_of_work() as tx:
        tx.outbox.counts()


def _outbox(services: Services) -> dict[str, int]:
    with services.unit_of_work() as tx:
        return tx.outbox.counts()


def _deadlines(services: Services) -> dict[str, int]:
    """The last year whose holidays are known, and how many open deadlines reach beyond it."""
    state = services.clocks.calendar_state()
    return {"holidays_known_until": state.known_until, "provisional": state.provisional}


async def _actions(services: Services) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, verify=trusted(), trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{services.settings.actions_port}/health")
        answer.raise_for_status()


def _worker(services: Services) -> None:
    """The worker leaves a mark in Redis every few seconds."""
    services.limiter.seen(BEAT_KEY)
