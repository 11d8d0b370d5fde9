"""A few citizens with one problem, a department and our own staff, in whatever order and with answers that get lost.

What each does is right by itself; in the end nobody may be left waiting for anything.
"""

from __future__ import annotations

import contextlib
import random
from itertools import count

import pytest
from sqlalchemy import func, select

from integrations.bootstrap import Services
from integrations.services.dispatching import BACK_OFF
from integrations.services.errors import Conflict, Rejected
from integrations.services.rating import NothingToRate
from integrations.services.records import Complaint, RowState, UpdateKind
from integrations.services.timing import AT_ONCE
from integrations.store import tables as t
from integrations.store.timer_tables import deadlines
from kb.lifecycle import OPEN, Status
from kb.satisfaction.levels import Level
from kb.satisfaction.rechecks import Decision, State
from tests.builders import LAMP, LAMP_AGAIN, conversation, filed, read, relay_all
from tests.fakes import FakeClock, FakeDispatcher
from tests.services.test_satisfaction import EVERYTHING, verdict

CITIZENS = 4
STEPS = 70
# In these somebody was left waiting once: a check that was overtaken, a joining relayed during one, a second telling.
SEEDS = (10, 23, 52, 83, 94, 116)
MORE_SEEDS = range(200, 216)


class Story:
    """`seed` decides who does what when."""

    def __init__(self, services: Services, dispatcher: FakeDispatcher, clock: FakeClock, seed: int) -> None:
        self.services, self.dispatcher, self.clock = services, dispatcher, clock
        self.dice = random.Random(seed)
        self.complaints: list[Complaint] = []
        self._heard: dict[str, int] = {}
        self._keys = count(1)
        self.steps = {
            self.report: 3,
            self.relay: 8,
            self.lose: 3,
            self.work: 8,
            self.hook: 8,
            self.ask: 2,
            self.take_back: 2,
            self.rate: 5,
            self.decide: 2,
            self.wait: 8,
            self.timers: 4,
        }

    def live(self) -> None:
        self.report()
        for _ in range(STEPS):
            self.dice.choices(list(self.steps), list(self.steps.values()))[0]()

    # -- what may happen at any time ---------------------------------------------------------------------------------

    def report(self) -> None:
        nth = len(self.complaints)
        if nth == CITIZENS:
            return
        join = self.dice.choice(self.complaints).incident_id if nth and self.dice.random() < 0.8 else None
        made = filed(
            self.services,
            LAMP_AGAIN if join else LAMP,
            address=f"citizen-{nth}",
            draft_id=f"draft-{nth}",
            phone=f"1390000{nth:04}",
            join=join,
        )
        self.complaints.append(made)

    def relay(self) -> None:
        self.services.dispatching.relay_one(self.dice.choice(["worker-1", "worker-2"]))

    def lose(self) -> None:
        self.dice.choice([self.dispatcher.lose_answers, self.dispatcher.be_away, self.dispatcher.be_down])()

    def work(self) -> None:
        """The department takes a step about some request."""
        if self.dispatcher.requests:
            self._step(self.dice.choice(list(self.dispatcher.requests)))

    def hook(self) -> None:
        """The department tells of a step, perhaps too early or once more."""
        if self.dispatcher.requests:
            request = self.dice.choice(list(self.dispatcher.requests))
            if updates := self.dispatcher.requests[request].updates:
                with contextlib.suppress(Conflict, Rejected):
                    self.services.casework.apply(request, self.dice.choice(updates))

    def ask(self) -> None:
        self.services.dispatching.poll()

    def take_back(self) -> None:
        nth = self.dice.randrange(len(self.complaints))
        at = conversation(self.services, f"citizen-{nth}").id
        self.services.withdrawing.withdraw(at, self.complaints[nth].number, key=f"m-{next(self._keys)}")

    def rate(self) -> None:
        self._say(self.dice.choice([Level.SATISFIED, Level.DISSATISFIED, Level.DISSATISFIED]))

    def decide(self) -> None:
        """Our own staff checks."""
        for one in self.complaints:
            if read(self.services, one).status is Status.RECHECKING and self.dice.random() < 0.5:
                self._decide(one, self.dice.choice([State.SOLVED, State.REDONE, State.ENDED]))

    def wait(self) -> None:
        self.clock.move(seconds=self.dice.choice([1, BACK_OFF[0] + 1, 120, 3600]))

    def timers(self) -> None:
        while self.services.timing.run_due("worker-1") == AT_ONCE:
            pass

    # -- how it ends -------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Everybody does what is theirs to do, until nobody has anything."""
        self.dispatcher.recover()
        for _ in range(40):
            self.clock.move(hours=1)
            self.timers()
            relay_all(self.services)
            for request in list(self.dispatcher.requests):
                self._step(request)
            self.ask()
            self._say(Level.SATISFIED)

    def _say(self, level: Level) -> None:
        for nth, one in enumerate(self.complaints):
            with contextlib.suppress(NothingToRate):
                verdict(self.services, one.number, level, address=f"citizen-{nth}")

    def _decide(self, one: Complaint, to: State) -> None:
        case = self.services.rechecking.of_ticket(one.number)[-1]
        closed_by = None if case.recheck.closed_by else "赵刚"
        by = next(name for name in ("孙静", "周涛") if name != case.recheck.closed_by)
        checked = () if to is State.ENDED else (*EVERYTHING, "archived")
        self.services.rechecking.decide(one.number, Decision(to, by, "现场看过。", checked, closed_by))

    def _step(self, request: str) -> None:
        updates = self.dispatcher.requests[request].updates
        told = [one.kind for about, one in self.dispatcher.told if about == request]
        last, checks = updates[-1] if updates else None, told.count(UpdateKind.RECHECK)
        closed = last is not None and (last.event == "closed" or (last.event == "rechecked" and last.solved))
        if closed and checks > self._heard.get(request, 0):
            self._heard[request] = checks
            self.dispatcher.do(request, "rechecked", note="看过", by="王芳", solved=self.dice.random() < 0.6)
        elif not closed:
            self._heard[request] = checks  # whoever wants a check of what is still worked on has the next closing
            ends = UpdateKind.WITHDRAW in told or self.dice.random() < 0.4
            event = "closed" if ends else self.dice.choice(["accepted", "assigned", "answered", "closed"])
            self.dispatcher.do(request, event, unit="照明三班", note="修好了", by="李明")


@pytest.mark.parametrize("by_request", [False, True])
@pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(seed, marks=pytest.mark.faults) for seed in MORE_SEEDS)])
def test_nobody_is_left_waiting(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock, seed: int, by_request: bool
) -> None:
    dispatcher.tells_by_request = by_request
    story = Story(services, dispatcher, clock, seed)
    story.live()
    story.end()

    complaints = [read(services, one) for one in story.complaints]
    assert not [one.status for one in complaints if one.status in OPEN]
    with services.engine.connect() as db:
        undone = db.execute(select(t.outbox).where(t.outbox.c.state != RowState.DONE)).all()
        asked = db.execute(select(t.backend_requests).where(t.backend_requests.c.open)).all()
        incidents = db.execute(select(t.incidents.c.id).where(t.incidents.c.closed_at.is_(None))).all()
        running = db.execute(select(func.count()).where(deadlines.c.stopped_at.is_(None))).scalar_one()
    assert (undone, asked, incidents, running) == ([], [], [], 0)
