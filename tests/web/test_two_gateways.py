"""Two gateways as processes, with one database and one Redis: what is said through one is heard at the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from integrations.services.records import Sender
from integrations.store import database
from tests.conftest import wait_until
from tests.fake_wechat import Account
from tests.web.conftest import OURS
from tests.web.test_stream import Events, following
from tests.wechat.conftest import made
from tests.wechat.processes import HEARD, System

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

# Sooner than anybody looks who was not told.
BY_NEWS_SECONDS = 1.5


@pytest.fixture
def system(tmp_path: Path, empty_tables: str) -> Iterator[System]:
    with made(tmp_path, empty_tables, Account(), gateways=2) as running:
        yield running


def at(system: System, number: int, cookies: httpx.Cookies | None = None) -> httpx.Client:
    """The citizen at one of the gateways."""
    address = f"http://127.0.0.1:{system.ports[number]}"
    return httpx.Client(base_url=address, cookies=cookies, headers=OURS, trust_env=False, timeout=60)


def say(client: httpx.Client, number: int) -> int:
    body = {"id": f"message-{number:03}", "text": f"第{number}盏路灯坏了。"}
    return client.post("/api/chat/messages", json=body).status_code


def heard(events: Events, number: int) -> float:
    """Seconds until the line and its answer have come, each once and in order."""
    began = time.monotonic()
    assert events.texts(2) == [f"第{number}盏路灯坏了。", f"{HEARD}第{number}盏路灯坏了。"]
    return time.monotonic() - began


def test_a_line_said_through_one_reaches_the_stream_of_the_other_before_and_after_redis_restarts(
    system: System,
) -> None:
    first = at(system, 0)
    mine = str(first.post("/api/chat/session").json()["conversation"])
    second = at(system, 1, first.cookies)
    with following(second, after=1) as events:
        events.until("state")
        assert say(first, 1) == 200
        assert heard(events, 1) < BY_NEWS_SECONDS

        system.cache.stop()  # type: ignore[attr-defined]
        engine = database.connect(system.gateways[0].environment["JIESU_DATABASE_URL"])
        with database.unit_of_work(engine)() as tx:
            told = {"text": "办好了。"}
            tx.conversations.append(mine, sender=Sender.NOTICE, body=told, at=datetime.now(UTC))
        engine.dispose()
        assert events.texts(1) == ["办好了。"], "found by looking"

        system.cache.start()  # type: ignore[attr-defined]
        wait_until(lambda: say(first, 2) == 200, 30)
        heard(events, 2)
        time.sleep(3.0)  # by then both are told again
        assert say(first, 3) == 200
        assert heard(events, 3) < BY_NEWS_SECONDS
    lines = second.get("/api/chat/messages").json()["messages"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert sum(line["from"] == "citizen" for line in lines) == 3


def test_a_gateway_that_is_killed_leaves_its_line_to_the_other(system: System) -> None:
    first = at(system, 0)
    first.post("/api/chat/session")
    second = at(system, 1, first.cookies)
    system.rasa.seconds = 2.0
    with following(second, after=1) as events:
        events.until("state")
        with pytest.raises(httpx.HTTPError):
            first.post("/api/chat/messages", json={"id": "message-001", "text": "路灯坏了。"}, timeout=1.0)
        system.gateways[0].kill()
        while events.until("message")["text"] != HEARD + "路灯坏了。":
            pass
    said = [line["text"] for line in second.get("/api/chat/messages").json()["messages"]]
    assert said.count("路灯坏了。") == said.count(HEARD + "路灯坏了。") == 1
    assert system.rasa.times("路灯坏了。") == 1
