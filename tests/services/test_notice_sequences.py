"""Whatever the order of moves, deliveries, deaths and silences: each closure is told to its citizen exactly once."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.clients.chat_lines import ChatLines
from integrations.services.dispatching import Dispatching
from integrations.services.errors import Conflict, Rejected, TryLater
from integrations.services.ports import Transaction
from integrations.services.records import Bubble, Conversation, OutboxRow, Said
from integrations.services.sending_once import LEASE_SECONDS
from integrations.settings import Settings
from integrations.store import database
from kb import quiet_hours
from kb.deadlines import CITY_TIME
from kb.lifecycle import RULES, Actor, IllegalMove, Move, Status, rule_for
from tests import stores
from tests.builders import conversation, dispatched, outbox, read
from tests.conftest import NOBODY_LISTENS_HERE, SECRETS
from tests.fakes import (
    FakeClassifier,
    FakeClock,
    FakeDispatcher,
    FakeListener,
    FakeRequestTypes,
    MemoryLimiter,
    MemoryTurns,
)
from tests.often import often

Make = Callable[[], tuple[Services, ExitStack]]
MOVES = [
    (one.move, role)
    for one in RULES
    for role in sorted(one.by)
    if one.move not in (Move.FILED, Move.WITHDRAWN, Move.ERASED)
]


CLOSING = frozenset({Move.CLOSED, Move.RECHECKED})


class Killed(BaseException):
    """The process is gone: nothing catches it, and what was not committed is not there."""


class Page(ChatLines):
    """A channel that can be blocked, and whose worker can be killed right after delivering."""

    blocked = False
    kills = False

    def deliver(self, tx: Transaction, conversation: Conversation, bubble: Bubble, *, at: datetime) -> None:
        if self.blocked:
            raise Rejected("the citizen does not receive messages")
        super().deliver(tx, conversation, bubble, at=at)
        if self.kills:
            self.kills = False
            raise Killed


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
        clock = FakeClock()
        services = bootstrap.build(
            chosen,
            **knowledge,
            engine=engine,
            clock=clock,
            dispatcher=FakeDispatcher(),
            classifier=FakeClassifier(),
            request_types=FakeRequestTypes(),
            limiter=MemoryLimiter(clock),
            turns=MemoryTurns(),
            listener=FakeListener(),
            messengers={"web": Page()},
            dispatching={"jitter": lambda: 0.0},
        )
        return services, stack

    return made


def machine(make: Make) -> type[RuleBasedStateMachine]:
    class Notices(RuleBasedStateMachine):
        """One ticket, several workers, one citizen."""

        @initialize()
        def begin(self) -> None:
            self.services, self.stack = make()
            clock, page = self.services.clock, self.services.messengers["web"]
            assert isinstance(clock, FakeClock) and isinstance(page, Page)
            self.clock, self.page = clock, page
            night = quiet_hours.read("21:00-8:00")
            notifying = replace(self.services.notifying, quiet=night)
            self.dispatching: Dispatching = replace(self.services.dispatching, notifying=notifying)
            self.complaint, _ = dispatched(self.services)
            self.count, self.closures = count(1), []  # type: ignore[var-annotated]
            self.held: list[OutboxRow] = []

        @rule(which=st.integers(0, 99))
        def move(self, which: int) -> None:
            self.one_of([one for one in MOVES if self.may(*one)], which)

        @rule(which=st.integers(0, 99))
        def close(self, which: int) -> None:
            self.one_of([one for one in MOVES if one[0] in CLOSING and self.may(*one)], which)

        def may(self, wanted: Move, role: Actor) -> bool:
            try:
                rule_for(read(self.services, self.complaint).status, wanted, role)
            except IllegalMove:
                return False
            return True

        def one_of(self, moves: list[tuple[Move, Actor]], which: int) -> None:
            if not moves:
                return
            wanted, role = moves[which % len(moves)]
            self.clock.move(minutes=1)
            note = f"〔{next(self.count)}〕"
            with self.services.unit_of_work() as tx:
                current = tx.complaints.get(self.complaint.id)
                assert current is not None
                moved = self.services.moving.make(
                    tx,
                    current,
                    wanted,
                    actor=role,
                    note=note,
                    unit="照明三班",
                    due_at=current.due_at + timedelta(days=1) if wanted is Move.EXTENDED else None,
                )
            latest = moved.latest
            assert latest is not None
            if latest.after is Status.CLOSED and latest.before is not Status.CLOSED:
                self.closures.append(note)

        @rule(worker=st.sampled_from("abc"), rows=st.integers(1, 4), killed=st.booleans())
        def relay(self, worker: str, rows: int, killed: bool) -> None:
            self.page.kills = killed
            try:
                for _ in range(rows):
                    self.dispatching.relay_one(worker)
            except Killed:
                pass
            self.page.kills = False

        @rule()
        def a_worker_stands_still(self) -> None:
            with self.services.unit_of_work() as tx:
                row = tx.outbox.claim(worker=f"slow-{next(self.count)}", now=self.clock(), lease_seconds=LEASE_SECONDS)
            if row:
                self.held.append(row)

        @precondition(lambda self: self.held)
        @rule(which=st.integers(0, 9))
        def and_goes_on(self, which: int) -> None:
            row = self.held.pop(which % len(self.held))
            try:
                self.dispatching.notifying.notify(row)
            except TryLater as later:
                with self.services.unit_of_work() as tx:
                    tx.outbox.later(row, at=self.clock(), error=str(later))
            except Conflict:
                pass

        @rule()
        def a_worker_is_overtaken(self) -> None:
            """It stands still for longer than its lease, and others do its row; then it goes on."""
            self.a_worker_stands_still()
            self.clock.move(seconds=LEASE_SECONDS + 1)
            self.relay("b", 3, False)
            if self.held:
                self.and_goes_on(len(self.held) - 1)

        @rule(blocked=st.booleans())
        def the_citizen_blocks_us_or_not(self, blocked: bool) -> None:
            self.page.blocked = blocked

        @rule(minutes=st.sampled_from([1, 5, 60, 600]))
        def time_passes(self, minutes: int) -> None:
            self.clock.move(minutes=minutes)

        @rule()
        def the_citizen_speaks(self) -> None:
            mine = conversation(self.services)
            self.services.conversing.accept(mine.id, f"message-{next(self.count)}", Said("你好"))
            asyncio.run(self.services.conversing.drive(mine))

        def teardown(self) -> None:
            if not hasattr(self, "stack"):
                return
            self.page.blocked = False
            for _ in range(4):  # put off, given back, lost by a worker: by noon of some day all of it is through
                here = (self.clock() + timedelta(days=1)).astimezone(CITY_TIME)
                self.clock.now = here.replace(hour=12).astimezone(UTC)
                while self.dispatching.relay_one("last"):
                    pass
            self.the_citizen_speaks()
            assert set(outbox(self.services)) == {"done"}
            lines = self.services.conversing.history(conversation(self.services).id)
            said = "\n".join(line.bubble.text for line in lines if line.sender == "notice")
            told = [note for note in re.findall("〔\\d+〕", said) if note in self.closures]
            assert told == self.closures, f"{told} was told of {self.closures}"
            self.stack.close()

    return Notices


def test_each_closure_is_told_exactly_once_and_in_order(make: Make) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine(make),
        settings=settings(
            max_examples=often(25), stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_moves_of_the_machine_reach_closures() -> None:
    """Otherwise the property above would hold of nothing."""
    closing = {one.move for one in RULES if one.after is Status.CLOSED}
    assert CLOSING <= closing <= {move for move, _ in MOVES}
