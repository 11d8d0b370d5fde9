"""What each `jiesu` reads anew when it begins is read once for all commands that tests call in their own process."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import typer.main
import typer.testing

from integrations.knowledge import Knowledge
from kb.places import atlas

# Content alone: nothing here depends on a test's settings or on its data folder.
CONTENT = frozenset(
    {
        "anger",
        "checklists",
        "danger_words",
        "deadline_rules",
        "duties",
        "feeling_words",
        "hearing",
        "known_issues",
        "questions",
        "reasons",
        "screening",
        "taxonomy",
        "verdict_policy",
        "words",
    }
)
_read: dict[str, Any] = {}
_commands = cache(typer.main.get_command)
_places = cache(atlas.load)
_part = Knowledge._part


def _remembered(knowledge: Knowledge, name: str, made: Any) -> Any:
    if name not in CONTENT or name in knowledge.replacements:
        return _part(knowledge, name, made)
    if name not in _read:
        _read[name] = made()
    return _read[name]


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Knowledge, "_part", _remembered)
    monkeypatch.setattr(atlas, "load", _places)
    monkeypatch.setattr(typer.testing, "_get_command", _commands)
