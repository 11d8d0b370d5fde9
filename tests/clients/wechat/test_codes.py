"""WeChat's error codes: what each leads to."""

from __future__ import annotations

import pytest

from integrations.clients.wechat.codes import CODES, Action, code_of, refusal
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.wechat import errors

EXPECTED = {
    -1: TryLater,
    40003: errors.Unreachable,
    40007: errors.MediaGone,
    40013: errors.SetUpWrong,
    40029: errors.CodeUsed,
    40037: errors.SetUpWrong,
    40125: errors.SetUpWrong,
    40163: errors.CodeUsed,
    40164: errors.SetUpWrong,
    40001: errors.SetUpWrong,
    43004: errors.Unreachable,
    43101: errors.ConsentGone,
    45002: errors.TooLong,
    45009: errors.QuotaUsed,
    45011: errors.QuotaUsed,
    45015: errors.OutOfWindow,
    45047: errors.CountUsed,
    47003: errors.SetUpWrong,
    48001: errors.NoPermission,
    48002: errors.Unreachable,
    48004: errors.NoPermission,
    48006: errors.QuotaUsed,
    61004: errors.SetUpWrong,
}


@pytest.mark.parametrize(("number", "kind"), EXPECTED.items())
def test_a_code_leads_to_its_error(number: int, kind: type[Exception]) -> None:
    assert type(refusal(number)) is kind


def test_a_code_that_nobody_knows_is_refused_for_good_and_can_be_looked_up() -> None:
    error = refusal(99999)
    assert type(error) is Rejected
    assert "99999" in str(error)


@pytest.mark.parametrize("number", [-1, 45009, 45011])
def test_what_may_be_tried_later_was_surely_not_taken(number: int) -> None:
    error = refusal(number)
    assert isinstance(error, TryLater)
    assert error.unheard


def test_a_days_quota_is_waited_for_longer_than_a_minutes() -> None:
    day, minute = refusal(45009), refusal(45011)
    assert isinstance(day, TryLater)
    assert isinstance(minute, TryLater)
    assert (day.after or 0) > (minute.after or 0) >= 60


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: str(code.number))
def test_every_code_says_what_it_means_and_who_needs_a_person_what_to_do(code: object) -> None:
    known = code_of(code.number)  # type: ignore[attr-defined]
    assert known.meaning.endswith(".")
    assert known.todo == "" or known.todo.endswith(".")
    if known.alarms or isinstance(refusal(known.number), NeedsPerson):
        assert known.todo


def test_alarms_are_what_a_person_has_to_settle() -> None:
    alarming = {number for number, code in CODES.items() if code.alarms}
    assert alarming >= {40001, 40014, 42001, 40164, 40125, 45009, 48001}
    assert not alarming & {-1, 40003, 45011, 45015, 45047, 43101, 45081}


def test_signs_of_typing_are_never_an_error_worth_a_thought() -> None:
    assert {code_of(number).action for number in (45072, 45080, 45081)} == {Action.IGNORE}


def test_the_address_that_wechat_sees_is_told_to_the_operator() -> None:
    assert "203.0.113.7" in str(refusal(40164, address="203.0.113.7"))
