"""One request and its answer: who gives up before it went out can be sure that it never will."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from integrations.clients.wechat import exchange as module
from integrations.clients.wechat.exchange import Again, Exchange, Question, TooMuch
from integrations.services.errors import TryLater
from tests.clients.wechat.server import SECRET, SEND, serving, write

QUESTION = Question("POST", SEND, f"{SEND}?access_token={SECRET}", b"{}")


def test_a_request_whose_name_is_looked_up_too_long_is_never_sent_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    found, look_up = threading.Event(), socket.getaddrinfo

    def slow(*given: Any, **more: Any) -> Any:
        found.wait(60)
        return look_up(*given, **more)

    with serving(write) as server:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        exchange = Exchange(server.url)
        with pytest.raises(Again) as caught:
            exchange.ask(QUESTION, seconds=0.2, most=1000)
        assert caught.value.unheard
        found.set()
        exchange._threads.shutdown(wait=True)
        assert server.heard == {}


def test_a_request_that_finds_no_thread_is_never_sent_afterwards() -> None:
    end, begun = threading.Event(), threading.Semaphore(0)
    asked: list[str] = []

    def hang(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        begun.release()
        end.wait(60)
        return httpx.Response(200)

    exchange = Exchange("https://api.example", transport=httpx.MockTransport(hang))
    with ThreadPoolExecutor(module._AT_ONCE) as pool:
        busy = [pool.submit(exchange.ask, QUESTION, seconds=60, most=1000) for _ in range(module._AT_ONCE)]
        for _ in busy:
            assert begun.acquire(timeout=60)
        with pytest.raises(Again) as caught:
            exchange.ask(QUESTION, seconds=0.1, most=1000)
        end.set()
        for one in busy:
            assert one.result(60).status == 200
    exchange._threads.shutdown(wait=True)
    assert caught.value.unheard
    assert len(asked) == module._AT_ONCE


@pytest.mark.parametrize(("length", "fits"), [(1000, True), (1001, False)])
def test_an_answer_may_be_as_long_as_was_said_and_no_longer(length: int, fits: bool) -> None:
    exchange = Exchange(
        "https://api.example",
        transport=httpx.MockTransport(lambda _request: httpx.Response(200, content=b"x" * length)),
    )
    if fits:
        assert len(exchange.ask(QUESTION, seconds=5, most=1000).body) == length
    else:
        with pytest.raises(TooMuch):
            exchange.ask(QUESTION, seconds=5, most=1000)


def test_an_answer_without_an_end_keeps_no_thread_for_itself() -> None:
    ended = False

    def drip() -> Iterator[bytes]:
        nonlocal ended
        for _ in range(1500):
            yield b" "
            time.sleep(0.02)
        ended = True

    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=drip()))
    exchange = Exchange("https://api.example", transport=transport)
    with pytest.raises(TryLater) as caught:
        exchange.ask(QUESTION, seconds=0.2, most=10_000)
    exchange._threads.shutdown(wait=True)
    assert not caught.value.unheard
    assert not ended


def test_an_address_may_end_with_a_path() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    Exchange("https://proxy.example/wx/", transport=httpx.MockTransport(answer)).ask(QUESTION, seconds=5, most=1000)
    assert asked == [f"https://proxy.example/wx{SEND}?access_token={SECRET}"]


def test_a_question_shows_nothing_secret() -> None:
    assert SECRET not in repr(QUESTION)
