"""`jiesu wechat` with the real client against the emulator of WeChat: its menu limits, its IP list, its secret."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.clients.wechat.alarms import Alarms
from integrations.clients.wechat.api import WechatClient
from integrations.clients.wechat.tokens import SharedTokens
from integrations.running import wechat_checks
from integrations.running.wechat_checks import Account
from integrations.services.wechat.menus import Menus
from integrations.settings import Settings
from tests import fake_wechat


@pytest.fixture
def fake() -> Iterator[fake_wechat.FakeWechat]:
    with fake_wechat.FakeWechat(fake_wechat.Account()) as world:
        yield world


def account(settings: Settings, fake: fake_wechat.FakeWechat, redis_url: str, **changed: str) -> Account:
    theirs = fake.account
    chosen = settings.model_copy(
        update={
            "wechat_appid": theirs.appid,
            "wechat_secret": theirs.secret,
            "wechat_token": theirs.token,
            "wechat_aes_key": theirs.aes_key,
            "wechat_url": fake.url,
            "public_url": "https://city.example",
            **changed,
        }
    )
    client = WechatClient(
        chosen.wechat_appid,
        chosen.wechat_secret,
        base_url=chosen.wechat_url,
        picture_url=chosen.wechat_url,
        tokens=SharedTokens(redis_url, chosen.wechat_appid),
        alarms=Alarms(redis_url),
    )
    return Account(settings=chosen, api=client, menus=Menus(api=client, public_url=chosen.public_url))


def states(found: Account) -> dict[str, str]:
    return {one.name: one.state for one in wechat_checks.examine(found)}


def test_a_wrong_secret_is_told_as_such_and_leaves_an_alarm(
    settings: Settings, fake: fake_wechat.FakeWechat, redis_url: str
) -> None:
    checks = list(wechat_checks.examine(account(settings, fake, redis_url, wechat_secret="0" * 32)))
    token = next(one for one in checks if one.name == "WeChat token")
    assert token.state == "bad" and "JIESU_WECHAT_SECRET" in token.found + token.do
    assert any(one.name == "WeChat alarm" and "40125" in one.found for one in checks)
    assert not any("0" * 32 in one.found + one.do for one in checks)


def test_the_menu_that_ships_is_taken_by_wechat_and_is_then_the_same(
    settings: Settings, fake: fake_wechat.FakeWechat, redis_url: str
) -> None:
    found = account(settings, fake, redis_url)
    assert states(found)["WeChat menu"] == "warn"
    found.menus.push()
    after = states(found)
    assert after["WeChat token"] == after["WeChat menu"] == after["WeChat's addresses"] == "ok"
    assert after["WeChat hook"] == "warn"
    found.menus.delete()
    assert found.menus.check() == ["WeChat has no menu"]
