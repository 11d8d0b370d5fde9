"""What the tests of the laws run against: one system of real processes for many tests, or one of a test's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.web.app import create_app
from tests import stores
from tests.fake_wechat import Account, Clock, FakeWechat
from tests.fake_wechat.sealing import Seal, signature
from tests.fake_wechat.wire import push_xml, reply_in
from tests.services.wechat.citizen import FakeWechatApi
from tests.wechat.processes import Cache, SlowRasa, System, running

Make = Callable[..., System]


@contextmanager
def made(folder: Path, empty_tables: str, account: Account, **more: Any) -> Iterator[System]:
    """A running system with a Redis of its own; its WeChat has the real time."""
    with ExitStack() as stack:
        database = stack.enter_context(stores.database_url(folder, template=empty_tables))
        cache = Cache(folder).start()
        stack.callback(cache.stop)
        rasa = stack.enter_context(SlowRasa())
        fake = stack.enter_context(FakeWechat(account, Clock(speed=1)))
        system = System(fake, rasa, folder=folder, database=database, redis=cache.url, **more)
        system.cache = cache  # type: ignore[attr-defined]
        yield stack.enter_context(running(system))


@pytest.fixture(scope="session")
def shared_system(tmp_path_factory: pytest.TempPathFactory, empty_tables: str) -> Iterator[System]:
    """Safe mode, verified, one gateway and a worker."""
    with made(tmp_path_factory.mktemp("wx"), empty_tables, Account()) as system:
        yield system


@pytest.fixture
def system(shared_system: System) -> Iterator[System]:
    """The same with everything at rest and nothing ordered or counted."""
    fake = shared_system.fake
    shared_system.rasa.reset()
    fake.faults.clear()
    fake.push_faults.clear()
    fake.counters.calls.clear()
    fake.pushes.apart = fake.pushes.patience = 5.0
    yield shared_system
    fake.faults.clear()
    fake.push_faults.clear()


@pytest.fixture
def make(tmp_path: Path, empty_tables: str) -> Iterator[Make]:
    """Systems of a test's own."""
    with ExitStack() as stack:
        yield lambda account=None, **more: stack.enter_context(
            made(tmp_path, empty_tables, account or Account(), **more)
        )


class Door:
    """The real hook in this process, and Tencent's side of it."""

    def __init__(self, services: Services, account: Account) -> None:
        self.services, self.account = services, account
        services.settings = services.settings.model_copy(
            update={
                "wechat_appid": account.appid,
                "wechat_secret": account.secret,
                "wechat_token": account.token,
                "wechat_aes_key": account.aes_key,
                "wechat_mode": str(account.mode),
            }
        )
        self.api = FakeWechatApi()
        services.replacements["wechat_api"] = self.api
        self.client = TestClient(create_app(services), raise_server_exceptions=False)
        self.seal = Seal(account.aes_key, account.appid, account.token)
        self._numbers = itertools.count(1)

    def query(self, **more: str) -> dict[str, str]:
        """Signed as the address of every request is."""
        stamp, nonce = str(int(self.services.clock().timestamp())), f"n{next(self._numbers)}"
        signed = signature(self.account.token, stamp, nonce)
        return {"signature": signed, "timestamp": stamp, "nonce": nonce, **more}

    def sealed(self, xml: str, *, encrypt: str = "") -> tuple[dict[str, str], bytes]:
        """A push as it comes in safe mode; `encrypt` in place of what sealing gives, rightly signed."""
        query, encrypt = self.query(encrypt_type="aes"), encrypt or self.seal.sealed(xml)
        signed = self.seal.signed(encrypt, query["timestamp"], query["nonce"])
        body = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
        return {**query, "msg_signature": signed}, body.encode()

    def post(self, query: dict[str, str], body: bytes) -> httpx.Response:
        return self.client.post("/wechat", params=query, content=body)

    def push(self, xml: str, *, encrypt: str = "") -> httpx.Response:
        return self.post(*self.sealed(xml, encrypt=encrypt))

    def message(self, kind: str = "text", number: int = 0, at: int = 0, **fields: Any) -> str:
        """The XML of a message, of its own unless it has a number; of an event when `kind` is event."""
        stamp = at or int(self.services.clock().timestamp())
        whole = {
            "ToUserName": self.account.original_id,
            "FromUserName": "oSomebody",
            "CreateTime": stamp,
            "MsgType": kind,
            **fields,
        }
        return push_xml(whole if kind == "event" else {**whole, "MsgId": number or 10**6 + next(self._numbers)})

    def said(self, answer: httpx.Response) -> str:
        """The words of a sealed reply, "" where there is none."""
        assert answer.status_code == 200, answer.status_code
        reply = reply_in(self.account, self.seal, answer.content, "oSomebody")
        return reply.text if reply else ""


@pytest.fixture
def door(services: Services) -> Iterator[Door]:
    made = Door(services, Account())
    with made.client:
        yield made
