"""Both kinds of `News`: what is told reaches who listens; Redis away harms nobody who tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from integrations.clients.redis_news import RedisNews
from integrations.services.announcing import News
from integrations.services.errors import TryLater
from tests.fakes import MemoryNews


@pytest.fixture(params=["memory", "redis"])
def news(request: pytest.FixtureRequest) -> News:
    if request.param == "memory":
        return MemoryNews()
    return RedisNews(request.getfixturevalue("embedded_redis"))


async def _hear(news: News, then: Callable[[], None]) -> list[frozenset[str]]:
    heard: list[frozenset[str]] = []
    async with asyncio.timeout(5):
        async for changed in news.listen():
            heard.append(changed)
            if len(heard) == 1:
                await asyncio.to_thread(then)
            if len(heard) == 3:
                break
    return heard


def test_what_is_told_is_heard_in_order_after_an_empty_set(news: News) -> None:
    def tell() -> None:
        news.tell([])
        news.tell({"a", "b"})
        news.tell({"c"})

    news.tell({"before"})
    assert asyncio.run(_hear(news, tell)) == [frozenset(), {"a", "b"}, {"c"}]


def test_nobody_waits_for_a_redis_that_is_away(tmp_path: Path) -> None:
    news = RedisNews(f"unix://{tmp_path}/nobody.sock")
    began = time.monotonic()
    for _ in range(100):
        news.tell({"a"})
    assert time.monotonic() - began < 2
    with pytest.raises(TryLater):
        asyncio.run(_hear(news, lambda: None))
