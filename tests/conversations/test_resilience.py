"""What holds when parts are killed, or many people talk at once: the real processes, really killed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from integrations.commands.citizen import Citizen
from tests.system import RunningSystem

pytestmark = [pytest.mark.conversation, pytest.mark.timeout(400)]


def ticket_number(messages: object) -> str | None:
    for message in messages:  # type: ignore[attr-defined]
        if (message["card"] or {}).get("kind") == "ticket":
            return str(message["card"]["number"])
    return None


def requests_in_the_department(system: RunningSystem, reference: str) -> list[str]:
    listed = httpx.get(f"{system.department}/open311/v2/requests.json", params={"page_size": 500}, timeout=10).json()
    return [one["service_request_id"] for one in listed if one["extended_attributes"].get("reference") == reference]


def test_after_everything_was_killed_the_conversation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    system = RunningSystem(tmp_path / "system")
    system.start()
    try:
        citizen = Citizen(system.url)
        citizen.begin()
        citizen.say("李沧区书院路和京口路路口有一盏路灯坏了三天了")
        system.kill()
        system.start()
        card = citizen.say("不留电话")
        assert any((m["card"] or {}).get("kind") == "confirm" for m in card), card
        assert "书院路" in str(card), "what was said before the stop is lost"
        number = ticket_number(citizen.say("确认提交"))
        assert number
        until = time.monotonic() + 30
        while not (found := requests_in_the_department(system, "".join(number.split()))):
            assert time.monotonic() < until, "the ticket never reached the department"
            time.sleep(0.5)
        assert len(found) == 1
    finally:
        system.stop()


def test_a_part_that_is_killed_comes_back_and_no_message_is_lost(system: RunningSystem) -> None:
    citizen = Citizen(system.url)
    citizen.begin()
    citizen.say("市北区台东三路的垃圾桶满了没人收")
    system.kill_part("serve.py")
    answer = citizen.say("匿名")  # waits for Rasa to come back: stored first, answered later
    assert any((m["card"] or {}).get("kind") == "confirm" for m in answer), answer
    assert ticket_number(citizen.say("确认提交"))


def test_two_taps_on_submit_file_one_ticket(system: RunningSystem) -> None:
    citizen = Citizen(system.url)
    citizen.begin()
    citizen.say("城阳区正阳路中间的井盖响了好几天，吵得睡不着")
    card = next(m for m in citizen.say("匿名") if (m["card"] or {}).get("kind") == "confirm")
    first = citizen.tap(card, 1)
    second = citizen.tap(card, 1)
    assert ticket_number(first)
    assert ticket_number(second) is None
    assert "不会重复登记" in str(second)


def test_twenty_citizens_at_once_each_get_their_own_ticket(system: RunningSystem) -> None:
    def one(number: int) -> str | None:
        citizen = Citizen(system.url)
        citizen.begin()
        citizen.say(f"崂山区海尔路{100 + number * 7}号楼下有人占道摆摊卖水果，路都堵了")
        heard = citizen.say("匿名")
        while not any((m["card"] or {}).get("kind") == "confirm" for m in heard):
            heard = citizen.say("不是，继续提交")
        assert f"{100 + number * 7}号" in str(heard), "another citizen's words"
        return ticket_number(citizen.say("确认提交"))

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(one, range(20)))
    assert all(numbers)
    assert len(set(numbers)) == 20
