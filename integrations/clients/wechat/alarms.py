"""Codes of WeChat's that need a person: said in the log and kept a day in Redis, so that commands can show them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from integrations.clients.wechat.codes import CODES, code_of
from integrations.services.errors import TryLater

SAID_AGAIN_SECONDS, KEPT_SECONDS = 600, 86_400
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A code that needs a person: when it came last, how often within a day, and what it means and asks for."""

    code: int
    at: datetime
    times: int
    meaning: str


class Alarms:
    """Shared by all processes. `note` never fails; the others raise TryLater when Redis does not answer."""

    def __init__(
        self,
        redis_url: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0), decode_responses=True
        )
        self._clock, self._ticks = clock, ticks
        self._lock = threading.Lock()
        self._said: dict[int, float] = {}

    def note(self, number: int) -> None:
        """Keep it, and say it at ERROR unless any process has within ten minutes."""
        if self._first_to_say(number):
            code = code_of(number)
            log.error("WeChat answered %d: %s %s", number, code.meaning, code.todo)

    def all(self) -> list[Alarm]:
        """Those of the last day, the latest first."""
        numbers = [code.number for code in CODES.values() if code.alarms]
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for number in numbers:
                    pipe.hgetall(_name(number))
                kept: list[dict[str, str]] = pipe.execute()
        except RedisError as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from None
        found = [_alarm(number, fields) for number, fields in zip(numbers, kept, strict=True) if fields]
        return sorted(found, key=lambda alarm: alarm.at, reverse=True)

    def clear(self) -> None:
        """Forget them, so that the next is said again."""
        names = [name for code in CODES.values() if code.alarms for name in (_name(code.number), _said(code.number))]
        try:
            self._redis.delete(*names)
        except RedisError as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from None
        with self._lock:
            self._said.clear()

    def _first_to_say(self, number: int) -> bool:
        try:
            with self._redis.pipeline() as pipe:
                pipe.hset(_name(number), "at", self._clock().isoformat())
                pipe.hincrby(_name(number), "times", 1)
                pipe.expire(_name(number), KEPT_SECONDS)
                pipe.set(_said(number), 1, ex=SAID_AGAIN_SECONDS, nx=True)
                results: list[Any] = pipe.execute()
            return bool(results[-1])
        except RedisError:
            with self._lock:
                last, now = self._said.get(number), self._ticks()
                if last is not None and now - last < SAID_AGAIN_SECONDS:
                    return False
                self._said[number] = now
                return True


def _name(number: int) -> str:
    return f"jiesu:wechat:alarm:{number}"


def _said(number: int) -> str:
    return f"jiesu:wechat:said:{number}"


def _alarm(number: int, fields: dict[str, str]) -> Alarm:
    code = code_of(number)
    meaning = f"{code.meaning} {code.todo}".strip()
    return Alarm(number, datetime.fromisoformat(fields["at"]), int(fields["times"]), meaning)
