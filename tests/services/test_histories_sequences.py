"""Random lives of complaints against a plain model: no move outside the table, no deadline lost, every closure told
once, every chain whole, every open ticket at the department in the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from integrations.bootstrap import Services
from integrations.services.clocks import DEADLINE
from integrations.services.errors import Conflict
from integrations.services.records import Complaint
from integrations.services.updates import MOVE_OF_EVENT, DepartmentUpdate
from integrations.services.withdrawing import TakenBack
from kb import ticket_number
from kb.lifecycle import OPEN, Actor, IllegalMove, Move, Status
from tests.builders import read, relay_all
from tests.incident_builders import submitted
from tests.kb.test_lifecycle import LEADS_TO, TABLE
from tests.often import often
from tests.services.test_incident_sequences import make as make

Make = Callable[[], tuple[Services, ExitStack]]
CLERKS_MOVES = sorted({what for (_, what), who in TABLE.items() if Actor.CLERK in who} - {Move.FILED})
CLOSING = ("办理单位说办完了", "复核有结果了")


@dataclass
class Ticket:
    """A complaint in the model: what was done, by whom, where that led, and until when it is to be answered."""

    complaint: Complaint
    due: datetime
    done: list[tuple[Move, Actor]] = field(default_factory=lambda: [(Move.FILED, Actor.CITIZEN)])
    status: Status = Status.FILED
    request: str | None = None
    applied: int = 0
    told: int = 0

    def may(self, what: Move, who: Actor) -> bool:
        return who in TABLE[self.status, what]

    def make(self, what: Move, who: Actor) -> None:
        self.done.append((what, who))
        before, self.status = self.status, LEADS_TO.get(what, self.status)
        if self.status is Status.CLOSED and before is not Status.CLOSED:
            self.told += what in (Move.CLOSED, Move.RECHECKED)


def machine(make: Make) -> type[RuleBasedStateMachine]:
    pick = st.integers(0, 10**6)

    class Lives(RuleBasedStateMachine):
        """The real thing beside the model; after every step both say the same."""

        def __init__(self) -> None:
            super().__init__()
            self.services, self.stack = make()
            self.clock: Any = self.services.clock
            self.department: Any = self.services.dispatcher
            self.tickets: list[Ticket] = []
            self.count = itertools.count(1)

        def teardown(self) -> None:
            try:
                self.in_the_end()
            finally:
                self.stack.close()

        def one(self, pick: int) -> Ticket:
            return self.tickets[pick % len(self.tickets)]

        def following(self, request: str) -> list[Ticket]:
            return [one for one in self.tickets if one.request == request]

        # -- filing --------------------------------------------------------------------------------------------

        @initialize()
        def begin(self) -> None:
            self._filed(None)
            self._relayed()

        @precondition(lambda self: len(self.tickets) < 4)
        @rule(which=pick, joins=st.booleans(), at_once=st.booleans())
        def file(self, which: int, joins: bool, at_once: bool) -> None:
            self._filed(self.one(which).complaint.incident_id if joins else None)
            if at_once:
                self._relayed()

        def _filed(self, join: str | None) -> None:
            self.clock.move(minutes=1)
            complaint = submitted(self.services, next(self.count), join=join)
            self.tickets.append(Ticket(complaint, complaint.due_at))

        @rule()
        def relay(self) -> None:
            self._relayed()

        def _relayed(self) -> None:
            relay_all(self.services)
            for one in self.tickets:
                if one.request is None:
                    self._reached(one)

        def _reached(self, one: Ticket) -> None:
            with self.services.unit_of_work() as tx:
                request = tx.backend_requests.of_complaint(one.complaint.id)
            if request is None:
                return
            one.request, one.applied = request.request_id, request.sequence
            if one.may(Move.DISPATCHED, Actor.DISPATCH):
                one.make(Move.DISPATCHED, Actor.DISPATCH)

        # -- the department ------------------------------------------------------------------------------------

        @precondition(lambda self: self.department.requests)
        @rule(steps=st.lists(st.tuples(pick, pick, st.sampled_from([True, False])), min_size=2, max_size=5))
        def department_works(self, steps: list[tuple[int, int, bool]]) -> None:
            """It does what may be done about a ticket, and what it tells arrives."""
            for which, nth, solved in steps:
                one = self.one(which)
                events = [event for event, what in MOVE_OF_EVENT.items() if one.may(what, Actor.DEPARTMENT)]
                if one.request and events:
                    due = one.due + timedelta(days=3)
                    update = self.department.do(
                        one.request, events[nth % len(events)], unit="照明三班", note="说明", due_at=due, solved=solved
                    )
                    self._delivered(one.request, update)

        @precondition(lambda self: any(one.may(Move.CLOSED, Actor.DEPARTMENT) for one in self.tickets))
        @rule(which=pick, times=st.integers(1, 3))
        def department_closes(self, which: int, times: int) -> None:
            ready = [one for one in self.tickets if one.request and one.may(Move.CLOSED, Actor.DEPARTMENT)]
            if ready:
                one = ready[which % len(ready)]
                update = self.department.do(one.request, "closed", unit="照明三班", note="修好了")
                for _ in range(times):
                    self._delivered(str(one.request), update)

        @precondition(lambda self: any(one.status is Status.RECHECKING for one in self.tickets))
        @rule(which=pick, solved=st.sampled_from([True, False, None]))
        def department_checks_again(self, which: int, solved: bool | None) -> None:
            waiting = [one for one in self.tickets if one.status is Status.RECHECKING and one.request]
            if waiting:
                one = waiting[which % len(waiting)]
                update = self.department.do(one.request, "rechecked", note="核实过", solved=solved)
                self._delivered(str(one.request), update)

        @precondition(lambda self: self.department.requests)
        @rule(
            which=pick,
            event=st.sampled_from([*MOVE_OF_EVENT, "closed", "answered", "paused"]),
            days=st.integers(-3, 9),
            solved=st.sampled_from([True, False, None]),
            unit=st.sampled_from([None, "照明三班", "供电公司"]),
            note=st.sampled_from([None, "说明"]),
        )
        def department_does(
            self, which: int, event: str, days: int, solved: bool | None, unit: str | None, note: str | None
        ) -> None:
            requests = sorted(self.department.requests)
            request = requests[which % len(requests)]
            due = self.clock.now + timedelta(days=days) if days else None
            self.department.do(request, event, unit=unit, note=note, due_at=due, solved=solved)

        @precondition(lambda self: any(one.updates for one in self.department.requests.values()))
        @rule(which=pick, nth=pick, times=st.integers(1, 3))
        def hook_arrives(self, which: int, nth: int, times: int) -> None:
            """Any update there is, in any order, as often as it likes."""
            requests = sorted(key for key, one in self.department.requests.items() if one.updates)
            request = requests[which % len(requests)]
            updates = self.department.requests[request].updates
            for _ in range(times):
                self._delivered(request, updates[nth % len(updates)])

        @rule()
        def poll(self) -> None:
            """What the hooks did not bring is asked for, and then all that is open is up to date."""
            for _ in range(3):
                self.services.dispatching.poll()
            for request, filed in self.department.requests.items():
                if any(self._open(one) for one in self.following(request)):
                    for update in filed.updates:
                        self._expected(request, update)

        def _open(self, one: Ticket) -> bool:
            with self.services.unit_of_work() as tx:
                found = tx.backend_requests.of_complaint(one.complaint.id)
            return bool(found and found.open) or one.applied < (found.sequence if found else 0)

        def _delivered(self, request: str, update: DepartmentUpdate) -> None:
            with self.services.unit_of_work() as tx:
                rows = tx.backend_requests.by_request(request)
            late = [row for row in rows if row.open and row.sequence < update.sequence - 1]
            try:
                self.services.casework.apply(request, update)
            except Conflict:
                assert late or not rows
                return
            except Exception as refused:  # noqa: BLE001 - the only one there may be
                assert update.event == "paused", refused
            assert not late
            self._expected(request, update)

        def _expected(self, request: str, update: DepartmentUpdate) -> None:
            for one in self.following(request):
                if update.sequence == one.applied + 1:
                    self._happens(one, update)
                one.applied = max(one.applied, update.sequence)

        def _happens(self, one: Ticket, update: DepartmentUpdate) -> None:
            what = MOVE_OF_EVENT.get(update.event)
            if what is Move.RECHECKED and update.solved is False:
                what = Move.REWORK
            again = any(done is Move.RECHECKING for done, _ in one.done)
            if what is Move.RECHECKED and again and one.status in OPEN and one.status is not Status.RECHECKING:
                what = Move.CLOSED  # the department still had it open when ours ended it
            if what is None or not one.may(what, Actor.DEPARTMENT):
                return
            if what is Move.CO_ASSIGNED and not update.unit:
                return
            if what is Move.EXTENDED:
                if update.due_at is None or update.due_at <= one.due:
                    return
                one.due = update.due_at
            one.make(what, Actor.DEPARTMENT)

        # -- the citizen and our own staff ---------------------------------------------------------------------

        @precondition(lambda self: len(self.tickets) > 2)
        @rule(which=pick)
        def take_back(self, which: int) -> None:
            one = self.one(which)
            number = one.complaint.number
            key = f"m{next(self.count)}"
            found = self.services.withdrawing.withdraw(one.complaint.conversation_id, number, key=key)
            if one.may(Move.WITHDRAWN, Actor.CITIZEN):
                assert found.taken is TakenBack.DONE
                one.make(Move.WITHDRAWN, Actor.CITIZEN)
            else:
                assert found.taken is not TakenBack.DONE

        @rule(which=pick, what=st.sampled_from([Move.RATED, Move.RECHECKING, Move.RECHECKING]))
        def rate(self, which: int, what: Move) -> None:
            closed = [one for one in self.tickets if one.status in (Status.CLOSED, Status.RATED)]
            self._made(closed[which % len(closed)] if closed else self.one(which), what, Actor.CITIZEN, "citizen")

        @rule(which=pick, nth=pick)
        def clerk_does_what_may_be_done(self, which: int, nth: int) -> None:
            one = self.one(which)
            may = [what for what in CLERKS_MOVES if one.may(what, Actor.CLERK) and what is not Move.WITHDRAWN]
            self._made(one, may[nth % len(may)], Actor.CLERK, "clerk:王芳")

        @rule(which=pick, what=st.sampled_from(CLERKS_MOVES))
        def clerk_tries_anything(self, which: int, what: Move) -> None:
            self._made(self.one(which), what, Actor.CLERK, "clerk:王芳")

        def _made(self, one: Ticket, what: Move, who: Actor, actor: str) -> None:
            later = one.due + timedelta(days=2)
            carried = {"note": "理由", "unit": "督办组", "due_at": later if what is Move.EXTENDED else None}
            try:
                with self.services.unit_of_work() as tx:
                    now = tx.complaints.get(one.complaint.id)
                    assert now
                    made = self.services.moving.make(tx, now, what, actor=actor, **carried)
                    if what is Move.RECHECKING:
                        tx.backend_requests.reopen(made.id)
                    if what is Move.ERASED:
                        tx.histories.erase_texts(made.id)
            except IllegalMove:
                assert not one.may(what, who)
                return
            assert one.may(what, who)
            one.make(what, who)
            if what is Move.EXTENDED:
                one.due = later
            if what is Move.RECHECKING:  # a re-check has a time of its own
                one.due = read(self.services, one.complaint).due_at
                assert one.due > self.clock.now

        @rule(days=st.sampled_from([0.3, 1, 8, 20]))
        def time_passes(self, days: float) -> None:
            self.clock.move(days=days)
            self.services.timing.run_due("worker-1")

        # -- what must hold ------------------------------------------------------------------------------------

        @invariant()
        def both_say_the_same_and_no_date_is_lost(self) -> None:
            for one in self.tickets:
                found = read(self.services, one.complaint)
                assert [(change.kind, change.role) for change in found.history] == one.done
                assert (found.status, found.due_at) == (one.status, one.due)
                assert [change.before for change in found.history[1:]] == [
                    change.after for change in found.history[:-1]
                ]
                self._rings(one)

        def _rings(self, one: Ticket) -> None:
            with self.services.unit_of_work() as tx:
                timer = tx.timers.get(DEADLINE, one.complaint.id)
            if one.status in OPEN and one.due > self.clock.now:
                assert timer, "nobody would be warned of this deadline"
            if one.status not in OPEN:
                assert timer is None

        @invariant()
        def every_chain_is_whole(self) -> None:
            found = self.services.auditing.audit()
            assert found.whole, found.broken
            assert found.entries == sum(len(one.done) for one in self.tickets)

        def in_the_end(self) -> None:
            """All that waits is done: every open ticket is at the department, every closure was told once."""
            for _ in range(6):
                self._relayed()
                self.clock.move(hours=11)
            for one in self.tickets:
                if one.status in OPEN:
                    assert one.request, f"{one.done} never reached the department"
                number = ticket_number.display(one.complaint.number)
                lines = self.services.conversing.history(one.complaint.conversation_id)
                said = [line.body["text"] for line in lines if line.sender == "notice" and number in line.body["text"]]
                assert sum(any(words in text for words in CLOSING) for text in said) == one.told

    return Lives


def test_any_life_goes_as_the_model_says(make: Make) -> None:
    # a failing life is shown as it was found: making it shorter would take longer than a test may
    phases = [Phase.explicit, Phase.generate]
    run_machine(  # type: ignore[no-untyped-call]
        machine(make),
        settings=settings(
            max_examples=often(25),
            stateful_step_count=30,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
