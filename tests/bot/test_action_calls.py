"""Calling an action: with what it reads and no more, over one connection, which is opened anew when it was closed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")

from aiohttp import web
from components.repairs import action_calls
from components.repairs.action_calls import RANKED, TURNS
from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

from tests.bot.small_rasa import BOT, Office

DOMAIN = Domain.load(str(BOT / "domain"))
RANKING = [{"name": f"intent_{number}", "confidence": 1 / (number + 1)} for number in range(30)]


def conversation(turns: int) -> DialogueStateTracker:
    tracker = DialogueStateTracker("web:a", DOMAIN.slots)
    for number in range(turns):
        tracker.update(ActionExecuted("action_listen"))
        parsed = {
            "text": f"第{number}句",
            "intent": {"name": "report", "confidence": 0.9},
            "entities": [{"entity": "option", "value": "x"}],
            "intent_ranking": RANKING,
            "text_tokens": [[0, 1]] * 40,
        }
        metadata = {"message_id": f"m:{number}", "location": {"lat": 36.1, "lon": 120.4}}
        tracker.update(
            UserUttered(f"第{number}句", parsed["intent"], parsed["entities"], parsed, metadata=metadata), DOMAIN
        )
        tracker.update(SlotSet("report_draft", {"id": f"d{number}", "words": "路灯" * 200}))
        tracker.update(ActionExecuted("report_form"))
        tracker.update(ActiveLoop("report_form"))
        tracker.update(SlotSet("requested_slot", "report_place"))
        tracker.update(BotUttered("好", {"custom": {"text": "在哪儿？" * 50}}))
    return tracker


def call_of(tracker: DialogueStateTracker) -> dict[str, Any]:
    call: dict[str, Any] = RemoteAction("validate_report_form", None)._action_call_format(tracker, DOMAIN)
    return call


def asked(turns: int) -> dict[str, Any]:
    return call_of(conversation(turns))


@pytest.fixture(autouse=True)
def in_place(repaired: None) -> None:
    """With the repairs."""


def test_slots_and_the_latest_message_are_those_of_rasas_own_call() -> None:
    tracker = conversation(5)
    own = tracker.current_state(EventVerbosity.ALL)
    ours = call_of(tracker)["tracker"]

    for key in ("sender_id", "slots", "latest_event_time", "followup_action", "paused", "latest_input_channel"):
        assert ours[key] == own[key], key
    for key in ("latest_action", "latest_action_name"):
        assert ours[key] == own[key], key
    for key in ("text", "intent", "entities", "metadata", "message_id"):
        assert ours["latest_message"][key] == own["latest_message"][key], key
    assert ours["active_loop"]["name"] == own["active_loop"]["name"] == "report_form"
    assert ours["latest_message"]["intent_ranking"] == RANKING[:RANKED]
    assert set(ours) == set(own), "the SDK wants the same keys"


def test_the_last_turns_go_along_each_with_its_message_and_what_was_done() -> None:
    events = asked(9)["tracker"]["events"]

    users = [event for event in events if event["event"] == "user"]
    assert [one["text"] for one in users] == [f"第{number}句" for number in range(9 - TURNS, 9)]
    assert [one["metadata"]["message_id"] for one in users] == [f"m:{number}" for number in range(9 - TURNS, 9)]
    assert all(one["parse_data"]["intent"]["name"] == "report" for one in users)
    assert events[0]["event"] == "user"
    assert [event["name"] for event in events if event["event"] == "action"][:2] == ["report_form", "action_listen"]


def test_a_young_conversation_goes_along_whole() -> None:
    assert [event["event"] for event in asked(1)["tracker"]["events"]][:2] == ["action", "user"]
    empty = call_of(DialogueStateTracker("web:a", DOMAIN.slots))
    assert empty["tracker"]["events"] == []
    assert empty["tracker"]["latest_event_time"] is None


def test_a_call_does_not_grow_with_the_conversation() -> None:
    weights = [len(json.dumps(asked(turns), ensure_ascii=False)) for turns in (TURNS, 20, 400)]

    assert weights[1] <= weights[0] + 60
    assert weights[2] <= weights[0] + 60
    assert weights[0] < 8_000


def run(office: Office, work: Any) -> Any:
    async def inside() -> Any:
        async with office.open() as endpoint:
            try:
                return await work(RemoteAction("action_not_understood", endpoint), endpoint)
            finally:
                for kept in action_calls._sessions.get(asyncio.get_running_loop(), {}).values():
                    await kept.close()

    return asyncio.run(inside())


async def call(action: RemoteAction) -> list[Any]:
    events: list[Any] = await action.run(CollectingOutputChannel(), None, conversation(2), DOMAIN)
    return events


def test_calls_share_one_connection() -> None:
    async def work(action: RemoteAction, _endpoint: EndpointConfig) -> int:
        for _ in range(5):
            await call(action)
        (session,) = action_calls._sessions[asyncio.get_running_loop()].values()
        return sum(len(kept) for kept in session.connector._conns.values())

    office = Office(DOMAIN)
    assert run(office, work) == 1
    assert len(office.calls) == 5


def test_a_server_that_was_started_anew_is_reached_again() -> None:
    async def work(_action: RemoteAction, _endpoint: EndpointConfig) -> None:
        office = Office(DOMAIN)
        async with office.open() as endpoint:
            port = int(endpoint.url.rpartition(":")[2].partition("/")[0])
            await call(RemoteAction("action_not_understood", endpoint))
        app = web.Application()
        app.router.add_post("/webhook", office._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            await call(RemoteAction("action_not_understood", endpoint))
        finally:
            await runner.cleanup()
        assert len(office.calls) == 2

    run(Office(DOMAIN), work)


@pytest.mark.parametrize("status", [500, 503, 404])
def test_an_action_that_fails_is_an_error_as_before(status: int) -> None:
    office = Office(DOMAIN)
    office.odd = web.Response(status=status, text="{}")

    async def work(action: RemoteAction, _endpoint: EndpointConfig) -> None:
        with pytest.raises(RasaException):
            await call(action)
        await call(action)

    run(office, work)


def test_nobody_there_is_an_error_as_before(tmp_path: Path) -> None:
    async def work() -> None:
        with pytest.raises(RasaException, match=r"Couldn't connect|Failed to execute"):
            await call(RemoteAction("action_x", EndpointConfig("http://127.0.0.1:1/webhook")))

    asyncio.run(work())
