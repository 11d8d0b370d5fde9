"""The department's clerks: they work on what came in by the department's own rules, and write down what they did."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from integrations.demo_dispatch.casework import (
    COMPLETE,
    VERIFIED,
    Case,
    Doing,
    Event,
    State,
    next_steps,
    step_from_form,
)
from integrations.demo_dispatch.clock import Clock
from integrations.demo_dispatch.staff import load_staff
from integrations.demo_dispatch.store import Store

STAFF = load_staff()


@dataclass(frozen=True)
class Arrived:
    """A request as the department got it. `beside`: it only tells of another one (a joining, a helping unit)."""

    id: int
    number: str
    reference: str
    beside: bool
    phone: str | None


class Clerks:
    """Everybody who works there. Notes are numbered, so that each closing can be told apart."""

    def __init__(self, path: Path, clock: Clock, seed: int) -> None:
        self._store, self._clock, self._seed = Store(path), clock, seed
        self._db = sqlite3.connect(path, isolation_level=None)
        self._plans: dict[str, list[Event]] = {}
        self._notes = count(1)
        self.done: dict[Event, int] = dict.fromkeys(Event, 0)

    def close(self) -> None:
        self._store.close()
        self._db.close()

    # -- what is there -----------------------------------------------------------------------------------------------

    def arrived(self, after: int = 0) -> list[Arrived]:
        """What came in after the request with that id, in order."""
        rows = self._db.execute(
            "SELECT id, number, reference, attributes, phone FROM requests WHERE id > ? ORDER BY id", (after,)
        )
        return [Arrived(one, number, mark, '"INCIDENT"' in more, phone) for one, number, mark, more, phone in rows]

    def rechecks(self) -> list[str]:
        """Requests of which a re-check is wanted."""
        return [row[0] for row in self._db.execute("SELECT number FROM requests WHERE state = 'rechecking'")]

    def undelivered_at(self) -> float | None:
        """When the next event is to be sent to the hook, unix seconds; None when the hook has had all.

        Of one request only the first counts: the others wait for it, however long it is put off.
        """
        due: float | None = self._db.execute(
            "SELECT MIN(due_at) FROM outbox WHERE NOT EXISTS (SELECT 1 FROM outbox AS earlier"
            " WHERE earlier.number = outbox.number AND earlier.sequence < outbox.sequence)"
        ).fetchone()[0]
        return due

    def undelivered(self) -> int:
        """How many events the hook has not had."""
        return int(self._db.execute("SELECT COUNT(*) FROM outbox").fetchone()[0])

    def put_off(self) -> int:
        """How often the event that has been tried most has been tried in vain."""
        return int(self._db.execute("SELECT COALESCE(MAX(attempts), 0) FROM outbox").fetchone()[0])

    def told(self) -> list[tuple[str, str]]:
        """(number, key) of everything that was told of requests."""
        return list(self._db.execute("SELECT number, key FROM updates"))

    def everything(self) -> str:
        """The whole database as text."""
        return "\n".join(self._db.iterdump())

    # -- what is done ------------------------------------------------------------------------------------------------

    def work(self, number: str) -> bool:
        """Take the next step about a request; True while there is more to do."""
        case = self._store.find(number)
        assert case is not None, number
        steps = next_steps(case)
        if case.state is State.RECHECKING:
            self._recheck(case)
        elif case.withdrawn and Event.CLOSED in steps:
            self._step(case, Event.CLOSED)
        elif steps:
            self._step(case, self._planned(case, steps))
        after = self._store.find(number)
        return after is not None and bool(next_steps(after)) and after.state is not State.RECHECKING

    def put_aside(self, number: str) -> None:
        """Somebody sends a request back that only tells of another one."""
        case = self._store.find(number)
        assert case is not None
        self._step(case, Event.RETURNED)

    def _planned(self, case: Case, steps: tuple[Event, ...]) -> Event:
        plan = self._plans.setdefault(case.number, self._plan(self._dice(case))) or [Event.CLOSED]
        event = plan.pop(0)
        self._plans[case.number] = plan
        return event if event in steps else (Event.CLOSED if Event.CLOSED in steps else steps[0])

    def _dice(self, case: Case) -> random.Random:
        return random.Random(f"{self._seed}/{case.number}/{len(case.history)}")

    @staticmethod
    def _plan(dice: random.Random) -> list[Event]:
        chance = dice.random
        if chance() < 0.03:
            return [Event.RETURNED]
        plan = [Event.ACCEPTED]
        if chance() < 0.03:
            return [*plan, Event.RETURNED]
        plan.append(Event.ASSIGNED)
        plan += [Event.CO_ASSIGNED] * (chance() < 0.08)
        plan += [Event.EXTENDED] * (chance() < 0.08)
        plan += [Event.ANSWERED] * (chance() < 0.4)
        return [*plan, Event.CLOSED]

    def _recheck(self, case: Case) -> None:
        dice = self._dice(case)
        solved = dice.random() < 0.6
        clerk = dice.choice([one for one in STAFF.clerks if one != case.closed_by])
        checks = frozenset((*VERIFIED, *COMPLETE) if solved else VERIFIED)
        self._step(case, Event.RECHECKED, Doing(clerk=clerk, solved=solved, checks=checks))

    def _step(self, case: Case, event: Event, doing: Doing | None = None) -> None:
        dice, unit = self._dice(case), event in (Event.ASSIGNED, Event.CO_ASSIGNED)
        text = dice.choice(STAFF.teams) if unit else f"已到现场处理〔{next(self._notes)}〕"
        now, made = self._clock(), doing or Doing(clerk=dice.choice(STAFF.clerks))
        due = max(now, case.due_at or now) + timedelta(days=2)
        said = Doing(text, made.clerk, due if event is Event.EXTENDED else None, made.solved, made.checks)
        entry = step_from_form(case, event, said, seen=len(case.history), now=now)
        assert entry is not None
        self._store.append(case.number, entry)
        self.done[event] += 1
