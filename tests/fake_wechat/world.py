"""The emulator: an account, its citizens, the API, the pushes, and a clock over all of it."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from tests.fake_wechat.account import Account
from tests.fake_wechat.citizens import Citizen
from tests.fake_wechat.clock import Clock
from tests.fake_wechat.faults import ApiFaults, Counters, PushFaults
from tests.fake_wechat.laws import LIMITS, PATIENCE
from tests.fake_wechat.media import Media
from tests.fake_wechat.menus import Menus
from tests.fake_wechat.phone import Phone
from tests.fake_wechat.pushing import Hook, Pushes
from tests.fake_wechat.sealing import Seal
from tests.fake_wechat.sending import Sending
from tests.fake_wechat.server import app_of
from tests.fake_wechat.signing_in import SigningIn
from tests.fake_wechat.tokens import Tokens


class _Server(uvicorn.Server):
    """Leaves the signals of the process alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class FakeWechat:
    """`hook` is where pushes go: an address, or a function (method, query, body) -> body or (status, body), plain or
    async; it may be set later (`fake.hook = …`). `patience` is how many real seconds a push waits and `apart` how far
    tries begin from each other. `stamp` gives the time that signatures carry; the clock unless said otherwise.

    Runs in a thread of its own (`with fake:` or start() and stop()) or in the running loop (`async with fake:`); in
    both cases `url` is the API on a real port.
    """

    def __init__(
        self,
        account: Account | None = None,
        clock: Clock | None = None,
        hook: str | Hook | None = None,
        *,
        patience: float = PATIENCE,
        apart: float | None = None,
        seed: int = 0,
        stamp: Callable[[], float] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.account = account or Account()
        self.clock = clock or Clock()
        self.stamp = stamp or self.clock.now
        self.lock = threading.RLock()
        self.citizens: dict[str, Citizen] = {}
        self.phones: dict[str, Phone] = {}
        self.faults, self.push_faults = ApiFaults(), PushFaults(seed)
        self.counters = Counters()
        self.limits = dict(LIMITS)
        self.tokens, self.media, self.menus = Tokens(self), Media(self), Menus()
        self.sending, self.signing_in = Sending(self), SigningIn(self)
        self.pushes = Pushes(self, hook or (lambda *_: b"success"), patience, patience if apart is None else apart)
        self.app = app_of(self)
        self._host, self._port = host, port
        self._ids = itertools.count(24_000_000_000_000_000 + secrets.randbelow(10**12))
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # -- parts -----------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}"

    @property
    def seal(self) -> Seal:
        """By the account's key as it is now: a key may be changed while it runs."""
        return Seal(self.account.aes_key, self.account.appid, self.account.token)

    @property
    def hook(self) -> str | Hook:
        return self.pushes.hook

    @hook.setter
    def hook(self, hook: str | Hook) -> None:
        self.pushes.hook = hook

    def citizen(self, name: str = "", *, follows: bool = True, openid: str = "") -> Phone:
        """A new citizen; their phone."""
        with self.lock:
            openid = openid or "o" + secrets.token_urlsafe(24)[:27]
            name = name or f"市民{len(self.citizens) + 1}"
            self.citizens[openid] = Citizen(openid, name, follows)
            self.phones[openid] = Phone(self, openid)
        return self.phones[openid]

    def phone(self, openid: str) -> Phone:
        return self.phones[openid]

    def next_id(self) -> int:
        """Ids of messages grow and do not fit into 53 bits."""
        return next(self._ids)

    @property
    def shown_faults(self) -> int:
        """How often any citizen has read that the service is out of order."""
        return sum(one.faults for one in self.phones.values())

    def environment(self) -> dict[str, str]:
        """With these settings a gateway fits to this emulator."""
        account = self.account
        return {
            "JIESU_WECHAT_APPID": account.appid,
            "JIESU_WECHAT_SECRET": account.secret,
            "JIESU_WECHAT_TOKEN": account.token,
            "JIESU_WECHAT_AES_KEY": account.aes_key,
            "JIESU_WECHAT_MODE": str(account.mode),
            "JIESU_WECHAT_VERIFIED": str(account.verified).lower(),
            "JIESU_WECHAT_URL": self.url,
            "JIESU_WECHAT_OPEN_URL": self.url,
            "JIESU_WECHAT_PICTURE_URL": self.url,
            "JIESU_WECHAT_SCRIPT_URL": f"{self.url}/open/js/jweixin.js",
        }

    async def checked_hook(self) -> bool:
        """What the console does when the address of the hook is saved: a signed GET that must be answered by its
        echostr to the byte."""
        echo = str(secrets.randbelow(10**18))
        answer = await self.pushes.call("GET", {**self.pushes.query(), "echostr": echo}, b"")
        return answer.status == 200 and answer.body == echo.encode()

    def check_hook(self, seconds: float = 10.0) -> bool:
        """The same from another thread."""
        assert self._loop
        return asyncio.run_coroutine_threadsafe(self.checked_hook(), self._loop).result(seconds)

    # -- running ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> FakeWechat:
        self._loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            self.app,
            self._host,
            self._port,
            log_level="error",
            lifespan="off",
            http="h11",
            access_log=False,
            timeout_keep_alive=30,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            if self._serving.done():
                raise RuntimeError("the port is taken")
            await asyncio.sleep(0.005)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]
        await self.pushes.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.pushes.close()
        assert self._server
        assert self._serving
        self._server.should_exit = self._server.force_exit = True
        await self._serving
        self._loop = None

    def cut(self, client: tuple[str, int] | None) -> None:
        """End this client's connection without a word."""
        if self._server:
            for one in list(self._server.server_state.connections):
                if getattr(one, "client", None) == client and one.transport:
                    one.transport.abort()

    def start(self) -> FakeWechat:
        """In a thread of its own."""
        ready, trouble = threading.Event(), []
        self._stop: asyncio.Event | None = None

        async def live() -> None:
            self._stop = asyncio.Event()
            try:
                await self.__aenter__()
            except (RuntimeError, OSError, SystemExit) as error:
                trouble.append(error)
                return
            finally:
                ready.set()
            await self._stop.wait()
            await self.__aexit__()

        def run() -> None:
            with suppress(SystemExit):
                asyncio.run(live())
            ready.set()

        self._thread = threading.Thread(target=run, daemon=True, name="fake-wechat")
        self._thread.start()
        ready.wait(20)
        if trouble or self._loop is None:
            raise RuntimeError(f"the emulator did not start: {trouble}")
        return self

    def stop(self) -> None:
        if self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread:
            self._thread.join(20)

    def __enter__(self) -> FakeWechat:
        return self.start()

    def __exit__(self, *_error: Any) -> None:
        self.stop()
