"""What may follow what, without any page or database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.demo_dispatch.casework import (
    ALLOWED_MOVES,
    COMPLETE,
    GEOREPORT_STATUS,
    LONGEST_EXTENSION,
    LONGEST_TEXT,
    NEEDS,
    STATE_AFTER,
    VERIFIED,
    Case,
    CitizenUpdate,
    DateRefused,
    Doing,
    Entry,
    Event,
    IllegalMove,
    MoveRefused,
    NewRequest,
    Outdated,
    SamePerson,
    State,
    TextRefused,
    Unchecked,
    UpdateKind,
    move,
    next_steps,
    state_when_told,
    step_from_form,
)
from integrations.demo_dispatch.pictures import PictureRefused
from integrations.demo_dispatch.wording import (
    CHECK_NAMES,
    SERVICE_NOTICES,
    STATE_NAMES,
    STEPS,
    UPDATE_NAMES,
    refusal_words,
)

from .conftest import MORNING

S, E = State, Event
TOMORROW = MORNING + timedelta(days=1)
ALL = frozenset({*VERIFIED, *COMPLETE})

ALLOWED = {
    (S.RECEIVED, E.ACCEPTED),
    (S.RECEIVED, E.RETURNED),
    (S.ACCEPTED, E.ASSIGNED),
    (S.ACCEPTED, E.EXTENDED),
    (S.ACCEPTED, E.RETURNED),
    (S.ASSIGNED, E.ANSWERED),
    (S.ASSIGNED, E.CLOSED),
    (S.ASSIGNED, E.CO_ASSIGNED),
    (S.ASSIGNED, E.EXTENDED),
    (S.ASSIGNED, E.RETURNED),
    (S.ANSWERED, E.ANSWERED),
    (S.ANSWERED, E.CLOSED),
    (S.ANSWERED, E.CO_ASSIGNED),
    (S.ANSWERED, E.EXTENDED),
    (S.RECHECKING, E.RECHECKED),
    (S.RETURNED, E.ASSIGNED),
}
PATHS: dict[State, Sequence[Event]] = {
    S.RECEIVED: [],
    S.ACCEPTED: [E.ACCEPTED],
    S.ASSIGNED: [E.ACCEPTED, E.ASSIGNED],
    S.ANSWERED: [E.ACCEPTED, E.ASSIGNED, E.ANSWERED],
    S.CLOSED: [E.ACCEPTED, E.ASSIGNED, E.CLOSED],
    S.RECHECKING: [E.ACCEPTED, E.ASSIGNED, E.CLOSED],
    S.RETURNED: [E.RETURNED],
}


def told(kind: UpdateKind, at: datetime = MORNING) -> CitizenUpdate:
    return CitizenUpdate(kind, f"{kind}-1", "再不来人就晚了", at, at)


def case_in(state: State, *said: UpdateKind) -> Case:
    history = tuple(
        Entry(
            number,
            event,
            STATE_AFTER[event] or State.ASSIGNED,
            MORNING,
            "二班" if event is E.ASSIGNED else None,
            clerk="王敏" if event is E.CLOSED else None,
        )
        for number, event in enumerate(PATHS[state], start=1)
    )
    return Case("DC-20261121-0001", NewRequest("QD-41"), MORNING, history, tuple(told(kind) for kind in said), state)


def doing_of(**changes: object) -> Doing:
    """A form with everything in it."""
    good = Doing(text="已处理", clerk="李强", due_at=TOMORROW, solved=True, checks=ALL)
    return replace(good, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("state", "to"), list(product(State, Event)))
def test_only_the_moves_in_the_table_are_allowed(state: State, to: Event) -> None:
    if (state, to) in ALLOWED:
        entry = move(case_in(state), to, doing_of(), now=MORNING)
        assert (entry.event, entry.sequence) == (to, len(case_in(state).history) + 1)
        assert entry.state == (STATE_AFTER[to] or state)
    else:
        with pytest.raises(IllegalMove) as refused:
            move(case_in(state), to, doing_of(), now=MORNING)
        assert (refused.value.state, refused.value.to) == (state, to)


def test_every_state_and_step_has_its_rules_and_words() -> None:
    for table in (ALLOWED_MOVES, GEOREPORT_STATUS, STATE_NAMES, SERVICE_NOTICES):
        assert set(table) == set(State)
    assert set(NEEDS) == set(STEPS) == set(STATE_AFTER) == set(Event)
    assert {step for step, field in NEEDS.items() if field} == {step for step, words in STEPS.items() if words.field}
    assert set(UPDATE_NAMES) == set(UpdateKind)
    assert list(CHECK_NAMES) == [*VERIFIED, *COMPLETE]


@pytest.mark.parametrize("to", [E.ASSIGNED, E.CO_ASSIGNED, E.EXTENDED, E.ANSWERED, E.CLOSED, E.RETURNED])
def test_a_step_that_needs_words_is_refused_without_them(to: Event) -> None:
    state = next(state for state, event in sorted(ALLOWED) if event is to)

    with pytest.raises(TextRefused):
        move(case_in(state), to, doing_of(text=" \n"), now=MORNING)


def test_words_may_be_as_long_as_the_limit_and_no_longer() -> None:
    limit = LONGEST_TEXT["note"]

    assert move(case_in(S.ASSIGNED), E.CLOSED, doing_of(text="字" * limit), now=MORNING).note == "字" * limit
    with pytest.raises(TextRefused):
        move(case_in(S.ASSIGNED), E.CLOSED, doing_of(text="字" * (limit + 1)), now=MORNING)


def test_a_unit_that_helps_does_not_take_over() -> None:
    helping = move(case_in(S.ASSIGNED), E.CO_ASSIGNED, doing_of(text="道路一班"), now=MORNING)
    case = case_in(S.ASSIGNED)
    case = replace(case, history=(*case.history, helping))

    assert helping.unit == "道路一班"
    assert (case.unit, case.co_units) == ("二班", ("道路一班",))
    assert move(case, E.ANSWERED, doing_of(), now=MORNING).unit == "二班"


# -- extensions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("due_at", [None, MORNING, MORNING - timedelta(days=1), MORNING + timedelta(days=91)])
def test_an_extension_is_to_a_later_day_that_is_not_too_far(due_at: datetime | None) -> None:
    with pytest.raises(DateRefused):
        move(case_in(S.ASSIGNED), E.EXTENDED, doing_of(due_at=due_at), now=MORNING)


def test_the_longest_extension_is_allowed_and_a_second_must_be_later_than_the_first() -> None:
    case = case_in(S.ASSIGNED)
    first = move(case, E.EXTENDED, doing_of(due_at=TOMORROW), now=MORNING)
    case = replace(case, history=(*case.history, first))

    assert case.due_at == TOMORROW
    with pytest.raises(DateRefused) as refused:
        move(case, E.EXTENDED, doing_of(due_at=TOMORROW), now=MORNING)
    assert refused.value.after == TOMORROW
    longest = MORNING + LONGEST_EXTENSION
    assert move(case, E.EXTENDED, doing_of(due_at=longest), now=MORNING).due_at == longest


def test_an_extension_is_later_than_the_date_that_the_sender_set() -> None:
    request = NewRequest("QD-41", attributes=(("DUE", "2026-11-25T17:30:00+08:00"),))
    case = replace(case_in(S.ASSIGNED), request=request)

    with pytest.raises(DateRefused):
        move(case, E.EXTENDED, doing_of(due_at=TOMORROW), now=MORNING)
    assert move(case, E.EXTENDED, doing_of(due_at=MORNING + timedelta(days=5)), now=MORNING).due_at


# -- re-checks and withdrawals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "kind"), list(product(State, UpdateKind)))
def test_only_a_wish_for_a_recheck_of_what_is_closed_moves_a_request(state: State, kind: UpdateKind) -> None:
    wished = state is S.CLOSED and kind is UpdateKind.RECHECK

    assert state_when_told(state, kind) == (S.RECHECKING if wished else state)


def test_who_closed_cannot_recheck() -> None:
    with pytest.raises(SamePerson):
        move(case_in(S.RECHECKING), E.RECHECKED, doing_of(clerk="王敏"), now=MORNING)
    with pytest.raises(TextRefused):
        move(case_in(S.RECHECKING), E.RECHECKED, doing_of(clerk=None), now=MORNING)
    assert move(case_in(S.RECHECKING), E.RECHECKED, doing_of(), now=MORNING).clerk == "李强"


def test_the_last_one_who_closed_counts() -> None:
    case = case_in(S.RECHECKING)
    again = Entry(4, E.CLOSED, S.CLOSED, MORNING, clerk="李强")
    case = replace(case, history=(*case.history, again))

    assert move(case, E.RECHECKED, doing_of(clerk="王敏"), now=MORNING).clerk == "王敏"
    with pytest.raises(SamePerson):
        move(case, E.RECHECKED, doing_of(clerk="李强"), now=MORNING)


@given(st.sets(st.sampled_from(sorted(ALL))), st.booleans())
def test_a_closing_is_confirmed_with_every_check_and_reopened_with_the_four(checks: set[str], solved: bool) -> None:
    needed = ALL if solved else frozenset(VERIFIED)
    case = case_in(S.RECHECKING)
    doing = doing_of(checks=frozenset(checks), solved=solved)

    if needed <= checks:
        entry = move(case, E.RECHECKED, doing, now=MORNING)
        assert entry.state is (S.CLOSED if solved else S.ASSIGNED)
        assert (entry.solved, set(entry.checks)) == (solved, checks)
    else:
        with pytest.raises(Unchecked) as refused:
            move(case, E.RECHECKED, doing, now=MORNING)
        assert set(refused.value.missing) == needed - checks


def test_a_recheck_says_what_it_found() -> None:
    with pytest.raises(TextRefused) as refused:
        move(case_in(S.RECHECKING), E.RECHECKED, doing_of(solved=None), now=MORNING)
    assert refused.value.field == "solved"


@pytest.mark.parametrize("state", [S.RECEIVED, S.ACCEPTED, S.RETURNED])
def test_what_was_withdrawn_can_be_closed_at_once(state: State) -> None:
    assert E.CLOSED not in next_steps(case_in(state, UpdateKind.URGE))
    assert next_steps(case_in(state, UpdateKind.WITHDRAW))[0] is E.CLOSED
    assert move(case_in(state, UpdateKind.WITHDRAW), E.CLOSED, doing_of(), now=MORNING).state is S.CLOSED


def test_a_withdrawal_opens_nothing_that_is_over() -> None:
    assert next_steps(case_in(S.CLOSED, UpdateKind.WITHDRAW)) == ()


# -- taps --------------------------------------------------------------------------------------------------------


def test_a_second_tap_is_known_by_the_step_that_stands_already() -> None:
    case = case_in(S.ASSIGNED)

    assert step_from_form(case, E.ACCEPTED, Doing(), seen=0, now=MORNING) is None
    assert step_from_form(case, E.ASSIGNED, Doing(" 二班 "), seen=1, now=MORNING) is None


@pytest.mark.parametrize(
    ("to", "seen", "text"),
    [(E.RETURNED, 0, "不归我们"), (E.ASSIGNED, 1, "三班"), (E.ACCEPTED, 1, ""), (E.CLOSED, 9, "好")],
)
def test_another_step_from_an_old_page_is_outdated(to: Event, seen: int, text: str) -> None:
    with pytest.raises(Outdated):
        step_from_form(case_in(S.ASSIGNED), to, Doing(text), seen=seen, now=MORNING)


def test_the_same_words_from_a_fresh_page_are_a_second_answer() -> None:
    later = MORNING + timedelta(hours=1)

    entry = step_from_form(case_in(S.ANSWERED), E.ANSWERED, Doing("仍在处理"), seen=3, now=later)

    assert entry == Entry(4, E.ANSWERED, S.ANSWERED, later, "二班", "仍在处理")


def test_every_refusal_has_words_for_the_clerk() -> None:
    words: dict[MoveRefused, str] = {
        IllegalMove(S.CLOSED, E.ACCEPTED): "工单现在是“已办结”，不能签收，什么也没有改动。",
        TextRefused(E.CLOSED, "note", None): "请填写办理结果。",
        TextRefused(E.ASSIGNED, "unit", 60): "班组名称太长了，最多 60 个字。",
        TextRefused(E.RECHECKED, "clerk", None): "请选择由谁复核。",
        TextRefused(E.RECHECKED, "solved", None): "请选择复核结论：问题是否确已解决。",
        DateRefused(None): "请选择新的办理期限，最多延后 90 天。",
        DateRefused(MORNING): "新的办理期限要晚于 2026-11-21 09:30。",
        SamePerson("王敏"): "这张工单由王敏办结，复核要换一名工作人员。",
        Unchecked(("told", "archived")): "还有没核实的：告知核查结果、有归档。",
        PictureRefused("many"): "一次最多 3 张照片，请去掉几张再提交。",
        PictureRefused("large", "大.jpg"): "照片“大.jpg”太大了，每张最多 8 MB。",
        PictureRefused("kind", "表.pdf"): "“表.pdf”打不开，请换成 JPG、PNG 或 WebP 格式的照片。",
        Outdated(): "这张工单刚刚有了新的进展，请看过最新记录再操作。",
    }

    assert {refusal: refusal_words(refusal) for refusal in words} == words
    assert {type(refusal) for refusal in words} == set(MoveRefused.__subclasses__())
