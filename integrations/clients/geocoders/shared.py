"""What all processes share about a map service, in Redis: answers, the day's quota, and whether it is left in peace.

No address stands in Redis: a key is a keyed SHA-256, and an answer holds a point and official names.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from integrations.services.errors import TryLater

SECONDS = 0.3
FAILURES, PEACE_SECONDS = 3, 60
_REMEMBERED, _TWO_DAYS = 600, 172_800


class SharedMemory:
    """The memory of one service at `url`. Everything raises TryLater when Redis does not answer.

    A quota that cannot be counted must not be open: without Redis the service is not asked.
    """

    def __init__(self, url: str, *, service: str, pepper: str, peace_seconds: float = PEACE_SECONDS) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 1),
            decode_responses=True,
        )
        self._prefix = f"jiesu:geocoder:{service}"
        self._pepper = pepper.encode()
        self._peace = round(peace_seconds * 1000)

    def key(self, kind: str, asked: str) -> str:
        """The name under which the answer to `asked` is kept. Being keyed, it cannot be found by trying."""
        return f"{self._prefix}:{kind}:{hmac.new(self._pepper, asked.encode(), hashlib.sha256).hexdigest()}"

    def look(self, key: str) -> tuple[str | None, bool]:
        """What is kept under `key`, and whether the service is to be left in peace."""
        with self._pipeline() as pipe:
            pipe.get(key)
            pipe.exists(f"{self._prefix}:peace")
            kept, peace = pipe.execute()
        return kept, bool(peace)

    def keep(self, key: str, value: str, *, seconds: int) -> None:
        """Keep an answer, which also ends a row of failures."""
        with self._pipeline() as pipe:
            pipe.set(key, value, ex=seconds)
            pipe.delete(f"{self._prefix}:failures")
            pipe.execute()

    def failed(self) -> bool:
        """Count a failure. True when it begins a time in which the service is left in peace.

        The count stays until an answer comes: after that time a single further failure begins the next.
        """
        with self._pipeline() as pipe:
            pipe.incr(f"{self._prefix}:failures")
            pipe.expire(f"{self._prefix}:failures", _REMEMBERED)
            count = int(pipe.execute()[0])
        if count < FAILURES:
            return False
        with _answering():
            return bool(self._redis.set(f"{self._prefix}:peace", 1, px=self._peace, nx=True))

    def take(self, day: str, quota: int) -> bool:
        """Take one question out of the day's quota; False when it is used up. Counted before it is asked."""
        with self._pipeline() as pipe:
            pipe.incr(f"{self._prefix}:asked:{day}")
            pipe.expire(f"{self._prefix}:asked:{day}", _TWO_DAYS)
            return int(pipe.execute()[0]) <= quota

    def taken(self, day: str) -> int:
        """How many were taken or wanted that day."""
        with _answering():
            found: Any = self._redis.get(f"{self._prefix}:asked:{day}")
            return int(found or 0)

    def first_to_say(self, day: str) -> bool:
        """True for the first of all processes to say that day that the quota is used up."""
        with _answering():
            return bool(self._redis.set(f"{self._prefix}:said:{day}", 1, ex=_TWO_DAYS, nx=True))

    @contextlib.contextmanager
    def _pipeline(self) -> Iterator[Any]:
        with _answering(), self._redis.pipeline() as pipe:
            yield pipe


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RedisError as away:
        raise TryLater(f"Redis does not answer: {type(away).__name__}") from away
