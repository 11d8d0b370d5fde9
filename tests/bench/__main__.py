"""This bot beside stock Rasa, playing the same dialogue in one run: `make bench`.

Both get the same domain, rules, training data and action server; stock Rasa runs unchanged with its own default
Chinese pipeline and policies. They are driven over Rasa's REST channel, block by block in turns, so that a machine that
grows faster or slower favours neither; the whole system is driven over its public chat API beside them. Every dialogue
files a real ticket. Core time is the processors' time in a part for one turn, whatever else the machine has to do.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from integrations.running.model import bot_model, train_bot
from integrations.services.records import RowState
from integrations.settings import Settings
from tests.bench.gateway import ChatTalk
from tests.bench.load import Begin, Block, Climb, at_once, climb
from tests.bench.processes import core_seconds, memory_mb, our_rasa, parts_below, stock_rasa
from tests.bench.report import report
from tests.bench.rest import RasaTalk, conversation
from tests.bench.script import Dialogue, dialogues, places
from tests.system import RunningSystem

STOCK_CONFIG = Path(__file__).with_name("stock_config.yml")
SETTLE_SECONDS = 120


@dataclass
class Door:
    """Something that dialogues are played against, and the processes that work for it."""

    begin: Begin
    pids: dict[str, int]
    blocks: dict[int, list[Block]] = field(default_factory=dict)
    climbed: Climb | None = None
    memory: dict[str, float] = field(default_factory=dict)
    started: float = 0.0

    def weigh(self) -> dict[str, float]:
        """Core seconds of each part until now."""
        return {name: core_seconds(pid) for name, pid in self.pids.items()}


def say(words: str) -> None:
    print(f"  {words}", file=sys.stderr, flush=True)


def models(here: Settings) -> Path:
    """Ours trained where it must be; gives stock Rasa's, trained from the same files."""
    train_bot(here, say=say)
    stock = bot_model(here.data_dir).with_name(bot_model(here.data_dir).name.replace("bot-", "stock-"))
    if not stock.exists():
        say("training stock Rasa once: DIET and TED take minutes")
    return train_bot(here, say=say, config=STOCK_CONFIG, out=stock)


def settle(services: Services) -> None:
    """Wait until the worker has sent every ticket on: what one block has left over shall not burden the next."""
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        with services.unit_of_work() as tx:
            counts = tx.outbox.counts()
        if not any(counts.get(state) for state in (RowState.READY, RowState.CLAIMED)):
            return
        time.sleep(0.3)
    raise RuntimeError(f"the worker is not through after {SETTLE_SECONDS} s: {counts}")


def played(door: Door, talks: list[Dialogue], many: int) -> Block:
    """One block, weighed."""
    before = door.weigh()
    block = asyncio.run(at_once(door.begin, talks, many))
    block.core = {name: seconds - before[name] for name, seconds in door.weigh().items()}
    return block


def measure(
    doors: dict[str, Door], script: Iterator[Dialogue], given: argparse.Namespace, calm: Callable[[], None]
) -> None:
    """Warm up, then block by block in turns, then each until it breaks."""
    for door in doors.values():
        played(door, list(itertools.islice(script, 2)), 1)
    for many in given.at_once:
        count = max(many, given.dialogues)
        for number in range(given.blocks):
            for name, door in doors.items():
                calm()
                block = played(door, list(itertools.islice(script, count)), many)
                door.blocks.setdefault(many, []).append(block)
                say(f"{many} at once, block {number + 1} of {given.blocks}, {name}: {block.speed:.1f} turns/s")
    for name, door in doors.items():
        door.memory = {part: memory_mb(pid) for part, pid in door.pids.items()}
        if given.climb_seconds:
            calm()
            start = 0.6 * statistics.median(one.speed for one in door.blocks[max(door.blocks)])
            door.climbed = climb(door.begin, script, start, given.climb_seconds)
            say(f"{name}: held {door.climbed.held:.1f} turns/s")


def main() -> None:
    """Train what is missing, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 20], help="dialogues at the same time")
    parser.add_argument("--dialogues", type=int, default=8, help="dialogues in a block, at least as many as at once")
    parser.add_argument("--blocks", type=int, default=4, help="blocks of each, taken in turns")
    parser.add_argument("--climb-seconds", type=float, default=20.0, help="length of a step to breaking; 0: none")
    parser.add_argument("--rasas", type=int, default=1, help="Rasa processes of the whole system")
    given = parser.parse_args()
    here = settings.load()
    stock = models(here)
    script = dialogues(places())
    with tempfile.TemporaryDirectory(prefix="jiesu-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        system = RunningSystem(
            folder / "data", JIESU_DISPATCH_POLL_SECONDS="600", JIESU_RASA_PROCESSES=str(given.rasas)
        )
        stack.callback(system.stop)
        began = time.monotonic()
        system.start()
        up = time.monotonic() - began
        chosen = settings.load(
            data_dir=folder / "data",
            **{name.lower(): port for name, port in system.ports.items()},
            issues_examples=False,
        )
        services = bootstrap.build(chosen)
        with our_rasa(chosen) as alone:
            cold = alone.started
        theirs = stack.enter_context(stock_rasa(stock, chosen, folder))
        there = parts_below(system.pid)
        rasas = {part: pid for part, pid in there.items() if part.startswith("rasa")}
        doors = {
            "jiesu": Door(
                lambda: RasaTalk(f"http://127.0.0.1:{chosen.rasa_port}", conversation(services)),
                {"rasa": there["rasa"], "actions": there["actions"]},
                started=cold,
            ),
            "stock": Door(
                lambda: RasaTalk(theirs.url, conversation(services)),
                {"rasa": theirs.pid, "actions": there["actions"]},
                started=theirs.started,
            ),
            "whole": Door(
                lambda: ChatTalk(system.url, chosen.secrets["session_secret"]),
                {**there, **rasas},
                started=up,
            ),
        }
        measure(doors, script, given, lambda: settle(services))
        print(report(doors))


if __name__ == "__main__":
    main()
