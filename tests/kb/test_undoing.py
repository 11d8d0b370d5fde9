"""Taking back turns gives the report exactly as it was, and keeps little."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kb import undoing

VALUES = (
    st.none() | st.integers(0, 3) | st.text("路灯坏了", max_size=6) | st.lists(st.text("ab", max_size=2), max_size=2)
)
REPORTS = st.dictionaries(st.sampled_from(["description", "place", "phone", "later", "asked", "since"]), VALUES)


@given(REPORTS, REPORTS)
def test_before_comes_back_from_after(before: dict[str, Any], after: dict[str, Any]) -> None:
    made = undoing.turn(before, after, said="x", asked="report_place")
    if made is None:
        assert {k: v for k, v in before.items() if k != "asked"} == {
            k: v for k, v in after.items() if k != "asked"
        } or (all(before.get(k) == after.get(k) for k in {*before, *after} - {"asked"}))
        return
    back = undoing.taken_back(after, undoing.Turn.from_dict(json.loads(json.dumps(made.as_dict()))))
    assert back is not None
    assert {k: v for k, v in back.items() if v is not None} == {k: v for k, v in before.items() if v is not None}


@given(st.lists(REPORTS, min_size=2, max_size=9))
def test_a_row_of_turns_is_taken_back_one_by_one(reports: list[dict[str, Any]]) -> None:
    turns, states = [], [reports[0]]
    for after in reports[1:]:
        if made := undoing.turn(states[-1], after, said="x", asked=None):
            turns.append(made)
            states.append(after)
    for plain in reversed(undoing.kept(turns)):
        after = states.pop()
        back = undoing.taken_back(after, undoing.Turn.from_dict(plain))
        assert back is not None
        for name in {*back, *states[-1]}:
            assert back.get(name) == states[-1].get(name) or name == "asked"


def test_the_first_words_are_taken_back_to_nothing() -> None:
    made = undoing.turn(None, {"description": "路灯坏了"}, said="路灯坏了", asked=None)
    assert made is not None and undoing.taken_back({"description": "路灯坏了"}, made) is None


def test_being_asked_is_nothing_told() -> None:
    assert undoing.turn({"id": "1"}, {"id": "1", "asked": {"report_place": 1}}, said="x", asked=None) is None


def test_little_is_kept_the_latest_first() -> None:
    turns = [undoing.Turn(str(number), None, {"description": "长" * 2_000}) for number in range(9)]
    found = undoing.kept(turns)
    assert [one["said"] for one in found] == ["6", "7", "8"]
    assert len(json.dumps(found, ensure_ascii=False)) <= undoing.CHARACTERS + 20
    assert len(undoing.kept([undoing.Turn(str(number), None, {}) for number in range(9)])) == undoing.TURNS
