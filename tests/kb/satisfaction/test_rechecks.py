"""What a re-check needs before it may be decided; levels and policy."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.satisfaction import checklists, policy
from kb.satisfaction.levels import TWO, Level, on_scale, scale
from kb.satisfaction.rechecks import ALLOWED, Decision, NotAllowed, State, check, needed, same_person

LISTS = checklists.load()
IDS = [item.id for item in LISTS.items]


def test_the_lists_are_three_checks_and_one_telling_and_six_of_the_file() -> None:
    assert [item.name for item in LISTS.verify] == ["核实诉求事项", "核实办理情况", "核实群众意见", "告知结果"]
    assert [item.name for item in LISTS.file] == ["有登记", "有派单", "有办理", "有反馈", "有回访", "有归档"]
    assert [item.id for item in LISTS.items if item.tells] == ["told"]
    assert not LISTS.confirmed, "until the bureau has said that these are its words"


@pytest.mark.parametrize(("before", "to"), list(itertools.product(State, State)))
def test_only_what_the_table_has_may_happen(before: State, to: State) -> None:
    decision = Decision(to, "王芳", "看过了", tuple(IDS))
    if to in ALLOWED[before]:
        check(before, decision, closed_by="李明", lists=LISTS)
        assert before is State.OPEN
    else:
        with pytest.raises(NotAllowed, match="cannot become"):
            check(before, decision, closed_by="李明", lists=LISTS)


@given(
    to=st.sampled_from([State.SOLVED, State.REDONE, State.ENDED]),
    by=st.sampled_from(["王芳", "李明", "李 明", "", " "]),
    closed_by=st.sampled_from([None, "李明", "王芳", ""]),
    said=st.sampled_from([None, "李明", "王芳", " "]),
    note=st.sampled_from(["看过了", "", "　"]),
    ticked=st.sets(st.sampled_from(IDS)),
)
def test_nobody_checks_their_own_closure_and_nothing_is_left_unchecked(
    to: State, by: str, closed_by: str | None, said: str | None, note: str, ticked: set[str]
) -> None:
    try:
        check(State.OPEN, Decision(to, by, note, tuple(ticked), said), closed_by=closed_by, lists=LISTS)
    except NotAllowed:
        return
    closer = closed_by or said
    assert closer and closer.strip() and by.strip() and note.strip()
    assert not same_person(by, closer)
    assert {item.id for item in needed(to, LISTS)} <= ticked


def test_a_scale_is_five_or_two() -> None:
    assert scale(5) == tuple(Level) and scale(2) == TWO == (Level.SATISFIED, Level.DISSATISFIED)
    with pytest.raises(ValueError, match="2 or 5"):
        scale(3)
    for level in Level:
        assert on_scale(level, 5) is level
        assert on_scale(level, 2) in TWO and on_scale(level, 2).good == level.good


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("reports: 1\nnext: {amount: 3, unit: working_days}\n", "reports"),
        ("reports: 3\nnext: {amount: 0, unit: working_days}\n", "next"),
        ("reports: 3\nnext: {amount: 3, unit: weeks}\n", "next"),
        ("reports: 3\nnext: {amount: 3, unit: working_days}\nmore: 1\n", "Field required|Extra"),
    ],
)
def test_a_policy_that_cannot_be_used_is_told_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "ledger.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=rf"ledger\.yml:\d+: .*({says})"):
        policy.load(file)


def test_an_item_given_twice_is_told(tmp_path: Path) -> None:
    file, item = tmp_path / "checklists.yml", "{id: a, name: 甲, what: 乙}"
    file.write_text(f"confirmed: true\nverify: [{item}]\nfile: [{item}]\n", encoding="utf-8")
    with pytest.raises(ContentError, match="'a' is given twice"):
        checklists.load(file)
