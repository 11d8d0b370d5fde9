"""Pushes by the law: signed, sealed, five seconds of patience, three tries in all with one MsgId."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import secrets
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import httpx

from tests.fake_wechat import laws
from tests.fake_wechat.account import Mode
from tests.fake_wechat.phone import Entry, Phone, read
from tests.fake_wechat.sealing import signature
from tests.fake_wechat.wire import BadAnswer, reply_in, sealed_body

if TYPE_CHECKING:
    from tests.fake_wechat.world import FakeWechat

# What happened to one try. late: no answer within the patience; refused: no connection, or it broke, or a status
# other than 200; lost: a fault that was ordered.
Outcome = Literal["reply", "nothing", "late", "refused", "bad", "lost"]
# method, query, body -> body, or (status, body)
Hook = Callable[[str, dict[str, str], bytes], Any]


@dataclass(slots=True)
class Try:
    """One post. `seconds` in real time; `why` of a bad answer."""

    at: float
    outcome: Outcome
    seconds: float
    status: int = 0
    why: str = ""


@dataclass(slots=True)
class Record:
    """A push and how it fared: `result` is pending, reply, nothing or fault."""

    openid: str
    fields: dict[str, Any]
    at: float
    tries: list[Try] = field(default_factory=list)
    result: Literal["pending", "reply", "nothing", "fault"] = "pending"
    reply: str = ""
    late_answers: int = 0

    @property
    def outcomes(self) -> list[Outcome]:
        return [one.outcome for one in self.tries]

    @property
    def name(self) -> str:
        return str(self.fields.get("Event") or self.fields["MsgType"])

    @property
    def answered(self) -> bool:
        """Whether the phone shows a reply to it, and a failure."""
        return self.fields["MsgType"] != "event" or self.fields["Event"] in laws.ANSWERED_EVENTS


class Pushed:
    """A push under way."""

    def __init__(self, record: Record, future: concurrent.futures.Future[Record]) -> None:
        self.record, self._future = record, future

    def wait(self, seconds: float = 30.0) -> Record:
        """From another thread than the emulator's."""
        return self._future.result(seconds)

    def __await__(self) -> Generator[Any, None, Record]:
        return asyncio.wrap_future(self._future).__await__()


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes


class Pushes:
    """`log` holds every push. `patience` and `apart` are real seconds: tests make them shorter."""

    def __init__(self, world: FakeWechat, hook: str | Hook, patience: float, apart: float) -> None:
        self.world, self.hook = world, hook
        self.patience, self.apart = patience, apart
        self.log: list[Record] = []
        self._http: httpx.AsyncClient | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._started: dict[str, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        # Functions that are slow on purpose must not keep others waiting.
        self._threads = concurrent.futures.ThreadPoolExecutor(64, thread_name_prefix="fake-wechat-hook")

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        limits = httpx.Limits(max_connections=500, max_keepalive_connections=100)
        self._http = httpx.AsyncClient(timeout=None, limits=limits, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._http:
            await self._http.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._loop = None

    def send(self, phone: Phone, fields: dict[str, Any]) -> Pushed:
        """Start a push. What the citizen did has its time, whenever the push arrives."""
        if self._loop is None:
            raise RuntimeError("the emulator is not running")
        now = self.world.clock.now()
        whole = {
            "ToUserName": self.world.account.original_id,
            "FromUserName": phone.openid,
            "CreateTime": int(now),
            **fields,
        }
        record = Record(phone.openid, whole, now)
        self.log.append(record)
        return Pushed(record, asyncio.run_coroutine_threadsafe(self._pushed(phone, record), self._loop))

    async def _pushed(self, phone: Phone, record: Record) -> Record:
        task = asyncio.current_task()
        assert task
        self._running.add(task)
        try:
            await self._held_back(record)
            await self._tried(phone, record)
        finally:
            self._running.discard(task)
        return record

    async def _held_back(self, record: Record) -> None:
        fault = self.world.push_faults.take(("delayed", "reordered"))
        if fault and fault.kind == "delayed":
            await asyncio.sleep(fault.seconds)
        elif fault:
            before, end = self._started.get(record.openid, 0), time.monotonic() + self.patience
            while self._started.get(record.openid, 0) == before and time.monotonic() < end:
                await asyncio.sleep(min(0.005, self.patience / 20))
            await asyncio.sleep(min(0.05, self.patience / 4))
        self._started[record.openid] = self._started.get(record.openid, 0) + 1

    async def _tried(self, phone: Phone, record: Record) -> None:
        for number in range(1, laws.TRIES + 1):
            began = time.monotonic()
            at = self.world.clock.now()
            outcome, status, why = await self._one(phone, record, spare=number == laws.TRIES)
            record.tries.append(Try(at, outcome, time.monotonic() - began, status, why))
            if outcome in ("reply", "nothing"):
                record.result = "reply" if outcome == "reply" else "nothing"
                return
            if outcome == "bad":
                break
            if number < laws.TRIES:
                await asyncio.sleep(max(0.0, self.apart - (time.monotonic() - began)))
        record.result = "fault"
        if record.answered:
            with self.world.lock:
                phone.entries.append(Entry("system", laws.FAULT, self.world.clock.now(), "fault", kind="fault"))

    async def _one(self, phone: Phone, record: Record, *, spare: bool) -> tuple[Outcome, int, str]:
        fault = self.world.push_faults.take(("dropped", "unheard", "doubled"), spare=spare)
        kind = fault.kind if fault else ""
        if kind == "unheard":
            return "lost", 0, "the push was lost"
        posts = [asyncio.ensure_future(self._post(record)) for _ in range(2 if kind == "doubled" else 1)]
        done, waiting = await asyncio.wait(posts, timeout=self.patience, return_when=asyncio.FIRST_COMPLETED)
        for post in waiting:
            self._leave(post, record)
        if not done:
            return "late", 0, ""
        answer = next(iter(done)).result()
        if kind == "dropped":
            return "lost", answer.status, "its answer was lost"
        if answer.status != 200:
            return "refused", answer.status, ""
        return self._read(phone, record, answer)

    def _leave(self, post: asyncio.Future[Answer], record: Record) -> None:
        """Nobody waits for this answer any more. A real connection is closed; a function may end and is counted."""
        if isinstance(self.hook, str):
            post.cancel()
            return
        task = asyncio.ensure_future(self._late(post, record))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    @staticmethod
    async def _late(post: asyncio.Future[Answer], record: Record) -> None:
        answer = await post
        record.late_answers += answer.status == 200 and answer.body.strip() not in (b"", b"success")

    def _read(self, phone: Phone, record: Record, answer: Answer) -> tuple[Outcome, int, str]:
        try:
            reply = reply_in(self.world.account, self.world.seal, answer.body, record.openid)
        except BadAnswer as bad:
            return "bad", answer.status, str(bad)
        if reply is None or not record.answered or reply.kind == "transfer_customer_service":
            return "nothing", answer.status, ""
        text, options = read(reply.text) if reply.kind == "text" else (f"[{reply.kind}]", ())
        record.reply = reply.text
        with self.world.lock:
            phone.entries.append(
                Entry(
                    "account", text, self.world.clock.now(), "passive", raw=reply.text, kind=reply.kind, options=options
                )
            )
        return "reply", answer.status, ""

    # -- the post ----------------------------------------------------------------------------------------------------

    def query(self, openid: str = "") -> dict[str, str]:
        """Signed as every push is, with a nonce of its own."""
        stamp, nonce = str(int(self.world.stamp())), str(secrets.randbelow(10**9))
        signed = signature(self.world.account.token, stamp, nonce)
        return {"signature": signed, "timestamp": stamp, "nonce": nonce, **({"openid": openid} if openid else {})}

    async def _post(self, record: Record) -> Answer:
        query = self.query(record.openid)
        body, signed = sealed_body(
            self.world.account, self.world.seal, record.fields, query["timestamp"], query["nonce"]
        )
        if self.world.account.mode is not Mode.PLAIN:
            query |= {"encrypt_type": "aes", "msg_signature": signed}
        return await self.call("POST", query, body.encode())

    async def call(self, method: str, query: dict[str, str], body: bytes) -> Answer:
        """Status 0: no connection, or it broke."""
        if isinstance(self.hook, str):
            assert self._http
            try:
                answer = await self._http.request(
                    method, self.hook, params=query, content=body, headers={"content-type": "text/xml"}
                )
            except httpx.HTTPError:
                return Answer(0, b"")
            return Answer(answer.status_code, answer.content)
        try:
            if inspect.iscoroutinefunction(self.hook):
                found = await self.hook(method, query, body)
            else:
                found = await asyncio.get_running_loop().run_in_executor(self._threads, self.hook, method, query, body)
                if isinstance(found, Awaitable):
                    found = await found
        except (OSError, httpx.HTTPError):
            return Answer(0, b"")
        status, content = found if isinstance(found, tuple) else (200, found)
        return Answer(status, content.encode() if isinstance(content, str) else content)
