"""Everybody who follows a conversation at this gateway: woken by news, and by a slow look where news is lost.

One wake-up reads a conversation once, however many followers it has here. A follower who reads slowly is not written
ahead of: the lines stay in the database until they are taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio.to_thread

from integrations.services.announcing import Following, News, Standing
from integrations.services.errors import ServiceError, TryLater
from integrations.services.records import Hearing, Line

log = logging.getLogger(__name__)

# A session's streams: a browser keeps no more than six connections open, and messages need some of them.
OF_A_SESSION = 4
# How often all that are followed are looked at: while news comes, and while it does not.
LOOK_SECONDS, LOOK_ALONE_SECONDS = 15.0, 2.0
LISTEN_AGAIN_SECONDS = 2.0


@dataclass(eq=False)
class Follower:
    """One stream: where it has got to. `ended` says why it is to end.

    `unheard` are recordings up to there that may still become words; they are read again until that is settled.
    """

    session: str
    conversation: str
    cursor: int
    caught_up: bool = False
    ended: str = ""
    unheard: set[int] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def reads_after(self) -> int:
        """The lines after this one are looked at."""
        return min(self.cursor, *(seq - 1 for seq in self.unheard)) if self.unheard else self.cursor

    def takes(self, line: Line) -> bool:
        """Whether this line is to be told: a new one, or a recording that has become words."""
        if line.seq <= self.cursor and line.seq not in self.unheard:
            return False
        told_before, waits = line.seq <= self.cursor, _may_become_words(line)
        self.cursor = max(self.cursor, line.seq)
        (self.unheard.add if waits else self.unheard.discard)(line.seq)
        return not told_before or bool(line.body.get("text"))

    def end(self, why: str) -> None:
        self.ended = self.ended or why
        self.woken.set()


def _may_become_words(line: Line) -> bool:
    return line.state is Hearing.PENDING and bool(line.said.voice) and not line.body.get("text")


@dataclass(eq=False)
class _Watch:
    """A conversation that is followed, and the last look at it."""

    followers: set[Follower] = field(default_factory=set)
    version: int = 0
    looked: tuple[int, int, Standing | None] | None = None  # at which version, after which line, what was there
    latest: int = -1
    pending: bool = False
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)


class Streams:
    """The followers of one gateway. All of it runs on the event loop, reading in threads."""

    def __init__(self, following: Following, news: Callable[[], News], *, most: int) -> None:
        self._following, self._news, self._most = following, news, most
        self._watches: dict[str, _Watch] = {}
        self._sessions: dict[str, list[Follower]] = {}
        self._count = 0
        self._hears = False
        self.stopping = False

    @property
    def count(self) -> int:
        """How many are open."""
        return self._count

    def full(self) -> bool:
        """Whether no more are taken, because they are too many or the gateway stops."""
        return self.stopping or self._count >= self._most

    def begin(self, follower: Follower) -> None:
        """From now on it is woken. Where its session has too many, the oldest ends."""
        mine = self._sessions.setdefault(follower.session, [])
        mine.append(follower)
        for former in mine[:-OF_A_SESSION]:
            former.end("replaced")
        self._watch(follower)
        self._count += 1
        if self.stopping:
            follower.end("stopping")

    def over(self, follower: Follower) -> None:
        """It is gone."""
        self._count -= 1
        self._unwatch(follower)
        mine = self._sessions[follower.session]
        mine.remove(follower)
        if not mine:
            del self._sessions[follower.session]

    def end_all(self) -> None:
        """The gateway stops: nobody is kept waiting for streams."""
        self.stopping = True
        for followers in list(self._sessions.values()):
            for follower in list(followers):
                follower.end("stopping")

    async def look(self, follower: Follower) -> Standing | None:
        """What is new for this follower; None when its conversation is gone. Raises TryLater."""
        if not follower.caught_up:
            return await self._read(follower.conversation, follower.cursor)
        watch = self._watches[follower.conversation]
        async with watch.gate:
            if watch.looked is None or watch.looked[0] != watch.version or watch.looked[1] > follower.reads_after:
                version = watch.version
                after = min(one.reads_after for one in watch.followers if one.caught_up)
                found = await self._read(follower.conversation, after)
                watch.looked = (version, after, found)
                if found:
                    watch.latest, watch.pending = found.latest, found.pending
            return watch.looked[2]

    def move(self, follower: Follower, conversation: str) -> None:
        """It goes on with another conversation, or the same one anew, from the first line."""
        self._unwatch(follower)
        follower.conversation, follower.cursor, follower.caught_up = conversation, 0, False
        follower.unheard.clear()
        self._watch(follower)

    async def run(self) -> None:
        """Hear the news and look, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._look_around())

    async def _read(self, conversation: str, after: int) -> Standing | None:
        return await anyio.to_thread.run_sync(self._following.look, conversation, after)

    def _watch(self, follower: Follower) -> None:
        self._watches.setdefault(follower.conversation, _Watch()).followers.add(follower)

    def _unwatch(self, follower: Follower) -> None:
        watch = self._watches[follower.conversation]
        watch.followers.discard(follower)
        if not watch.followers:
            del self._watches[follower.conversation]

    def _wake(self, conversation: str) -> None:
        if watch := self._watches.get(conversation):
            watch.version += 1
            for follower in watch.followers:
                follower.woken.set()

    async def _listen(self) -> None:
        while True:
            try:
                async for changed in self._news().listen():
                    self._hears = True
                    # at the beginning: what was said before it listened may have been missed
                    for conversation in changed or frozenset(self._watches):
                        self._wake(conversation)
            except TryLater as away:
                if self._hears:
                    log.warning("news is not heard: %s", away)
            except Exception:
                log.exception("news is not heard")
            self._hears = False
            await asyncio.sleep(LISTEN_AGAIN_SECONDS)

    async def _look_around(self) -> None:
        waited = 0.0
        while True:
            await asyncio.sleep(LOOK_ALONE_SECONDS)
            waited += LOOK_ALONE_SECONDS
            if not self._watches or (self._hears and waited < LOOK_SECONDS):
                continue
            waited = 0.0
            known = {name: watch.latest for name, watch in self._watches.items()}
            waiting = [name for name, watch in self._watches.items() if watch.pending]
            with contextlib.suppress(ServiceError):
                for conversation in {*await anyio.to_thread.run_sync(self._following.changed, known), *waiting}:
                    self._wake(conversation)
