"""Rasa with all repairs and with its own code: the same conversations give the same answers and the same events.

Random conversations of the real domain and rules, with an action server whose answers follow from what it is asked.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")

from components import repairs
from components.dialogues import MOST, DialogueStore
from rasa.core.agent import Agent
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered

from tests.bot.small_rasa import BOT, Office, agent, hear, plain, rasas_own_store
from tests.often import often

DOMAIN = Domain.load(str(BOT / "domain"))
INTENTS = sorted(set(DOMAIN.intents) - {"nlu_fallback", "back", "out_of_scope", "restart", "session_start"})
WORDS = ("你好", "路灯坏了", "随便说点什么")
CONVERSATIONS, TURNS = often(12), 3 * MOST


def script(seed: int) -> list[str]:
    """What one citizen says: intents by buttons, words, and now and then a form's way through."""
    rng = random.Random(seed)
    said: list[str] = []
    while len(said) < TURNS:
        match rng.randrange(10):
            case 0:
                said.append(rng.choice(WORDS))
            case 1 | 2:
                said += ["/report", "/inform", "/affirm"]
            case 3:
                said.append(f'/choose{{"option": "confirm:{rng.randrange(99)}"}}')
            case 4 if rng.random() < 0.2:
                said.append(rng.choice(["/restart", "/session_start", "/nlu_fallback"]))
            case _:
                said.append("/" + rng.choice(INTENTS))
    return said[:TURNS]


Turn = tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any], list[str]]


async def talk(model: Path, store: TrackerStore, seeds: range) -> list[list[Turn]]:
    """For each turn of each conversation: what was said, the events, the slots, and which actions were called."""
    office = Office(DOMAIN)
    found: list[list[Turn]] = []
    async with office.open() as endpoint:
        rasa = agent(model, store, endpoint)
        for seed in seeds:
            turns: list[Turn] = []
            for number, text in enumerate(script(seed)):
                office.calls.clear()
                said = await hear(rasa, f"web:{seed}", text, number)
                tracker = await rasa.tracker_store.retrieve(f"web:{seed}")
                assert tracker is not None
                # Rasa's own store begins at the last session otherwise, which a restart makes in the middle of a turn
                whole = await rasa.tracker_store.retrieve_full_tracker(f"web:{seed}")
                assert whole is not None
                called = [call["next_action"] for call in office.calls]
                turns.append((said, _of_this_turn(whole.events), tracker.current_slot_values(), called))
            found.append(turns)
        await _close(rasa)
    return found


def _of_this_turn(events: Any) -> list[dict[str, Any]]:
    latest: list[dict[str, Any]] = []
    for event in reversed(events):
        latest.append(plain(event))
        if isinstance(event, UserUttered):
            break
    return _carried(latest[::-1])


def _stuck(turn: Turn) -> bool:
    """Rasa as it comes never listens again after ten actions in one turn; see `repairs/action_limits.py`."""
    return not turn[3] and [event["event"] for event in turn[1]] == ["user"]


def _carried(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A new session sets every slot as often as it was ever set; what counts is the last time, for both the same."""
    starts = [number for number, event in enumerate(events) if event["event"] == "session_started"]
    if not starts:
        return events
    first = last = starts[-1] + 1
    while last < len(events) and events[last]["event"] == "slot":
        last += 1
    kept = {event["name"]: event for event in events[first:last]}
    return [*events[:first], *(kept[name] for name in sorted(kept)), *events[last:]]


async def _close(_rasa: Agent) -> None:
    from components.repairs import action_calls

    for sessions in list(action_calls._sessions.values()):
        for session in sessions.values():
            await session.close()


def test_the_same_conversations_with_and_without_repairs(small_model: Path, tmp_path: Path) -> None:
    seeds = range(CONVERSATIONS)
    own = asyncio.run(talk(small_model, rasas_own_store(tmp_path / "own.db", DOMAIN), seeds))
    assert repairs.install() == []
    try:
        store = DialogueStore(DOMAIN, host=f"sqlite:///{tmp_path / 'ours.db'}")
        ours = asyncio.run(talk(small_model, store, seeds))
    finally:
        for one in repairs.repairs():
            one.take_out()

    actions, compared = set(), 0
    for seed in seeds:
        for number, (mine, theirs) in enumerate(zip(ours[seed], own[seed], strict=True)):
            if _stuck(theirs):
                assert not _stuck(mine), "a conversation that was stopped goes on"
                break
            compared += 1
            where = f"conversation {seed}, turn {number}: {script(seed)[number]}"
            assert mine[0] == theirs[0], f"another answer in {where}"
            assert mine[3] == theirs[3], f"other actions called in {where}"
            assert mine[2] == theirs[2], f"other slots in {where}"
            assert mine[1] == theirs[1], f"other events in {where}"
            actions |= {event.get("name") for event in mine[1] if event["event"] == "action"}
    assert compared > CONVERSATIONS * TURNS / 2, "a poor test"
    assert {"report_form", "progress_form", "feedback_form", "action_not_understood"} <= actions, "a poor test"
