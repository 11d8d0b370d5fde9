"""Accounts of every kind: each mode, keys that change, one that is not verified, and notices outside the window.

The gateway runs in this process with the emulator's clock, so that days can pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.services.records import Bubble
from integrations.settings import Settings
from integrations.web.app import create_app
from tests.builders import conversation, relay_all, request_of
from tests.fake_wechat import Account, Clock, FakeWechat, Mode
from tests.fakes import SATURDAY, FakeDispatcher, FakeListener
from tests.wechat.conftest import Door

Run = Callable[..., FakeWechat]
# Real processes, which need time of their own.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

HEARD = "听到了："


@pytest.fixture
def world() -> Clock:
    return Clock(SATURDAY.timestamp())


@pytest.fixture
def clock(world: Clock) -> Callable[[], datetime]:
    return world.moment


@pytest.fixture
def settings(settings: Settings, redis_url: str) -> Settings:
    return settings.model_copy(update={"redis_url": redis_url})


@pytest.fixture
def opened(services: Services, world: Clock) -> Iterator[Run]:
    """The emulator of an account, and the gateway for it."""
    with ExitStack() as stack:

        def run(account: Account, **changed: Any) -> FakeWechat:
            fake = stack.enter_context(FakeWechat(account, world, patience=changed.pop("patience", 5.0)))
            given = {name.removeprefix("JIESU_").lower(): value for name, value in fake.environment().items()}
            given["wechat_verified"] = account.verified
            services.settings = services.settings.model_copy(update={**given, **changed})
            client = stack.enter_context(TestClient(create_app(services)))

            def hook(method: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
                answer = client.request(method, "/wechat", params=query, content=body)
                return answer.status_code, answer.content

            fake.hook = hook
            return fake

        yield run


@pytest.mark.parametrize("mode", [*Mode])
def test_a_complete_exchange_in_every_mode(opened: Run, services: Services, listener: FakeListener, mode: Mode) -> None:
    """The check of the address, a message, an event, a reply too late for the push, another message."""
    fake = opened(Account(mode=mode))
    assert fake.check_hook()
    phone = fake.citizen(follows=False)
    assert phone.follow().wait().result == "reply"
    assert phone.say("路灯不亮").wait().result == "reply"
    assert phone.last.text == HEARD + "路灯不亮"
    listener.seconds = 4.4
    assert phone.say("再说一句").wait().result == "nothing"
    phone.wait_for(HEARD + "再说一句")
    assert phone.last.how == "customer_service"
    assert (fake.shown_faults, fake.counters.refused()) == (0, {})


def test_a_key_that_is_changed_while_it_runs(opened: Run) -> None:
    """First the console's new key is added here, then the console changes, then the old one goes."""
    old, new = "A" * 43, "B" * 42 + "A"
    fake = opened(Account(aes_key=old), wechat_aes_key=f"{new} {old}")
    phone = fake.citizen()
    assert phone.say("旧钥匙。").wait().result == "reply"
    fake.account.aes_key = new
    assert phone.say("新钥匙。").wait().result == "reply"
    assert phone.texts() == [HEARD + "旧钥匙。", HEARD + "新钥匙。"]


@pytest.mark.timeout(60)
def test_an_account_that_is_not_verified_answers_within_three_pushes(opened: Run, listener: FakeListener) -> None:
    """No API is called; an answer that is too late for all three is told with the citizen's next message."""
    fake = opened(Account(verified=False), patience=5.0)
    phone = fake.citizen()
    assert phone.say("很快。").wait().result == "reply"
    listener.seconds = 7.0
    record = phone.say("七秒。").wait()
    assert (record.outcomes, phone.last.text) == (["late", "reply"], HEARD + "七秒。")
    listener.seconds = 16.0
    record = phone.say("十六秒。").wait()
    assert record.outcomes == ["late", "late", "reply"]
    assert HEARD not in phone.last.text
    time.sleep(3.0)
    assert phone.say("好").wait().result == "reply"
    assert phone.last.text == HEARD + "十六秒。"
    assert len(listener.said) == 3
    assert fake.shown_faults == 0
    assert fake.counters.calls == []


def _with_a_rest(door: Door, listener: FakeListener, *openids: str) -> None:
    """The first part of a long answer is told, the second waits to be sent."""
    listener.answers = lambda said: [Bubble("路" * 683)]
    for openid in openids:
        assert door.push(door.message(Content="说长一点").replace("oSomebody", openid)).content != b"success"


def test_two_threads_of_one_gateway_do_not_both_tell_it(door: Door, listener: FakeListener) -> None:
    """Two pushes of one citizen that are answered late end in two deliveries at the same time."""

    def slow(openid: str, text: str) -> None:
        door.api.sent.append((openid, text))
        time.sleep(0.5)

    _with_a_rest(door, listener, "oSomebody")
    door.api.send_text = slow  # type: ignore[method-assign]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(door.services.wechat.delivering.deliver, ["oSomebody"] * 4))
    assert len(door.api.sent) == 1


def test_a_mistake_of_ours_with_one_citizen_keeps_nobody_else_waiting(door: Door, listener: FakeListener) -> None:
    _with_a_rest(door, listener, "oFirst", "oSecond")
    door.api.failures = [RuntimeError("a mistake")]
    door.services.wechat.delivering.run_due()
    assert len(door.api.sent) == 1


def test_a_notice_outside_the_window_is_a_subscription_notice_once_agreed(
    opened: Run, services: Services, dispatcher: FakeDispatcher, world: Clock, tmp_path: Path
) -> None:
    """Agreed to by the little window; after three days no message may be sent, and the notice is all there is."""
    account = Account()
    closed = account.templates[1]
    file = tmp_path / "notices.yml"
    fields = {"character_string1": "number", "thing2": "unit", "phrase3": "status"}
    notices = {"closed": {"template": closed.id, "lasts": "once", "fields": fields}}
    file.write_text(yaml.safe_dump({"notices": notices}), encoding="utf-8")
    fake = opened(account, wechat_notices=file, public_url="https://city.example")
    phone = fake.citizen()
    phone.say("路灯不亮").wait()
    complaint = _filed(services, phone.openid)
    relay_all(services)
    phone.answer_consent(closed.id).wait()
    world.advance(3 * 86_400)
    dispatcher.do(request_of(services, complaint), "closed")
    services.dispatching.poll()
    relay_all(services)
    services.wechat.delivering.run_due()
    services.wechat.delivering.run_due()
    assert len(phone.heard("subscription")) == 1, phone.shown()
    assert fake.counters.wasted == 0
    before = len(phone.heard())
    phone.say("我来看看。").wait()
    assert len(phone.heard()) == before + 1  # the notice's own words come with the answer, once
    assert (fake.shown_faults, fake.counters.wasted) == (0, 0)


def _filed(services: Services, openid: str) -> Any:
    from dataclasses import replace

    from tests.builders import told

    draft = replace(told(services), join=None)
    return services.filing.submit(draft, conversation(services, openid, "wechat").id)
