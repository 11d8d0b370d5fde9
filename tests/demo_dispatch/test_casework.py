"""What may follow what, without any page or database."""

from datetime import timedelta
from itertools import product

import pytest

from integrations.demo_dispatch.casework import (
    ALLOWED_MOVES,
    GEOREPORT_STATUS,
    LONGEST_TEXT,
    NEEDS,
    Case,
    Entry,
    IllegalMove,
    NewRequest,
    Outdated,
    State,
    TextRefused,
    move,
    step_from_form,
)
from integrations.demo_dispatch.wording import (
    SERVICE_NOTICES,
    STATE_NAMES,
    STEPS,
    refusal_words,
)

from .conftest import MORNING

R, AC, AS, AN, C, B = State

ALLOWED = {(R, AC), (R, B), (AC, AS), (AC, B), (AS, AN), (AS, C), (AS, B), (AN, AN), (AN, C)}


def case_in(state: State) -> Case:
    path = {
        R: [], AC: [AC], AS: [AC, AS], AN: [AC, AS, AN], C: [AC, AS, C], B: [B],
    }[state]  # fmt: skip
    history = tuple(
        Entry(number, event, MORNING, "二班" if event == AS else None, None)
        for number, event in enumerate(path, start=1)
    )
    return Case("DC-20261121-0001", NewRequest("QD-41"), MORNING, history)


@pytest.mark.parametrize(("state", "to"), list(product(State, State)))
def test_only_the_moves_in_the_table_are_allowed(state: State, to: State) -> None:
    if (state, to) in ALLOWED:
        entry = move(case_in(state), to, text="已处理", now=MORNING)
        assert (entry.event, entry.sequence) == (to, len(case_in(state).history) + 1)
    else:
        with pytest.raises(IllegalMove) as refused:
            move(case_in(state), to, text="已处理", now=MORNING)
        assert (refused.value.state, refused.value.to) == (state, to)


def test_every_state_has_moves_status_and_words() -> None:
    for table in (ALLOWED_MOVES, GEOREPORT_STATUS, STATE_NAMES, SERVICE_NOTICES):
        assert set(table) == set(State)
    assert set(NEEDS) == set(STEPS) == set(State) - {State.RECEIVED}
    assert {step for step, field in NEEDS.items() if field} == {step for step, words in STEPS.items() if words.field}


@pytest.mark.parametrize("to", [AN, C, B])
def test_a_step_that_needs_words_is_refused_without_them(to: State) -> None:
    with pytest.raises(TextRefused):
        move(case_in(AS), to, text=" \n", now=MORNING)


def test_words_may_be_as_long_as_the_limit_and_no_longer() -> None:
    limit = LONGEST_TEXT["note"]

    assert move(case_in(AS), C, text="字" * limit, now=MORNING).note == "字" * limit
    with pytest.raises(TextRefused):
        move(case_in(AS), C, text="字" * (limit + 1), now=MORNING)


def test_a_second_tap_is_known_by_the_step_that_stands_already() -> None:
    case = case_in(AS)

    assert step_from_form(case, AC, seen=0, text="", now=MORNING) is None
    assert step_from_form(case, AS, seen=1, text=" 二班 ", now=MORNING) is None


@pytest.mark.parametrize(("to", "seen", "text"), [(B, 0, "不归我们"), (AS, 1, "三班"), (AC, 1, ""), (C, 9, "好")])
def test_another_step_from_an_old_page_is_outdated(to: State, seen: int, text: str) -> None:
    with pytest.raises(Outdated):
        step_from_form(case_in(AS), to, seen=seen, text=text, now=MORNING)


def test_the_same_words_from_a_fresh_page_are_a_second_answer() -> None:
    later = MORNING + timedelta(hours=1)

    entry = step_from_form(case_in(AN), AN, seen=3, text="仍在处理", now=later)

    assert entry == Entry(4, AN, later, "二班", "仍在处理")


def test_every_refusal_has_words_for_the_clerk() -> None:
    refusals = [IllegalMove(C, AC), TextRefused(C, "note", None), TextRefused(AS, "unit", 60)]

    assert [refusal_words(refusal) for refusal in refusals] == [
        "工单现在是“已办结”，不能签收，什么也没有改动。",
        "请填写办理结果。",
        "班组名称太长了，最多 60 个字。",
    ]
    assert "新的进展" in refusal_words(Outdated())
