"""Which of a citizen's waiting lines are one turn, and whether more of it is still to come.

Lines of words that wait together are heard together. A turn that looks unfinished is waited for, `seconds` after its
last line and three times that in all: see `kb.bursts` for what looks so. A tap, a pin, words of danger, or a message
that is complete end the waiting at once. Nothing is kept in memory: the lines stand in the store, and whoever holds
the conversation's turn looks there, so that it does not matter which gateway took them in, or died.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import takewhile
from typing import TypeVar

import anyio.to_thread

from integrations.services.errors import TryLater
from integrations.services.ports import Clock, Limiter, Transaction, UnitOfWork
from integrations.services.records import Line, Sender
from kb import bursts

# A turn takes at most so many lines and characters; what is beyond them is the next turn.
MOST_LINES, MOST_CHARACTERS = 20, 2_000
# While a turn is waited for, the store is asked so often, in seconds, whether more has come.
LOOK_EVERY = 0.1
# So many threads wait for services outside.
OUTSIDE = 16
# Who goes on and on is answered after so many times the waiting.
LONGEST = 3

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Do what waits for the database beside the event loop."""
    return await anyio.to_thread.run_sync(work)


@cache
def _outside() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(OUTSIDE, "outside")


async def beside(work: Callable[[], T]) -> T:
    """Do what waits for somebody outside, for seconds perhaps, in threads that nobody else needs."""
    return await asyncio.get_running_loop().run_in_executor(_outside(), work)


def typing_mark(conversation_id: str) -> str:
    """The name of the sign of life that a front end leaves while its citizen is typing."""
    return f"typing:{conversation_id}"


def is_typing(limiter: Limiter, conversation_id: str) -> bool:
    """Whether that sign stands; where nobody can know, nobody waits for it."""
    try:
        limiter.seen(typing_mark(conversation_id))
    except TryLater:
        return False
    return True


def _nobody(_what: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Next:
    """The lines of the next turn, none when nothing waits; `unfinished` while more of it may come.

    `more`: lines of a further turn wait behind it.
    """

    lines: tuple[Line, ...] = ()
    unfinished: bool = False
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class Gathering:
    """The use case. With 0 `seconds` every line is a turn of its own.

    `urgent`: whether words speak of danger; `typing`: whether a conversation's citizen is typing; `sleep` and `ticks`:
    how it waits between two looks and by what it counts, both in seconds.
    """

    reading: UnitOfWork
    clock: Clock
    seconds: float = 1.5
    urgent: Callable[[str], bool] = field(default=_nobody)
    typing: Callable[[str], bool] = field(default=_nobody)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ticks: Callable[[], float] = time.monotonic

    def make_ready(self) -> None:
        """Read what is needed to tell which message waits."""
        bursts.shipped()
        self.urgent("")

    async def turn(self, conversation_id: str) -> Next:
        """The lines to hear next, once nothing more is to be waited for; none when nothing waits."""
        began, seen, until = self.ticks(), 0, 0.0
        while True:
            found = await in_thread(partial(self.look, conversation_id))
            if not found.unfinished:
                return found
            now, last = self.ticks(), found.lines[-1]
            if last.seq != seen or await in_thread(partial(self.typing, conversation_id)):
                # a line that has stood here before, taken up by another gateway, has waited already
                waited = 0.0 if seen else (self.clock() - last.at).total_seconds()
                seen, until = last.seq, now + self.seconds - max(0.0, waited)
            if now >= min(until, began + LONGEST * self.seconds):
                return found
            await self.sleep(min(LOOK_EVERY, self.seconds / 4))

    def holds(self, conversation_id: str, line: Line) -> bool:
        """Whether the answer to this line waits for more of what the citizen is saying."""
        text = line.said.text
        if self.seconds <= 0 or not open_ended(line) or not bursts.shipped().unfinished([text, text], asked=False):
            return False  # whatever stands beside it: told without a look into the store
        return self.look(conversation_id).unfinished

    def look(self, conversation_id: str) -> Next:
        """The next turn as the lines stand now."""
        with self.reading() as tx:
            pending = tx.conversations.pending(conversation_id)
            lines = grouped(pending)
            if self.seconds <= 0 and lines and lines[0].turn is None:
                return Next(lines[:1], more=len(pending) > 1)
            if not lines or len(lines) < len(pending):
                return Next(lines, more=len(lines) < len(pending))
            if _more_photos(lines[-1]):  # the next one may still be on its way up
                return Next(lines, unfinished=not any(line.said.text for line in lines))
            if not open_ended(lines[-1]):
                return Next(lines)
            texts = [line.said.text for line in lines]
            asked = asks(tx, conversation_id, lines[0].seq)
        unfinished = bursts.shipped().unfinished(texts, asked=asked) and not any(map(self.urgent, texts))
        return Next(lines, unfinished)


def open_ended(line: Line) -> bool:
    """Words that nobody has tried to hear yet; what was tried once stays the turn that it was."""
    said = line.said
    return line.turn is None and not (said.payload or said.location or said.photos or said.voice)


def _more_photos(line: Line) -> bool:
    """Pictures that nobody has tried to hear yet: those that come together are one turn."""
    return line.turn is None and bool(line.said.photos)


def grouped(pending: Sequence[Line]) -> tuple[Line, ...]:
    """The first turn of these lines, in their order."""
    if not pending:
        return ()
    first = pending[0]
    if first.turn is not None:
        return tuple(line for line in pending if line.turn == first.turn)
    if _more_photos(first):
        return tuple(takewhile(_more_photos, pending[:MOST_LINES]))
    if not open_ended(first):
        return (first,)
    lines, characters = list[Line](), 0
    for line in pending[:MOST_LINES]:
        characters += len(line.said.text) + 1
        if not open_ended(line) or (lines and characters > MOST_CHARACTERS):
            break
        lines.append(line)
    return tuple(lines)


def asks(tx: Transaction, conversation_id: str, seq: int) -> bool:
    """Whether the last thing we said before line `seq` offers answers to choose from. The greeting asks nothing."""
    before = tx.conversations.before(conversation_id, seq, limit=6)
    ours = next((line for line in before if line.sender is not Sender.CITIZEN), None)
    return ours is not None and ours.seq > 1 and bool(ours.bubble.options)
