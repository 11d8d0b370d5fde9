"""The conversation as server-sent events, over a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from integrations.bootstrap import Services
from integrations.services.records import Sender
from integrations.store import database
from integrations.web import streams
from tests.fakes import MemoryNews, MemoryTurns
from tests.media_files import VOICE, FakeTranscriber
from tests.web.conftest import OURS, PATIENCE, Gateway


@pytest.fixture
def turns() -> MemoryTurns:
    """The gateway has a loop of its own."""
    return MemoryTurns()


class Events:
    """The events of an open stream, one after another."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def next(self) -> tuple[str, Any, str | None]:
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and "event" in fields:
                return fields["event"], json.loads(fields["data"]), fields.get("id")
            name, _, value = line.partition(": ")
            fields[name] = value
        raise EOFError

    def until(self, name: str) -> Any:
        while True:
            found, data, _ = self.next()
            if found == name:
                return data

    def texts(self, count: int) -> list[str]:
        return [self.until("message")["text"] for _ in range(count)]

    def rest(self) -> list[str]:
        names = []
        while True:
            try:
                names.append(self.next()[0])
            except EOFError:
                return names


@contextmanager
def following(client: httpx.Client, **query: object) -> Iterator[Events]:
    with client.stream("GET", "/api/chat/stream", params=query) as answer:  # type: ignore[arg-type]
        assert answer.status_code == 200
        yield Events(answer)


def add(services: Services, conversation: str, text: str) -> None:
    with services.unit_of_work() as tx:
        tx.conversations.append(conversation, sender=Sender.NOTICE, body={"text": text}, at=services.clock())


def test_first_what_was_said_then_what_is_said(gateway: Gateway, services: Services) -> None:
    client, mine = gateway.citizen()
    add(services, mine, "一")
    with following(client, after=1) as events:
        name, line, number = events.next()
        assert (name, line["text"], line["from"], number) == ("message", "一", "notice", "2")
        assert events.next()[:2] == ("state", {"pending": False})
        add(services, mine, "二")
        assert events.next()[1]["text"] == "二"
        headers = events.answer.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")


def test_the_last_event_id_stands_above_after(gateway: Gateway, services: Services) -> None:
    client, mine = gateway.citizen()
    for number in range(2, 6):
        add(services, mine, str(number))
    client.headers["Last-Event-ID"] = "4"
    with following(client, after=1) as events:
        assert events.texts(1) == ["5"]


def test_more_than_one_page_of_lines_comes_in_order_and_once(gateway: Gateway, services: Services) -> None:
    client, mine = gateway.citizen()
    with services.unit_of_work() as tx:
        for number in range(2, 452):
            body = {"text": str(number)}
            tx.conversations.append(mine, sender=Sender.NOTICE, body=body, at=services.clock())
    with following(client, after=1) as events:
        assert events.texts(450) == [str(number) for number in range(2, 452)]
        assert events.next()[0] == "state"


def test_an_answer_is_told_to_every_tab_with_its_typing(gateway: Gateway, services: Services) -> None:
    client, _ = gateway.citizen()
    services.listener.seconds = 0.3  # type: ignore[attr-defined]
    with ExitStack() as open_ones:
        tabs = [open_ones.enter_context(following(client, after=1)) for _ in range(3)]
        for tab in tabs:
            tab.until("state")
        said = client.post("/api/chat/messages", json={"id": "message-001", "text": "路灯坏了。"}, headers=OURS)
        assert said.status_code == 200
        for tab in tabs:
            seen = [tab.next() for _ in range(4)]
            assert [name for name, _, _ in seen] == ["message", "state", "message", "state"]
            assert [one[1].get("pending") for one in seen] == [None, True, None, False]
            assert seen[0][1]["client_id"] == "message-001"


def test_a_recording_comes_again_when_it_has_become_words(gateway: Gateway, services: Services) -> None:
    client, _ = gateway.citizen()
    told = Event()
    transcriber = FakeTranscriber("路灯不亮", before=lambda: told.wait(PATIENCE))
    object.__setattr__(services.listening, "transcriber", transcriber)
    with following(client, after=1) as events, following(client, after=1) as late:
        for tab in (events, late):
            tab.until("state")
        sent = Thread(
            target=client.post,
            args=("/api/chat/media",),
            kwargs={"data": {"id": "voice-001"}, "files": [("file", ("a", VOICE))], "headers": OURS},
        )
        sent.start()
        for tab in (events, late):
            assert tab.until("message")["text"] == "（语音）"
        told.set()
        for tab in (events, late):
            again, shown, answer = (tab.until("message") for _ in range(3))
            assert (again["seq"], again["text"], again["client_id"]) == (2, "路灯不亮", "voice-001")
            assert [shown["seq"], answer["seq"]] == [3, 4]
        sent.join(PATIENCE)
        add(services, str(client.get("/api/chat/messages").json()["conversation"]), "办好了")
        assert events.until("message")["seq"] == 5, "once is enough"


def test_a_recording_that_nobody_understood_is_not_waited_for(gateway: Gateway, services: Services) -> None:
    client, mine = gateway.citizen()
    with following(client, after=1) as events:
        client.post("/api/chat/media", data={"id": "voice-001"}, files=[("file", ("a", VOICE))], headers=OURS)
        assert events.until("message")["text"] == "（语音）"
        assert events.until("message")["seq"] == 3
        add(services, mine, "办好了")
        assert events.until("message")["seq"] == 4
        ((follower,),) = gateway.app.state.streams._sessions.values()
        assert follower.unheard == set()


def test_lost_news_is_made_good_by_looking(gateway: Gateway, services: Services) -> None:
    client, mine = gateway.citizen()
    news = services.news
    assert isinstance(news, MemoryNews)
    with following(client, after=1) as events:
        events.until("state")
        gateway.app.state.streams._hears = False
        news.away = True
        add(services, mine, "没有人通知")
        assert events.texts(1) == ["没有人通知"]


def test_what_is_rolled_back_wakes_nobody(services: Services) -> None:
    told: list[frozenset[str]] = []
    mine = services.conversing.open("web", "x").id
    services.news.tell = lambda changed: told.append(frozenset(changed))  # type: ignore[method-assign,assignment]
    opened = database.unit_of_work(services.engine, None, services.news.tell)
    with pytest.raises(ZeroDivisionError), opened() as tx:
        tx.conversations.append(mine, sender=Sender.NOTICE, body={"text": "一"}, at=services.clock())
        raise ZeroDivisionError
    with opened() as tx:
        tx.conversations.get(mine)
    assert told == []
    with opened() as tx:
        tx.conversations.append(mine, sender=Sender.NOTICE, body={"text": "二"}, at=services.clock())
    assert told == [frozenset({mine})]


def test_one_wake_up_reads_once_for_all_tabs(gateway: Gateway, services: Services) -> None:
    client, mine = gateway.citizen()
    looks: list[int] = []
    look = services.following.look

    def counted(conversation: str, after: int) -> Any:
        looks.append(after)
        return look(conversation, after)

    gateway.app.state.streams._following = SimpleNamespace(look=counted, changed=lambda _known: [])
    with ExitStack() as open_ones:
        tabs = [open_ones.enter_context(following(client, after=1)) for _ in range(4)]
        for tab in tabs:
            tab.until("state")
        time.sleep(0.3)
        looks.clear()
        add(services, mine, "一")
        assert [tab.texts(1) for tab in tabs] == [["一"]] * 4
        time.sleep(0.2)
    assert len(looks) == 1


def test_the_oldest_stream_of_a_session_gives_way(gateway: Gateway) -> None:
    client, _ = gateway.citizen()
    with ExitStack() as open_ones:
        tabs = [open_ones.enter_context(following(client)) for _ in range(streams.OF_A_SESSION)]
        for tab in tabs:
            tab.until("state")
        newest = open_ones.enter_context(following(client))
        newest.until("state")
        assert tabs[0].until("end") == {"why": "replaced"}
        assert gateway.app.state.streams.count <= streams.OF_A_SESSION + 1


def test_a_full_gateway_says_so_and_the_place_is_free_again(gateway: Gateway) -> None:
    client, _ = gateway.citizen()
    other, _ = gateway.citizen()
    gateway.app.state.streams._most = 1
    with following(client) as events:
        events.until("state")
        refused = other.get("/api/chat/stream")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
        assert refused.json()["error"]["code"] == "too_many_streams"
    until = time.monotonic() + PATIENCE
    while gateway.app.state.streams.count and time.monotonic() < until:
        time.sleep(0.02)
    assert gateway.app.state.streams.count == 0


def test_nobody_else_hears_it(gateway: Gateway, services: Services) -> None:
    client, mine = gateway.citizen()
    other, theirs = gateway.citizen()
    with following(other, after=0, conversation=mine) as events:
        add(services, mine, "只给我")
        assert events.next()[1]["conversation"] == theirs
        add(services, theirs, "给他们")
        assert "只给我" not in events.texts(2)
    assert httpx.get(f"{client.base_url}/api/chat/stream", trust_env=False).status_code == 401


def test_a_session_that_goes_on_elsewhere_starts_over(gateway: Gateway) -> None:
    client, mine = gateway.citizen()
    other, theirs = gateway.citizen()
    code = other.post("/api/chat/devices/code", json={}, headers=OURS).json()["code"]
    with following(client, after=1, conversation=mine) as events:
        events.until("state")
        joined = client.post("/api/chat/devices/join", json={"code": code}, headers=OURS)
        assert joined.json()["conversation"] == theirs
        name, data, _ = events.next()
        assert (name, data["conversation"]) == ("conversation", theirs)
        assert events.next()[2] == "1"


def test_the_gateway_stops_at_once_with_open_streams(services: Services) -> None:
    gateway = Gateway(services)
    client, _ = gateway.citizen()
    with following(client) as events:
        events.until("state")
        assert gateway.stop() < 3
        assert "end" not in events.rest()


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=99999999999", f"conversation={'x' * 65}"])
def test_what_cannot_be_used_is_refused(gateway: Gateway, query: str) -> None:
    client, _ = gateway.citizen()
    assert client.get(f"/api/chat/stream?{query}").status_code == 422


def test_a_page_of_another_site_gets_no_stream(gateway: Gateway) -> None:
    client, _ = gateway.citizen()
    assert client.get("/api/chat/stream", headers={"Origin": "https://evil.example"}).status_code == 403
