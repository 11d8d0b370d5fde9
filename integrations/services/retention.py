"""Deleting personal data when its time is over; what is counted stays. Daily by the worker, a few at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.services.moving import Moving
from integrations.services.personal_ports import Trackers
from integrations.services.personal_records import Act
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.timer_records import TimerRow
from kb.lifecycle import Actor, Move
from kb.retention import Kind, Retention

log = logging.getLogger(__name__)

DAILY, STEP = "retention", "retention_step"
CITY = "city"
AT_ONCE = 100
WHY_RETENTION = "保存期满，按规定删除个人信息"
BY_SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Erasing:
    """How one complaint or conversation is erased, for whatever reason."""

    moving: Moving
    trackers: Trackers

    def contacts(self, tx: Transaction, complaint_id: str, now: datetime) -> int:
        """Phone and sealed words."""
        erased = tx.personal.erase_contacts(complaint_id)
        tx.personal.erased(complaint_id, Kind.CONTACTS, now)
        return erased

    def words(self, tx: Transaction, complaint_id: str, now: datetime, *, actor: str, why: str) -> int:
        """Words, photos, the exact place; an entry of the history says so and keeps its chain whole."""
        complaint = tx.complaints.get(complaint_id)
        if complaint is None:
            return 0
        self.moving.make(tx, complaint, Move.ERASED, actor=actor, note=why)
        touched = tx.personal.erase_words(complaint_id) + tx.histories.erase_texts(complaint_id)
        tx.personal.erased(complaint_id, Kind.WORDS, now)
        return touched

    def conversation(self, tx: Transaction, conversation_id: str) -> int:
        """Its lines, the channel's name for the citizen, and what Rasa remembers of it. Raises TryLater."""
        erased = tx.personal.erase_conversation(conversation_id)
        # Not in this transaction: when that one fails, only a memory is gone whose lines go next time.
        self.trackers.forget([erased.sender])
        return erased.lines


@dataclass(frozen=True, kw_only=True)
class Retaining:
    """The use case."""

    unit_of_work: UnitOfWork
    clock: Clock
    retention: Retention
    erasing: Erasing
    at_once: int = AT_ONCE

    def due(self) -> dict[Kind, int]:
        """How much is past its time now: tickets of the first two kinds, conversations of the others."""
        now = self.clock()
        with self.unit_of_work() as tx:
            found = {
                kind: tx.personal.count_over(kind, self._before(kind, now)) for kind in (Kind.CONTACTS, Kind.WORDS)
            }
            found[Kind.CONVERSATIONS] = tx.personal.count_idle(self._before(Kind.CONVERSATIONS, now))
        found[Kind.MEMORY] = self.erasing.trackers.count_idle(self._before(Kind.MEMORY, now))
        return found

    def apply(self) -> dict[Kind, int]:
        """Erase all that is past its time; gives how much of each kind. Raises TryLater; what was done stays done."""
        total = dict.fromkeys(Kind, 0)
        while True:
            with self.unit_of_work() as tx:
                done = self._some(tx, self.clock())
            if not any(done.values()):
                return total
            total = {kind: count + done[kind] for kind, count in total.items()}

    # -- the timers' work --------------------------------------------------------------------------------------------

    def begin(self, tx: Transaction, _row: TimerRow, now: datetime) -> None:
        """Once a day: the steps follow, each in a transaction of its own, so that nobody waits long."""
        tx.timers.set(STEP, CITY, now)

    def step(self, tx: Transaction, _row: TimerRow, now: datetime) -> None:
        """Some of it, and once more while there was something."""
        done = self._some(tx, now)
        if any(done.values()):
            log.info("retention: %s", " ".join(f"{kind}={count}" for kind, count in done.items()))
            tx.timers.set(STEP, CITY, now)

    def _some(self, tx: Transaction, now: datetime) -> dict[Kind, int]:
        done = {
            Kind.CONTACTS: self._each(self._over(tx, Kind.CONTACTS, now), lambda one: self._contacts(tx, one, now)),
            Kind.WORDS: self._each(self._over(tx, Kind.WORDS, now), lambda one: self._words(tx, one, now)),
        }
        idle = tx.personal.idle(self._before(Kind.CONVERSATIONS, now), limit=self.at_once)
        done[Kind.CONVERSATIONS] = self._each(idle, lambda one: self.erasing.conversation(tx, one))
        senders = self.erasing.trackers.idle(self._before(Kind.MEMORY, now), limit=self.at_once)
        self.erasing.trackers.forget(senders)
        done[Kind.MEMORY] = len(senders)
        if any(done.values()):
            counts = {str(kind): count for kind, count in done.items()}
            tx.personal.record(Act("retention", BY_SYSTEM, WHY_RETENTION, now, counts=counts))
        return done

    def _over(self, tx: Transaction, kind: Kind, now: datetime) -> Sequence[str]:
        return tx.personal.over(kind, self._before(kind, now), limit=self.at_once)

    def _contacts(self, tx: Transaction, complaint_id: str, now: datetime) -> int:
        return self.erasing.contacts(tx, complaint_id, now)

    def _words(self, tx: Transaction, complaint_id: str, now: datetime) -> int:
        return self.erasing.words(tx, complaint_id, now, actor=Actor.SYSTEM, why=WHY_RETENTION)

    def _before(self, kind: Kind, now: datetime) -> datetime:
        return now - timedelta(days=self.retention.days[kind])

    @staticmethod
    def _each(ids: Sequence[str], erase: Callable[[str], int]) -> int:
        for one in ids:
            erase(one)
        return len(ids)
