"""The shared tokens over a real Redis: threads, processes, a holder that died, and a token that was refused."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from integrations.clients.wechat.tokens import (
    FORCED_A_DAY,
    LEAST_SECONDS,
    Issued,
    Kind,
    SharedTokens,
)
from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.wechat.errors import SetUpWrong
from tests.clients.wechat.server import APPID, SECRET, FakeTicks
from tests.fakes import FakeClock

PROJECT = Path(__file__).parents[3]
NOWHERE = "redis://127.0.0.1:1/0"
# Eight callers in each of two processes; what they fetch is counted in Redis itself.
COLD = """
import sys, threading, time
import redis
from integrations.clients.wechat.tokens import Issued, Kind, SharedTokens
url, appid = sys.argv[1:]
store, tokens, got = redis.Redis.from_url(url), SharedTokens(url, appid), []
def fetch(force):
    number = store.incr("fetches")
    time.sleep(0.3)
    return Issued(f"token-{number}", 7200)
threads = [threading.Thread(target=lambda: got.append(tokens.get(Kind.ACCESS, fetch))) for _ in range(4)]
print("ready", flush=True)
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*got, flush=True)
"""
HOLD = """
import sys, time
from integrations.clients.wechat.tokens import Kind, SharedTokens
def fetch(force):
    print("held", flush=True)
    time.sleep(600)
SharedTokens(sys.argv[1], sys.argv[2]).get(Kind.ACCESS, fetch)
"""


class Source:
    """Where tokens come from; the same again until it is forced, as stable_token does."""

    def __init__(self, *, seconds: int = 7200, slow: float = 0.0, stuck: bool = False) -> None:
        self.number, self.seconds, self.slow, self.stuck = 1, seconds, slow, stuck
        self.asked: list[bool] = []

    def __call__(self, force: bool) -> Issued:
        self.asked.append(force)
        time.sleep(self.slow)
        self.number += force and not self.stuck
        return Issued(f"token-{self.number}", self.seconds)


def tokens(redis_url: str, **given: Any) -> SharedTokens:
    return SharedTokens(redis_url, APPID, pepper="p", **given)


def kept(redis_url: str) -> dict[str, str]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        return {name: client.get(name) for name in client.keys("*")}


def key(redis_url: str, end: str) -> str:
    (found,) = [name for name in kept(redis_url) if name.endswith(end)]
    return found


@pytest.mark.parametrize("ask", ["get", "refresh"])
def test_without_redis_nothing_is_fetched_and_it_may_be_tried_later(ask: str) -> None:
    source, away = Source(), tokens(NOWHERE)
    with pytest.raises(TryLater) as caught:
        away.get(Kind.ACCESS, source) if ask == "get" else away.refresh(Kind.ACCESS, source, failed="token-1")
    assert caught.value.unheard
    assert source.asked == []


def test_a_token_is_fetched_once_and_kept_a_little_shorter_than_it_holds(redis_url: str) -> None:
    source = Source()
    assert [tokens(redis_url).get(Kind.ACCESS, source) for _ in range(3)] == ["token-1"] * 3
    assert source.asked == [False]
    with redis.Redis.from_url(redis_url) as client:
        assert 7000 < client.ttl(key(redis_url, ":access")) <= 7080


@pytest.mark.parametrize("seconds", [-5, 0, 1, 149])
def test_one_that_holds_shortly_is_kept_for_half_a_minute_all_the_same(redis_url: str, seconds: int) -> None:
    tokens(redis_url).get(Kind.ACCESS, Source(seconds=seconds))
    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.ttl(key(redis_url, ":access")) <= LEAST_SECONDS


def test_a_token_may_be_long(redis_url: str) -> None:
    long = "A_-9" * 512
    assert tokens(redis_url).get(Kind.ACCESS, lambda _force: Issued(long, 7200)) == long
    assert tokens(redis_url).get(Kind.ACCESS, Source()) == long


def test_no_key_names_the_account_or_holds_a_secret_and_no_lock_is_left(redis_url: str) -> None:
    tokens(redis_url).get(Kind.ACCESS, Source())
    tokens(redis_url).get(Kind.TICKET, Source())
    names = sorted(kept(redis_url))
    assert len(names) == 2
    assert not [name for name in names if APPID in name or SECRET in name or "token-1" in name or "lock" in name]


def test_two_accounts_have_two_tokens(redis_url: str) -> None:
    tokens(redis_url).get(Kind.ACCESS, Source())
    other = SharedTokens(redis_url, "wxANOTHER", pepper="p")
    assert other.get(Kind.ACCESS, lambda _force: Issued("another", 7200)) == "another"
    assert tokens(redis_url).get(Kind.ACCESS, Source()) == "token-1"


def test_eight_cold_threads_fetch_one_token(redis_url: str) -> None:
    source = Source(slow=0.3)
    several = [tokens(redis_url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda one: one.get(Kind.ACCESS, source), several))
    assert got == ["token-1"] * 8
    assert source.asked == [False]


def test_eight_cold_callers_in_two_processes_fetch_one_token(redis_url: str) -> None:
    command = [sys.executable, "-c", COLD, redis_url, APPID]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": PROJECT}
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60)[0].split() for process in (one, other)]
    assert said == [["token-1"] * 4] * 2
    assert kept(redis_url)["fetches"] == "1"


def test_who_gets_the_lock_just_after_another_has_brought_a_token_does_not_fetch_again(redis_url: str) -> None:
    class Late(SharedTokens):
        def _take(self, lock: str, owner: str) -> bool:
            with redis.Redis.from_url(redis_url) as client:
                client.set(lock.removesuffix(":lock"), "token-of-another")
            return super()._take(lock, owner)

    source = Source()
    assert Late(redis_url, APPID).get(Kind.ACCESS, source) == "token-of-another"
    assert source.asked == []


def test_who_waits_too_long_for_somebody_elses_fetch_tries_later(redis_url: str) -> None:
    ticks, begun, end = FakeTicks(), threading.Event(), threading.Event()

    def slow(_force: bool) -> Issued:
        begun.set()
        end.wait(60)
        return Issued("token-1", 7200)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(tokens(redis_url).get, Kind.ACCESS, slow)
        assert begun.wait(30)
        source = Source()
        with pytest.raises(TryLater) as caught:
            tokens(redis_url, ticks=ticks, sleep=ticks.sleep).get(Kind.ACCESS, source)
        end.set()
        assert holder.result(60) == "token-1"
    assert caught.value.unheard
    assert source.asked == []
    assert 4 <= sum(ticks.slept) < 4.2


def test_the_lock_of_a_process_that_was_killed_ends_with_its_lease(redis_url: str) -> None:
    command = [sys.executable, "-c", HOLD, redis_url, APPID]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    mine = SharedTokens(redis_url, APPID)
    with redis.Redis.from_url(redis_url) as client:
        lock = key(redis_url, ":lock")
        assert 0 < client.pttl(lock) <= 12_000
        client.pexpire(lock, 100)
    assert mine.get(Kind.ACCESS, Source()) == "token-1"


def test_who_has_lost_its_lock_neither_stores_nor_frees_that_of_another(redis_url: str) -> None:
    def slow(_force: bool) -> Issued:
        with redis.Redis.from_url(redis_url) as client:
            client.set(key(redis_url, ":lock"), "another")
        return Issued("late", 7200)

    assert tokens(redis_url).get(Kind.ACCESS, slow) == "late"
    assert list(kept(redis_url).values()) == ["another"]


def test_a_fetch_that_fails_leaves_the_lock_to_the_next(redis_url: str) -> None:
    def fail(_force: bool) -> Issued:
        raise TryLater("WeChat is away")

    with pytest.raises(TryLater, match="away"):
        tokens(redis_url).get(Kind.ACCESS, fail)
    assert tokens(redis_url).get(Kind.ACCESS, Source()) == "token-1"


# -- a token that was refused --------------------------------------------------------------------------------------


def test_who_comes_with_an_old_refused_token_gets_the_present_one_without_a_fetch(redis_url: str) -> None:
    source = Source()
    tokens(redis_url).get(Kind.ACCESS, source)
    assert tokens(redis_url).refresh(Kind.ACCESS, source, failed="token-0") == "token-1"
    assert source.asked == [False]


def test_a_refused_token_is_dropped_and_fetched_without_force(redis_url: str) -> None:
    tokens(redis_url).get(Kind.ACCESS, lambda _force: Issued("token-0", 7200))
    source = Source()
    assert tokens(redis_url).refresh(Kind.ACCESS, source, failed="token-0") == "token-1"
    assert tokens(redis_url).get(Kind.ACCESS, source) == "token-1"
    assert source.asked == [False]


def test_force_is_used_only_where_the_same_token_comes_back(redis_url: str) -> None:
    source = Source()
    tokens(redis_url).get(Kind.ACCESS, source)
    assert tokens(redis_url).refresh(Kind.ACCESS, source, failed="token-1") == "token-2"
    assert source.asked == [False, False, True]


def test_eight_threads_whose_token_was_refused_force_one_new_one(redis_url: str) -> None:
    source = Source(slow=0.1)
    several = [tokens(redis_url) for _ in range(8)]
    several[0].get(Kind.ACCESS, source)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda one: one.refresh(Kind.ACCESS, source, failed="token-1"), several))
    assert got == ["token-2"] * 8
    assert source.asked.count(True) == 1


def test_a_cold_caller_that_stores_the_refused_token_meanwhile_does_not_fool_who_knows_better(redis_url: str) -> None:
    source = Source()
    tokens(redis_url).get(Kind.ACCESS, source)
    name = key(redis_url, ":access")
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"{name}:lock", "a cold caller")

        def store(_seconds: float) -> None:
            client.set(name, "token-1")
            client.delete(f"{name}:lock")

        assert tokens(redis_url, sleep=store).refresh(Kind.ACCESS, source, failed="token-1") == "token-2"
    assert kept(redis_url)[name] == "token-2"


def test_force_is_used_once_a_minute_over_all_processes(redis_url: str) -> None:
    source = Source(stuck=True)
    assert tokens(redis_url).refresh(Kind.ACCESS, source, failed="token-1") == "token-1"
    with pytest.raises(TryLater) as caught:
        tokens(redis_url).refresh(Kind.ACCESS, source, failed="token-1")
    assert caught.value.unheard
    assert source.asked.count(True) == 1


def test_force_is_used_ten_times_a_day_and_then_needs_a_person(redis_url: str) -> None:
    clock, source = FakeClock(), Source(stuck=True)

    def refresh() -> None:
        with redis.Redis.from_url(redis_url) as client:
            for name in client.keys("*:forced"):  # a minute goes by
                client.delete(name)
        tokens(redis_url, clock=clock).refresh(Kind.ACCESS, source, failed="token-1")

    for _ in range(FORCED_A_DAY):
        refresh()
    with pytest.raises(SetUpWrong, match="another program"):
        refresh()
    assert source.asked.count(True) == FORCED_A_DAY
    clock.move(days=1)
    refresh()


def test_a_ticket_is_never_forced(redis_url: str) -> None:
    source = Source()
    with pytest.raises(TryLater):
        tokens(redis_url).refresh(Kind.TICKET, source, failed="token-1")
    assert source.asked == [False]


@pytest.mark.parametrize("ask", [lambda t, f: t.get(Kind.ACCESS, f), lambda t, f: t.get(Kind.TICKET, f)])
def test_what_needs_a_person_goes_through_as_it_is(redis_url: str, ask: Callable[..., str]) -> None:
    def fail(_force: bool) -> Issued:
        raise SetUpWrong("the secret is wrong")

    with pytest.raises(NeedsPerson, match="secret is wrong"):
        ask(tokens(redis_url), fail)


def test_nobody_sees_a_token_in_what_is_printed() -> None:
    assert "token-1" not in repr(Issued("token-1", 7200))
