"""Faults that a test may order: the ways a real backend lets one down."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from uvicorn.protocols.http.h11_impl import H11Protocol

from integrations.demo_dispatch.replies import Refused, Value, refusal, reply

DROP_CONNECTION = "demo_dispatch.drop_connection"
"""The ASGI extension under which our server offers to cut the connection."""

LARGEST_COUNT = 1000
LONGEST_SECONDS = 600.0


class FaultKind(StrEnum):
    """What goes wrong; the name is also what an order counts or measures by."""

    DELAY = "delay_seconds"
    DROP_ANSWER = "drop_answer"
    STATUS = "status"
    HANG = "hang"
    DUPLICATE = "duplicate"
    DUPLICATE_HOOKS = "duplicate_hooks"
    REORDER_HOOKS = "reorder_hooks"
    LOSE_HOOKS = "lose_hooks"


class Scope(StrEnum):
    """What a fault strikes."""

    REQUESTS = "requests"
    UPDATES = "updates"
    READS = "reads"
    HOOKS = "hooks"


ON: Mapping[str, frozenset[Scope]] = {
    "posts": frozenset({Scope.REQUESTS, Scope.UPDATES}),
    "requests": frozenset({Scope.REQUESTS}),
    "updates": frozenset({Scope.UPDATES}),
    "reads": frozenset({Scope.READS}),
    "all": frozenset({Scope.REQUESTS, Scope.UPDATES, Scope.READS}),
}
"""What an order may name under "on"; without it, posts."""

OF_HOOKS = frozenset({FaultKind.DUPLICATE_HOOKS, FaultKind.REORDER_HOOKS, FaultKind.LOSE_HOOKS})
COUNTED_BY_ITSELF = frozenset({FaultKind.DROP_ANSWER, FaultKind.HANG, FaultKind.DUPLICATE, FaultKind.LOSE_HOOKS})


@dataclass(frozen=True, slots=True)
class Fault:
    """``times`` is how often it still strikes; the rest where it applies."""

    kind: FaultKind
    times: int
    on: frozenset[Scope]
    delay_seconds: float | None = None
    status: int | None = None
    retry_after: int | None = None
    copies: int | None = None
    events: int | None = None

    def document(self) -> Value:
        """As a list of what waits tells it."""
        told = {
            "kind": self.kind.value,
            "times": self.times,
            "on": ",".join(sorted(self.on)),
            "delay_seconds": self.delay_seconds,
            "status": self.status,
            "retry_after": self.retry_after,
            "copies": self.copies,
            "events": self.events,
        }
        return {name: value for name, value in told.items() if value is not None}


class FaultQueue:
    """Faults strike in the order they were given, each until it is used up; for each scope on its own."""

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

    def next(self, scope: Scope) -> Fault | None:
        """The fault that ``take`` would give."""
        with self._lock:
            return next((fault for fault in self._faults if scope in fault.on), None)

    def take(self, scope: Scope) -> Fault | None:
        """The next fault of that scope, one time less of it left."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if scope in fault.on:
                    if fault.times > 1:
                        self._faults[place] = replace(fault, times=fault.times - 1)
                    else:
                        del self._faults[place]
                    return fault
            return None

    async def strike(self, request: Request, scope: Scope, work: Callable[[], Awaitable[Response]]) -> Response:
        """Answer ``request`` by ``work``, or as the next fault will have it."""
        fault = self.take(scope)
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
            case Fault(kind=FaultKind.DUPLICATE):
                await work()
                return await work()
            case Fault(status=status, retry_after=seconds):
                headers = {} if seconds is None else {"Retry-After": str(seconds)}
                form = request.url.path.rpartition(".")[2]
                return refusal(form, status or 500, ["A fault was ordered."], headers)


def faulty_route(faults: FaultQueue) -> type[APIRoute]:
    """The class of routes that meet what was ordered."""

    class FaultyRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def struck(request: Request) -> Response:
                return await faults.strike(request, _scope_of(request), lambda: answer(request))

            return struck

    return FaultyRoute


def _scope_of(request: Request) -> Scope:
    if request.method != "POST":
        return Scope.READS
    return Scope.UPDATES if "/updates." in request.url.path else Scope.REQUESTS


def read_fault(content: Mapping[str, object]) -> Fault:
    """Raises Refused (400) unless ``content`` names exactly one kind with sensible numbers."""
    kinds = [kind for kind in FaultKind if kind in content]
    if len(kinds) != 1:
        raise Refused(400, f"A fault names one of {', '.join(FaultKind)}, or lose_data.")
    kind = kinds[0]
    times = int(_number(content, kind if kind in COUNTED_BY_ITSELF else "times", 1, 1, LARGEST_COUNT))
    fault = Fault(kind, times, _struck(content, kind))
    match kind:
        case FaultKind.DELAY:
            return replace(fault, delay_seconds=_number(content, kind, 0.0, 0.0, LONGEST_SECONDS))
        case FaultKind.STATUS:
            wait = "retry_after" in content
            return replace(
                fault,
                status=int(_number(content, kind, 500, 400, 599)),
                retry_after=int(_number(content, "retry_after", 0, 0, LONGEST_SECONDS)) if wait else None,
            )
        case FaultKind.DUPLICATE_HOOKS:
            return replace(fault, copies=int(_number(content, kind, 2, 2, 10)))
        case FaultKind.REORDER_HOOKS:
            return replace(fault, events=int(_number(content, kind, 2, 2, 100)))
        case _:
            return fault


def _struck(content: Mapping[str, object], kind: FaultKind) -> frozenset[Scope]:
    if kind in OF_HOOKS:
        return frozenset({Scope.HOOKS})
    named = content.get("on", "posts")
    if not isinstance(named, str) or named not in ON:
        raise Refused(400, f"on is none of {', '.join(ON)}.")
    return ON[named]


def _number(content: Mapping[str, object], name: str, default: float, least: float, largest: float) -> float:
    value = content.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(400, f"{name} is not a number.")
    if not least <= value <= largest:
        raise Refused(400, f"{name} is not from {least:g} to {largest:g}.")
    return value


def fault_routes(faults: FaultQueue, *, lose_data: Callable[[int, bool], int]) -> APIRouter:
    """Only wired in when the department was started with ``--faults``.

    ``lose_data`` forgets so many of the newest requests and may give their numbers away again.
    """
    router = APIRouter()

    @router.get("/_faults")
    def list_faults() -> Response:
        return reply("json", "faults", [fault.document() for fault in faults.waiting()])

    @router.post("/_faults")
    async def add_fault(request: Request) -> Response:
        try:
            content: Any = await request.json()
        except ValueError as error:
            raise Refused(400, "A fault is a JSON object.") from error
        if not isinstance(content, Mapping):
            raise Refused(400, "A fault is a JSON object.")
        if "lose_data" in content:
            newest = int(_number(content, "lose_data", 0, 1, 1_000_000_000))
            return reply("json", "lost", {"lost": lose_data(newest, content.get("numbers_again") is True)})
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
