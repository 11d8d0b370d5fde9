"""The check of an action's answer: Rasa's own verdict for every answer, in a fraction of the time.

To be run by the Python of `bot/`; skipped where Rasa is not installed.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")

from components.repairs import action_answers
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from tests.often import often

RASAS_OWN = RemoteAction._validate_action_result
ACTION = RemoteAction("validate_report_form", None)

GOOD: list[Any] = [
    {},
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "report_place", "value": {"text": "金水路"}}], "responses": []},
    {"events": [{"event": "slot", "name": "requested_slot", "value": None, "timestamp": None}], "responses": []},
    {"events": [{"event": "followup", "name": "report_form"}], "responses": [{"text": "好的"}]},
    {"events": [{"event": "active_loop", "name": None}], "responses": [{"custom": {"text": "好", "card": None}}]},
    {"events": [{"event": "action", "name": "report_form", "confidence": 0.5}]},
    {"responses": [{"text": None, "buttons": [], "custom": {}}]},
    {"anything": 1},
]
BAD: list[Any] = [
    {"events": [{"event": "slot", "value": 1}]},
    {"events": [{"event": "slot", "name": 7, "value": 1}]},
    {"events": [{"event": "no such event"}]},
    {"events": [{"name": "no event at all"}]},
    {"events": [{"event": "slot", "name": "a", "value": 1, "timestamp": "now"}]},
    {"events": {"event": "slot"}},
    {"events": ["slot"]},
    {"events": None},
    {"events": [{"event": "entities", "entities": [{"entity": "option"}]}]},
    {"responses": {"text": "好"}},
    {"responses": ["好"]},
    {"responses": None},
    [],
    None,
    "好",
    7,
]


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    """Our check in place; Rasa's own comes back after the test."""
    (repair,) = action_answers.REPAIRS
    assert repair.put_in()
    yield
    repair.take_out()


def refusal(check: Any, answer: Any) -> ValidationError | None:
    try:
        assert check(ACTION, copy.deepcopy(answer)) is True
    except ValidationError as refused:
        return refused
    return None


def test_our_check_is_in_place() -> None:
    assert RemoteAction._validate_action_result is action_answers._validate_action_result
    assert RASAS_OWN is not action_answers._validate_action_result


def test_a_plain_answer_is_not_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_answers, "_validator", lambda: pytest.fail("the whole rule was gone through"))

    assert ACTION._validate_action_result(GOOD[2]) is True
    assert ACTION._validate_action_result({**GOOD[4], "responses": [{"custom": {"text": "好"}}]}) is True


@pytest.mark.parametrize("answer", GOOD, ids=str)
def test_a_good_answer_is_taken(answer: Any) -> None:
    assert ACTION._validate_action_result(answer) is True


@pytest.mark.parametrize("answer", BAD, ids=str)
def test_a_bad_answer_is_refused_as_rasa_itself_would(answer: Any) -> None:
    ours, theirs = refusal(RemoteAction._validate_action_result, answer), refusal(RASAS_OWN, answer)
    assert ours is not None and theirs is not None
    assert type(ours) is type(theirs)
    assert "Failed to validate Action server response from API" in ours.message
    assert ours.message == theirs.message
    assert list(ours.absolute_path) == list(theirs.absolute_path)


def _value(rng: random.Random, depth: int = 0) -> Any:
    plain = [None, True, 0, 1.5, "金水路", "", {}, []]
    if depth < 2 and rng.random() < 0.4:
        return [_value(rng, depth + 1) for _ in range(rng.randrange(3))]
    return rng.choice(plain)


def _event(rng: random.Random) -> Any:
    event: dict[str, Any] = {"event": rng.choice(["slot", "followup", "active_loop", "entities", "action", "moon", 3])}
    for key in ("name", "value", "timestamp", "metadata", "entities", "confidence", "policy"):
        if rng.random() < 0.5:
            event[key] = rng.choice(["report_form", 0.5, None, {}, [], _value(rng)])
    return event if rng.random() < 0.95 else _value(rng)


def _answer(rng: random.Random) -> Any:
    answer: dict[str, Any] = {}
    if rng.random() < 0.9:
        answer["events"] = [_event(rng) for _ in range(rng.randrange(3))] if rng.random() < 0.9 else _value(rng)
    if rng.random() < 0.9:
        answer["responses"] = [{"text": "好"} for _ in range(rng.randrange(3))] if rng.random() < 0.8 else _value(rng)
    return answer


def test_answers_by_chance_get_rasas_own_verdict() -> None:
    rng = random.Random(20261121)
    taken = 0
    for _ in range(often(600)):
        answer = _answer(rng)
        ours, theirs = refusal(RemoteAction._validate_action_result, answer), refusal(RASAS_OWN, answer)
        assert (ours is None) is (theirs is None), answer
        assert ours is None or theirs is None or ours.message == theirs.message
        taken += ours is None
    assert 0.2 <= taken / often(600) <= 0.8, "a fair test has answers of both kinds"


def _seconds(check: Any, answer: Any, times: int) -> float:
    check(ACTION, answer)
    began = time.perf_counter()
    for _ in range(times):
        check(ACTION, answer)
    return (time.perf_counter() - began) / times


def test_it_is_at_least_five_times_as_fast() -> None:
    draft = {"id": "d1", "description": "路灯坏了" * 20, "place": {"text": "金水路"}, "asked": {"report_place": 1}}
    answer = {
        "events": [
            {"event": "slot", "name": "report_draft", "value": draft, "timestamp": None},
            {"event": "slot", "name": "requested_slot", "value": "report_contact", "timestamp": None},
        ],
        "responses": [{"text": None, "custom": {"text": "要不要留个手机号？", "options": [], "card": None}}],
    }
    ours = min(_seconds(RemoteAction._validate_action_result, answer, 20) for _ in range(3))
    theirs = min(_seconds(RASAS_OWN, answer, 5) for _ in range(3))
    assert theirs >= 5 * ours, f"{theirs * 1000:.2f} ms against {ours * 1000:.2f} ms"
