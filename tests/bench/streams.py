"""Open streams and messages a second at one gateway, on SQLite and PostgreSQL: `make bench-streams`.

One gateway as a process, one Redis, and a stand-in for Rasa that answers after 30 ms. Each citizen has one stream open;
messages come at a steady rate, one citizen after another. "To the stream" is from the sending of the message until
its answer stands in the stream.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console

from integrations.store import database
from tests.bench.gateway import cookie
from tests.bench.gateways import DATABASES, on_each, redis_in, table
from tests.bench.load import quantile
from tests.bench.processes import core_seconds, memory_mb
from tests.conftest import SECRETS
from tests.fake_wechat import Account, FakeWechat
from tests.wechat.processes import SlowRasa, System, running

HEADERS = {"X-Jiesu": "bench"}


@dataclass
class Measured:
    """Seconds from a message to its answer, by the request and by the stream."""

    posts: list[float] = field(default_factory=list)
    streams: list[float] = field(default_factory=list)
    failed: int = 0


@dataclass
class Citizen:
    """One page: its stream, and when what it said was sent."""

    client: httpx.AsyncClient
    url: str
    headers: dict[str, str]
    measured: Measured
    sent: dict[str, float] = field(default_factory=dict)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Take what the stream brings, until cancelled."""
        mine: list[str] = []
        async with self.client.stream("GET", f"{self.url}/stream", headers=self.headers, timeout=None) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("event: state"):
                    self.opened.set()
                if not line.startswith("data: ") or '"from"' not in line:
                    continue
                said = json.loads(line[6:])
                if said["client_id"] in self.sent:
                    mine.append(said["client_id"])
                elif said["from"] == "assistant" and mine:
                    self.measured.streams.append(time.perf_counter() - self.sent.pop(mine.pop(0)))

    async def say(self, text: str) -> None:
        """One message, answered."""
        name, began = secrets.token_hex(8), time.perf_counter()
        self.sent[name] = began
        body = {"id": name, "text": text}
        with suppress(httpx.HTTPError):
            answer = await self.client.post(f"{self.url}/messages", json=body, headers=self.headers)
            if answer.status_code == 200:
                self.measured.posts.append(time.perf_counter() - began)
                return
        self.measured.failed += 1
        self.sent.pop(name, None)


async def load(url: str, *, streams: int, rate: float, seconds: float) -> Measured:
    """All citizens at one gateway."""
    measured, limits = Measured(), httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=30, trust_env=False) as client:
        session = SECRETS["session_secret"]
        citizens = [
            Citizen(client, f"{url}/api/chat", {**HEADERS, "Cookie": cookie(session)}, measured) for _ in range(streams)
        ]
        listening = [asyncio.create_task(one.listen()) for one in citizens]
        async with asyncio.timeout(120):
            await asyncio.gather(*(one.opened.wait() for one in citizens))
        began, saying = time.perf_counter(), list[asyncio.Task[None]]()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            saying.append(asyncio.create_task(citizens[number % streams].say("合肥路的路灯坏了，三天了没人管。")))
        await asyncio.gather(*saying)
        await asyncio.sleep(1)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    return measured


def measure(url: str, *, streams: int, rate: float, seconds: float) -> dict[str, float]:
    """One database."""
    engine = database.connect(url)
    database.migrate(engine)
    engine.dispose()
    with (
        tempfile.TemporaryDirectory(prefix="jiesu-") as folder,
        SlowRasa() as rasa,
        redis_in(Path(folder)) as cache,
    ):
        rasa.seconds = 0.03
        own = "" if url.startswith("sqlite") else url
        data = Path(folder) if own else Path(url.removeprefix("sqlite:///")).parent
        fake = FakeWechat(Account(), stamp=time.time)
        with fake, running(System(fake, rasa, folder=data, database=own, redis=cache.url)) as system:
            gateway = system.gateways[0]
            address = f"http://127.0.0.1:{system.ports[0]}"
            before, began = core_seconds(gateway.pid), time.monotonic()
            done = asyncio.run(load(address, streams=streams, rate=rate, seconds=seconds))
            core = (core_seconds(gateway.pid) - before) / (time.monotonic() - began)
            return {
                "messages": rate * seconds,
                "failed": done.failed,
                "in_stream": len(done.streams),
                "post_p50": quantile(done.posts, 0.5),
                "post_p99": quantile(done.posts, 0.99),
                "stream_p50": quantile(done.streams, 0.5),
                "stream_p99": quantile(done.streams, 0.99),
                "memory_mb": memory_mb(gateway.pid),
                "core": core,
            }


def main() -> None:
    """Measure and print a table."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.streams", description=__doc__)
    asked.add_argument("--seconds", type=float, default=60, help="how long (default 60)")
    asked.add_argument("--rate", type=float, default=20, help="messages a second (default 20)")
    asked.add_argument("--streams", type=int, default=200, help="open streams (default 200)")
    asked.add_argument("--only", choices=DATABASES, help="one database only")
    chosen = asked.parse_args()
    how = {"streams": chosen.streams, "rate": chosen.rate, "seconds": chosen.seconds}
    found = on_each(chosen.only, lambda url: measure(url, **how))
    rows = {
        "answered": lambda one: f"{1 - one['failed'] / one['messages']:.2%}",
        "answers that came by the stream": lambda one: f"{one['in_stream']:.0f} of {one['messages']:.0f}",
        "message to answer, p50 / p99": lambda one: f"{one['post_p50'] * 1000:.0f} / {one['post_p99'] * 1000:.0f} ms",
        "to the stream, p50 / p99": lambda one: f"{one['stream_p50'] * 1000:.0f} / {one['stream_p99'] * 1000:.0f} ms",
        "gateway: memory": lambda one: f"{one['memory_mb']:.0f} MB",
        "gateway: cores at work": lambda one: f"{one['core']:.2f}",
    }
    Console().print(
        table(f"{chosen.streams} streams, {chosen.rate:.0f} messages/s, {chosen.seconds:.0f} s", found, rows)
    )


if __name__ == "__main__":
    main()
