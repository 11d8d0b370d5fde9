"""What Jiesu adds to Rasa, inside Rasa's own environment: the check of an action's answer, and short answers.

To be run by the Python of `bot/`; skipped where Rasa is not installed.
"""

import copy
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bot"))

from components import action_answers
from components.short_answers import ShortAnswers
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.shared.nlu.training_data.message import Message

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
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our check in place; Rasa's own comes back after the test."""
    monkeypatch.setattr(RemoteAction, "_validate_action_result", RASAS_OWN)
    action_answers.install()


def refusal(check: Any, answer: Any) -> ValidationError | None:
    try:
        assert check(ACTION, copy.deepcopy(answer)) is True
    except ValidationError as refused:
        return refused
    return None


def test_installing_puts_our_check_into_rasa_and_twice_changes_nothing() -> None:
    action_answers.install()
    assert RemoteAction._validate_action_result is action_answers.validate_action_result
    assert RASAS_OWN is not action_answers.validate_action_result


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


def test_two_hundred_answers_get_rasas_own_verdict() -> None:
    rng = random.Random(20261121)
    taken = 0
    for _ in range(200):
        answer = _answer(rng)
        ours, theirs = refusal(RemoteAction._validate_action_result, answer), refusal(RASAS_OWN, answer)
        assert (ours is None) is (theirs is None), answer
        assert ours is None or theirs is None or ours.message == theirs.message
        taken += ours is None
    assert 40 <= taken <= 160, "a fair test has answers of both kinds"


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


# -- short answers -----------------------------------------------------------------------------------------------

LONG = "你好，我想反映一下我们小区门口的路灯坏了三天了，晚上什么都看不见"


def ranked(**confidences: float) -> list[dict[str, Any]]:
    return [{"name": name, "confidence": confidence} for name, confidence in confidences.items()]


def heard(text: str, ranking: list[dict[str, Any]], **config: Any) -> Message:
    message = Message(data={"text": text, "intent": ranking[0] if ranking else None, "intent_ranking": ranking})
    component = ShortAnswers({**ShortAnswers.get_default_config(), **config})
    assert component.process([message]) == [message]
    return message


def intent(text: str, ranking: list[dict[str, Any]], **config: Any) -> str:
    return str(heard(text, ranking, **config).get("intent")["name"])


@pytest.mark.parametrize("short", sorted(ShortAnswers.get_default_config()["longest"]))
def test_a_long_text_is_never_a_short_answer(short: str) -> None:
    assert intent(LONG, ranked(**{short: 0.95, "report": 0.04})) == "report"


@pytest.mark.parametrize(
    ("text", "short"), [("对", "affirm"), ("算了不报了", "cancel"), ("你好", "greet"), ("谢谢你啊", "thanks")]
)
def test_a_short_answer_stays_what_it_is(text: str, short: str) -> None:
    ranking = ranked(**{short: 0.9, "report": 0.1})
    message = heard(text, copy.deepcopy(ranking))
    assert (message.get("intent"), message.get("intent_ranking")) == (ranking[0], ranking)


@pytest.mark.parametrize("short", sorted(ShortAnswers.get_default_config()["longest"]))
def test_the_longest_short_answer_still_counts_and_one_letter_more_does_not(short: str) -> None:
    longest = ShortAnswers.get_default_config()["longest"][short]
    assert intent("对" * longest, ranked(**{short: 0.9, "report": 0.1})) == short
    assert intent("对" * (longest + 1), ranked(**{short: 0.9, "report": 0.1})) == "report"


def test_blanks_around_a_short_answer_do_not_make_it_long() -> None:
    assert intent("  对" + " " * 40, ranked(affirm=0.9, report=0.1)) == "affirm"


def test_a_short_answer_with_little_confidence_moves_down() -> None:
    message = heard("路灯", ranked(affirm=0.29, report=0.2, greet=0.1, check_progress=0.05))
    names = [one["name"] for one in message.get("intent_ranking")]
    assert names == ["report", "check_progress", "affirm", "greet"]
    assert message.get("intent") == message.get("intent_ranking")[0]
    assert intent("路灯", ranked(affirm=0.3, report=0.2)) == "affirm"


def test_several_short_answers_move_down_together() -> None:
    assert intent(LONG, ranked(greet=0.6, cancel=0.2, affirm=0.1, report=0.05)) == "report"


def test_a_long_text_that_fits_nothing_keeps_its_ranking() -> None:
    assert intent(LONG, ranked(greet=0.6, cancel=0.4)) == "greet"


@pytest.mark.parametrize("text", ["/affirm", '/choose{"option": "confirm:0123456789abcdef"}'])
def test_a_button_is_left_alone(text: str) -> None:
    assert intent(text, ranked(affirm=1.0, report=0.0)) == "affirm"


def test_a_message_without_a_ranking_or_a_text_is_left_alone() -> None:
    assert heard(LONG, []).get("intent") is None
    assert ShortAnswers(ShortAnswers.get_default_config()).process([]) == []
    empty = Message(data={"intent_ranking": ranked(affirm=0.9, report=0.1)})
    ShortAnswers(ShortAnswers.get_default_config()).process([empty])
    assert empty.get("intent_ranking")[0]["name"] == "affirm"


def test_the_table_can_be_set_in_the_configuration() -> None:
    assert intent("对" * 5, ranked(affirm=0.9, report=0.1), longest={"affirm": 4}) == "report"
    assert intent(LONG, ranked(greet=0.9, report=0.1), longest={"affirm": 4}) == "greet"
