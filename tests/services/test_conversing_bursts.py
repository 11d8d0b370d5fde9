"""Several messages that are one are heard as one; a message that is complete waits for nobody; nothing is ever lost."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.errors import TryLater
from integrations.services.gathering import LONGEST, typing_mark
from integrations.services.records import Bubble, Hearing, Line, Option, Said, Sender
from kb import bursts
from kb.normalising import plain
from tests.builders import conversation
from tests.fakes import FakeClock, FakeListener

Run = Callable[..., Any]
WINDOW = 0.6
TAP = '/choose{"option": "contact:anonymous"}'


class Pauses:
    """A clock that only the waiting itself moves, so that it does not count how busy the machine is."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def ticks(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.seconds += seconds

    async def until(self, seconds: float) -> None:
        """The citizen's own waiting, while the gateway waits."""
        while self.seconds < seconds:
            await asyncio.sleep(0.01)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def services(services: Services, pauses: Pauses) -> Services:
    """A gateway that waits for the rest of a message."""
    services.settings = services.settings.model_copy(update={"burst_seconds": WINDOW})
    services.replacements["gathering"] = {"sleep": pauses.sleep, "ticks": pauses.ticks}
    bursts.shipped(), plain("路燈壞了"), plain("ludeng")  # read before time counts
    return services


@pytest.fixture
def other_gateway(services: Services) -> Services:
    """A second gateway over the same store, turns and Rasa."""
    return bootstrap.build(services.settings, **services.replacements)


def say(services: Services, text: str, client_id: str) -> Line:
    return services.conversing.accept(conversation(services).id, client_id, Said(text))


def ask(services: Services, *options: Option) -> None:
    body = Bubble("要不要留个手机号？", options or (Option("不留，匿名提交", TAP),)).as_json()
    mine, at = conversation(services), services.clock()
    with services.unit_of_work() as tx:
        tx.conversations.append(mine.id, sender=Sender.CITIZEN, body={"text": "x"}, at=at)
        tx.conversations.append(mine.id, sender=Sender.ASSISTANT, body=body, at=at)


def drive(services: Services, run: Run) -> float:
    """Hear what waits; how many seconds that took."""
    began = time.monotonic()
    run(services.conversing.drive(conversation(services)))
    return time.monotonic() - began


def paused(services: Services, run: Run) -> float:
    """Hear what waits; for how many seconds the gateway waited for more."""
    ticks: Callable[[], float] = services.replacements["gathering"]["ticks"]
    before = ticks()
    drive(services, run)
    return ticks() - before


def states(services: Services) -> list[Hearing | None]:
    lines = services.conversing.history(conversation(services).id)
    return [line.state for line in lines if line.sender is Sender.CITIZEN]


# -- what waits, and for how long --------------------------------------------------------------------------------


def test_a_short_first_message_waits_and_is_heard_with_the_next(
    services: Services, pauses: Pauses, listener: FakeListener, run: Run
) -> None:
    async def citizen() -> None:
        mine = conversation(services)
        say(services, "路灯坏了", "message-1")
        turn = asyncio.create_task(services.conversing.drive(mine))
        await pauses.until(WINDOW / 2)
        say(services, "在同安路", "message-2")
        await asyncio.gather(turn, services.conversing.drive(mine))

    run(citizen())

    assert listener.texts == ["路灯坏了\n在同安路"]
    lines = services.conversing.history(conversation(services).id, after=1)
    assert [line.body["text"] for line in lines[:2]] == ["路灯坏了", "在同安路"], "each line on its own"
    assert states(services) == [Hearing.ANSWERED] * 2
    assert [line.answers for line in lines[2:]] == [lines[1].seq], "one answer to all of them"


def test_alone_it_is_answered_after_the_waiting(services: Services, listener: FakeListener, run: Run) -> None:
    say(services, "路灯坏了", "message-1")

    assert drive(services, run) >= WINDOW
    assert listener.texts == ["路灯坏了"]


@pytest.mark.parametrize("text", ["合肥路的路灯坏了，三天了没人管。", "转人工", "13812345678", "/restart now"])
def test_a_message_that_is_complete_waits_for_nothing(
    services: Services, listener: FakeListener, run: Run, text: str
) -> None:
    line = say(services, text, "message-1")

    assert not services.conversing.gathering.holds(conversation(services).id, line)
    assert paused(services, run) == 0
    assert len(listener.said) == 1


def test_the_answer_to_an_open_question_waits_for_nothing(services: Services, listener: FakeListener, run: Run) -> None:
    ask(services)
    say(services, "翠湖小区", "message-1")

    assert paused(services, run) == 0


def test_danger_ends_the_waiting_at_once(services: Services, listener: FakeListener, run: Run) -> None:
    line = say(services, "你好", "message-1")
    assert services.conversing.gathering.holds(conversation(services).id, line)
    say(services, "家里煤气味很大", "message-2")

    assert paused(services, run) == 0
    assert listener.texts == ["你好\n家里煤气味很大"]


def test_a_tap_ends_the_waiting_and_stays_a_turn_of_its_own(
    services: Services, listener: FakeListener, run: Run
) -> None:
    say(services, "路灯坏了", "message-1")
    services.conversing.accept(conversation(services).id, "message-2", Said("不留", TAP))
    say(services, "在同安路。", "message-3")

    assert paused(services, run) == 0
    assert [(one.text, one.payload) for one in listener.said] == [
        ("路灯坏了", None),
        ("不留", TAP),
        ("在同安路。", None),
    ]


def test_a_pin_ends_the_waiting_too(services: Services, listener: FakeListener, run: Run) -> None:
    pin = {"lat": 36.1, "lon": 120.4, "crs": "WGS-84", "label": ""}
    say(services, "路灯坏了", "message-1")
    services.conversing.accept(conversation(services).id, "message-2", Said(location=pin))

    assert paused(services, run) == 0
    assert [one.location for one in listener.said] == [None, pin]


def test_who_goes_on_and_on_is_answered_all_the_same(services: Services, listener: FakeListener, run: Run) -> None:
    services.replacements["gathering"] = {}  # by the machine's own clock: the citizen does not wait for the gateway

    async def citizen() -> None:
        mine = conversation(services)
        turn = None
        for number in range(12):
            say(services, f"还有{number}", f"message-{number:03}")
            turn = turn or asyncio.create_task(services.conversing.drive(mine))
            await asyncio.sleep(WINDOW / 2)
            if number == 8:
                assert listener.texts, "an answer after three times the waiting"
        await services.conversing.drive(mine)

    run(citizen())

    assert "\n".join(listener.texts).split("\n") == [f"还有{number}" for number in range(12)]


def test_who_is_still_typing_is_waited_for(services: Services, listener: FakeListener, run: Run) -> None:
    say(services, "路灯坏了", "message-1")
    services.limiter.mark(typing_mark(conversation(services).id), seconds=2)

    assert drive(services, run) >= 2 * WINDOW


def test_a_limiter_that_is_away_makes_nobody_wait_longer(services: Services, listener: FakeListener, run: Run) -> None:
    if not hasattr(services.limiter, "away"):
        pytest.skip("a real Redis cannot be switched off from here")
    say(services, "路灯坏了", "message-1")
    services.limiter.away = True

    assert paused(services, run) < LONGEST * WINDOW


# -- what is heard -----------------------------------------------------------------------------------------------


def test_said_twice_is_heard_once(services: Services, listener: FakeListener, run: Run) -> None:
    say(services, "路灯坏了", "message-1")
    say(services, "路灯坏了！", "message-2")
    drive(services, run)

    assert listener.texts == ["路灯坏了"]
    assert states(services) == [Hearing.ANSWERED] * 2


def test_signs_in_a_burst_need_no_answer_of_their_own(services: Services, listener: FakeListener, run: Run) -> None:
    say(services, "路灯坏了", "message-1")
    say(services, "😡😡", "message-2")
    drive(services, run)

    assert listener.texts == ["路灯坏了"]
    answers = [line for line in services.conversing.history(conversation(services).id, after=1) if line.answers]
    assert len(answers) == 1


@pytest.mark.parametrize(("sign", "heard"), [("👍", "好的"), ("❌", "不对")])
def test_a_sign_answers_an_open_question(
    services: Services, listener: FakeListener, run: Run, sign: str, heard: str
) -> None:
    ask(services)
    say(services, sign, "message-1")
    drive(services, run)

    assert [(one.text, one.heard) for one in listener.said] == [(sign, heard)]


def test_rasa_hears_plain_words_and_the_record_keeps_what_was_said(
    services: Services, listener: FakeListener, run: Run
) -> None:
    said = "同安路的路燈壞了，電話一三八零零一三八零零零。"
    say(services, said, "message-1")
    drive(services, run)

    assert (listener.said[0].text, listener.said[0].heard) == (said, "同安路的路灯坏了，电话13800138000。")
    say(services, "street light broken at Tong'an Road.", "message-2")
    drive(services, run)
    assert (listener.said[1].heard, listener.said[1].language) == ("路灯 坏了 tongan路。", "en")


def test_how_long_nothing_was_said_is_told(
    services: Services, listener: FakeListener, clock: FakeClock, run: Run
) -> None:
    say(services, "合肥路的路灯坏了三天没人管。", "message-1")
    drive(services, run)
    clock.move(hours=30)
    say(services, "继续。", "message-2")
    drive(services, run)

    assert [round(one.silent_hours) for one in listener.said] == [0, 30]


# -- when something dies -----------------------------------------------------------------------------------------


def test_a_gateway_that_dies_in_the_waiting_loses_nothing(
    services: Services,
    other_gateway: Services,
    pauses: Pauses,
    listener: FakeListener,
    clock: FakeClock,
    run: Run,
) -> None:
    async def dies() -> None:
        say(services, "路灯坏了", "message-1")
        turn = asyncio.create_task(services.conversing.drive(conversation(services)))
        await pauses.until(WINDOW / 3)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)

    run(dies())
    assert (listener.texts, states(services)) == ([], [Hearing.PENDING])
    say(other_gateway, "在同安路", "message-2")
    clock.move(seconds=6)
    (waiting,) = other_gateway.conversing.stale()
    run(other_gateway.conversing.drive(waiting))

    assert listener.texts == ["路灯坏了\n在同安路"]
    assert states(services) == [Hearing.ANSWERED] * 2


def test_lines_of_another_gateway_belong_to_the_same_turn(
    services: Services, other_gateway: Services, pauses: Pauses, listener: FakeListener, run: Run
) -> None:
    async def citizen() -> None:
        say(services, "路灯坏了", "message-1")
        first = asyncio.create_task(services.conversing.drive(conversation(services)))
        await pauses.until(WINDOW / 2)
        say(other_gateway, "在同安路", "message-2")
        await asyncio.gather(first, other_gateway.conversing.drive(conversation(other_gateway)))

    run(citizen())

    assert listener.texts == ["路灯坏了\n在同安路"]


def test_a_turn_that_was_tried_stays_that_turn_whatever_comes_after_it(
    services: Services, listener: FakeListener, run: Run
) -> None:
    say(services, "路灯坏了", "message-1")
    say(services, "在同安路。", "message-2")
    listener.fail()
    with pytest.raises(TryLater):
        drive(services, run)
    say(services, "三天了。", "message-3")
    drive(services, run)

    assert listener.texts == ["路灯坏了\n在同安路。", "三天了。"]
    assert len(set(listener.message_ids)) == 2


def test_a_turn_whose_answer_was_lost_is_not_heard_twice(services: Services, listener: FakeListener, run: Run) -> None:
    say(services, "路灯坏了", "message-1")
    say(services, "在同安路。", "message-2")
    listener.lose_answers()
    with pytest.raises(TryLater):
        drive(services, run)
    say(services, "三天了。", "message-3")
    drive(services, run)

    assert listener.texts == ["路灯坏了\n在同安路。", "三天了。"]
    assert states(services) == [Hearing.ANSWERED] * 3


@pytest.mark.parametrize("seed", range(4))
def test_many_threads_and_gateways_with_faults_lose_and_double_nothing(
    services: Services, other_gateway: Services, listener: FakeListener, run: Run, seed: int
) -> None:
    """In whatever order they say, drive, fail and die: each line is answered once, in order, in whole turns."""
    chance, mine = random.Random(seed), conversation(services)
    texts, lock = [f"第{number}句{chance.choice(['', '', '。', '，'])}" for number in range(14)], threading.Lock()
    numbers = iter(enumerate(texts))
    pauses = {number: chance.random() * WINDOW / 3 for number in range(14)}

    def speak(gateway: Services) -> None:
        while True:
            with lock:  # one citizen: their messages arrive one after the other, through either gateway
                if (found := next(numbers, None)) is None:
                    return
                number, text = found
                say(gateway, text, f"message-{number:03}")
                if chance.random() < 0.3:
                    say(gateway, text, f"message-{number:03}")  # sent again after a lost answer
            time.sleep(pauses[number])

    async def drives() -> None:
        speakers = [asyncio.to_thread(speak, gateway) for gateway in (services, other_gateway, services)]
        speaking = [asyncio.create_task(one) for one in speakers]
        tasks = []
        while not all(task.done() for task in speaking):
            tasks.append(asyncio.create_task(chance.choice([services, other_gateway]).conversing.drive(mine)))
            await asyncio.sleep(0.05)
            fault = chance.random()
            if fault < 0.15:
                listener.fail()
            elif fault < 0.3:
                listener.lose_answers()
            elif fault < 0.4:
                chance.choice(tasks).cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(30):
            if not services.conversing.is_pending(mine.id):
                break
            await asyncio.gather(services.conversing.drive(mine), return_exceptions=True)

    run(drives())

    heard = [
        line
        for turn in dict(zip(listener.message_ids, listener.texts, strict=True)).values()
        for line in turn.split("\n")
    ]
    assert heard == texts
    assert listener.most_at_once == 1
    assert set(states(services)) == {Hearing.ANSWERED}
    lines = services.conversing.history(mine.id)
    answered = [line.answers for line in lines if line.answers]
    turns = {line.turn for line in lines if line.sender is Sender.CITIZEN}
    assert sorted(answered) == sorted(filter(None, turns)), "one answer for each turn"


def test_without_a_window_every_line_is_a_turn(services: Services, listener: FakeListener, run: Run) -> None:
    services.settings = services.settings.model_copy(update={"burst_seconds": 0})
    say(services, "路灯坏了", "message-1")
    say(services, "在同安路", "message-2")

    assert paused(services, run) < WINDOW
    assert listener.texts == ["路灯坏了", "在同安路"]
