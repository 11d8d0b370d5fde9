"""The files of conversations themselves: that all can be played, and that a wrong one is refused with file and key."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.conversations.script import OF_THE_CITIZEN, Conversation, ScriptError, conversations, read

AT_LEAST = 200
FOLDERS = {
    *("happy", "drip_fed", "corrections", "digressions", "cancellations", "bursts", "unclear", "emergencies"),
    *("out_of_scope", "anger", "feelings", "handover", "followup", "feedback", "resume", "hostile", "languages"),
    *("times", "phones", "voice_photos", "several_problems", "known", "questions", "places"),
}
_HOUSE = re.compile(r"(?:[一-龥]{2,3}[区市])?([一-龥]{1,6}(?:路|街)\d+号)")


def every() -> list[Conversation]:
    return conversations()


def test_there_are_enough_of_every_kind() -> None:
    kinds = Counter(one.path.parent.name for one in every())
    assert kinds.total() >= AT_LEAST
    assert set(kinds) == FOLDERS
    assert min(kinds.values()) >= 5, kinds


def test_each_has_a_name_of_its_own() -> None:
    twice = [name for name, times in Counter(one.script.name for one in every()).items() if times > 1]
    assert not twice


def test_each_checks_something_of_what_is_answered() -> None:
    for one in every():
        checked = [turn for turn in one.script.turns if turn.model_fields_set - {turn.act, "device", "text", "times"}]
        assert checked, f"{one.id} checks nothing"


def test_none_begins_with_a_button_that_nobody_has_shown() -> None:
    for one in every():
        first = one.script.turns[0]
        assert first.act in OF_THE_CITIZEN, one.id


def test_no_two_report_at_the_same_house() -> None:
    """Or one would be offered the other's problem."""
    owner: dict[str, str] = {}
    for one in every():
        told = " ".join(turn.say or " ".join(turn.burst or ()) for turn in one.script.turns)
        for house in set(_HOUSE.findall(told)):
            assert owner.setdefault(house, one.id) == one.id, f"{house} is in {owner[house]} and in {one.id}"


def written(folder: Path, text: str) -> Path:
    path = folder / "happy" / "one.yml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name: x\nturns: []\n", "turns"),
        ("turns:\n  - say: 路灯\n", "name"),
        ("name: x\nturns:\n  - say: 路灯\n    hear: 手机号\n", "turns.1.hear"),
        ("name: x\nturns:\n  - say: 路灯\n  - say: 灯\n    tap: 匿名\n", "turns.2"),
        ("name: x\nturns:\n  - hears: 手机号\n", "exactly one of"),
        ("name: x\nturns:\n  - say: 路灯\n    says: report.no_such_sentence\n", "report.no_such_sentence"),
        ("name: x\nturns:\n  - say: 路灯\n    asks: weather\n", "weather"),
        ("name: x\nturns:\n  - say: 路灯\n    card: confirmed\n", "confirmed"),
        ("name: x\nturns:\n  - say: 路灯\n    rows: 同安路\n", "turns.1.rows"),
        ("name: x\nturns:\n  - say: 路灯\n    hears: []\n", "turns.1.hears"),
        ("name: x\nturns:\n  - burst: [一条]\n", "turns.1.burst"),
        ("name: x\nturns:\n  - pin: {lat: 91, lon: 120}\n", "turns.1.pin.lat"),
        ("name: x\nturns:\n  - say: 路灯\n    text: 你好\n", "text"),
        ("name: x\nturns:\n  - clerk: say\n", "clerk"),
        ("name: x\nturns:\n  - pause_hours: 3\n    hears: 路灯\n", "pause"),
        ("name: x\nturns:\n  - say: 路灯\n    silent: true\n    hears: 路灯\n", "silent"),
        ("name: x\nmost_turns: 0\nturns:\n  - say: 路灯\n", "most_turns"),
        ("name: x\nturns:\n  - say: 路灯\n    hears: 一\n    hears: 二\n", "stands twice"),
        ("name: x\nturns:\n  - say: 路灯\n on: 1\n", "one.yml"),
    ],
)
def test_a_wrong_file_is_refused_and_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ScriptError) as refused:
        read(written(tmp_path, text))
    assert "happy/one.yml" in str(refused.value)
    assert named in str(refused.value)


def test_figures_are_read_as_they_are_said(tmp_path: Path) -> None:
    turn = read(written(tmp_path, "name: x\nturns:\n  - say: 着火了\n    hears: [119, 火]\n")).script.turns[0]
    assert turn.hears == ("119", "火")
