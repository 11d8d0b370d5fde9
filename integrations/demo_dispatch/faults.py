"""Faults that a test may order for posted requests: the ways a real backend lets one down."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request, Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from integrations.demo_dispatch.replies import Refused, refusal, reply

DROP_CONNECTION = "demo_dispatch.drop_connection"
"""The ASGI extension under which our server offers to cut the connection."""

LARGEST_COUNT = 1000
LONGEST_SECONDS = 600.0


class FaultKind(StrEnum):
    """What goes wrong; the request is stored only with DELAY and DROP_ANSWER."""

    DELAY = "delay_seconds"
    DROP_ANSWER = "drop_answer"
    STATUS = "status"
    HANG = "hang"


@dataclass(frozen=True, slots=True)
class Fault:
    """``times`` is how many requests it still strikes; seconds and status where they apply."""

    kind: FaultKind
    times: int
    delay_seconds: float | None = None
    status: int | None = None
    retry_after: int | None = None


class FaultQueue:
    """Faults strike in the order they were given, each until it is used up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def waiting(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def take(self) -> Fault | None:
        """The fault for the next request, one time less of it left."""
        with self._lock:
            if not self._faults:
                return None
            fault = self._faults[0]
            if fault.times > 1:
                self._faults[0] = replace(fault, times=fault.times - 1)
            else:
                del self._faults[0]
            return fault

    async def strike(self, request: Request, form: str, work: Callable[[], Awaitable[Response]]) -> Response:
        """Answer ``request`` by ``work``, or as the next fault will have it."""
        fault = self.take()
        match fault:
            case None:
                return await work()
            case Fault(kind=FaultKind.DELAY, delay_seconds=seconds):
                await asyncio.sleep(seconds or 0.0)
                return await work()
            case Fault(kind=FaultKind.DROP_ANSWER):
                response = await work()
                _drop_connection(request)
                return response
            case Fault(kind=FaultKind.HANG):
                while not await request.is_disconnected():
                    await asyncio.sleep(0.05)
                return Response(status_code=204)  # nobody is left to read it
            case Fault(status=status, retry_after=seconds):
                headers = {} if seconds is None else {"Retry-After": str(seconds)}
                return refusal(form, status or 500, ["A fault was ordered."], headers)


def read_fault(content: object) -> Fault:
    """Raises Refused (400) unless ``content`` names exactly one kind with sensible numbers."""
    if not isinstance(content, Mapping):
        raise Refused(400, "A fault is a JSON object.")
    kinds = [kind for kind in FaultKind if kind in content]
    if len(kinds) != 1:
        raise Refused(400, f"A fault names one of {', '.join(FaultKind)}.")
    kind = kinds[0]
    counted_by = kind if kind in (FaultKind.DROP_ANSWER, FaultKind.HANG) else "times"
    times = int(_number(content, counted_by, 1, 1, LARGEST_COUNT))
    if kind is FaultKind.DELAY:
        seconds = _number(content, kind, 0.0, 0.0, LONGEST_SECONDS)
        return Fault(kind, times, delay_seconds=seconds)
    if kind is FaultKind.STATUS:
        status = int(_number(content, kind, 500, 400, 599))
        wait = "retry_after" in content
        retry_after = int(_number(content, "retry_after", 0, 0, LONGEST_SECONDS)) if wait else None
        return Fault(kind, times, status=status, retry_after=retry_after)
    return Fault(kind, times)


def _number(content: Mapping[str, object], name: str, default: float, least: float, largest: float) -> float:
    value = content.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(400, f"{name} is not a number.")
    if not least <= value <= largest:
        raise Refused(400, f"{name} is not from {least:g} to {largest:g}.")
    return value


def fault_routes(faults: FaultQueue) -> APIRouter:
    """Only wired in when the department was started with ``--faults``."""
    router = APIRouter()

    @router.get("/_faults")
    def list_faults() -> Response:
        waiting = [
            {name: value for name, value in asdict(fault).items() if value is not None} for fault in faults.waiting()
        ]
        return reply("json", "faults", waiting)

    @router.post("/_faults")
    async def add_fault(request: Request) -> Response:
        try:
            content: Any = await request.json()
        except ValueError as error:
            raise Refused(400, "A fault is a JSON object.") from error
        faults.add(read_fault(content))
        return list_faults()

    @router.delete("/_faults")
    def clear_faults() -> Response:
        faults.clear()
        return list_faults()

    return router


class DroppableConnection(H11Protocol):
    """uvicorn's own HTTP/1.1, with a way for the application to cut the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        application = self.app

        async def with_extension(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[DROP_CONNECTION] = transport.abort
            await application(scope, receive, send)

        self.app = with_extension


def _drop_connection(request: Request) -> None:
    """Cut the connection before the answer is written; uvicorn then discards the answer."""
    drop = request.scope.get("extensions", {}).get(DROP_CONNECTION)
    if drop is None:
        raise RuntimeError("this server can't drop a connection; run it by server.main")
    drop()
