"""The chat API when several messages are one, and when there is too much at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from integrations.bootstrap import Services
from integrations.commands.citizen import Citizen
from integrations.services.records import Said
from integrations.web.app import create_app
from tests.conftest import wait_until
from tests.fakes import FakeListener
from tests.web.conftest import OURS, Browser, is_chinese, problem

WINDOW = 0.8


@pytest.fixture
def app(services: Services) -> FastAPI:
    changes = {"burst_seconds": WINDOW, "please_wait_seconds": 0.2, "queue_conversation": 3}
    services.settings = services.settings.model_copy(update=changes)
    return create_app(services)


def pending(browser: Browser) -> bool:
    return bool(browser.client.get("/api/chat/messages").json()["pending"])


def test_an_unfinished_message_is_pending_at_once_and_heard_with_the_next(
    browser: Browser, listener: FakeListener
) -> None:
    began = time.monotonic()
    first = browser.post(text="路灯坏了").json()
    second = browser.post(text="在同安路").json()

    assert time.monotonic() - began < WINDOW
    assert (first["state"], second["state"]) == ("pending", "pending")
    wait_until(lambda: not pending(browser))
    assert listener.texts == ["路灯坏了\n在同安路"]
    assert [one["text"] for one in browser.messages(1)] == ["路灯坏了", "在同安路", "听到了：路灯坏了\n在同安路"]


def test_a_complete_message_is_answered_in_its_own_request(browser: Browser) -> None:
    answer = browser.post(text="路灯坏了三天了没人管。").json()

    assert answer["state"] == "answered"
    assert len(answer["messages"]) == 2


def test_typing_holds_a_little_longer(browser: Browser, services: Services, listener: FakeListener) -> None:
    browser.post(text="路灯坏了")
    typing = browser.client.post("/api/chat/typing", json={}, headers=OURS)
    time.sleep(WINDOW * 1.2)

    assert typing.status_code == 204
    assert listener.texts == []
    wait_until(lambda: not pending(browser))
    assert listener.texts == ["路灯坏了"]


def test_typing_is_for_the_own_page_and_session_only(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    assert problem(browser.client.post("/api/chat/typing", json={}), 403)["code"] == "header_missing"
    assert problem(new_browser().client.post("/api/chat/typing", json={}, headers=OURS), 401)["code"] == "no_session"


def test_who_waits_long_is_told_once_and_then_answered(
    browser: Browser, services: Services, listener: FakeListener
) -> None:
    listener.seconds = 0.7
    answer = browser.post(text="路灯坏了三天了没人管。").json()

    texts = [one["text"] for one in answer["messages"]]
    assert texts[1] in services.speech.words.ways("chat.please_wait")
    assert texts[2:] == ["听到了：路灯坏了三天了没人管。"]
    assert [one["client_id"] for one in answer["messages"][1:]] == [None, None]


def test_too_many_waiting_messages_are_refused_with_a_time_and_taken_later(
    browser: Browser, services: Services, listener: FakeListener
) -> None:
    listener.away = True
    mine = browser.begin()["conversation"]
    for number in range(3):
        services.conversing.accept(mine, f"before-{number}", Said(f"第{number}句。"))

    refused = browser.client.post("/api/chat/messages", json={"id": "message-9", "text": "第3句。"}, headers=OURS)
    error = problem(refused, 429)
    assert error["code"] == "busy" and is_chinese(error["message"])
    assert int(refused.headers["retry-after"]) >= 1
    assert len(browser.messages(1)) == 3

    listener.away = False
    wait_until(lambda: not pending(browser) or browser.post(text="第4句。").status_code == 429, 1)


def test_danger_is_taken_in_when_nothing_else_is(browser: Browser, services: Services, listener: FakeListener) -> None:
    mine = browser.begin()["conversation"]
    for number in range(3):
        services.conversing.accept(mine, f"before-{number}", Said(f"第{number}句。"))

    assert browser.post(text="家里煤气味很大").status_code == 200


def test_the_terminal_waits_for_the_answer_of_a_held_message(
    browser: Browser,
) -> None:
    citizen = Citizen("http://testserver", transport=browser.client._transport)
    citizen.begin()

    (answer,) = citizen.say("路灯坏了")
    assert answer["text"] == "听到了：路灯坏了"
