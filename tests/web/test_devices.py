"""The same conversation on another device, by a code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fakes import FakeClock
from tests.web.conftest import OURS, Browser, is_chinese, problem


def code(browser: Browser) -> str:
    answer = browser.client.post("/api/chat/devices/code", json={}, headers=OURS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["minutes"] == 10
    return str(answer.json()["code"])


def join(browser: Browser, given: str):  # type: ignore[no-untyped-def]
    return browser.client.post("/api/chat/devices/join", json={"code": given}, headers=OURS)


@pytest.fixture
def two(new_browser: Callable[[], Browser]) -> tuple[Browser, Browser]:
    one, other = new_browser(), new_browser()
    one.begin()
    other.begin()
    return one, other


def test_a_code_brings_the_conversation_along(two: tuple[Browser, Browser]) -> None:
    one, other = two
    one.say("路灯坏了。")
    given = code(one)
    joined = join(other, f" {given[:4]}-{given[4:]} ").json()
    assert (joined["state"], joined["conversation"]) == ("linked", one.begin()["conversation"])
    assert is_chinese(joined["text"])
    assert other.begin()["conversation"] == joined["conversation"]
    assert other.messages() == one.messages()
    assert one.messages()[-1]["from"] == "notice"


def test_a_code_is_good_once(two: tuple[Browser, Browser], new_browser: Callable[[], Browser]) -> None:
    given = code(two[0])
    assert join(two[1], given).status_code == 200
    third = new_browser()
    third.begin()
    assert problem(join(third, given), 422)["code"] == "wrong_code"


def test_a_code_is_good_for_ten_minutes(two: tuple[Browser, Browser], clock: FakeClock) -> None:
    given = code(two[0])
    clock.move(minutes=10)
    assert problem(join(two[1], given), 422)["code"] == "wrong_code"


def test_ones_own_code_changes_nothing(two: tuple[Browser, Browser]) -> None:
    before = two[0].begin()["conversation"]
    assert join(two[0], code(two[0])).json()["state"] == "same"
    assert two[0].begin()["conversation"] == before


def test_codes_are_not_found_by_trying(two: tuple[Browser, Browser]) -> None:
    tries = [join(two[1], "00000000").status_code for _ in range(6)]
    assert tries == [422] * 5 + [429]
    last = join(two[1], code(two[0]))
    assert problem(last, 429)["code"] == "too_often"
    assert int(last.headers["retry-after"]) > 0


def test_so_many_codes_an_hour(two: tuple[Browser, Browser]) -> None:
    for _ in range(5):
        code(two[0])
    answer = two[0].client.post("/api/chat/devices/code", json={}, headers=OURS)
    assert is_chinese(problem(answer, 429)["message"])


@pytest.mark.parametrize("given", ["", "1234567", "123456789", "abcdefgh", "1234\r\n5678x", "１２３４５６７８"])
def test_what_is_no_code_is_refused(two: tuple[Browser, Browser], given: str) -> None:
    problem(join(two[1], given), 422)
