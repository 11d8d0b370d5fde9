"""The weeks: what happens when, and that everybody has done what is to be done before the clock goes on."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import httpx
from sqlalchemy import func, select

from integrations.bootstrap import Services
from integrations.services.records import RowState
from integrations.services.satisfaction_records import Feedback
from integrations.services.timing import AT_ONCE
from integrations.store import tables as t
from integrations.store.satisfaction_tables import feedback_rounds
from integrations.store.timer_tables import timers
from kb.deadlines import CITY_TIME
from kb.lifecycle import Status
from kb.satisfaction.rechecks import Decision, State
from tests.builders import read
from tests.faults.loop.citizens import HALF, LATE, SILENT, UNSATISFIED, Citizens, Report
from tests.faults.loop.clerks import Clerks
from tests.faults.loop.processes import SharedClock

WORKERS = ("worker-1", "worker-2")
# What goes wrong at the department now and then: see `demo_dispatch.faults`.
FAULTS: tuple[dict[str, object], ...] = (
    {"drop_answer": 2, "on": "requests"},
    {"drop_answer": 2, "on": "updates"},
    {"drop_answer": 1, "on": "reads"},
    {"delay_seconds": 0.05, "times": 2},
    {"status": 429, "retry_after": 7, "times": 2},
    {"status": 500, "times": 2},
    {"status": 503},
    {"duplicate": 2, "on": "updates"},
    {"duplicate_hooks": 3, "times": 3},
    {"reorder_hooks": 2},
)
CHECKED = ("matter", "handling", "opinion", "registered", "dispatched", "handled", "answered", "called_back")
OUR_STAFF = ("孙静", "周涛")
TICKED = (*CHECKED, "archived")
HOUR = timedelta(hours=1)
# Real time without any event getting through, until a fault is lifted, and until it is given up.
STILL_SECONDS, MOST_SECONDS = 2.0, 60.0
# How often the department tries to tell one event until we look after it ourselves.
MOST_TRIES = 6


class Weeks:
    """One seed is one story."""

    def __init__(
        self, services: Services, clock: SharedClock, department: httpx.Client, clerks: Clerks, citizens: Citizens
    ) -> None:
        self.services, self.clock, self.department = services, clock, department
        self.clerks, self.citizens = clerks, citizens
        self._chance = citizens.dice("weeks")
        self.ordered: Counter[str] = Counter()
        self.moments = 0
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = count()
        self._seen_request, self._seen_round = 0, set[tuple[str, int]]()
        self._rechecking: set[str] = set()
        self._by_id: dict[str, Report] = {}
        self._by_number: dict[str, Report] = {}

    # -- the agenda --------------------------------------------------------------------------------------------------

    def at(self, when: datetime, what: Callable[[], object]) -> None:
        heapq.heappush(self._agenda, (when, next(self._order), what))

    def hours(self, least: int, most: int, *what: object) -> datetime:
        """A full hour of somebody's working day, so many hours from now; `what` is to be done then."""
        dice = self.citizens.dice("hours", *what)
        here = _full(self.clock() + HOUR * dice.randint(least, most)).astimezone(CITY_TIME)
        if dice.random() < 0.1:  # some work at night, and their notices wait for the morning
            return here
        return here if 8 <= here.hour < 20 else here.replace(hour=9) + timedelta(days=here.hour >= 20)

    def live(self) -> None:
        """Until nothing is to be done any more, by anybody."""
        while True:
            self._settle()
            self._plan()
            if self.clerks.put_off() >= MOST_TRIES:
                self.ask()  # an earlier update is missing here, which only asking brings
                self._settle()
            then = self._next()
            if then is None and self._asked_to_the_end():
                continue
            if then is None:
                return
            self.clock.now = then
            self.moments += 1
            while self._agenda and self._agenda[0][0] <= then:
                heapq.heappop(self._agenda)[2]()

    def _next(self) -> datetime | None:
        """The next moment at which somebody has something to do. Daily work alone keeps nobody."""
        now, o, c = self.clock(), t.outbox.c, timers.c
        with self.services.engine.connect() as db:
            row = db.execute(select(func.min(o.next_at)).where(o.state == RowState.READY, o.next_at > now)).scalar()
            daily = tuple(self.services.timing.daily)
            timer = db.execute(select(func.min(c.next_at)).where(c.kind.not_in(daily))).scalar()
            day = db.execute(select(func.min(c.next_at)).where(c.kind.in_(daily))).scalar()
        hook = self.clerks.undelivered_at()
        exact = [self._agenda[0][0] if self._agenda else None, row, _moment(hook)]
        # timers are done at the next full hour; a worker may always be late
        waited = [one for one in (*exact, _full(timer) if timer else None) if one]
        return max(min([*waited, _full(day)] if day else waited), now + timedelta(seconds=1)) if waited else None

    # -- a moment ----------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Worker, department and gateway do all that is to be done at this moment."""
        while True:
            while self.services.timing.run_due(self._chance.choice(WORKERS)) == AT_ONCE:
                pass
            while self.services.dispatching.relay_one(self._chance.choice(WORKERS)):
                pass
            if not self._hooks_are_through():
                return

    def _hooks_are_through(self) -> bool:
        """Wait until the department has told all that it can tell now. False when there was nothing."""
        waited, left, moved = False, 0, time.monotonic()
        while (due := self.clerks.undelivered_at()) is not None and due <= self.clock().timestamp():
            waited, before, left = True, left, self.clerks.undelivered()
            if left != before:
                moved = time.monotonic()
            elif time.monotonic() > moved + STILL_SECONDS:  # it holds events back, and nobody makes more of them
                assert self.department.delete("/_faults").status_code == 200
            assert time.monotonic() < moved + MOST_SECONDS, "the hooks do not get through"
            time.sleep(0.01)
        return waited

    def _plan(self) -> None:
        """What follows from what has just happened."""
        for one in self.clerks.arrived(self._seen_request):
            self._seen_request = one.id
            if not one.beside:
                self.at(self.hours(1, 8, one.number), lambda number=one.number: self._work(number))  # type: ignore[misc]
            elif one.id % 5 == 0:
                self.at(self.hours(1, 8, one.number), lambda number=one.number: self.clerks.put_aside(number))  # type: ignore[misc]
        for number in set(self.clerks.rechecks()) - self._rechecking:
            self._rechecking.add(number)
            self.at(self.hours(4, 48, number, "recheck"), lambda number=number: self._work(number))  # type: ignore[misc]
        self._plan_answers()

    def _plan_answers(self) -> None:
        f = feedback_rounds.c
        with self.services.engine.connect() as db:
            rows = db.execute(select(f.complaint_id, f.round).where(f.opened_at > self.clock() - HOUR)).all()
        for key in {(row.complaint_id, row.round) for row in rows} - self._seen_round:
            self._seen_round.add(key)
            feedback = self._round(*key)
            report = self._by_id[feedback.complaint_id]
            mood = self.citizens.mood(report, feedback)
            if mood == SILENT:
                continue
            late = mood == LATE
            when = feedback.expires_at + HOUR if late else self.hours(1, 96, report.nth, feedback.round)
            self.at(when, lambda report=report, mood=mood: self._answer(report, mood))  # type: ignore[misc]
            if mood in (UNSATISFIED, HALF):  # a re-check that nobody ends is seen to by our own staff
                self.at(when + 10 * 24 * HOUR, lambda report=report: self._decide(report))  # type: ignore[misc]

    def _round(self, complaint_id: str, number: int) -> Feedback:
        with self.services.unit_of_work() as tx:
            found = tx.feedbacks.get(complaint_id, number)
        assert found is not None
        return found

    # -- what people do ----------------------------------------------------------------------------------------------

    def file(self, many: int) -> None:
        """So many complaints at this moment."""
        self.trouble()
        for _ in range(many):
            report = self.citizens.report()
            self._by_id[report.complaint.id] = self._by_number[report.complaint.number] = report
            what = self.citizens.dice("meddle", report.nth).choices(
                ["", "urge", "supplement", "withdraw", "report again"], [70, 10, 10, 6, 4]
            )[0]
            if what:
                when = self.hours(1, 60, "meddle", report.nth)
                self.at(when, lambda report=report, what=what: self._meddle(report, what))  # type: ignore[misc]

    def _meddle(self, report: Report, what: str) -> None:
        """What depends on whether the ticket is still open is checked while no event of it is under way."""
        if what in ("withdraw", "report again"):
            self._settle()
        self.citizens.meddle(report, what)

    def trouble(self) -> None:
        """Something goes wrong at the department, soon."""
        fault = self._chance.choice(FAULTS)
        assert self.department.post("/_faults", json=fault).status_code == 200
        self.ordered[next(iter(fault))] += 1

    def lose_hooks(self, many: int) -> None:
        """Some events never reach us, and we ask for them."""
        assert self.department.delete("/_faults").status_code == 200
        assert self.department.post("/_faults", json={"lose_hooks": many}).status_code == 200
        self.ordered["lose_hooks"] += many

    def _asked_to_the_end(self) -> bool:
        """Whether asking brings anything: who joined in the moment of the closing hears of it only by that.

        Faults that were ordered and have met nobody would stand in the way however often we ask. One answer may be lost
        all the same, on a busy machine: the worker asks again and again.
        """
        assert self.department.delete("/_faults").status_code == 200
        return any(self.ask() for _ in range(3))

    def ask(self) -> int:
        """What the worker does all the time: ask after all that is open. How many updates were new."""
        with self.services.engine.connect() as db:
            open_ = db.execute(select(func.count()).where(t.backend_requests.c.open)).scalar_one()
        return self.services.dispatching.poll(limit=open_) if open_ else 0

    def _work(self, number: str) -> None:
        if self._chance.random() < 0.02:
            self.trouble()
        self._rechecking.discard(number)
        steps = 2 if self._chance.random() < 0.1 else 1
        if all(self.clerks.work(number) for _ in range(steps)):
            self.at(self.hours(1, 12, number, self.moments), lambda: self._work(number))

    def _answer(self, report: Report, mood: str) -> None:
        self.citizens.answer(report, mood)
        if read(self.services, report.complaint).status is Status.RECHECKING and report.nth % 4 == 0:
            self.at(self.hours(2, 20, "decide", report.nth), lambda: self._decide(report))

    def _decide(self, report: Report) -> None:
        """Our own staff checks, where the department has not done so yet."""
        if read(self.services, report.complaint).status is not Status.RECHECKING:
            return
        to = self.citizens.dice("decide", report.nth).choice([State.SOLVED, State.REDONE, State.ENDED])
        case = next(one for one in self.services.rechecking.of_ticket(report.complaint.number)[::-1])
        note = f"现场看过〔复{report.complaint.number}-{case.recheck.number}〕"
        closed_by = None if case.recheck.closed_by else "赵刚"
        by = next(one for one in OUR_STAFF if one != case.recheck.closed_by)
        decision = Decision(to, by, note, () if to is State.ENDED else TICKED, closed_by)
        self.services.rechecking.decide(report.complaint.number, decision)
        self.citizens.said[f"decided: {to}"] += 1


def _full(moment: datetime) -> datetime:
    """The full hour, or the next one."""
    return moment if moment.timestamp() % 3600 == 0 else moment.replace(minute=0, second=0, microsecond=0) + HOUR


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, CITY_TIME) if seconds is not None else None
