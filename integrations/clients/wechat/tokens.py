"""What all processes share of WeChat's API in Redis: the access token and the ticket that signs pages.

Whoever finds none fetches one while the others wait for it. A key holds a hash of the app id and no secret; the values
are secrets of two hours, so Redis has to be as private as the database.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from integrations.services.errors import TryLater
from integrations.services.wechat.errors import QuotaUsed, SetUpWrong

# A fetch is over within the five seconds of a call; whoever holds the lock longer has died.
LEASE_SECONDS = 12.0
PATIENCE_SECONDS = 4.0
# A kept value is dropped that much before WeChat lets it go, and is kept no shorter than LEAST.
EARLY_SECONDS, LEAST_SECONDS, MOST_SECONDS = 120, 30, 86_400
# WeChat allows 20 a day, 30 seconds apart (getStableAccessToken).
FORCED_APART_SECONDS, FORCED_A_DAY = 60, 10
_LOOK_AGAIN_SECONDS = 0.05
_TWO_DAYS = 172_800

# Only the holder of a lock may store what it has fetched, or give the lock back.
_KEEP = """
if redis.call('get', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""
_DROP = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Kind(StrEnum):
    """Which of the shared values."""

    ACCESS = "access"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Issued:
    """What WeChat gave out, and for how many seconds it holds."""

    value: str = field(repr=False)
    seconds: int


Fetch = Callable[[bool], Issued]
"""Gets a value from WeChat; with True the old one is made void. An access token only."""


class SharedTokens:
    """The shared values of one account. Everything raises TryLater (surely unheard) when Redis does not answer."""

    def __init__(
        self,
        redis_url: str,
        appid: str,
        *,
        pepper: str = "",
        lease_seconds: float = LEASE_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.redis_url = redis_url
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 1), decode_responses=True
        )
        account = hmac.new(pepper.encode(), appid.encode(), hashlib.sha256).hexdigest()[:32]
        self._prefix = f"jiesu:wechat:{account}"
        self._lease, self._patience = round(lease_seconds * 1000), patience_seconds
        self._ticks, self._sleep, self._clock = ticks, sleep, clock

    def get(self, kind: Kind, fetch: Fetch, *, patience: float | None = None) -> str:
        """The value, fetched where nobody has it. TryLater where somebody else's fetch takes too long."""
        return self._value(kind, fetch, "", patience)

    def refresh(self, kind: Kind, fetch: Fetch, *, failed: str, patience: float | None = None) -> str:
        """Another value than `failed`, which WeChat has refused: the one that somebody has got since, else a new one.

        Where WeChat gives out the refused one again it is made void, at most once a minute and ten times a day over
        all processes; then TryLater, and SetUpWrong when the day's are used up.
        """
        return self._value(kind, fetch, failed, patience)

    def _value(self, kind: Kind, fetch: Fetch, failed: str, patience: float | None) -> str:
        name = f"{self._prefix}:{kind}"
        lock, owner = f"{name}:lock", secrets.token_hex(8)
        until = self._ticks() + min(self._patience, self._patience if patience is None else patience)
        while True:
            if kept := self._look(name, failed):
                return kept
            if self._take(lock, owner):
                try:
                    # Somebody may have brought one between our look and our lock.
                    return self._look(name, failed) or self._fetched(kind, fetch, failed, name, lock, owner)
                finally:
                    # A lock that cannot be given back ends with its lease.
                    with contextlib.suppress(TryLater), _answering():
                        self._redis.eval(_DROP, 1, lock, owner)
            if self._ticks() >= until:
                raise TryLater("somebody else is fetching a token from WeChat and takes long", after=5, unheard=True)
            self._sleep(_LOOK_AGAIN_SECONDS)

    def _look(self, name: str, failed: str) -> str:
        with _answering():
            kept: Any = self._redis.get(name)
            if kept and kept == failed:
                self._redis.eval(_DROP, 1, name, failed)
                return ""
            return str(kept or "")

    def _take(self, lock: str, owner: str) -> bool:
        with _answering():
            return bool(self._redis.set(lock, owner, px=self._lease, nx=True))

    def _fetched(self, kind: Kind, fetch: Fetch, failed: str, name: str, lock: str, owner: str) -> str:
        issued = fetch(False)
        if failed and issued.value == failed:
            if kind is not Kind.ACCESS:
                raise TryLater("WeChat gives out the same again that it has refused", after=60, unheard=True)
            self._allow_force()
            issued = fetch(True)
        kept = min(max(issued.seconds - EARLY_SECONDS, LEAST_SECONDS), MOST_SECONDS)
        with _answering():
            self._redis.eval(_KEEP, 2, name, lock, owner, issued.value, kept)
        return issued.value

    def _allow_force(self) -> None:
        day = f"{self._prefix}:forced:{self._clock().astimezone(UTC).date().isoformat()}"
        with _answering():
            if not self._redis.set(f"{self._prefix}:forced", 1, ex=FORCED_APART_SECONDS, nx=True):
                raise QuotaUsed(
                    "WeChat refuses the token that it gives out, and a new one was forced less than a minute ago",
                    after=FORCED_APART_SECONDS,
                    unheard=True,
                )
            with self._redis.pipeline() as pipe:
                pipe.incr(day)
                pipe.expire(day, _TWO_DAYS)
                count = int(pipe.execute()[0])
        if count > FORCED_A_DAY:
            raise SetUpWrong(
                f"WeChat refuses the token that it gives out, and a new one was forced {FORCED_A_DAY} times today: "
                "see whether another program uses this account's app secret"
            )


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RedisError as away:
        raise TryLater(f"Redis does not answer: {type(away).__name__}", unheard=True) from None
