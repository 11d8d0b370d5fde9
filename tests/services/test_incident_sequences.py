"""Any sequence of filing, joining, adding, merging, unmerging, closing and coming back, against a plain model."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.recurring import window
from integrations.settings import Settings
from integrations.store import database
from kb.lifecycle import OPEN, Status
from kb.matching.keys import branches, cells_around, place_keys, point_of
from tests import stores
from tests.builders import read, relay_all
from tests.conftest import NOBODY_LISTENS_HERE, SECRETS
from tests.fakes import FakeClassifier, FakeClock, FakeDispatcher, FakeRequestTypes, MemoryLimiter
from tests.incident_builders import LAMP_CODE, PLACE, close, incident, submitted
from tests.often import often

Make = Callable[[], tuple[Services, ExitStack]]


class Generous(MemoryLimiter):
    """Lets everybody say as much as they like."""

    def allow(self, key: str, *, times: int, seconds: int) -> bool:
        return True


@pytest.fixture
def make(empty_tables: str, knowledge: dict[str, Any]) -> Make:
    """Makes the use cases over an empty database of their own, and what closes it again."""

    def made() -> tuple[Services, ExitStack]:
        stack = ExitStack()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(stores.database_url(folder, template=empty_tables))
        ports = dict.fromkeys(("port", "rasa_port", "actions_port", "department_port"), NOBODY_LISTENS_HERE)
        chosen = Settings(_env_file=None, data_dir=folder, database_url=url, burst_seconds=0, **ports, **SECRETS)
        engine = database.connect(url)
        stack.callback(engine.dispose)
        services = bootstrap.build(
            chosen,
            **knowledge,
            engine=engine,
            clock=FakeClock(),
            dispatcher=FakeDispatcher(),
            limiter=Generous(FakeClock()),
            classifier=FakeClassifier(),
            request_types=FakeRequestTypes(),
            dispatching={"jitter": lambda: 0.0},
        )
        return services, stack

    return made


@dataclass
class Ticket:
    """A complaint in the model. `home` is the incident it was filed to, whatever that is part of later."""

    complaint: Any
    citizen: str
    home: str
    said_at: datetime
    closed: bool = False


@dataclass
class Model:
    """What must hold, in the plainest way."""

    tickets: list[Ticket] = field(default_factory=list)
    parent: dict[str, str | None] = field(default_factory=dict)
    closed_at: dict[str, datetime] = field(default_factory=dict)
    recurrence_of: dict[str, str] = field(default_factory=dict)
    recurred: set[str] = field(default_factory=set)
    merges: dict[int, tuple[str, bool]] = field(default_factory=dict)
    requests_closed: set[str] = field(default_factory=set)

    def root(self, one: str) -> str:
        while (above := self.parent[one]) is not None:
            one = above
        return one

    def group(self, one: str) -> set[str]:
        return {other for other in self.parent if self.root(other) == self.root(one)}

    def open_roots(self) -> list[str]:
        return [one for one, above in self.parent.items() if above is None and one not in self.closed_at]

    def of(self, one: str) -> list[Ticket]:
        group = self.group(one)
        return [ticket for ticket in self.tickets if ticket.home in group]

    def close(self, one: str, at: datetime) -> None:
        for part in self.group(one):
            self.closed_at.setdefault(part, at)

    def belongs(self, one: str, now: datetime) -> tuple[str | None, str | None]:
        """(the open incident to join, the closed one that came back)."""
        while True:
            root = self.root(one)
            if root not in self.closed_at:
                return root, None
            again = [new for new, old in self.recurrence_of.items() if old == root]
            if not again:
                return None, root if now - self.closed_at[root] <= window(LAMP_CODE) else None
            one = again[-1]


def machine(make: Make) -> type[RuleBasedStateMachine]:
    citizens = st.sampled_from(["anna", "bo", "chen", "dan"])
    pick = st.integers(0, 10**6)

    class Incidents(RuleBasedStateMachine):
        """The real thing beside the model; after every step both say the same."""

        def __init__(self) -> None:
            super().__init__()
            self.services, self.stack = make()
            self.clock: Any = self.services.clock
            self.model, self.count = Model(), itertools.count(1)

        def teardown(self) -> None:
            self.stack.close()

        def any_incident(self, pick: int) -> str:
            known = list(self.model.parent)
            return known[pick % len(known)]

        @initialize(those=st.lists(citizens, min_size=3, max_size=5))
        def begin(self, those: list[str]) -> None:
            for citizen in those:
                self._filed(citizen, None)

        @rule(citizen=citizens)
        def file(self, citizen: str) -> None:
            self._filed(citizen, None)

        @rule(citizen=citizens, which=pick)
        def join(self, citizen: str, which: int) -> None:
            self._filed(citizen, self.any_incident(which))

        def _filed(self, citizen: str, join: str | None) -> None:
            """Filed; whoever has an open ticket about what they join has their words added to it."""
            self.clock.move(minutes=1)
            joins, came_back = self.model.belongs(join, self.clock.now) if join else (None, None)
            complaint = submitted(self.services, next(self.count), citizen=citizen, join=join)
            relay_all(self.services)
            mine = [one for one in self.model.of(joins) if one.citizen == citizen] if joins else []
            latest = max(mine, key=lambda one: (one.complaint.filed_at, one.complaint.id), default=None)
            if latest and not latest.closed:  # added to the ticket they have
                assert complaint.id == latest.complaint.id
                latest.said_at = self.clock.now
                return
            assert complaint.joined is (joins is not None)
            if joins:
                assert complaint.incident_id == joins
            else:
                assert complaint.incident_id not in self.model.parent
                self.model.parent[complaint.incident_id] = None
            if came_back:
                self.model.recurrence_of[complaint.incident_id] = came_back
                self.model.recurred.add(came_back)
            self.model.tickets.append(Ticket(complaint, citizen, complaint.incident_id, self.clock.now))

        @rule(which=pick)
        def add(self, which: int) -> None:
            self.clock.move(minutes=1)
            ticket = self.model.tickets[which % len(self.model.tickets)]
            mine, number = ticket.complaint.conversation_id, ticket.complaint.number
            assert self.services.supplementing.add(mine, number, key=f"m{next(self.count)}", text="还没修").fresh
            ticket.said_at = self.clock.now

        @precondition(lambda self: len(self.model.parent) > 1)
        @rule(into=pick, others=st.lists(pick, min_size=1, max_size=2))
        def merge(self, into: int, others: list[int]) -> None:
            self._merge(self.any_incident(into), [self.any_incident(one) for one in others])

        @precondition(lambda self: len(self.model.open_roots()) > 1)
        @rule(into=pick, other=pick)
        def merge_what_may_be(self, into: int, other: int) -> None:
            roots = self.model.open_roots()
            self._merge(roots.pop(into % len(roots)), [roots[other % len(roots)]])

        def _merge(self, target: str, rest: list[str]) -> None:
            free = all(self.model.parent[one] is None and one not in self.model.closed_at for one in (target, *rest))
            legal = free and len({target, *rest}) == len(rest) + 1
            try:
                made = self.services.merging.merge(target, rest, by="x", why="x")
            except Rejected:
                assert not legal
                return
            assert legal
            for one in made:
                self.model.parent[one.incident_id] = target
                self.model.merges[one.id] = (one.incident_id, True)

        @precondition(lambda self: self.model.merges)
        @rule(which=pick)
        def unmerge(self, which: int) -> None:
            self.clock.move(minutes=1)
            merge_id = list(self.model.merges)[which % len(self.model.merges)]
            moved, standing = self.model.merges[merge_id]
            try:
                self.services.merging.unmerge(merge_id, by="x", why="x")
            except Rejected:
                assert not standing
                return
            assert standing
            self.model.merges[merge_id] = (moved, False)
            self.model.parent[moved] = None
            if all(ticket.closed for ticket in self.model.tickets if ticket.home == moved):
                self.model.close(moved, self.clock.now)

        @rule(which=pick)
        def department_closes(self, which: int) -> None:
            self.clock.move(minutes=1)
            home = self.any_incident(which)
            theirs = next(ticket for ticket in self.model.tickets if ticket.home == home)
            with self.services.unit_of_work() as tx:
                request = tx.backend_requests.of_complaint(theirs.complaint.id)
            assert request is not None
            if home in self.model.requests_closed:
                return
            close(self.services, request.request_id)
            self.model.requests_closed.add(home)
            root = self.model.root(home)
            own = [ticket for ticket in self.model.tickets if ticket.home == home and not ticket.closed]
            if not own:
                return
            for ticket in own:
                ticket.closed = True
            if root in self.model.closed_at:
                return
            if home == root:
                for ticket in self.model.of(root):
                    ticket.closed = True
            if all(ticket.closed for ticket in self.model.of(root)):
                self.model.close(root, self.clock.now)

        @rule(days=st.sampled_from([1, 29, 31]))
        def time_passes(self, days: int) -> None:
            self.clock.move(days=days)

        @invariant()
        def both_say_the_same(self) -> None:
            for one in self.model.parent:
                found, root = incident(self.services, one), self.model.root(one)
                assert (found.survivor_id, found.merged_into) == (root, self.model.parent[one])
                assert found.closed_at == self.model.closed_at.get(one)
                assert found.recurrence_of == self.model.recurrence_of.get(one)
                assert (found.recurred_at is not None) is (one in self.model.recurred)
                if one == root:
                    tickets = self.model.of(one)
                    assert found.people == len({ticket.citizen for ticket in tickets})
                    assert found.last_report_at == max(ticket.said_at for ticket in tickets)

        @invariant()
        def every_ticket_stands_as_it_should_and_was_closed_once(self) -> None:
            for ticket in self.model.tickets:
                history = [change.after for change in read(self.services, ticket.complaint).history]
                assert (history[-1] not in OPEN) is ticket.closed
                assert history.count(Status.CLOSED) == ticket.closed

        @invariant()
        def the_index_finds_what_is_open_and_no_merged_one_by_itself(self) -> None:
            roots = {self.model.root(one) for one in self.model.parent}
            closed = {one for one in roots if one in self.model.closed_at}
            since = self.clock.now - timedelta(days=30)
            lately = {one for one in closed if self.model.closed_at[one] >= since}
            assert self._found(None) == roots - closed
            assert self._found(since) == (roots - closed) | lately

        def _found(self, since: datetime | None) -> set[str]:
            point = point_of(PLACE)
            assert point
            with self.services.unit_of_work() as tx:
                kept = {"branches": branches(LAMP_CODE), "since": since, "limit": 1000}
                near = tx.incidents.candidates(cells=cells_around(point, 250), point=point, **kept)
                named = tx.incidents.candidates(keys=place_keys(PLACE), **kept)
            assert len(near) == len({one.id for one in near})
            assert {one.id: one for one in near} == {one.id: one for one in named}
            return {one.id for one in near}

    return Incidents


def test_any_sequence_ends_as_the_model_says(make: Make) -> None:
    # a failing sequence is shown as it was found: making it shorter would take longer than a test may
    phases = [Phase.explicit, Phase.generate]
    checked = list(HealthCheck)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine(make),
        settings=settings(
            max_examples=often(25), stateful_step_count=30, deadline=None, phases=phases, suppress_health_check=checked
        ),
    )
