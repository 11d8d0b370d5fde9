"""Redis: whose turn it is, and how often somebody has done something."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import LockError, RedisError
from redis.retry import Retry

from integrations.services.errors import TryLater

LEASE_SECONDS = 15.0
_WAIT = 0.02


class RedisTurns:
    """The `Turns` port: a lock for each conversation, kept alive while the turn lasts, freed when its holder dies."""

    def __init__(self, url: str, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._lease = lease_seconds
        self._redis = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=5,
            socket_connect_timeout=2,
            retry=AsyncRetry(ExponentialWithJitterBackoff(cap=1, base=0.05), 3),
        )

    @contextlib.asynccontextmanager
    async def turn(self, conversation_id: str, *, patience: float) -> AsyncIterator[None]:
        lock = self._redis.lock(
            f"jiesu:turn:{conversation_id}", timeout=self._lease, sleep=_WAIT, blocking_timeout=patience
        )
        try:
            if not await lock.acquire():
                raise TryLater("the messages before this one are not answered yet")
        except RedisError as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from away
        over = asyncio.Event()
        keeper = asyncio.create_task(_keep(lock, self._lease, over))
        try:
            yield
        finally:
            # Told, not cancelled: Python 3.11's wait_for, by which a command is sent, may swallow a cancellation. Then
            # the lock would be kept for ever, and nothing more be answered in this conversation.
            over.set()
            await keeper
            # A lost lock is harmless: whoever has it now finds the lines that are settled already.
            with contextlib.suppress(LockError, RedisError):
                await lock.release()

    async def ping(self) -> None:
        """Raises TryLater when Redis does not answer."""
        try:
            await self._redis.ping()
        except RedisError as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from away

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


async def _keep(lock: redis.asyncio.lock.Lock, lease: float, over: asyncio.Event) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(lease / 3):
                await over.wait()
        if over.is_set():
            return
        try:
            await lock.reacquire()
        except (LockError, RedisError):
            return


class RedisLimiter:
    """The `Limiter` port: fixed windows that start with the first count."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=5,
            socket_connect_timeout=2,
            retry=Retry(ExponentialWithJitterBackoff(cap=1, base=0.05), 3),
        )

    def allow(self, key: str, *, times: int, seconds: int) -> bool:
        """Raises TryLater when Redis does not answer: a limit that cannot be checked must not be open."""
        name = f"jiesu:limit:{key}"
        try:
            with self._redis.pipeline() as pipe:
                pipe.set(name, 0, ex=seconds, nx=True)
                pipe.incr(name)
                count = pipe.execute()[1]
        except RedisError as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from away
        return int(count) <= times

    def mark(self, key: str, *, seconds: int) -> None:
        """Leave a mark that fades after `seconds`."""
        try:
            self._redis.set(f"jiesu:mark:{key}", 1, ex=seconds)
        except RedisError as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from away

    def seen(self, key: str) -> None:
        """Raises TryLater when that mark has faded."""
        try:
            if not self._redis.exists(f"jiesu:mark:{key}"):
                raise TryLater(f"no sign of life from the {key}")
        except RedisError as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from away

    def ping(self) -> None:
        """Raises TryLater when Redis does not answer."""
        try:
            self._redis.ping()
        except RedisError as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from away
