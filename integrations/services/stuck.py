"""What the worker could not do: listing it with its reason, and what a person may decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.services.dispatch_ports import Dispatcher
from integrations.services.errors import Rejected
from integrations.services.handing_on import HandingOn
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, OutboxRow, Task, WhenUnsure
from kb import ticket_number
from kb.lifecycle import Actor, signed


@dataclass(frozen=True, slots=True)
class Stuck:
    """A row that waits for a person. `unsure`: the backend may have it, and only a person can tell."""

    row: OutboxRow
    complaint: Complaint | None
    unsure: bool

    @property
    def name(self) -> str:
        """How a person calls it."""
        number = ticket_number.display(self.complaint.number) if self.complaint else "?"
        return f"row {self.row.id} ({self.row.task}, ticket {number})"


@dataclass(frozen=True, kw_only=True)
class SortingOut:
    """The use case."""

    unit_of_work: UnitOfWork
    dispatcher: Dispatcher
    handing_on: HandingOn
    clock: Clock

    def waiting(self, what: str = "all") -> Sequence[Stuck]:
        """Everything that is stuck, or that of a ticket number, or one row. Raises Rejected where nothing of it is."""
        with self.unit_of_work() as tx:
            rows = [self._stuck(tx, row) for row in tx.outbox.list_stuck()]
        if what == "all":
            return rows
        wanted = ticket_number.find(what) or what.strip()
        mine = [one for one in rows if wanted in (str(one.row.id), one.complaint.number if one.complaint else None)]
        if not mine:
            raise Rejected(f"nothing of {what} is stuck")
        return mine

    def retry(self, one: Stuck, *, anew: bool = False) -> None:
        """Put it back to work; the backend is asked first whether it has it. `anew`: a person knows that it has not.

        Raises Rejected where only a person can know that and has not said it, or where it is not stuck any more.
        """
        if one.unsure and not anew:
            raise Rejected(
                f"{one.name} may have been taken by the backend, which cannot be asked: look there, "
                "then say --filed-as NUMBER, or --anew if it is not there"
            )
        with self.unit_of_work() as tx:
            if not tx.outbox.retry(one.row.id, self.clock(), unheard=anew):
                raise Rejected(f"{one.name} is not stuck any more")

    def filed_as(self, one: Stuck, request_id: str, *, by: str) -> None:
        """A person has found it in the backend under that number. Raises Rejected where that cannot be."""
        with self.unit_of_work() as tx:
            if tx.backend_requests.by_request(request_id) or tx.backend_requests.is_note(request_id):
                raise Rejected(f"{request_id} is another ticket's request already")
            if not tx.outbox.settle(one.row.id, self.clock()):
                raise Rejected(f"{one.name} is not stuck any more")
            if one.row.task is Task.FILE and one.complaint and one.complaint.joined:
                self.handing_on.write_down(tx, one.row, None, note_id=request_id, actor=signed(Actor.CLERK, by))
            elif one.row.task is Task.FILE:
                self.handing_on.write_down(tx, one.row, request_id, actor=signed(Actor.CLERK, by))
            elif one.row.task in (Task.UPDATE, Task.COPY):
                self.handing_on.write_down_told(tx, one.row, request_id)
            else:
                raise Rejected(f"{one.name} is nothing that a backend has")

    def done(self, one: Stuck) -> None:
        """A person has done it in another way. Raises Rejected for a filing, which needs its number."""
        if one.row.task is Task.FILE:
            raise Rejected(f"{one.name} is a filing: say the backend's number by --filed-as")
        with self.unit_of_work() as tx:
            if not tx.outbox.settle(one.row.id, self.clock()):
                raise Rejected(f"{one.name} is not stuck any more")

    def _stuck(self, tx: Transaction, row: OutboxRow) -> Stuck:
        task = row.task
        makes_a_request = task in (Task.FILE, Task.COPY) or (task is Task.UPDATE and self.dispatcher.tells_by_request)
        beside = self.dispatcher.when_unsure("" if task is Task.FILE else str(task))
        unsure = makes_a_request and row.sent_at is not None and beside is WhenUnsure.ASK_PERSON
        return Stuck(row, tx.complaints.get(row.complaint_id), unsure)
