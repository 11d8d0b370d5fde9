"""WeChat's door: who is not WeChat gets nothing, who is gets a proper answer whatever happens behind it."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from integrations.bootstrap import Services
from integrations.clients.wechat.envelope import Envelope
from integrations.clients.wechat.xml_tree import tree, value
from integrations.services.errors import TryLater
from integrations.services.records import Bubble, Said
from integrations.web.app import create_app
from tests.conftest import wait_until
from tests.fakes import FakeClock, FakeListener
from tests.services.wechat.citizen import OPENID, FakeWechatApi

TOKEN, KEY, APPID = "test-wechat-token", "A" * 43, "wx0123456789abcdef"
LAMP = "合肥路的路灯坏了，三天了没人管。"


@pytest.fixture
def api() -> FakeWechatApi:
    return FakeWechatApi()


@pytest.fixture
def services(services: Services, api: FakeWechatApi) -> Services:
    account = {
        "wechat_appid": APPID,
        "wechat_secret": "test-wechat-secret",
        "wechat_token": TOKEN,
        "wechat_aes_key": KEY,
        "wechat_mode": "safe",
        "burst_seconds": 0,
    }
    services.settings = services.settings.model_copy(update=account)
    services.replacements["wechat_api"] = api
    return services


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(create_app(services)) as made:
        yield made


class Tencent:
    """Seals pushes with an envelope of its own and opens the replies."""

    def __init__(self, client: TestClient, clock: FakeClock) -> None:
        self.client, self.clock = client, clock
        self.envelope = Envelope(token=TOKEN, aes_keys=[KEY], appid=APPID, mode="safe", clock=clock)

    def sealed(self, xml: str) -> tuple[dict[str, str], bytes]:
        now, nonce = int(self.clock().timestamp()), secrets.token_hex(4)
        body = self.envelope.sealed(xml, timestamp=now, nonce=nonce)
        root = tree(body.encode())
        query = {
            "signature": hashlib.sha1("".join(sorted([TOKEN, str(now), nonce])).encode()).hexdigest(),
            "timestamp": str(now),
            "nonce": nonce,
            "openid": OPENID,
            "encrypt_type": "aes",
            "msg_signature": value(root, "MsgSignature"),
        }
        inner = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{value(root, 'Encrypt')}</Encrypt></xml>"
        return query, inner.encode()

    def push(self, xml: str) -> Response:
        query, body = self.sealed(xml)
        return self.client.post("/wechat", params=query, content=body)

    def say(self, text: str, number: int = 1) -> Response:
        return self.push(message("text", f"<Content><![CDATA[{text}]]></Content>", number, self.clock))

    def said(self, reply: Response) -> str:
        assert reply.status_code == 200
        root = tree(reply.content)
        query = {
            "timestamp": value(root, "TimeStamp"),
            "nonce": value(root, "Nonce"),
            "encrypt_type": "aes",
            "msg_signature": value(root, "MsgSignature"),
        }
        opened = tree(self.envelope.opened(query, reply.content).xml)
        assert (value(opened, "ToUserName"), value(opened, "FromUserName")) == (OPENID, "gh_1")
        return value(opened, "Content")


def message(kind: str, inner: str, number: int, clock: FakeClock) -> str:
    return (
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{OPENID}</FromUserName>"
        f"<CreateTime>{int(clock().timestamp())}</CreateTime><MsgType>{kind}</MsgType>{inner}"
        f"<MsgId>{number}</MsgId></xml>"
    )


@pytest.fixture
def tencent(client: TestClient, clock: FakeClock) -> Tencent:
    return Tencent(client, clock)


# -- who is WeChat -----------------------------------------------------------------------------------------------


def test_the_address_is_checked_by_an_echo(client: TestClient, clock: FakeClock) -> None:
    now = str(int(clock().timestamp()))
    query = {"timestamp": now, "nonce": "n", "echostr": "4375120948345356249"}
    query["signature"] = hashlib.sha1("".join(sorted([TOKEN, now, "n"])).encode()).hexdigest()

    answer = client.get("/wechat", params=query)
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")
    forged = client.get("/wechat", params={**query, "signature": "0" * 40})
    assert (forged.status_code, forged.content) == (403, b"")
    assert client.get("/wechat").status_code == 403


@pytest.mark.parametrize("spoil", ["msg_signature", "encrypt_type", "timestamp", "nonce"])
def test_whoever_cannot_sign_gets_nothing_and_says_nothing(
    tencent: Tencent, listener: FakeListener, spoil: str
) -> None:
    query, body = tencent.sealed(message("text", "<Content>你好</Content>", 1, tencent.clock))
    for wrong in ({**query, spoil: "0"}, {name: one for name, one in query.items() if name != spoil}):
        answer = tencent.client.post("/wechat", params=wrong, content=body)
        assert (answer.status_code, answer.content) == (403, b"")
    assert listener.said == []


def test_a_plain_push_is_refused_where_the_account_is_safe(tencent: Tencent, listener: FakeListener) -> None:
    query, _ = tencent.sealed("<xml/>")
    plain = {name: query[name] for name in ("signature", "timestamp", "nonce", "openid")}
    xml = message("text", "<Content>你好</Content>", 1, tencent.clock)

    assert tencent.client.post("/wechat", params=plain, content=xml.encode()).status_code == 403
    assert listener.said == []


def test_a_body_that_is_too_large_is_refused_unread(tencent: Tencent) -> None:
    query, _ = tencent.sealed("<xml/>")

    assert tencent.client.post("/wechat", params=query, content=b"<xml>" + b"a" * 2**21).status_code == 413


def test_without_an_account_there_is_no_door(services: Services) -> None:
    services.settings = services.settings.model_copy(update={"wechat_appid": ""})

    assert TestClient(create_app(services)).post("/wechat", content=b"<xml/>").status_code in (404, 405)


# -- answers -----------------------------------------------------------------------------------------------------


def test_what_is_said_is_answered_sealed_and_once(tencent: Tencent, listener: FakeListener) -> None:
    replies = [tencent.said(tencent.say(LAMP)) for _ in range(3)]

    assert replies == [f"听到了：{LAMP}"] * 3
    assert listener.texts == [LAMP]


@pytest.mark.parametrize("text", ["]]></Content><MsgType>news</MsgType>", "👨‍👩‍👧 好", "a\x00b\x0bc", "<b>&amp;</b>"])
def test_whatever_the_answer_holds_stays_text(tencent: Tencent, listener: FakeListener, text: str) -> None:
    listener.answers = lambda said: [Bubble(text)]

    assert tencent.said(tencent.say(LAMP)) == text.replace("\x00", "").replace("\x0b", "")


def test_an_answer_of_any_length_is_told(
    tencent: Tencent, listener: FakeListener, services: Services, api: FakeWechatApi, clock: FakeClock
) -> None:
    listener.answers = lambda said: [Bubble("长" * 2049)]
    first = tencent.said(tencent.say(LAMP))
    clock.move(seconds=10)
    services.wechat.delivering.run_due()

    assert "".join([first, *api.texts]) == "长" * 2049
    assert all(len(text.encode()) <= 2048 for text in [first, *api.texts])


def test_an_answer_without_a_word_is_no_error(tencent: Tencent, listener: FakeListener) -> None:
    listener.answers = lambda said: [Bubble("\x00 ")]

    assert tencent.say(LAMP).text == "success"


def test_what_needs_no_answer_is_acknowledged(tencent: Tencent) -> None:
    event = (
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{OPENID}</FromUserName>"
        f"<CreateTime>{int(tencent.clock().timestamp())}</CreateTime><MsgType>event</MsgType>"
        "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>1</MsgID><Status>success</Status></xml>"
    )
    assert tencent.push(event).text == "success"


# -- when something is away --------------------------------------------------------------------------------------


def test_while_nothing_can_be_kept_the_citizen_is_asked_to_send_it_again(
    services: Services, tencent: Tencent, listener: FakeListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise TryLater("the database did not answer")

    monkeypatch.setattr("integrations.web.wechat_hook.READY_BY", 0.6)
    object.__setattr__(services.wechat.arriving, "arrive", away)

    assert tencent.said(tencent.say(LAMP)) == services.speech.words.say("wechat.shed")
    assert listener.said == []


def test_a_store_that_comes_back_in_time_costs_nothing(
    services: Services, tencent: Tencent, listener: FakeListener
) -> None:
    whole, tries = services.wechat.arriving.arrive, [TryLater("the database did not answer")]

    def once_away(*about: Any) -> Any:
        if tries:
            raise tries.pop()
        return whole(*about)

    object.__setattr__(services.wechat.arriving, "arrive", once_away)
    assert tencent.said(tencent.say(LAMP)) == f"听到了：{LAMP}"


def test_a_fault_that_nobody_foresaw_is_no_fault_text(
    services: Services, tencent: Tencent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("integrations.web.wechat_hook.READY_BY", 0.6)
    object.__setattr__(services.wechat.arriving, "arrive", broken)

    assert tencent.said(tencent.say(LAMP)) == services.speech.words.say("wechat.shed")


def test_who_sends_too_much_is_asked_to_send_it_again(services: Services, tencent: Tencent) -> None:
    object.__setattr__(services.conversing, "most_waiting", 1)
    mine = services.conversing.open("wechat", OPENID)
    services.conversing.accept(mine.id, "before-1", Said("第一句。"))

    assert tencent.said(tencent.say(LAMP)) == services.speech.words.say("wechat.shed")


def test_whoever_was_told_to_send_it_again_is_not_heard_twice(
    services: Services, tencent: Tencent, listener: FakeListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is so slow that the push is given up: it is not kept behind the citizen's back."""
    whole, begun = services.wechat.arriving.arrive, threading.Event()

    def slow(*about: Any) -> Any:
        begun.wait(10)
        return whole(*about)

    monkeypatch.setattr("integrations.web.wechat_hook.ANSWERED_BY", 0.5)
    object.__setattr__(services.wechat.arriving, "arrive", slow)
    told = tencent.said(tencent.say(LAMP))
    begun.set()
    object.__setattr__(services.wechat.arriving, "arrive", whole)

    assert told == services.speech.words.say("wechat.shed")
    assert tencent.said(tencent.say("合肥路的路灯坏了，请修一下。", 2)).startswith("听到了")
    assert listener.texts == ["合肥路的路灯坏了，请修一下。"]


def test_however_slow_the_answer_is_the_push_is_acknowledged_and_answered_later(
    services: Services,
    tencent: Tencent,
    listener: FakeListener,
    api: FakeWechatApi,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("integrations.web.wechat_hook.ANSWERED_BY", 0.5)
    listener.seconds = 1.0
    assert tencent.say(LAMP).text == "success"

    def told() -> bool:
        clock.move(seconds=30)  # the passive reply that nobody saw leave is told by the other way
        services.wechat.delivering.recover()
        services.wechat.delivering.run_due()
        return bool(api.texts)

    wait_until(told)
    assert api.texts == [f"听到了：{LAMP}"]


def test_a_rush_is_shed_but_for_pushes_that_are_kept(
    services: Services, tencent: Tencent, listener: FakeListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tencent.said(tencent.say(LAMP))
    monkeypatch.setattr("integrations.web.wechat_hook.MOST_AT_ONCE", 0)

    assert tencent.said(tencent.say("还有别的事，井盖坏了。", 2)) == services.speech.words.say("wechat.shed")
    assert tencent.said(tencent.say(LAMP)) == known
    assert listener.texts == [LAMP]


def test_no_openid_and_no_words_get_into_a_log(
    tencent: Tencent, listener: FakeListener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    tencent.say(LAMP)
    listener.away = True
    tencent.client.post("/wechat", params={"openid": OPENID, "signature": "0"}, content=b"<xml/>")

    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "asyncio"))]
    assert any("push:" in line for line in ours)
    assert not any(OPENID in line or LAMP in line for line in ours)
