"""What every `Turns` and every `Limiter` must do: the memory twin and the real Redis, one contract."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from integrations.clients.redis import LEASE_SECONDS, RedisLimiter, RedisTurns
from integrations.services.errors import TryLater
from integrations.services.ports import Limiter, Turns
from tests.conftest import PROJECT
from tests.fakes import FakeClock, MemoryLimiter, MemoryTurns

NOWHERE = "unix:///nowhere/redis.sock"
HOLD_FOR_EVER = """
import asyncio, sys
from integrations.clients.redis import RedisTurns
async def hold():
    async with RedisTurns(sys.argv[1]).turn(sys.argv[2], patience=5):
        print("held", flush=True)
        await asyncio.sleep(600)
asyncio.run(hold())
"""


@dataclass
class Backend:
    """One kind of turns: `another` is how the next process sees them, `die` what befalls a holder."""

    another: Callable[[], Turns]
    away: Callable[[], Turns]
    die: Callable[[str], None]


@pytest.fixture(params=["memory", "redis"])
def backend(request: pytest.FixtureRequest, run: Callable[..., Any]) -> Iterator[Backend]:
    if request.param == "memory":
        shared, away = MemoryTurns(), MemoryTurns()
        away.away = True

        def die(conversation: str) -> None:
            run(shared.turn(conversation, patience=0).__aenter__())
            shared.lease_runs_out(conversation)

        yield Backend(lambda: shared, lambda: away, die)
        return
    url, made = request.getfixturevalue("redis_url"), []

    def another() -> Turns:
        made.append(RedisTurns(url))
        return made[-1]

    yield Backend(another, lambda: RedisTurns(NOWHERE), lambda conversation: _die_in_redis(url, conversation))
    for turns in made:
        run(turns.aclose())


def _die_in_redis(url: str, conversation: str) -> None:
    """Another process takes the turn and is killed; its lease is then cut short, so that nobody need wait for it."""
    command = [sys.executable, "-c", HOLD_FOR_EVER, url, conversation]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
        finally:
            holder.send_signal(signal.SIGKILL)
    with redis.Redis.from_url(url) as client:
        name = f"jiesu:turn:{conversation}"
        assert 0 < client.pttl(name) <= LEASE_SECONDS * 1000
        client.pexpire(name, 100)


@pytest.fixture
def conversation() -> str:
    return uuid.uuid4().hex


def test_one_conversation_is_held_by_one_at_a_time_across_processes(
    backend: Backend, conversation: str, run: Callable[..., Any]
) -> None:
    inside, most, done = 0, 0, 0

    async def one(turns: Turns) -> None:
        nonlocal inside, most, done
        async with turns.turn(conversation, patience=10):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.002)
            inside -= 1
            done += 1

    async def everybody() -> None:
        several = [backend.another() for _ in range(3)]
        await asyncio.gather(*(one(several[number % 3]) for number in range(12)))

    run(everybody())

    assert (most, done) == (1, 12)


def test_conversations_do_not_wait_for_each_other(backend: Backend, conversation: str, run: Callable[..., Any]) -> None:
    async def both() -> None:
        turns = backend.another()
        async with turns.turn(conversation, patience=1), turns.turn(f"{conversation}-other", patience=0.2):
            pass

    run(both())


def test_whoever_waits_gets_the_turn_when_it_ends(backend: Backend, conversation: str, run: Callable[..., Any]) -> None:
    order: list[str] = []

    async def late() -> None:
        async with backend.another().turn(conversation, patience=5):
            order.append("second")

    async def both() -> None:
        async with backend.another().turn(conversation, patience=1):
            waiting = asyncio.create_task(late())
            await asyncio.sleep(0.1)
            order.append("first")
        await waiting

    run(both())

    assert order == ["first", "second"]


def test_patience_ends(backend: Backend, conversation: str, run: Callable[..., Any]) -> None:
    async def impatient() -> float:
        async with backend.another().turn(conversation, patience=1):
            began = time.monotonic()
            with pytest.raises(TryLater):
                async with backend.another().turn(conversation, patience=0.2):
                    pass
            return time.monotonic() - began

    assert 0.1 <= run(impatient()) < 2


def test_a_turn_that_fails_is_free_again(backend: Backend, conversation: str, run: Callable[..., Any]) -> None:
    async def failing() -> None:
        turns = backend.another()
        with suppress(RuntimeError):
            async with turns.turn(conversation, patience=1):
                raise RuntimeError
        async with turns.turn(conversation, patience=0.2):
            pass

    run(failing())


def test_a_turn_that_is_cancelled_is_free_again(backend: Backend, conversation: str, run: Callable[..., Any]) -> None:
    async def cancelled() -> None:
        turns = backend.another()

        async def hold() -> None:
            async with turns.turn(conversation, patience=1):
                await asyncio.sleep(60)

        holder = asyncio.create_task(hold())
        await asyncio.sleep(0.1)
        holder.cancel()
        with suppress(asyncio.CancelledError):
            await holder
        async with turns.turn(conversation, patience=0.5):
            pass

    run(cancelled())


def test_the_turn_of_a_holder_that_died_is_free_after_its_lease(
    backend: Backend, conversation: str, run: Callable[..., Any]
) -> None:
    backend.die(conversation)

    async def next_one() -> None:
        async with backend.another().turn(conversation, patience=2):
            pass

    run(next_one())


def test_turns_that_are_away_are_to_be_tried_later(
    backend: Backend, conversation: str, run: Callable[..., Any]
) -> None:
    async def in_vain() -> None:
        async with backend.away().turn(conversation, patience=0.2):
            pass

    with pytest.raises(TryLater):
        run(in_vain())


def test_a_lease_is_renewed_while_its_turn_lasts(redis_url: str, conversation: str, run: Callable[..., Any]) -> None:
    """Checked by shortening the lease in Redis and waiting for the keeper, who comes three times a lease."""

    async def long_turn() -> int:
        turns = RedisTurns(redis_url)
        async with turns.turn(conversation, patience=1):
            with redis.Redis.from_url(redis_url) as client:
                name = f"jiesu:turn:{conversation}"
                client.pexpire(name, 8_000)
                await asyncio.sleep(LEASE_SECONDS / 3 + 0.3)
                left = client.pttl(name)
        await turns.aclose()
        return int(left)

    assert run(long_turn()) > 8_000


def test_a_turn_ends_even_where_the_library_swallows_a_cancellation(
    redis_url: str, conversation: str, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python 3.11's `wait_for` does while a command is being sent: the lock was kept for ever after."""
    renewing = asyncio.Event()

    async def reacquire(_lock: object) -> None:
        renewing.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.05)

    monkeypatch.setattr("redis.asyncio.lock.Lock.reacquire", reacquire)

    async def turn() -> None:
        turns = RedisTurns(redis_url, lease_seconds=0.06)
        async with asyncio.timeout(5):
            async with turns.turn(conversation, patience=1):
                await renewing.wait()
            await turns.aclose()

    run(turn())


# -- limits ------------------------------------------------------------------------------------------------------


@dataclass
class Limits:
    """One kind of limiter, and how its seconds pass."""

    limiter: Limiter
    away: Limiter
    wait: Callable[[float], object]


@pytest.fixture(params=["memory", "redis"])
def limits(request: pytest.FixtureRequest) -> Limits:
    if request.param == "memory":
        clock = FakeClock()
        away = MemoryLimiter(clock)
        away.away = True
        return Limits(MemoryLimiter(clock), away, lambda seconds: clock.move(seconds=seconds))
    url = request.getfixturevalue("redis_url")
    return Limits(RedisLimiter(url), RedisLimiter(NOWHERE), time.sleep)


def test_so_many_times_are_allowed_and_not_one_more(limits: Limits, conversation: str) -> None:
    allowed = [limits.limiter.allow(conversation, times=3, seconds=60) for _ in range(5)]

    assert allowed == [True, True, True, False, False]


def test_keys_are_counted_apart(limits: Limits, conversation: str) -> None:
    assert limits.limiter.allow(f"{conversation}-1", times=1, seconds=60)
    assert limits.limiter.allow(f"{conversation}-2", times=1, seconds=60)


def test_a_window_ends_although_somebody_keeps_trying(limits: Limits, conversation: str) -> None:
    assert limits.limiter.allow(conversation, times=1, seconds=1)
    limits.wait(0.6)
    assert not limits.limiter.allow(conversation, times=1, seconds=1)
    limits.wait(0.6)

    assert limits.limiter.allow(conversation, times=1, seconds=1)


def test_many_at_once_do_not_slip_through(limits: Limits, conversation: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda _: limits.limiter.allow(conversation, times=20, seconds=60), range(80)))

    assert sum(allowed) == 20


def test_a_sign_of_life_fades(limits: Limits, conversation: str) -> None:
    with pytest.raises(TryLater):
        limits.limiter.seen(conversation)

    limits.limiter.mark(conversation, seconds=1)
    limits.limiter.seen(conversation)
    limits.wait(1.1)

    with pytest.raises(TryLater, match="no sign of life"):
        limits.limiter.seen(conversation)


def test_a_limiter_that_answers_says_nothing(limits: Limits) -> None:
    limits.limiter.ping()


@pytest.mark.parametrize(
    "what",
    [
        lambda limiter: limiter.allow("x", times=1, seconds=1),
        lambda limiter: limiter.mark("x", seconds=1),
        lambda limiter: limiter.seen("x"),
        lambda limiter: limiter.ping(),
    ],
    ids=["allow", "mark", "seen", "ping"],
)
def test_a_limit_that_cannot_be_checked_is_not_open(limits: Limits, what: Callable[[Limiter], object]) -> None:
    with pytest.raises(TryLater):
        what(limits.away)
