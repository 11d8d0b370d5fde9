"""The `News` port over Redis: published to every process that listens at that moment."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Collection

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from integrations.services.errors import TryLater

log = logging.getLogger(__name__)

CHANNEL = "jiesu:news"
# Whoever commits waits no longer than this, and after a failure not at all for so long.
WAIT_SECONDS, REST_SECONDS = 0.5, 5.0
# A connection that is dead without saying so is found by a ping this often.
PING_SECONDS = 15


class RedisNews:
    """Tells by PUBLISH, with its own short patience: news that is lost is made good by looking."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._rests_until = 0.0
        self._redis = redis.Redis.from_url(
            url, socket_timeout=WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS, retry=Retry(NoBackoff(), 1)
        )

    def tell(self, conversations: Collection[str]) -> None:
        """Announce them; nobody hears it while Redis is away."""
        if not conversations or time.monotonic() < self._rests_until:
            return
        try:
            self._redis.publish(CHANNEL, " ".join(sorted(conversations)))
        except RedisError as away:
            self._rests_until = time.monotonic() + REST_SECONDS
            log.warning("news rests: Redis does not answer: %s", type(away).__name__)

    async def listen(self) -> AsyncIterator[frozenset[str]]:
        """An empty set once it is listening, then each announcement. Raises TryLater when Redis goes away."""
        client = redis.asyncio.Redis.from_url(
            self._url, socket_connect_timeout=2, health_check_interval=PING_SECONDS, decode_responses=True
        )
        try:
            async with client, client.pubsub() as heard:
                await heard.subscribe(CHANNEL)
                while True:
                    message = await heard.get_message(timeout=PING_SECONDS)
                    if message and message["type"] == "subscribe":
                        yield frozenset()
                    elif message and message["type"] == "message":
                        yield frozenset(message["data"].split())
        except (RedisError, OSError) as away:
            raise TryLater(f"Redis does not answer: {type(away).__name__}") from away
