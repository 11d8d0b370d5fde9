"""The answer to a push in the push's own HTTP reply, which WeChat waits for five seconds and asks for three times.

It uses up no quota, so it comes first. What is not ready in time is told by the customer service API; an account that
may not use that answers at WeChat's third try at the latest. A reply is kept before it leaves, so that a push that
comes again gets the same one, and what nobody saw leave is told once more by the other way.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from integrations.services.errors import ServiceError, TryLater
from integrations.services.gathering import beside, in_thread
from integrations.services.ports import Clock, Limiter, Transaction, UnitOfWork
from integrations.services.records import Conversation, Line
from integrations.services.wechat.arriving import LOOK_AFTER, Arrival, Arriving, Fate
from integrations.services.wechat.records import Push, Stage
from integrations.services.wechat.telling import Telling, is_answered, untold

log = logging.getLogger(__name__)

# Seconds from the push's arrival: until then its answer is waited for, and until then it may leave.
READY_BY, OUT_BY = 4.2, 4.8
# WeChat gives up after five; an account without another way lets it, and is asked again.
GIVEN_UP = 5.5
LAST_TRY = 3
# How often a push that another process works on is looked after.
LOOK_EVERY = 0.2
# "Typing" is shown so many seconds; WeChat refuses to be told again meanwhile.
TYPING_SECONDS = 15


class Unanswered(TryLater):
    """The push is kept, but its answer cannot be looked for now: it is told later."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes into the HTTP reply: `text`, or nothing ("success"). `key`: to be confirmed once it is out."""

    text: str = field(default="", repr=False)
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Replying:
    """The use case. `prepare` fetches media; `drive` hears what waits; `deliver` tells by the other way."""

    unit_of_work: UnitOfWork
    reading: UnitOfWork
    arriving: Arriving
    telling: Telling
    limiter: Limiter
    clock: Clock
    prepare: Callable[[str], object]
    drive: Callable[[Conversation], Awaitable[None]]
    deliver: Callable[[str], object]
    typing: Callable[[str], object]
    asking: Callable[[Transaction, str, Sequence[Line]], str]
    verified: bool = True
    ticks: Callable[[], float] = field(default=lambda: asyncio.get_running_loop().time())
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _turns: set[asyncio.Task[None]] = field(default_factory=set, repr=False)
    _left: list[str] = field(default_factory=list, repr=False)
    _leaving: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def reply(self, push: Push, began: float, fate: Fate | None = None) -> Reply:
        """What to answer this push, that came in at `began` by `ticks`; `fate` is that of the push.

        Raises TryLater where it cannot be kept, Unanswered where it is kept.
        """
        arrival = await in_thread(partial(self.arriving.arrive, push, fate))
        if arrival.reply is not None:
            return Reply(arrival.reply, push.key if arrival.reply else "")
        try:
            return await self._answer(arrival, push, began)
        except TryLater as away:
            raise Unanswered(str(away)) from away
        except Exception as odd:
            log.exception("answering failed: push=%s", push.key)
            raise Unanswered(type(odd).__name__) from odd

    async def _answer(self, arrival: Arrival, push: Push, began: float) -> Reply:
        turn = asyncio.create_task(self._turn(arrival, push))
        self._turns.add(turn)  # asyncio itself keeps no firm hold of a task
        turn.add_done_callback(self._turns.discard)
        text = await self._ready(push, arrival.push.seq, turn, began + READY_BY)
        if text:
            return Reply(text, push.key)
        if not self.verified:
            return await self._hold(arrival, push, began)
        return await self._later(push, turn)

    async def confirm(self, reply: Reply, began: float) -> None:
        """The reply has left; unless it was too late for WeChat, who then asks once more."""
        if not reply.key or self.ticks() - began > OUT_BY:
            return
        self._left.append(reply.key)
        async with self._leaving:  # one at a time, each with all that have left meanwhile
            keys = tuple(self._left)
            if keys:
                await in_thread(partial(self._confirm, keys))
                del self._left[: len(keys)]

    def _confirm(self, keys: Sequence[str]) -> None:
        with self.unit_of_work() as tx:
            tx.wechat.done(keys)

    # -- one turn --------------------------------------------------------------------------------------------

    async def _turn(self, arrival: Arrival, push: Push) -> None:
        """Hear it. Only the waiting for a turn ends, never the turn."""
        try:
            if arrival.push.stage is Stage.FETCH:
                await beside(partial(self.prepare, push.key))
            if arrival.conversation:
                await self.drive(arrival.conversation)
        except ServiceError as late:
            log.warning("turn late: push=%s %s", push.key, late)
        except Exception:
            log.exception("turn failed: push=%s", push.key)

    async def _ready(self, push: Push, seq: int | None, turn: asyncio.Task[None], until: float) -> str:
        """The reply once it is there, "" where it is not there in time or went with another push."""
        while True:
            done, _ = await asyncio.wait({turn}, timeout=max(0.0, until - self.ticks()))
            heard, text = await in_thread(partial(self._hand, push, seq, look=not done))
            if text or (done and heard) or self.ticks() >= until:
                return text
            await self.sleep(LOOK_EVERY)  # another process has its turn

    def _hand(self, push: Push, seq: int | None, *, look: bool) -> tuple[bool, str]:
        """Whether this push, line `seq`, is heard, and its reply, kept before it leaves: what waits, as much as fits.

        `look`: see first, without waiting for any writer, whether there can be one.
        """
        if look:
            with self.reading() as tx:
                if known := self._known(tx, push):
                    return known
        now = self.clock()
        with self.unit_of_work() as tx:
            reader = tx.wechat.reader(push.openid, lock=True)
            if reader is None or reader.is_leased(now):
                return self._known(tx, push) or (True, "")
            found = untold(tx, reader)
            if seq not in found.heard and (known := self._known(tx, push)):
                return known
            if found.waiting and not found.lines:
                return True, ""
            ending = self.asking(tx, push.openid, found.lines)
            texts = self.telling.texts(found.lines, rest=reader.rest, ending=ending)
            if not self.verified:
                texts = [one for part in self.telling.folded(texts, 1) for one in part]
            if not texts or not tx.wechat.hand(push.key, texts[0], at=now):
                return self._known(tx, push) or (True, "")
            # a reply that does not leave is found by its push: see `Delivering.recover`
            due = now + LOOK_AFTER if found.waiting else None
            going_on = tx.conversations.get(reader.conversation_id)
            if texts[1:] or (going_on and going_on.id != reader.conversation_id):
                due = now
            told = replace(reader, told_seq=found.through, rest=tuple(texts[1:]), asked_to_fetch=False, due_at=due)
            tx.wechat.keep_reader(told)
            return True, texts[0]

    @staticmethod
    def _known(tx: Transaction, push: Push) -> tuple[bool, str] | None:
        """The same where there is nothing to hand: it is not heard yet, or has its reply."""
        stored = tx.wechat.find(push.key)
        if stored is None or stored.reply is not None or stored.stage is not Stage.TAKEN:
            return stored is not None and stored.stage is not Stage.FETCH, (stored and stored.reply) or ""
        if stored.seq and not is_answered(tx, stored.conversation_id, stored.seq):
            return False, ""
        return None

    # -- not ready in time -----------------------------------------------------------------------------------

    async def _later(self, push: Push, turn: asyncio.Task[None]) -> Reply:
        """Nothing by this way; what comes of the turn is told by the other one as soon as it is there."""
        text = await in_thread(partial(self._close, push))
        if text:
            return Reply(text, push.key)  # it became ready in this very moment
        after = asyncio.create_task(self._tell_after(turn, push.openid))
        self._turns.add(after)
        after.add_done_callback(self._turns.discard)
        return Reply()

    def _close(self, push: Push) -> str:
        with self.unit_of_work() as tx:
            stored = tx.wechat.find(push.key)
            if stored and stored.reply:
                return stored.reply
            if stored and stored.stage is Stage.TAKEN:
                tx.wechat.done([push.key])
        return ""

    async def _tell_after(self, turn: asyncio.Task[None], openid: str) -> None:
        """The push itself waits for none of this: WeChat's API may be slow."""
        try:
            if not turn.done():
                await beside(partial(self._show_typing, openid))
        except ServiceError as away:
            log.warning("typing not shown: %s", away)
        except Exception:
            log.exception("typing failed")
        await asyncio.wait({turn})
        try:
            await beside(partial(self.deliver, openid))
        except ServiceError as later:
            log.warning("left for the worker: %s", later)
        except Exception:
            log.exception("delivery failed")

    def _show_typing(self, openid: str) -> None:
        mark = f"wechat-typing:{hashlib.sha256(openid.encode()).hexdigest()[:32]}"
        if self.limiter.allow(mark, times=1, seconds=TYPING_SECONDS):
            self.typing(openid)

    async def _hold(self, arrival: Arrival, push: Push, began: float) -> Reply:
        """For an account that has no other way: be asked again, and at the last try say how to get the answer."""
        if arrival.push.tries < LAST_TRY:
            await self.sleep(max(0.0, began + GIVEN_UP - self.ticks()))
            return Reply()
        return Reply(await in_thread(partial(self._come_back, push)), push.key)

    def _come_back(self, push: Push) -> str:
        with self.unit_of_work() as tx:
            reader = tx.wechat.reader(push.openid, lock=True)
            stored = tx.wechat.find(push.key)
            if stored and stored.reply is not None:
                return stored.reply
            text = self.telling.words.say("wechat.come_back")
            tx.wechat.hand(push.key, text, at=self.clock())
            if reader:
                tx.wechat.keep_reader(replace(reader, asked_to_fetch=True))
            return text
