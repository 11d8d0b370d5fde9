"""What is told at the end of a run."""

from __future__ import annotations

from tests.conversations.dialog import Played
from tests.conversations.summary import Outcomes, told


def test_how_many_end_rightly_how_soon_and_which_do_not() -> None:
    outcomes = Outcomes()
    assert not outcomes
    outcomes.ended("happy/a", Played(3, 3, 0))
    outcomes.ended("happy/b", Played(4, 6, 1))
    outcomes.ended("anger/a", Played(None, 2, 0))
    outcomes.ended("anger/b", AssertionError("'手机号' is missing in anger/b, turn 2 (烦):\n您说"))
    rows = told(outcomes)
    assert rows[0] == "3 of 4 conversations end rightly (75.0 %)"
    assert "median 3.5" in rows[1]
    assert "in 2 conversations" in rows[1]
    assert "  anger: 1 of 2" in rows
    assert rows[-1] == "wrong: anger/b: '手机号' is missing in anger/b, turn 2 (烦):"


def test_one_that_breaks_off_is_named_too() -> None:
    outcomes = Outcomes()
    outcomes.ended("happy/a", TimeoutError())
    assert told(outcomes) == [
        "0 of 1 conversations end rightly (0.0 %)",
        "  happy: 0 of 1",
        "wrong: happy/a: TimeoutError",
    ]
