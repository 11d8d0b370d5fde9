"""The same scripted intake on this bot and on stock Rasa settings, in one run: `make bench`.

Both get the same domain, rules, training data and action server; stock Rasa runs unchanged with its own default
Chinese pipeline and policies. They are driven straight over Rasa's REST channel, in turns (A B A B …), so that a
machine that grows faster or slower favours neither. Every dialogue files a real ticket in a database of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from integrations import bootstrap, settings
from integrations.running.model import BOT, bot_model, train_bot
from integrations.settings import Settings
from integrations.store import database
from tests.servers import free_port

STOCK_CONFIG = Path(__file__).with_name("stock_config.yml")
# {n} differs in each dialogue, so that nobody is asked whether it is the neighbour's problem.
SCRIPT = ("我要反映问题", "李沧区书院路{n}号门口的路灯坏了三天了，晚上黑得吓人", "不留电话", "确认提交")
MB = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """What one block of dialogues took."""

    seconds: float
    turns: tuple[float, ...]
    tickets: int


@contextmanager
def process(command: Sequence[str], url: str, environment: dict[str, str], folder: Path) -> Iterator[int]:
    """Start a process, wait until `url` answers, give its pid."""
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, env={**os.environ, **environment}, cwd=folder, stdout=log, stderr=log) as running,
    ):
        try:
            for _ in range(900):
                if running.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(log.read()[-2000:].decode("utf-8", "replace"))
                try:
                    if httpx.get(url, timeout=2, trust_env=False).status_code == 200:
                        break
                except httpx.HTTPError:
                    time.sleep(0.2)
            else:
                raise RuntimeError(f"{url} does not answer")
            yield running.pid
        finally:
            running.terminate()


@contextmanager
def rasa(name: str, model: Path, chosen: Settings, *, ours: bool) -> Iterator[tuple[str, int]]:
    """A Rasa with that model: ours by `serve.py` and the SQL tracker store, stock by `rasa` as it comes."""
    port = free_port()
    endpoints: dict[str, object] = {
        "action_endpoint": {
            "url": f"http://127.0.0.1:{chosen.actions_port}/webhook?token={chosen.secrets['internal_token']}"
        }
    }
    if ours:
        endpoints["tracker_store"] = {"type": "SQL", "dialect": "sqlite", "db": str(chosen.data_dir / "trackers.db")}
    path = chosen.data_dir / f"endpoints-{name}.yml"
    path.write_text(json.dumps(endpoints), encoding="utf-8")
    program = [str(chosen.bot_python), str(BOT / "serve.py")] if ours else [str(chosen.bot_python.parent / "rasa")]
    command = [
        *program,
        *("run", "--interface", "127.0.0.1", "--port", str(port), "--model", str(model)),
        *("--endpoints", str(path), "--credentials", str(BOT / "credentials.yml"), "--enable-api"),
    ]
    environment = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "LOG_LEVEL": "ERROR"}
    with process(command, f"http://127.0.0.1:{port}/status", environment, BOT) as pid:
        yield f"http://127.0.0.1:{port}", pid


def dialogue(url: str, conversation: str) -> tuple[list[float], bool]:
    """Play the script once; gives the seconds of each turn and whether a ticket came of it."""
    turns, ticket = [], False
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for said in SCRIPT:
            words = said.format(n=int(conversation[:6], 16))
            body = {"sender": f"web:{conversation}", "message": words, "metadata": {"conversation_id": conversation}}
            began = time.perf_counter()
            answer = client.post("/webhooks/rest/webhook", json=body).json()
            turns.append(time.perf_counter() - began)
            cards = [(one.get("custom") or {}).get("card") or {} for one in answer]
            ticket = ticket or any(card.get("kind") == "ticket" for card in cards)
    return turns, ticket


def block(url: str, conversations: Sequence[str], at_once: int) -> Run:
    """Some dialogues, `at_once` at a time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(lambda one: dialogue(url, one), conversations))
    turns = tuple(turn for times, _ in results for turn in times)
    return Run(time.perf_counter() - began, turns, sum(ticket for _, ticket in results))


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def main() -> None:
    """Train what is missing, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=12, help="dialogues in a block")
    parser.add_argument("--blocks", type=int, default=4, help="blocks of each, taken in turns")
    parser.add_argument("--at-once", type=int, default=2, help="dialogues at the same time")
    given = parser.parse_args()
    here = settings.load()
    models = here.data_dir.resolve() / "models"
    ours = train_bot(here, say=lambda step: print(f"  {step}", file=sys.stderr))
    stock = models / bot_model(here.data_dir).name.replace("bot-", "stock-")
    if not stock.exists():
        print("training stock Rasa once (DIET and TED; minutes)", file=sys.stderr)
    train_bot(here, say=lambda step: print(f"  {step}", file=sys.stderr), config=STOCK_CONFIG, out=stock)

    with tempfile.TemporaryDirectory(prefix="jiesu-bench-") as folder, ExitStack() as stack:
        data = Path(folder)
        (data / "models").symlink_to(models)
        socket_path = data / "redis.sock"
        chosen = settings.load(data_dir=data, actions_port=free_port(), redis_url=f"unix://{socket_path}")
        services = bootstrap.build(chosen)
        database.migrate(services.engine)
        environment = {
            "JIESU_DATA_DIR": folder,
            "JIESU_ACTIONS_PORT": str(chosen.actions_port),
            "JIESU_REDIS_URL": chosen.redis,
        }
        actions = [sys.executable, "-m", "integrations.cli", "actions"]
        stack.enter_context(
            process(actions, f"http://127.0.0.1:{chosen.actions_port}/health", environment, settings.ROOT)
        )
        servers = {
            "jiesu": stack.enter_context(rasa("jiesu", ours, chosen, ours=True)),
            "stock": stack.enter_context(rasa("stock", stock, chosen, ours=False)),
        }

        def conversations(count: int) -> list[str]:
            with services.unit_of_work() as tx:
                return [
                    tx.conversations.open(channel="web", address=os.urandom(12).hex(), now=services.clock()).id
                    for _ in range(count)
                ]

        for url, _ in servers.values():
            block(url, conversations(2), 1)  # warm up
        runs: dict[str, list[Run]] = {name: [] for name in servers}
        for number in range(given.blocks):
            for name, (url, _) in servers.items():
                print(f"  block {number + 1} of {given.blocks}: {name}", file=sys.stderr)
                runs[name].append(block(url, conversations(given.dialogues), given.at_once))
        report(runs, {name: memory_mb(pid) for name, (_, pid) in servers.items()}, given.at_once)


def report(runs: dict[str, list[Run]], memory: dict[str, float], at_once: int) -> None:
    """Print the table and the ratio."""
    print(f"\nscripted intake of {len(SCRIPT)} turns, {at_once} dialogues at once, blocks taken in turns")
    print(f"{'':8}{'turns/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'tickets':>9}{'memory MB':>11}")
    for name, blocks in runs.items():
        turns = sorted(turn for run in blocks for turn in run.turns)
        speed = len(turns) / sum(run.seconds for run in blocks)
        p50, p99 = statistics.median(turns) * 1000, turns[int(len(turns) * 0.99)] * 1000
        tickets = f"{sum(run.tickets for run in blocks)}/{len(turns) // len(SCRIPT)}"
        print(f"{name:8}{speed:9.1f}{p50:9.1f}{p99:9.1f}{tickets:>9}{memory[name]:11.0f}")
    pairs = [stock.seconds / jiesu.seconds for jiesu, stock in zip(runs["jiesu"], runs["stock"], strict=True)]
    spread = f"{min(pairs):.1f} to {max(pairs):.1f}"
    print(f"throughput, jiesu / stock: {statistics.median(pairs):.1f} times (block by block {spread})")


if __name__ == "__main__":
    main()
