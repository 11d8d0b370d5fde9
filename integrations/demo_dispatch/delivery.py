"""Tells the hook of every step, in order for each request, until it confirms.

An event goes out at least once: a confirmation lost on its way back brings the same
``event_id`` again, and the receiver is to know it by that.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import sqlite3
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from integrations.demo_dispatch.clock import Clock
from integrations.demo_dispatch.documents import event_document
from integrations.demo_dispatch.faults import FaultKind, FaultQueue, Scope
from integrations.demo_dispatch.settings import Hook
from integrations.demo_dispatch.store import Delivery, Store

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5.0
AT_ONCE = 8
"""Different requests whose events are on their way together."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: doubling from ``first`` to ``longest``, forever."""

    first: float = 2.0
    longest: float = 60.0
    poll: float = 0.5

    def after(self, attempts: int) -> float:
        """The wait before the next try, when ``attempts`` (1, 2, ...) have failed."""
        doublings = min(attempts - 1, 30)
        return float(min(self.first * 2**doublings, self.longest))


def event_body(delivery: Delivery, own_url: str) -> bytes:
    """The JSON that the hook receives, UTF-8."""
    names = {"event_id": delivery.event_id, "service_request_id": delivery.number}
    content = names | event_document(delivery.entry, own_url)
    return json.dumps(content, ensure_ascii=False).encode()


def signed_headers(body: bytes, *, secret: str, now: datetime) -> dict[str, str]:
    """The signature covers the time of sending, so that an old message can be refused."""
    timestamp = str(int(now.timestamp()))
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Dispatch-Timestamp": timestamp,
        "X-Dispatch-Signature": f"sha256={digest.hexdigest()}",
    }


class Sender:
    """Runs beside the web pages until it is cancelled."""

    def __init__(
        self,
        *,
        store: Store,
        client: httpx.AsyncClient,
        hook: Hook,
        own_url: str,
        clock: Clock,
        patience: Patience,
        faults: FaultQueue | None = None,
    ) -> None:
        self._store = store
        self._client = client
        self._hook = hook
        self._own_url = own_url
        self._faults = faults
        self._clock = clock
        self._patience = patience

    async def run(self) -> None:
        while True:
            try:
                tried = await self.deliver_due()
            except sqlite3.Error as error:
                logger.warning("delivery paused: database=%s", error)
                tried = 0
            if tried == 0:
                await asyncio.sleep(self._patience.poll)

    async def deliver_due(self) -> int:
        """Try every event whose time has come, once; gives how many were tried."""
        fault = self._faults.next(Scope.HOOKS) if self._faults else None
        if self._faults and fault and fault.kind is FaultKind.REORDER_HOOKS:
            return await self._deliver_backwards(self._faults, at_least=fault.events or 2)
        due = await asyncio.to_thread(self._store.due_deliveries, now=self._clock(), limit=AT_ONCE)
        await asyncio.gather(*(self._deliver(delivery) for delivery in due))
        return len(due)

    async def _deliver_backwards(self, faults: FaultQueue, *, at_least: int) -> int:
        """Everything is held back until so many events of one request wait; then they go out, the newest first."""
        waiting = await asyncio.to_thread(self._store.waiting_backwards, at_least=at_least)
        if waiting:
            faults.take(Scope.HOOKS)
        for delivery in waiting:
            await self._deliver(delivery)
        return len(waiting)

    async def _deliver(self, delivery: Delivery) -> None:
        started = time.monotonic()
        outcome = await self._post_or_fail(delivery)
        logger.info(
            "delivery: event_id=%s request=%s sequence=%d attempt=%d outcome=%s seconds=%.3f",
            delivery.event_id,
            delivery.number,
            delivery.entry.sequence,
            delivery.attempts + 1,
            outcome or "confirmed",
            time.monotonic() - started,
        )
        if outcome is None:
            await asyncio.to_thread(self._store.confirm, delivery)
        else:
            wait = timedelta(seconds=self._patience.after(delivery.attempts + 1))
            await asyncio.to_thread(self._store.postpone, delivery, until=self._clock() + wait)

    async def _post_or_fail(self, delivery: Delivery) -> str | None:
        """As ``_post``, with what tests have ordered for this event."""
        fault = self._faults.take(Scope.HOOKS) if self._faults else None
        if fault and fault.kind is FaultKind.LOSE_HOOKS:
            return None
        twice = fault is not None and fault.kind is FaultKind.DUPLICATE_HOOKS
        outcomes = [await self._post(delivery) for _ in range(fault.copies or 1 if fault and twice else 1)]
        return None if None in outcomes else outcomes[-1]

    async def _post(self, delivery: Delivery) -> str | None:
        """None when the hook confirmed, else what went wrong in a word."""
        body = event_body(delivery, self._own_url)
        headers = signed_headers(body, secret=self._hook.secret, now=self._clock())
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                response = await self._client.post(self._hook.url, content=body, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            return type(error).__name__
        return None if response.is_success else str(response.status_code)
