"""The chat API, the unhappy path first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.services.conversing import MAX_CHARACTERS, STALE_AFTER, Conversing
from integrations.services.errors import TryLater
from integrations.services.records import Bubble, Conversation, Option, Said
from integrations.web.app import BODY_LIMIT, SWEEP_SECONDS, create_app
from integrations.web.chat import MESSAGES_A_MINUTE
from integrations.web.sessions import COOKIE
from tests.conftest import wait_until
from tests.fakes import FakeClock, FakeListener
from tests.web.conftest import OURS, Browser, is_chinese, problem

SUBMIT = Option("确认提交", '/choose{"option": "confirm:draft-1"}')


def test_an_answer_that_comes_while_the_lines_are_read_is_not_missed(
    browser: Browser, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who hears that nothing is pending any more looks no further."""
    history, is_pending = Conversing.history, Conversing.is_pending
    mine = browser.begin()["conversation"]
    line = services.conversing.accept(mine, "12345678", Said("路灯坏了"))

    def comes_between(look: Callable[..., Any]) -> Callable[..., Any]:
        def looked(self: Conversing, *given: Any) -> Any:
            found = look(self, *given)
            self._settle(mine, [line], [Bubble("在哪儿")])
            return found

        return looked

    monkeypatch.setattr(Conversing, "history", comes_between(history))
    monkeypatch.setattr(Conversing, "is_pending", comes_between(is_pending))
    page = browser.client.get("/api/chat/messages", headers=OURS, params={"after": line.seq}).json()

    assert page["pending"] or [one["text"] for one in page["messages"]] == ["在哪儿"]


# -- sessions ----------------------------------------------------------------------------------------------------


def test_the_session_cookie_is_for_the_server_only(new_browser: Callable[[], Browser]) -> None:
    answer = new_browser().client.post("/api/chat/session", headers=OURS)

    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_over_https_only_the_cookie_is_secure(services: Services) -> None:
    services.settings = services.settings.model_copy(update={"cookie_secure": True})

    answer = TestClient(create_app(services)).post("/api/chat/session", headers=OURS)

    assert "Secure" in answer.headers["set-cookie"]


def test_beginning_again_goes_on_with_the_same_conversation(browser: Browser) -> None:
    first = browser.begin()

    again = browser.client.post("/api/chat/session", headers=OURS)

    assert again.json() == first
    assert "set-cookie" not in again.headers


def test_a_session_begins_with_the_greeting_and_its_buttons(browser: Browser) -> None:
    (greeting,) = browser.messages()

    assert greeting["from"] == "assistant"
    assert [one["number"] for one in greeting["options"]] == [1, 2, 3]
    assert "payload" not in json.dumps(greeting)


@pytest.mark.parametrize(
    "cookie",
    [
        b"",
        b"x",
        b".",
        b"address.",
        b".signature",
        b"somebody.0000000000000000000000000000000000000000000000000000000000000000",
        "地址.签名".encode(),
        b"address.\xff\xfe",
        b"a" * 5_000,
    ],
)
def test_a_cookie_that_we_did_not_sign_is_no_session(app: FastAPI, cookie: bytes) -> None:
    client = TestClient(app, raise_server_exceptions=False)

    answer = client.get("/api/chat/messages", headers={b"cookie": COOKIE.encode() + b"=" + cookie})

    error = problem(answer, 401)
    assert error["code"] == "no_session"
    assert is_chinese(error["message"])


def test_a_tampered_cookie_is_no_session(browser: Browser) -> None:
    address, _, signature = browser.client.cookies[COOKIE].partition(".")
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, f"{address}x.{signature}")

    problem(browser.post(text="路灯坏了"), 401)


def test_another_citizens_conversation_cannot_be_reached(new_browser: Callable[[], Browser]) -> None:
    mine, theirs = new_browser(), new_browser()
    ids = {mine.begin()["conversation"], theirs.begin()["conversation"]}
    mine.say("只有我知道的事")

    assert len(ids) == 2
    assert "只有我知道的事" not in json.dumps(theirs.messages(), ensure_ascii=False)


@pytest.mark.parametrize("path", ["/api/chat/session", "/api/chat/messages"])
def test_a_form_of_another_site_can_send_nothing(browser: Browser, path: str) -> None:
    answer = browser.client.post(path, json={"id": "message-001", "text": "路灯坏了"})

    assert problem(answer, 403)["code"] == "header_missing"
    assert len(browser.messages()) == 1


# -- messages that cannot be taken -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "路灯坏了",
        5,
        {},
        {"id": "message-001"},
        {"text": "路灯坏了"},
        {"id": "short", "text": "x"},
        {"id": "x" * 65, "text": "x"},
        {"id": "message 001", "text": "x"},
        {"id": "message-001\n", "text": "x"},
        {"id": 12345678, "text": "x"},
        {"id": "message-001", "text": None},
        {"id": "message-001", "text": 5},
        {"id": "message-001", "text": "x", "payload": "/restart"},
        {"id": "message-001", "text": "x", "choice": {"seq": 1, "option": 1}},
        {"id": "message-001", "text": "x", "location": {"lat": 36, "lon": 120}},
        {"id": "message-001", "choice": {"seq": 1, "option": 1}, "location": {"lat": 36, "lon": 120}},
        {"id": "message-001", "choice": {"seq": 0, "option": 1}},
        {"id": "message-001", "choice": {"seq": 1, "option": "x"}},
        {"id": "message-001", "choice": {"seq": 1}},
        {"id": "message-001", "choice": 1},
        {"id": "message-001", "location": {"lat": 91, "lon": 120}},
        {"id": "message-001", "location": {"lat": 36, "lon": -181}},
        {"id": "message-001", "location": {"lat": "north", "lon": 120}},
        {"id": "message-001", "location": {"lat": 36, "lon": 120, "crs": "EPSG:3857"}},
        {"id": "message-001", "location": {"lat": 36, "lon": 120, "label": "x" * 101}},
        {"id": "message-001", "location": {"lat": 36, "lon": 120, "payload": "x"}},
    ],
    ids=lambda body: json.dumps(body)[:60],
)
def test_a_message_of_the_wrong_shape_is_refused_in_kind_words(browser: Browser, body: object) -> None:
    answer = browser.client.post("/api/chat/messages", content=json.dumps(body), headers=OURS)

    assert is_chinese(problem(answer, 422)["message"])
    assert len(browser.messages()) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"id": "message-001", "text": "\\ud800"}',
        b'{"id": "message-001", "location": {"lat": NaN, "lon": 120}}',
        b'{"id": "message-001", "location": {"lat": Infinity, "lon": 120}}',
        b'{"id": "message-001", "choice": {"seq": 1000000000000000000000000000000, "option": 1}}',
    ],
    ids=lambda content: repr(content[:40]),
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_content_that_is_no_message_is_refused_in_kind_words(browser: Browser, content: bytes, kind: str) -> None:
    answer = browser.client.post("/api/chat/messages", content=content, headers={**OURS, "content-type": kind})

    assert is_chinese(problem(answer, 422)["message"])
    assert len(browser.messages()) == 1


def test_content_that_is_nested_beyond_reason_is_refused(browser: Browser) -> None:
    answer = browser.client.post("/api/chat/messages", content=b"[" * 20_000, headers=OURS)

    assert answer.status_code in (400, 422)
    assert is_chinese(answer.json()["error"]["message"])


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\x00\x01"])
def test_an_empty_message_is_refused(browser: Browser, text: str) -> None:
    assert "还没写内容" in problem(browser.post(text=text), 422)["message"]


def test_a_message_that_is_too_long_is_refused_with_the_limit(browser: Browser) -> None:
    assert str(MAX_CHARACTERS) in problem(browser.post(text="很" * 10_000), 422)["message"]


@pytest.mark.parametrize(("seq", "option"), [(1, 4), (99, 1), (2, 1)])
def test_a_button_that_does_not_exist_is_refused(browser: Browser, seq: int, option: int) -> None:
    browser.say("路灯坏了")

    assert "按钮" in problem(browser.post(choice={"seq": seq, "option": option}), 422)["message"]


@pytest.mark.parametrize("after", ["-1", "x", "1.5", str(10**30)])
def test_a_line_number_that_is_none_is_refused(browser: Browser, after: str) -> None:
    problem(browser.client.get("/api/chat/messages", params={"after": after}), 422)


def test_a_body_that_announces_too_much_is_not_read(browser: Browser) -> None:
    answer = browser.post(text="x" * BODY_LIMIT)

    assert is_chinese(problem(answer, 413)["message"])
    assert len(browser.messages()) == 1


def test_a_body_that_grows_too_large_unannounced_is_refused(browser: Browser) -> None:
    def pieces():  # type: ignore[no-untyped-def]
        yield b'{"id": "message-001", "text": "'
        for _ in range(2 * BODY_LIMIT // 1024):
            yield b"x" * 1024
        yield b'"}'

    answer = browser.client.post("/api/chat/messages", content=pieces(), headers=OURS)

    assert is_chinese(problem(answer, 413)["message"])


def test_who_sends_too_fast_is_asked_to_wait(browser: Browser) -> None:
    answers = [browser.post(text="快") for _ in range(MESSAGES_A_MINUTE + 1)]

    assert {one.status_code for one in answers[:-1]} == {200}
    assert is_chinese(problem(answers[-1], 429)["message"])
    assert int(answers[-1].headers["retry-after"]) > 0


def test_a_limit_that_cannot_be_checked_is_answered_with_try_later(services: Services, browser: Browser) -> None:
    if not hasattr(services.limiter, "away"):
        pytest.skip("a real Redis cannot be switched off from here")
    services.limiter.away = True

    answer = browser.post(text="路灯坏了")

    assert problem(answer, 503)["code"] == "try_later"
    assert answer.headers["retry-after"]


# -- messages that are taken -------------------------------------------------------------------------------------


def test_a_message_is_answered_under_the_id_it_was_sent_with(browser: Browser) -> None:
    own, answer = browser.say("路灯坏了")

    assert (own["from"], own["text"], own["client_id"]) == ("citizen", "路灯坏了", "message-001")
    assert (answer["from"], answer["text"]) == ("assistant", "听到了：路灯坏了")


def test_the_same_message_sent_again_is_taken_once(browser: Browser, listener: FakeListener) -> None:
    body = {"id": "message-001", "text": "路灯坏了"}

    first, second = browser.post(body).json(), browser.post(body).json()

    assert first == second
    assert listener.texts == ["路灯坏了"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "'; DROP TABLE complaints; --",
        '" OR "1"="1',
        "{number} {0} %s ${jndi:ldap://x}",
        "&lt;b&gt;",
    ],
)
def test_html_and_sql_come_back_as_the_text_they_are(browser: Browser, text: str) -> None:
    own, answer = browser.say(text)

    assert own["text"] == text
    assert answer["text"] == f"听到了：{text}"
    assert len(browser.messages()) == 3


@pytest.mark.parametrize("text", [SUBMIT.payload, "/restart", "/submit"])
def test_a_payload_typed_as_text_is_only_text(browser: Browser, listener: FakeListener, text: str) -> None:
    browser.say(text)

    (said,) = listener.said
    assert said.payload is None
    assert not said.text.startswith("/")


def test_a_tap_sends_the_payload_and_shows_the_title(browser: Browser, listener: FakeListener) -> None:
    listener.answers = lambda _said: [Bubble("对吗？", (SUBMIT,))]
    asked = browser.say("路灯坏了")[-1]
    assert asked["options"] == [{"number": 1, "title": "确认提交"}]

    own = browser.post(choice={"seq": asked["seq"], "option": 1}).json()["messages"][0]

    assert own["text"] == "确认提交"
    assert listener.said[-1] == Said("确认提交", SUBMIT.payload)


def test_a_pin_is_taken_with_its_crs(browser: Browser, listener: FakeListener) -> None:
    own = browser.post(location={"lat": 36.1, "lon": 120.4, "crs": "GCJ-02"}).json()["messages"][0]

    assert own["text"] == "（发送了位置）"
    assert listener.said[0].location == {"lat": 36.1, "lon": 120.4, "crs": "GCJ-02", "label": ""}


def test_a_pin_stands_in_the_talk_by_its_name(browser: Browser, listener: FakeListener) -> None:
    at = {"lat": 36.1, "lon": 120.4, "crs": "WGS-84"}
    own = browser.post(location={**at, "label": "市北区\n海云庵附近"}).json()["messages"][0]
    longer = browser.post(location={**at, "label": "海云庵" * 30}).json()["messages"][0]

    assert own["text"] == "（发送了位置：市北区 海云庵附近）"
    assert len(longer["text"]) <= 70 and longer["text"].endswith("）")


@pytest.mark.parametrize(
    "said", ['"text": "路灯\\ud800坏了"', '"location": {"lat": 36.1, "lon": 120.4, "label": "\\ud800"}']
)
def test_half_a_character_breaks_nothing_later(browser: Browser, listener: FakeListener, said: str) -> None:
    """JSON can spell half of a surrogate pair; nothing can write it as UTF-8, neither to Rasa nor to the page."""
    content = f'{{"id": "message-001", {said}}}'.encode()

    answer = browser.client.post("/api/chat/messages", content=content, headers=OURS)

    assert answer.status_code in (200, 422)
    assert browser.client.get("/api/chat/messages").status_code == 200
    for heard in listener.said:
        json.dumps([heard.text, heard.location], ensure_ascii=False).encode()


def test_while_nobody_listens_the_answer_is_pending_and_nothing_is_lost(
    browser: Browser, listener: FakeListener
) -> None:
    listener.fail()

    answer = browser.post(text="路灯坏了").json()

    assert answer["state"] == "pending"
    assert [one["text"] for one in answer["messages"]] == ["路灯坏了"]
    page = browser.client.get("/api/chat/messages", params={"after": 1}).json()
    assert (page["pending"], page["latest"]) == (True, 2)


def test_long_histories_are_read_in_pages(services: Services, browser: Browser) -> None:
    mine = browser.begin()["conversation"]
    with services.unit_of_work() as tx:
        for _ in range(250):
            tx.conversations.append(mine, sender="notice", body={"text": "x"}, at=services.clock())  # type: ignore[arg-type]

    first = browser.messages()
    rest = browser.messages(first[-1]["seq"])

    assert [one["seq"] for one in (*first, *rest)] == list(range(1, 252))


# -- the sweep ---------------------------------------------------------------------------------------------------


def _left_behind(services: Services, address: str) -> Conversation:
    """A message that a gateway stored before it died."""
    mine = services.conversing.open("web", address)
    services.conversing.accept(mine.id, "message-001", Said(f"我是{address}"))
    return mine


def test_the_sweep_goes_on_after_a_fault_that_nobody_foresaw(
    services: Services, listener: FakeListener, clock: FakeClock, new_browser: Callable[[], Browser]
) -> None:
    """One conversation that always fails must not leave all the others unanswered until the next start."""
    first = _left_behind(services, "citizen-1")
    listener.break_with(KeyError("title"))
    clock.move(seconds=STALE_AFTER.total_seconds() + 1)
    time.sleep(SWEEP_SECONDS + 0.5)

    second = _left_behind(services, "citizen-2")
    clock.move(seconds=STALE_AFTER.total_seconds() + 1)

    wait_until(lambda: not services.conversing.is_pending(second.id), SWEEP_SECONDS + 2)
    wait_until(lambda: not services.conversing.is_pending(first.id), SWEEP_SECONDS + 2)


def test_a_stale_line_is_the_sweeps_only_after_a_while(services: Services, clock: FakeClock) -> None:
    mine = _left_behind(services, "citizen-1")
    assert services.conversing.stale() == []

    clock.now += STALE_AFTER + timedelta(seconds=1)

    assert services.conversing.stale() == [mine]


def test_a_listener_that_is_away_while_sweeping_is_no_fault(
    services: Services, listener: FakeListener, run: Callable[..., object]
) -> None:
    mine = _left_behind(services, "citizen-1")
    listener.away = True

    with pytest.raises(TryLater):
        run(services.conversing.drive(mine))
