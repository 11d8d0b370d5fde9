"""What a WeChat citizen has not been told yet, by customer service messages; one at a time, and never beyond the quota.

A text stays in the store until WeChat has taken it. A message that may have been taken, because the answer to it was
lost, is sent once more: a ticket number that is seen twice is better than one that is never seen.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Line, Sender
from integrations.services.wechat.consenting import Notice
from integrations.services.wechat.errors import ConsentGone, CountUsed, OutOfWindow, TooLong, Unreachable
from integrations.services.wechat.ports import WechatApi
from integrations.services.wechat.records import Reader, Stage
from integrations.services.wechat.telling import Telling, Untold, untold
from kb.wechat.quota import Budget
from kb.wechat.texts import LIMIT, split

log = logging.getLogger(__name__)

# Longer than any call of the API takes.
LEASE = timedelta(seconds=40)
# While an answer is being worked on, somebody looks again so often.
LOOK_AGAIN = timedelta(seconds=2)
# After a failure, by how often it has failed.
PAUSES = (2, 5, 15, 30, 60, 120, 300)
# After a mistake of our own.
FAILED_PAUSE = timedelta(minutes=5)
# A passive reply of which nobody knows after so long whether it left is told by this way.
UNKNOWN_AFTER = timedelta(seconds=20)
# A picture that nobody has fetched for so long is fetched by whoever looks.
UNFETCHED_AFTER = timedelta(seconds=10)
# Pushes are kept so long, to know them again.
KNOWN_FOR = timedelta(days=1)
SHORTER = 1_000
NOTICES_PAGE = "/wechat/notices"
AT_ONCE = 20


class Notices(Protocol):
    """Subscription notices, for what cannot be told otherwise."""

    def offer(self, tx: Transaction, openid: str) -> bool:
        """Whether to ask for consent now; a yes counts as asked."""

    def notice(self, tx: Transaction, reader: Reader, line: Line) -> Notice | None:
        """One that may be sent for this line."""

    def use(self, tx: Transaction, openid: str, notice: Notice) -> bool:
        """Use the consent up; False where none stands."""

    def give_back(self, tx: Transaction, openid: str, notice: Notice, now: datetime) -> None:
        """The notice surely was not sent."""

    def gone(self, tx: Transaction, openid: str, notice: Notice, now: datetime) -> None:
        """WeChat says that there is no consent."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What is sent next: a text, or a notice of line `seq`."""

    text: str = field(default="", repr=False)
    notice: Notice | None = None
    seq: int = 0


@dataclass(frozen=True, kw_only=True)
class Delivering:
    """The use case. `holder` names this process, and within `deliver` one delivery of it.

    `pause_at` is called at named moments, where tests kill it.
    """

    unit_of_work: UnitOfWork
    reading: UnitOfWork
    api: Callable[[], WechatApi]
    telling: Telling
    notices: Notices
    fetch: Callable[[str], object]
    clock: Clock
    holder: str
    verified: bool = True
    pause_at: Callable[[str], None] = field(default=lambda _moment: None)

    def run_due(self, *, limit: int = AT_ONCE) -> int:
        """Tell whoever is due; how many were looked after."""
        with self.reading() as tx:
            due = tx.wechat.due(now=self.clock(), limit=limit)
        for openid in due:
            try:
                self.deliver(openid)
            except (TryLater, NeedsPerson) as later:
                log.warning("delivery waits: %s", later)
            except Exception:  # whoever comes after must not wait for a mistake of ours
                log.exception("delivery failed")
                self._after(openid, lambda reader, now: replace(reader, due_at=now + FAILED_PAUSE))
        return len(due)

    def recover(self, *, limit: int = AT_ONCE) -> int:
        """Take up replies that may not have left and media that nobody fetched; how many."""
        now = self.clock()
        with self.reading() as tx:
            left = tx.wechat.left_behind(
                handed_before=now - UNKNOWN_AFTER, taken_before=now - UNFETCHED_AFTER, limit=limit
            )
        for push in left:
            try:
                if push.stage is Stage.FETCH:
                    self.fetch(push.key)
                else:
                    self._tell_again(push.key)
            except (TryLater, NeedsPerson) as later:
                log.warning("recovery waits: push=%s %s", push.key, later)
            except Exception:
                log.exception("recovery failed: push=%s", push.key)
        return len(left)

    def forget(self) -> int:
        """Delete old pushes; how many."""
        with self.unit_of_work() as tx:
            return tx.wechat.forget(before=self.clock() - KNOWN_FOR)

    def deliver(self, openid: str) -> int:
        """Tell this citizen what waits; how many messages went out. Raises TryLater, and NeedsPerson as the API."""
        # Two threads of one process must not both tell it.
        mine = replace(self, holder=f"{self.holder[-50:]}:{secrets.token_hex(4)}")
        sent = 0
        while task := mine._next(openid):
            self.pause_at("before sending")
            went = mine._send_notice(openid, task.notice, task.seq) if task.notice else mine._send(openid, task.text)
            if not went:
                break
            sent += 1
        return sent

    # -- what is next ----------------------------------------------------------------------------------------

    def _next(self, openid: str) -> _Task | None:
        """Take the next message: it stays in the store as the first of `rest` until it was sent."""
        now = self.clock()
        with self.unit_of_work() as tx:
            reader = tx.wechat.lease(openid, holder=self.holder, now=now, until=now + LEASE)
            if reader is None:
                return None
            if not (self.verified and reader.follows and reader.reachable):
                self._leave(tx, replace(reader, due_at=None))
                return None
            found = untold(tx, reader)
            if not (found.lines or reader.rest):
                self._nothing(tx, reader, found, now)
                return None
            left = reader.budget.left(now)
            if left == 0:
                return self._notice(tx, reader, found, now)
            ending = self.asking(tx, reader.openid, found.lines)
            together = 0 if reader.tries else LIMIT  # what failed is not made longer
            texts = self.telling.texts(found.lines, rest=reader.rest, ending=ending, limit=together)
            if not texts:  # lines without a word
                self._nothing(tx, reader, found, now)
                return None
            told, further = self.telling.folded(texts, left)
            reader = replace(
                reader,
                told_seq=found.through,
                rest=(*told, *further),
                budget=reader.budget.spent(now),
                due_at=now + LEASE,
            )
            tx.wechat.keep_reader(reader)
            return _Task(told[0])

    def asking(self, tx: Transaction, openid: str, lines: Sequence[Line]) -> str:
        """After a ticket's number: where notices of its progress can be switched on, once; else nothing."""
        if not any((line.bubble.card or {}).get("kind") == "ticket" for line in lines):
            return ""
        if not self.telling.page or not self.notices.offer(tx, openid):
            return ""
        page = self.telling.page.rstrip("/") + NOTICES_PAGE
        return self.telling.words.say("wechat.offer_notices", page=page)

    def _leave(self, tx: Transaction, reader: Reader) -> None:
        tx.wechat.keep_reader(reader)
        tx.wechat.release(reader.openid, holder=self.holder)

    def _nothing(self, tx: Transaction, reader: Reader, found: Untold, now: datetime) -> None:
        """Nothing to tell: look again while an answer is to come, else when there is something new."""
        reader = replace(reader, told_seq=found.through, tries=0, due_at=now + LOOK_AGAIN if found.waiting else None)
        if not found.waiting and (going_on := tx.conversations.get(reader.conversation_id)):
            reader = self.telling.followed(tx, reader, going_on.id)
        self._leave(tx, reader)

    def _notice(self, tx: Transaction, reader: Reader, found: Untold, now: datetime) -> _Task | None:
        """No message may be sent: a subscription notice where one is wanted, else it waits for the citizen."""
        for line in found.lines:
            if line.sender is not Sender.NOTICE or line.seq <= reader.noticed_seq:
                continue
            reader = replace(reader, noticed_seq=line.seq)
            notice = self.notices.notice(tx, reader, line)
            if notice and self.notices.use(tx, reader.openid, notice):
                tx.wechat.keep_reader(replace(reader, due_at=now + LEASE))
                return _Task(notice=notice, seq=line.seq)
        self._leave(tx, replace(reader, due_at=now + LOOK_AGAIN if found.waiting else None))
        return None

    def _tell_again(self, key: str) -> None:
        """A passive reply may have been lost: it comes first of what is told by the other way."""
        with self.unit_of_work() as tx:
            stored = tx.wechat.find(key)
            if stored is None or stored.stage is not Stage.HANDED:
                return
            tx.wechat.done([key])
            reader = tx.wechat.reader(stored.openid, lock=True)
            if reader and stored.reply:
                again = replace(reader, rest=(stored.reply, *reader.rest), due_at=self.clock())
                tx.wechat.keep_reader(again)

    # -- sending ---------------------------------------------------------------------------------------------

    def _send(self, openid: str, text: str) -> bool:
        """Whether it went out and the next may follow."""
        try:
            self.api().send_text(openid, text)
            self.pause_at("after sending")
        except (OutOfWindow, CountUsed) as closed:
            self._after(openid, lambda reader, _now: replace(reader, budget=Budget(), due_at=None))
            log.warning("kept for the citizen's next message: %s", type(closed).__name__)
        except Unreachable:
            self._after(openid, lambda reader, _now: replace(reader, reachable=False, due_at=None))
        except TooLong:
            self._after(openid, _shorter)
        except Rejected as refused:
            self._after(openid, lambda reader, _now: replace(reader, rest=reader.rest[1:]))
            log.error("a message was refused for good: %s", refused)
        except TryLater as later:
            self._after(openid, _later(later))
            log.warning("a message is sent later: %s", later)
        except NeedsPerson:
            self._after(openid, _later(TryLater("", unheard=True)))
            raise
        else:
            self._after(openid, lambda reader, _now: replace(reader, rest=reader.rest[1:], tries=0), keep=True)
            return True
        return False

    def _send_notice(self, openid: str, notice: Notice, seq: int) -> bool:
        """Whether the next may follow."""
        now = self.clock()
        try:
            self.api().send_notice(openid, notice.template_id, notice.data, page=notice.page)
        except TryLater as later:
            log.warning("a notice was not sent: %s", later)
            if later.unheard:
                self._give_back(openid, notice, seq)
                return False
        except NeedsPerson:
            self._give_back(openid, notice, seq)
            raise
        except ConsentGone:
            with self.unit_of_work() as tx:
                self.notices.gone(tx, openid, notice, now)
        except Rejected as refused:
            log.error("a notice was refused for good: %s", refused)
        return True

    def _give_back(self, openid: str, notice: Notice, seq: int) -> None:
        """It surely was not sent: the consent stands, and it is tried again later."""
        with self.unit_of_work() as tx:
            self.notices.give_back(tx, openid, notice, self.clock())
        again = _later(TryLater("", unheard=True))
        self._after(openid, lambda reader, now: again(replace(reader, noticed_seq=seq - 1), now))

    def _after(self, openid: str, change: Callable[[Reader, datetime], Reader], *, keep: bool = False) -> None:
        """Keep what became of a sending; `keep`: and go on."""
        with self.unit_of_work() as tx:
            reader = tx.wechat.reader(openid, lock=True)
            if reader is None:
                return
            tx.wechat.keep_reader(change(reader, self.clock()))
            if not keep:
                tx.wechat.release(openid, holder=self.holder)


def _shorter(reader: Reader, now: datetime) -> Reader:
    parts = split(reader.rest[0], SHORTER) if reader.rest else []
    rest = (*parts, *reader.rest[1:])
    return replace(reader, rest=rest, budget=reader.budget.unspent(now), tries=reader.tries + 1, due_at=now)


def _later(failure: TryLater) -> Callable[[Reader, datetime], Reader]:
    def change(reader: Reader, now: datetime) -> Reader:
        if not failure.unheard and reader.tries:
            return replace(reader, rest=reader.rest[1:], tries=0, due_at=now)  # twice is enough
        pause = failure.after or PAUSES[min(reader.tries, len(PAUSES) - 1)]
        budget = reader.budget.unspent(now) if failure.unheard else reader.budget
        return replace(reader, budget=budget, tries=reader.tries + 1, due_at=now + timedelta(seconds=pause))

    return change
