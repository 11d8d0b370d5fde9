"""What is remembered of the last texts: for so long, so many, and never what was made without help."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from kb.recent import Passing, Recent


class Counting:
    """Makes a value and counts how often."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def of(self, text: str) -> Callable[[], str]:
        def make() -> str:
            self.made.append(text)
            return text.upper()

        return make


def test_the_same_is_made_once_and_given_again() -> None:
    recent, counting = Recent[str](), Counting()

    assert [recent.get("a", counting.of("a")) for _ in range(3)] == ["A"] * 3
    assert recent.get("b", counting.of("b")) == "B"
    assert counting.made == ["a", "b"]


def test_none_is_a_value_too() -> None:
    recent, made = Recent[None](), []

    for _ in range(2):
        assert recent.get("a", lambda: made.append(1)) is None
    assert made == [1]


def test_of_too_many_the_one_longest_not_asked_for_goes() -> None:
    recent, counting = Recent[str](most=2), Counting()

    for text in ("a", "b", "a", "c", "a", "b"):
        recent.get(text, counting.of(text))

    assert counting.made == ["a", "b", "c", "b"]
    assert len(recent) == 2


def test_what_is_old_is_made_anew() -> None:
    now = [0.0]
    recent, counting = Recent[str](seconds=10, clock=lambda: now[0]), Counting()

    for now[0] in (0.0, 9.9, 10.0, 15.0):
        recent.get("a", counting.of("a"))

    assert counting.made == ["a", "a"]


def test_what_was_made_without_help_is_given_and_not_kept() -> None:
    recent, counting = Recent[str](), Counting()

    def poorly() -> str:
        raise Passing("poor")

    assert recent.get("a", poorly) == "poor"
    assert recent.get("a", counting.of("a")) == "A"
    assert counting.made == ["a"]


def test_an_error_goes_to_who_asked_and_nothing_is_kept() -> None:
    recent, counting = Recent[str](), Counting()

    def fail() -> str:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        recent.get("a", fail)
    assert recent.get("a", counting.of("a")) == "A"


def test_everything_can_be_forgotten() -> None:
    recent, counting = Recent[str](), Counting()
    recent.get("a", counting.of("a"))
    recent.forget()
    recent.get("a", counting.of("a"))

    assert counting.made == ["a", "a"]


def test_many_threads_get_the_right_value_and_the_bound_holds() -> None:
    recent = Recent[int](most=16)
    wrong: list[tuple[int, int]] = []

    def ask() -> None:
        for number in range(2000):
            key = number * 7 % 41
            if (got := recent.get(key, lambda key=key: key * key)) != key * key:  # type: ignore[misc]
                wrong.append((key, got))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
    assert len(recent) <= 16
