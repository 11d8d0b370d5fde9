"""What every `Listener` must do: the fake, and the real one over a small Rasa in memory."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from integrations.clients.rasa import RasaListener
from integrations.services.errors import TryLater
from integrations.services.ports import Listener
from integrations.services.records import Bubble, Conversation, Option, Said
from tests.fakes import FakeListener

Run = Callable[..., Any]
MINE = Conversation("conversation-1", "web", "citizen-1", "citizen-1")
TOKEN = "test-token"


@dataclass
class SmallRasa:
    """Answers as Rasa's REST channel and tracker do; `odd` is given instead of the next answer."""

    answers: list[dict[str, Any]]
    events: list[dict[str, Any]] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    odd: httpx.Response | Exception | None = None
    lose_answer: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        odd, self.odd = self.odd, None
        if isinstance(odd, Exception):
            raise odd
        if odd is not None:
            return odd
        if request.url.path == "/status":
            return httpx.Response(200, json={"model_id": "x"})
        if request.method == "GET":
            assert request.url.params["token"] == TOKEN
            return httpx.Response(200, json={"events": self.events})
        body = json.loads(request.content)
        self.seen.append(body)
        self.events.append({"event": "user", "text": body["message"], "metadata": body["metadata"]})
        for answer in self.answers:
            self.events.append({"event": "action", "name": "action_x"})
            data = {key: value for key, value in answer.items() if key != "text"}
            self.events.append({"event": "bot", "text": answer.get("text"), "data": data})
        self.events.append({"event": "action", "name": "action_listen"})
        if self.lose_answer:
            self.lose_answer = False
            raise httpx.ReadError("cut")
        return httpx.Response(200, json=self.answers)


@pytest.fixture
def rasa() -> SmallRasa:
    return SmallRasa([{"custom": Bubble("收到", (Option("好", "/affirm"),), {"kind": "x", "rows": []}).as_json()}])


@pytest.fixture
def real(rasa: SmallRasa) -> RasaListener:
    return RasaListener("http://rasa", token=TOKEN, transport=httpx.MockTransport(rasa))


@pytest.fixture(params=["fake", "rasa"])
def listener(request: pytest.FixtureRequest, rasa: SmallRasa, real: RasaListener) -> Listener:
    if request.param == "rasa":
        return real
    answer = Bubble("收到", (Option("好", "/affirm"),), {"kind": "x", "rows": []})
    return FakeListener(lambda _said: [answer])


def lose_answer(listener: Listener, rasa: SmallRasa) -> None:
    if isinstance(listener, FakeListener):
        listener.lose_answers()
    else:
        rasa.lose_answer = True


def go_away(listener: Listener, rasa: SmallRasa) -> None:
    if isinstance(listener, FakeListener):
        listener.away = True
    else:
        rasa.odd = httpx.ConnectError("nobody there")


# -- the contract ------------------------------------------------------------------------------------------------


def test_what_is_heard_is_answered_in_whole_bubbles(listener: Listener, run: Run) -> None:
    (bubble,) = run(listener.hear(MINE, Said("你好"), "m:1"))

    assert bubble == Bubble("收到", (Option("好", "/affirm"),), {"kind": "x", "rows": []})


def test_a_message_that_was_never_heard_has_no_answer(listener: Listener, run: Run) -> None:
    run(listener.hear(MINE, Said("你好"), "m:1"))

    assert run(listener.heard(MINE, "m:2")) is None


def test_a_message_whose_answer_was_lost_is_found_with_its_answer(
    listener: Listener, rasa: SmallRasa, run: Run
) -> None:
    lose_answer(listener, rasa)
    with pytest.raises(TryLater):
        run(listener.hear(MINE, Said("你好"), "m:1"))
    run(listener.hear(MINE, Said("再见"), "m:2"))

    found = run(listener.heard(MINE, "m:1"))
    assert found is not None
    assert [one.text for one in found] == ["收到"]


@pytest.mark.parametrize(
    "what",
    [
        lambda listener: listener.hear(MINE, Said("你好"), "m:1"),
        lambda listener: listener.heard(MINE, "m:1"),
        lambda listener: listener.ping(),
    ],
    ids=["hear", "heard", "ping"],
)
def test_a_listener_that_is_away_is_to_be_tried_later(
    listener: Listener, rasa: SmallRasa, run: Run, what: Callable[[Listener], Any]
) -> None:
    go_away(listener, rasa)

    with pytest.raises(TryLater):
        run(what(listener))


def test_a_listener_that_answers_says_nothing(listener: Listener, run: Run) -> None:
    run(listener.ping())


# -- Rasa only ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json=None),
        httpx.Response(200, json=["hello"]),
        httpx.Response(200, json=[{"custom": "hello"}]),
        httpx.Response(200, json=[{"custom": {"options": [{"title": "x"}]}}]),
        httpx.Response(200, text="<html>"),
        httpx.Response(401, json={}),
        httpx.Response(500, text="oops"),
        httpx.Response(302, headers={"location": "/"}),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
    ],
    ids=lambda odd: repr(getattr(odd, "content", odd))[:24],
)
def test_an_answer_that_is_none_is_to_be_tried_later(
    rasa: SmallRasa, real: RasaListener, run: Run, odd: httpx.Response | Exception
) -> None:
    rasa.odd = odd

    with pytest.raises(TryLater):
        run(real.hear(MINE, Said("你好"), "m:1"))


@pytest.mark.parametrize(
    "odd", [httpx.Response(200, json=[]), httpx.Response(200, json=None), httpx.Response(200, json="x")]
)
def test_a_tracker_that_is_none_is_to_be_tried_later(
    rasa: SmallRasa, real: RasaListener, run: Run, odd: httpx.Response
) -> None:
    rasa.odd = odd

    with pytest.raises(TryLater):
        run(real.heard(MINE, "m:1"))


def test_a_turn_that_was_not_finished_counts_as_not_heard(rasa: SmallRasa, real: RasaListener, run: Run) -> None:
    rasa.events = [
        {"event": "user", "metadata": {"message_id": "m:1"}},
        {"event": "action", "name": "action_x"},
        {"event": "bot", "text": "半句", "data": {}},
    ]

    assert run(real.heard(MINE, "m:1")) is None


def test_the_button_goes_as_its_payload_with_its_title_beside_it(rasa: SmallRasa, real: RasaListener, run: Run) -> None:
    run(real.hear(MINE, Said("确认提交", '/choose{"option": "confirm:1"}'), "m:1"))

    (body,) = rasa.seen
    assert body["sender"] == "web:conversation-1"
    assert body["message"] == '/choose{"option": "confirm:1"}'
    assert body["metadata"]["title"] == "确认提交"
    assert body["metadata"]["message_id"] == "m:1"


def test_a_pin_goes_as_metadata_and_the_text_is_never_empty(rasa: SmallRasa, real: RasaListener, run: Run) -> None:
    run(real.hear(MINE, Said(location={"lat": 36.1, "lon": 120.4}), "m:1"))

    assert rasa.seen[0]["message"]
    assert rasa.seen[0]["metadata"]["location"] == {"lat": 36.1, "lon": 120.4}


def test_rasas_own_buttons_and_texts_are_bubbles_too(rasa: SmallRasa, real: RasaListener, run: Run) -> None:
    rasa.answers = [{"text": "好"}, {"text": "选", "buttons": [{"title": "甲", "payload": "/a"}]}]

    assert run(real.hear(MINE, Said("你好"), "m:1")) == [Bubble("好"), Bubble("选", (Option("甲", "/a"),))]
    assert run(real.heard(MINE, "m:1")) == [Bubble("好"), Bubble("选", (Option("甲", "/a"),))]


@pytest.fixture
def rasa_on_a_socket(rasa: SmallRasa) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = rasa(httpx.Request("POST", f"http://rasa{self.path}", content=body)).content
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_proxy_meant_for_the_wide_world_does_not_get_between_us_and_rasa(
    rasa_on_a_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`jiesu up` asks whether Rasa is ready without the proxy, so talking to it must do without, too."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    async def talk() -> list[Bubble]:
        listener = RasaListener(rasa_on_a_socket, token=TOKEN)
        try:
            return await listener.hear(MINE, Said("你好"), "m:1")
        finally:
            await listener.aclose()

    assert asyncio.run(talk())[0].text == "收到"
