"""Short answers inside Rasa's own environment. To be run by the Python of `bot/`; skipped where Rasa is missing."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bot"))

from components.short_answers import ShortAnswers
from rasa.shared.nlu.training_data.message import Message

LONG = "你好，我想反映一下我们小区门口的路灯坏了三天了，晚上什么都看不见"
LONGEST_OF_ALL = ShortAnswers.get_default_config()["longest_of_all"]


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
def test_a_very_long_text_is_never_a_short_answer_however_sure(short: str) -> None:
    assert intent("长" * LONGEST_OF_ALL, ranked(**{short: 0.99, "report": 0.01})) == "report"


@pytest.mark.parametrize(
    ("text", "short"), [("对", "affirm"), ("算了不报了", "cancel"), ("你好", "greet"), ("谢谢你啊", "thanks")]
)
def test_a_short_answer_stays_what_it_is(text: str, short: str) -> None:
    ranking = ranked(**{short: 0.7, "report": 0.3})
    message = heard(text, copy.deepcopy(ranking))
    assert (message.get("intent"), message.get("intent_ranking")) == (ranking[0], ranking)


@pytest.mark.parametrize("short", sorted(ShortAnswers.get_default_config()["longest"]))
def test_the_longest_short_answer_still_counts_and_one_letter_more_only_where_it_is_sure(short: str) -> None:
    longest = ShortAnswers.get_default_config()["longest"][short]
    assert intent("对" * longest, ranked(**{short: 0.8, "report": 0.2})) == short
    assert intent("对" * (longest + 1), ranked(**{short: 0.8, "report": 0.2})) == "report"
    assert intent("对" * (longest + 1), ranked(**{short: 0.95, "report": 0.05})) == short


def test_blanks_around_a_short_answer_do_not_make_it_long() -> None:
    assert intent("  对" + " " * 40, ranked(affirm=0.8, report=0.2)) == "affirm"


def test_what_is_ruled_out_leaves_its_probability_to_the_rest() -> None:
    message = heard(LONG, ranked(greet=0.6, report=0.3, urge=0.1))
    assert message.get("intent_ranking") == [
        {"name": "report", "confidence": pytest.approx(0.75)},
        {"name": "urge", "confidence": pytest.approx(0.25)},
        {"name": "greet", "confidence": 0.0},
    ]
    assert message.get("intent") == message.get("intent_ranking")[0]


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
    empty = Message(data={"intent_ranking": ranked(affirm=0.8, report=0.2)})
    ShortAnswers(ShortAnswers.get_default_config()).process([empty])
    assert empty.get("intent_ranking")[0]["name"] == "affirm"


def test_the_table_can_be_set_in_the_configuration() -> None:
    assert intent("对" * 5, ranked(affirm=0.8, report=0.2), longest={"affirm": 4}) == "report"
    assert intent(LONG, ranked(greet=0.8, report=0.2), longest={"affirm": 4}) == "greet"
    assert intent(LONG, ranked(greet=0.8, report=0.2), sure=0.75) == "greet"
