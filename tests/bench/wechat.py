"""Pushes a second that the WeChat channel takes, on SQLite and PostgreSQL: `make bench-wechat`.

Two gateways and a worker as processes, one Redis, the emulator as WeChat, and a stand-in for Rasa that answers after
30 ms: the channel is measured here, understanding in `make bench`. Pushes are sealed, each citizen pushes five
times a minute, and they come at a steady rate whether or not those before are answered. WeChat's own retries are
left out: what is not answered within five seconds counts as failed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import secrets
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress

from integrations.store import database
from tests.bench.gateways import DATABASES, on_each, redis_in, table
from tests.bench.load import quantile
from tests.bench.processes import core_seconds
from tests.fake_wechat import Account, FakeWechat
from tests.fake_wechat.sealing import Seal, signature
from tests.wechat.processes import SlowRasa, System, running

PATIENCE = 5.0
WORDS = ("合肥路的路灯坏了，三天了没人管。", "小区门口的垃圾堆了一个星期。", "楼下烧烤店半夜还很吵，睡不着。")


@dataclass
class Measured:
    """Seconds from a push to its answer; `told` those that brought a passive reply."""

    answers: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    failed: int = 0
    late: float = 0.0


class Load:
    """WeChat's side at a steady rate."""

    def __init__(self, fake: FakeWechat, hooks: list[str], *, rate: float, citizens: int) -> None:
        self._account, self._hooks = fake.account, itertools.cycle(hooks)
        self._seal = Seal(fake.account.aes_key, fake.account.appid, fake.account.token)
        self._rate = rate
        self._openids = [f"oBench{number:022}" for number in range(citizens)]
        self._number = itertools.count(secrets.randbits(60))  # no load says again what another has said
        self.measured = Measured()

    async def run(self, seconds: float, progress: Progress) -> None:
        """So many seconds long; waits for the last answers."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
        task = progress.add_task("pushes", total=int(seconds * self._rate))
        async with httpx.AsyncClient(limits=limits, timeout=PATIENCE, trust_env=False) as client:
            began, pushes = time.perf_counter(), set[asyncio.Task[None]]()
            for number in range(int(seconds * self._rate)):
                due = began + number / self._rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                self.measured.late = max(self.measured.late, time.perf_counter() - due)
                push = asyncio.create_task(self._push(client, self._openids[number % len(self._openids)]))
                pushes.add(push)
                push.add_done_callback(pushes.discard)
                progress.advance(task)
            await asyncio.gather(*pushes)

    async def _push(self, client: httpx.AsyncClient, openid: str) -> None:
        query, body = self._sealed(openid)
        began = time.perf_counter()
        try:
            answer = await client.post(next(self._hooks), params=query, content=body)
        except httpx.HTTPError:
            self.measured.failed += 1
            return
        took = time.perf_counter() - began
        if answer.status_code != 200 or took > PATIENCE:
            self.measured.failed += 1
            return
        self.measured.answers.append(took)
        if answer.content.startswith(b"<xml>"):
            self.measured.told.append(took)

    def _sealed(self, openid: str) -> tuple[dict[str, str], bytes]:
        now, nonce = str(int(time.time())), secrets.token_hex(5)
        xml = (
            f"<xml><ToUserName><![CDATA[{self._account.original_id}]]></ToUserName><FromUserName><![CDATA[{openid}]]>"
            f"</FromUserName><CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{random.choice(WORDS)}]]></Content><MsgId>{next(self._number)}</MsgId></xml>"
        )
        sealed = self._seal.sealed(xml)
        token = self._account.token
        query = {
            "signature": signature(token, now, nonce),
            "timestamp": now,
            "nonce": nonce,
            "openid": openid,
            "encrypt_type": "aes",
            "msg_signature": self._seal.signed(sealed, now, nonce),
        }
        body = f"<xml><ToUserName>{self._account.original_id}</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
        return query, body.encode()


def measure(url: str, *, seconds: float, rate: float, progress: Progress) -> dict[str, float]:
    """One database."""
    engine = database.connect(url)
    database.migrate(engine)
    engine.dispose()
    with (
        tempfile.TemporaryDirectory(prefix="jiesu-") as folder,
        SlowRasa() as rasa,
        redis_in(Path(folder)) as cache,
    ):
        fake = FakeWechat(Account(), stamp=time.time)
        rasa.seconds = 0.03
        own = "" if url.startswith("sqlite") else url
        data = Path(url.removeprefix("sqlite:///")).parent if not own else Path(folder)
        with (
            fake,
            running(System(fake, rasa, folder=data, database=own, redis=cache.url, gateways=2)) as system,
        ):
            load = Load(fake, system.hooks, rate=rate, citizens=int(rate * 12))
            warm = Load(fake, system.hooks, rate=10, citizens=20)
            asyncio.run(warm.run(3, progress))
            before, heard = _core(system), len(rasa.heard)
            asyncio.run(load.run(seconds, progress))
            core = _core(system) - before
            time.sleep(3)  # what was not ready in time is told by the other way
            done = load.measured
            return {
                "pushes": seconds * rate,
                "failed": done.failed,
                "passive": len(done.told) / max(1, len(done.answers)),
                "ack_p50": quantile(done.answers, 0.5),
                "ack_p99": quantile(done.answers, 0.99),
                "told_p50": quantile(done.told, 0.5),
                "told_p99": quantile(done.told, 0.99),
                "heard": len(rasa.heard) - heard,
                "twice": len(rasa.twice),
                "core_ms": core / (seconds * rate) * 1000,
                "tokens": fake.counters.tokens_issued,
                "late": done.late,
            }


def _core(system: System) -> float:
    """Time of a core that gateways and worker have used."""
    return sum(core_seconds(one.pid) for one in system.parts)


def main() -> None:
    """Measure and print a table."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.wechat", description=__doc__)
    asked.add_argument("--seconds", type=float, default=60, help="how long (default 60)")
    asked.add_argument("--rate", type=float, default=50, help="pushes a second (default 50)")
    asked.add_argument("--only", choices=DATABASES, help="one database only")
    asked.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = asked.parse_args()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        how = {"seconds": chosen.seconds, "rate": chosen.rate, "progress": progress}
        found = on_each(chosen.only, lambda url: measure(url, **how))
    if chosen.json:
        print(json.dumps(found, indent=2))
        return
    rows = {
        "answered within 5 s": lambda one: f"{1 - one['failed'] / one['pushes']:.2%}",
        "answer (reply or success), p50 / p99": lambda one: f"{one['ack_p50']:.2f} / {one['ack_p99']:.2f} s",
        "of these with a passive reply": lambda one: f"{one['passive']:.1%}",
        "passive reply, p50 / p99": lambda one: f"{one['told_p50']:.2f} / {one['told_p99']:.2f} s",
        "turns heard, twice": lambda one: f"{one['heard']:.0f}, {one['twice']:.0f}",
        "core time a push, gateways and worker": lambda one: f"{one['core_ms']:.1f} ms",
        "access tokens fetched": lambda one: f"{one['tokens']:.0f}",
        "the load itself was late by at most": lambda one: f"{one['late']:.2f} s",
    }
    Console().print(table(f"{chosen.rate:.0f} pushes a second for {chosen.seconds:.0f} s, two gateways", found, rows))


if __name__ == "__main__":
    main()
