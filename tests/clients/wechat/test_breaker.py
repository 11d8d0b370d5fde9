"""The circuit breaker, by a clock that is moved."""

from __future__ import annotations

import threading

import pytest

from integrations.clients.wechat.breaker import Breaker
from integrations.services.errors import Rejected, TryLater
from integrations.services.wechat.errors import CircuitOpen, QuotaUsed
from tests.clients.wechat.server import FakeTicks


class Line:
    """Calls through a breaker; counts those that got through."""

    def __init__(self) -> None:
        self.ticks, self.through = FakeTicks(), 0
        self.breaker = Breaker(failures=3, first_seconds=10, longest_seconds=60, ticks=self.ticks)

    def call(self, error: BaseException | None = None) -> None:
        with self.breaker.guarding():
            self.through += 1
            if error:
                raise error

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(TryLater):
                self.call(TryLater("away"))

    def open_seconds(self) -> float:
        with pytest.raises(CircuitOpen) as caught:
            self.call()
        assert caught.value.unheard
        return caught.value.after or 0


@pytest.fixture
def line() -> Line:
    return Line()


def test_it_opens_after_failures_in_a_row_and_then_lets_nothing_through(line: Line) -> None:
    line.fail(3)
    assert line.open_seconds() == 10
    assert line.through == 3


def test_an_answer_in_between_begins_the_row_anew(line: Line) -> None:
    line.fail(2)
    line.call()
    line.fail(2)
    line.call()
    assert line.through == 6


@pytest.mark.parametrize("answer", [Rejected("one citizen's"), QuotaUsed("too often"), KeyError("ours")])
def test_refusals_are_answers_and_no_failures(line: Line, answer: Exception) -> None:
    for _ in range(5):
        with pytest.raises(type(answer)):
            line.call(answer)
    line.call()


def test_one_trial_that_goes_well_closes_it(line: Line) -> None:
    line.fail(3)
    line.ticks.now += 10
    line.call()
    line.fail(2)
    line.call()


def test_each_trial_that_fails_doubles_the_wait_up_to_a_minute(line: Line) -> None:
    line.fail(3)
    waits = []
    for _ in range(5):
        waits.append(line.open_seconds())
        line.ticks.now += waits[-1]
        line.fail()
    assert waits == [10, 20, 40, 60, 60]
    line.ticks.now += 60
    line.call()
    line.fail(3)
    assert line.open_seconds() == 10


def test_only_one_makes_the_trial(line: Line) -> None:
    line.fail(3)
    line.ticks.now += 10
    with line.breaker.guarding():
        line.open_seconds()
    line.call()


def test_a_trial_that_is_broken_off_leaves_the_next_one_free(line: Line) -> None:
    line.fail(3)
    line.ticks.now += 10
    with pytest.raises(KeyboardInterrupt):
        line.call(KeyboardInterrupt())
    line.call()


def test_an_answer_to_what_was_asked_before_it_opened_does_not_close_it(line: Line) -> None:
    with line.breaker.guarding():
        line.fail(3)
    assert line.open_seconds() == 10


def test_many_threads_open_it_once_and_one_of_them_tries(line: Line) -> None:
    line.fail(3)
    line.ticks.now += 10
    gate, outcomes = threading.Barrier(8), []

    def run() -> None:
        gate.wait(30)
        try:
            with line.breaker.guarding():
                done.wait(30)
                outcomes.append("through")
        except CircuitOpen:
            outcomes.append("open")
            if outcomes.count("open") == 7:
                done.set()

    done = threading.Event()
    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["open"] * 7 + ["through"]
