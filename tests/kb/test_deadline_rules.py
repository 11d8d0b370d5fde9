"""The rules around deadlines: what ships is whole, and a wrong line is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb import deadline_rules, taxonomy
from kb.content_files import ContentError
from kb.deadline_rules import ESCALATION, EXTENSIONS, Extension
from kb.deadlines import Deadline, Unit
from kb.taxonomy import Urgency

TREE = taxonomy.load()


def test_what_ships_has_a_rule_for_every_category_and_urgency() -> None:
    rules = deadline_rules.load(TREE)
    for leaf in TREE:
        for urgency in Urgency:
            assert rules.extension(leaf.code, urgency).times >= 0
    assert {urgency: len(rules.escalation[urgency]) for urgency in Urgency} == dict.fromkeys(Urgency, len(rules.levels))


def test_a_category_that_has_the_longer_time_already_gets_no_more() -> None:
    rules = deadline_rules.load(TREE)
    extended = [leaf.code for leaf in TREE if "取延长后时限" in leaf.entry.deadline_source]
    assert len(extended) >= 7
    assert {rules.extension(code, Urgency.ORDINARY).times for code in extended} == {0}
    assert rules.extension("410102", Urgency.ORDINARY) == Extension(1)


def test_what_is_dangerous_gets_no_more_time_and_the_levels_hear_of_it_sooner() -> None:
    rules = deadline_rules.load(TREE)
    assert rules.by_urgency[Urgency.CRITICAL].times == 0
    assert rules.escalation[Urgency.CRITICAL][0].past == Deadline(1, Unit.HOURS)


def test_a_category_may_have_an_amount_of_its_own(tmp_path: Path) -> None:
    text = EXTENSIONS.read_text(encoding="utf-8")
    path = tmp_path / "deadlines.yml"
    path.write_text(
        text + '  "410102":\n    times: 2\n    more: {amount: 3, unit: working_days}\n    source: 试\n',
        encoding="utf-8",
    )
    rules = deadline_rules.load(TREE, extensions=path)
    assert rules.extension("410102", Urgency.ORDINARY) == Extension(2, Deadline(3, Unit.WORKING_DAYS))


@pytest.mark.parametrize(
    ("file", "old", "new", "word"),
    [
        (EXTENSIONS, '"520203"', '"999999"', "no category '999999'"),
        (EXTENSIONS, "    times: 0\n    source: 应急", "    times: -1\n    source: 应急", "times"),
        (EXTENSIONS, "more: same", "more: twice", "more"),
        (EXTENSIONS, "  特急:\n    times: 0\n    source: 应急类先处置，不予延期，本系统取用\n", "", "nothing for 特急"),
        (ESCALATION, "  - level: 2", "  - level: 4", "here stands level 2"),
        (ESCALATION, "      特急: {amount: 4, unit: hours}\n", "", "nothing for 特急"),
        (ESCALATION, "unit: working_days}\n      紧急: {amount: 24", "unit: weeks}\n      紧急: {amount: 24", "unit"),
        (ESCALATION, "amount: 48", "amount: 480", "amount"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, file: Path, old: str, new: str, word: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / file.name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    given = {"extensions": path} if file is EXTENSIONS else {"escalation": path}
    with pytest.raises(ContentError, match=rf"{path}:\d+: .*{word}"):
        deadline_rules.load(TREE, **given)
