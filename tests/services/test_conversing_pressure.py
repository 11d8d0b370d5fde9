"""Too much at once: refused for now and not lost, told once, and danger never refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.queueing import LATEST, SOONEST, Busy, Queue
from integrations.services.records import Hearing, Line, Said, Sender
from tests.builders import conversation
from tests.fakes import FakeListener

Run = Callable[..., Any]


def small(services: Services, **numbers: int) -> None:
    services.settings = services.settings.model_copy(update=numbers)


def say(services: Services, text: str, client_id: str) -> Line:
    return services.conversing.accept(conversation(services).id, client_id, Said(text))


def texts(services: Services) -> list[str]:
    return [line.body["text"] for line in services.conversing.history(conversation(services).id, after=1)]


def test_a_conversation_takes_no_more_than_it_can_answer_and_then_takes_it_again(
    services: Services, listener: FakeListener, run: Run
) -> None:
    small(services, queue_conversation=3)
    for number in range(3):
        say(services, f"第{number}句。", f"message-{number}")

    with pytest.raises(Busy) as busy:
        say(services, "第3句。", "message-3")
    assert busy.value.after is not None and SOONEST <= busy.value.after <= LATEST
    assert len(texts(services)) == 3, "nothing was stored"
    run(services.conversing.drive(conversation(services)))
    say(services, "第3句。", "message-3")
    run(services.conversing.drive(conversation(services)))
    assert listener.texts == [f"第{number}句。" for number in range(4)]


def test_what_is_stored_is_never_refused_when_it_is_sent_again(services: Services) -> None:
    small(services, queue_conversation=1)
    line = say(services, "路灯坏了。", "message-1")

    assert say(services, "路灯坏了。", "message-1").seq == line.seq


def test_danger_is_never_refused(services: Services) -> None:
    small(services, queue_conversation=1)
    say(services, "路灯坏了。", "message-1")

    assert say(services, "家里煤气味很大", "message-2").state is Hearing.PENDING


def test_a_full_gateway_refuses_others_conversations_too(services: Services, run: Run, listener: FakeListener) -> None:
    small(services, queue_gateway=1)
    listener.seconds = 0.2

    async def two() -> None:
        say(services, "第1句。", "message-1")
        turn = asyncio.create_task(services.conversing.drive(conversation(services)))
        await asyncio.sleep(0.05)
        other = conversation(services, "citizen-2")
        with pytest.raises(Busy):
            services.conversing.accept(other.id, "message-1", Said("第2句。"))
        await turn
        services.conversing.accept(other.id, "message-1", Said("第2句。"))

    run(two())


def test_no_more_turns_are_heard_at_once_than_are_allowed(services: Services, run: Run, listener: FakeListener) -> None:
    small(services, turns_at_once=2)
    listener.seconds, most = 0.05, 0
    everybody = [conversation(services, f"citizen-{number}") for number in range(6)]
    for one in everybody:
        services.conversing.accept(one.id, "message-1", Said("路灯坏了。"))

    async def all_of_them() -> None:
        nonlocal most
        turns = [asyncio.create_task(services.conversing.drive(one)) for one in everybody]
        while not all(turn.done() for turn in turns):
            most = max(most, sum(listener.at_once.values()))
            await asyncio.sleep(0.005)
        await asyncio.gather(*turns)

    run(all_of_them())
    assert most == 2
    assert len(listener.texts) == 6


def test_please_wait_is_said_once_for_each_wait(services: Services, run: Run) -> None:
    mine = conversation(services)
    services.conversing.please_wait(mine.id)
    assert texts(services) == [], "nobody waits"
    say(services, "第1句。", "message-1")
    say(services, "第2句。", "message-2")
    for _ in range(3):
        services.conversing.please_wait(mine.id)

    wait = services.speech.words.ways("chat.please_wait")
    assert [text in wait for text in texts(services)] == [False, False, True]
    run(services.conversing.drive(mine))
    say(services, "第3句。", "message-3")
    services.conversing.please_wait(mine.id)
    assert sum(text in wait for text in texts(services)) == 2
    lines = services.conversing.history(mine.id)
    assert all(line.sender is Sender.ASSISTANT for line in lines if (line.client_id or "").startswith("wait:"))


def test_how_soon_to_come_again_grows_with_the_queue_and_has_an_end() -> None:
    queue = Queue(at_once=1, longest=3)
    assert queue.patience == SOONEST
    queue.waiting = 100_000
    assert queue.patience == LATEST
    with pytest.raises(Busy):
        queue.check()


def test_a_turn_that_fails_leaves_the_queue(run: Run) -> None:
    queue = Queue(at_once=1)

    async def fails() -> None:
        with queue.entered():
            async with queue.heard():
                raise ValueError

    for _ in range(3):
        with pytest.raises(ValueError):
            run(fails())
    assert queue.waiting == 0
