"""Complaints in, tickets out: counted in every test of the fault matrix, shown together at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select

from integrations.bootstrap import Services
from integrations.services.records import Complaint
from integrations.store import tables as t
from kb.lifecycle import Status
from tests.backends import Backend
from tests.builders import read, request_of


@dataclass
class Row:
    """One fault: how many complaints went in and how many requests came out, doubled ones and lost ones among them."""

    fault: str
    database: str
    backend: str
    complaints: int = 0
    tickets: int = 0
    doubled: int = 0
    lost: int = 0
    waiting: int = 0


@dataclass
class Tally:
    """All rows of a run."""

    rows: list[Row] = field(default_factory=list)

    def count(
        self,
        fault: str,
        services: Services,
        complaints: Iterable[Complaint],
        backend: Backend,
        *,
        waiting: Iterable[Complaint] = (),
    ) -> Row:
        """Count, and hold each complaint to one ticket with one history; `waiting` ones to none and a person."""
        row = Row(fault, services.engine.dialect.name, backend.name)
        self.rows.append(row)
        held = list(waiting)
        for complaint in complaints:
            row.complaints += 1
            numbers = backend.numbers_of(complaint.number)
            row.tickets += len(numbers)
            row.doubled += max(0, len(numbers) - 1)
            row.lost += not numbers
            assert numbers == [request_of(services, complaint)], (fault, complaint.number, numbers)
            after = [one.after for one in read(services, complaint).history if one.after is not Status.NEEDS_PERSON]
            assert list(dict.fromkeys(after)) == [Status.FILED, Status.DISPATCHED]
            assert len(after) == 2 or Status.NEEDS_PERSON in [one.after for one in read(services, complaint).history]
            beside = [carried for _, carried in backend.all() if (carried or "").startswith(complaint.number)]
            assert len(set(beside)) == len(beside), "what goes beside the request went twice"
        for complaint in held:
            row.complaints += 1
            row.waiting += 1
            assert read(services, complaint).status is Status.NEEDS_PERSON
        with services.unit_of_work() as tx:
            left = {state: count for state, count in tx.outbox.counts().items() if state not in ("done", "kept")}
        assert left == ({"stuck": len(held)} if held else {}), (fault, left)
        assert row.tickets + row.waiting == row.complaints
        return row

    def lines(self) -> list[str]:
        """The table, one line for each fault, database and backend."""
        merged: dict[tuple[str, str, str], Row] = {}
        for one in self.rows:
            total = merged.setdefault((one.fault, one.database, one.backend), Row(one.fault, one.database, one.backend))
            for name in ("complaints", "tickets", "doubled", "lost", "waiting"):
                setattr(total, name, getattr(total, name) + getattr(one, name))
        head = "| fault | database | backend | complaints | tickets | doubled | lost | waiting for a person |"
        body = [
            f"| {one.fault} | {one.database} | {one.backend} | {one.complaints} | {one.tickets} | {one.doubled} "
            f"| {one.lost} | {one.waiting} |"
            for one in merged.values()
        ]
        return [head, "| --- " * 8 + "|", *body] if body else []


TALLY = Tally()


def rows_in(services: Services, state: str) -> int:
    """How many outbox rows are in that state."""
    with services.engine.connect() as connection:
        found = select(func.count()).select_from(t.outbox).where(t.outbox.c.state == state)
        return int(connection.execute(found).scalar_one())
