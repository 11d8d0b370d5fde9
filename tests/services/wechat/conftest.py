"""Services with a WeChat account whose API is a memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from integrations.bootstrap import Services
from integrations.services.wechat.records import Push
from tests.services.wechat.citizen import FakeWechatApi

ACCOUNT = {
    "wechat_appid": "wx0123456789abcdef",
    "wechat_secret": "test-wechat-secret",
    "wechat_token": "test-wechat-token",
    "wechat_mode": "plain",
    "burst_seconds": 0,
}


@pytest.fixture
def api() -> FakeWechatApi:
    return FakeWechatApi()


@pytest.fixture
def services(services: Services, api: FakeWechatApi) -> Services:
    services.settings = services.settings.model_copy(update=ACCOUNT)
    services.replacements["wechat_api"] = api
    return services


Ask = Callable[..., str]


@pytest.fixture
def ask(services: Services, run: Callable[[Awaitable[object]], object]) -> Ask:
    """Push something and give the passive reply, "" for none; `late`: seconds by which the hook is behind."""

    async def pushed(one: Push, late: float) -> str:
        replying = services.wechat.replying
        began = asyncio.get_running_loop().time() - late
        reply = await replying.reply(one, began)
        await replying.confirm(reply, began)
        await asyncio.gather(*replying._turns)
        return reply.text

    return lambda one, late=0.0: str(run(pushed(one, late)))
