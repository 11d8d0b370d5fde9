"""Playing dialogues against something and weighing what came: so many at once, or so many a second until it breaks."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.bench.script import TURNS, Dialogue
from tests.bench.wire import Broken

# Beyond this, at p99, nobody calls it working any more.
SLOW_SECONDS = 5.0
# Each step of the climb has so much more than the one before.
STEP = 1.25
# The climb ends here whatever happens; a step is far shorter.
MOST_STEPS = 16


class Talk(Protocol):
    """One citizen's side of a dialogue."""

    async def say(self, number: int, line: str) -> bool:
        """Say line `number`; whether a ticket came of it. Raises Broken where there was no answer."""

    async def close(self) -> None:
        """Hang up."""


Begin = Callable[[], Talk]


@dataclass
class Block:
    """What some dialogues took: wall seconds, seconds of each turn, tickets, core seconds by part.

    `lost` are turns that were not answered.
    """

    seconds: float = 0.0
    turns: list[float] = field(default_factory=list)
    tickets: int = 0
    lost: int = 0
    core: dict[str, float] = field(default_factory=dict)

    @property
    def speed(self) -> float:
        """Turns a second."""
        return len(self.turns) / self.seconds


def quantile(turns: Sequence[float], share: float) -> float:
    """Seconds within which that share of the turns was answered; nan where there were none."""
    if not turns:
        return math.nan
    return sorted(turns)[max(0, math.ceil(len(turns) * share) - 1)]


async def play(talk: Talk, dialogue: Dialogue, into: Block) -> None:
    """One citizen, who says the next thing as soon as the answer is there."""
    ticket = False
    try:
        for number, line in enumerate(dialogue.lines):
            began = time.perf_counter()
            try:
                ticket = await talk.say(number, line) or ticket
            except Broken:
                into.lost += 1
            into.turns.append(time.perf_counter() - began)
    finally:
        await talk.close()
    into.tickets += ticket


async def at_once(begin: Begin, dialogues: Sequence[Dialogue], many: int) -> Block:
    """All of them, `many` at the same time."""
    block, gate = Block(), asyncio.Semaphore(many)
    talks = [begin() for _ in dialogues]

    async def one(talk: Talk, dialogue: Dialogue) -> None:
        async with gate:
            await play(talk, dialogue, block)

    began = time.perf_counter()
    await asyncio.gather(*map(one, talks, dialogues))
    block.seconds = time.perf_counter() - began
    return block


async def a_second(begin: Begin, dialogues: Iterator[Dialogue], rate: float, seconds: float) -> Block:
    """`rate` turns a second, for so long: dialogues begin at even distances whether or not those before are through."""
    block = Block()
    count = max(2, round(rate / TURNS * seconds))
    talks = [begin() for _ in range(count)]
    began = time.perf_counter()

    async def one(number: int, talk: Talk, dialogue: Dialogue) -> None:
        await asyncio.sleep(max(0.0, began + number * TURNS / rate - time.perf_counter()))
        await play(talk, dialogue, block)

    await asyncio.gather(*(one(number, talk, next(dialogues)) for number, talk in enumerate(talks)))
    block.seconds = time.perf_counter() - began
    return block


@dataclass(frozen=True)
class Climb:
    """`held`: the most turns a second that were answered well; `broke`: those that were not, and their p99 in seconds.

    `lost` are turns of that last step that were not answered.
    """

    held: float
    broke: float
    p99: float
    lost: int


def climb(begin: Begin, dialogues: Iterator[Dialogue], start: float, seconds: float) -> Climb:
    """Ask for more and more turns a second until turns are lost or p99 is beyond SLOW_SECONDS."""
    held, rate = 0.0, start
    for _ in range(MOST_STEPS):
        block = asyncio.run(a_second(begin, dialogues, rate, seconds))
        p99 = quantile(block.turns, 0.99)
        if block.lost or p99 > SLOW_SECONDS:
            return Climb(held, rate, p99, block.lost)
        held, rate = rate, rate * STEP
    return Climb(held, rate, 0.0, 0)
