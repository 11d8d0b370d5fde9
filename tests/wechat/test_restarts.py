"""Gateways, workers and Redis that end without warning: nothing is lost, nothing heard twice, all of it told.

What is told twice is only what WeChat had taken when who sent it was killed; it is counted and shown.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.fake_wechat import Account, Phone, Record
from tests.wechat.conftest import Make
from tests.wechat.processes import HEARD, Process, System

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SEND = "/cgi-bin/message/custom/send"
# What the dead held is free by then: the lock of a turn (15 s), the lease of a delivery (40), an unknown reply (20).
ALL_TOLD_SECONDS = 100


def told(phone: Phone, words: str) -> int:
    return sum(text.count(words) for text in phone.texts())


class Crowd:
    """Citizens who say numbered things, and what has become of each."""

    def __init__(self, system: System, citizens: int, seed: int) -> None:
        self.system, self.dice = system, random.Random(seed)
        self.phones = [system.fake.citizen() for _ in range(citizens)]
        self.said: list[tuple[Phone, str, Any]] = []
        self.away: list[tuple[float, float]] = []

    def restart(self, dead: Process) -> None:
        """Kill it, and wait until it answers again; how long that takes is the machine's."""
        now = self.system.fake.clock.now
        began = now()
        dead.restart()
        self.away.append((began, now()))

    def met_nobody(self, record: Record) -> bool:
        """Whether all tries of this push fell into times without a gateway."""
        return record.result == "fault" and all(
            any(one.at < till and since < one.at + one.seconds for since, till in self.away) for one in record.tries
        )

    def say(self) -> None:
        phone = self.phones[len(self.said) % len(self.phones)]
        words = f"第{len(self.said):04}句。"
        self.said.append((phone, words, phone.say(words)))

    def settle(self, *, alone: bool = False) -> list[str]:
        """Wait until everything is told; what was told twice.

        With one gateway `alone`, a push that was cut off at all of its three tries may never have reached us; it has
        where it was heard.
        """
        for _, _, pushed in self.said:
            pushed.wait(60)
        if alone:
            self.said = [
                one for one in self.said if set(one[2].record.outcomes) != {"refused"} or self.system.rasa.times(one[1])
            ]
        until = time.monotonic() + ALL_TOLD_SECONDS
        for phone, words, _ in self.said:
            phone.wait_for(HEARD + words, max(1.0, until - time.monotonic()))
        time.sleep(3.0)
        return [words for phone, words, _ in self.said if told(phone, HEARD + words) > 1]

    def check(self, what: str, *, kills: int, alone: bool = False) -> None:
        every = [pushed.wait(60) for _, _, pushed in self.said]
        reachable = len(every) - sum(map(self.met_nobody, every))
        doubled = self.settle(alone=alone)
        assert len(self.said) > reachable * 0.5, "most have to reach us"
        rasa, fake = self.system.rasa, self.system.fake
        assert kills or not doubled  # only a kill between WeChat's taking and our noting makes two of one
        print(f"{what}: of {len(every)} messages {reachable} had to reach us, {len(self.said)} did")
        print(f"{kills} kills, {len(doubled)} told twice")
        given_up = [
            pushed.record
            for _, _, pushed in self.said
            if pushed.record.result == "fault" and not (alone and set(pushed.record.outcomes) == {"refused"})
        ]
        assert given_up == [], f"given up by WeChat: {given_up}"
        assert [words for _, words, _ in self.said if rasa.times(words) != 1] == [], "lost or heard twice"
        assert [words for phone, words, _ in self.said if told(phone, HEARD + words) > 2] == []
        assert fake.counters.refused(SEND) == {}


def storm(crowd: Crowd, victim: Callable[[], Process], *, messages: int, kills: int, rest: float = 0.0) -> None:
    """So many messages at random moments, and so many kills between them.

    The dead come back and live for `rest` seconds: no account answers a push whose three tries are all cut off.
    """
    moments = sorted(crowd.dice.sample(range(2, messages - 2), kills))
    for number in range(messages):
        crowd.say()
        time.sleep(crowd.dice.random() * 0.08)
        if number in moments:
            crowd.restart(victim())
            time.sleep(rest)


def test_a_gateway_that_is_killed_at_random_moments(make: Make) -> None:
    """Its answers come at once, too late, and in between, so that every moment is met."""
    system = make(Account())
    system.rasa.seconds = 0.15
    crowd = Crowd(system, 20, seed=11)
    storm(crowd, lambda: system.gateways[0], messages=60, kills=5, rest=11.0)
    crowd.check("gateway killed", kills=5, alone=True)


def test_two_gateways_of_which_one_is_killed_in_turn(make: Make) -> None:
    system = make(Account(), gateways=2)
    system.rasa.seconds = 0.15
    crowd = Crowd(system, 20, seed=12)
    turn = iter(range(1000))
    storm(crowd, lambda: system.gateways[next(turn) % 2], messages=100, kills=7, rest=7.0)
    crowd.check("two gateways", kills=7)
    assert system.fake.counters.tokens_issued <= 1


def test_a_worker_that_is_killed_while_it_sends(make: Make) -> None:
    """The gateway dies with all answers in Rasa's hands, so that the worker has to tell them; then it dies too."""
    system = make(Account())
    system.rasa.seconds = 4.6
    crowd = Crowd(system, 12, seed=13)
    system.fake.faults.order(SEND, "slow", times=6, seconds=0.6)
    for _ in range(12):
        crowd.say()
    time.sleep(4.4)
    crowd.restart(system.gateways[0])
    for _ in range(3):
        time.sleep(2.0 + crowd.dice.random())
        system.worker.restart()
    crowd.check("worker killed", kills=4, alone=True)


def test_redis_that_is_restarted_in_the_middle(make: Make) -> None:
    system = make(Account())
    system.rasa.seconds = 0.3
    crowd = Crowd(system, 10, seed=14)
    for number in range(40):
        crowd.say()
        time.sleep(0.05)
        if number in (10, 25):
            system.cache.stop()  # type: ignore[attr-defined]
            time.sleep(1.0)
            system.cache.start()  # type: ignore[attr-defined]
    crowd.check("redis restarted", kills=0)
