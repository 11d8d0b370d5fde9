"""Staff say that several incidents are one problem, and may take that back: numbers, notices and counts follow.

What is merged keeps its complaints, and these keep their numbers. They are counted with the surviving incident and hear
of its closure. A merge can be undone in any order and at any time; whoever joined in between stays with the survivor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from integrations.services.errors import Conflict, Rejected
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, Incident, Merge
from kb import ticket_number
from kb.lifecycle import OPEN

TRIES = 5
SHORTEST_ID = 4
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class File:
    """Everything about an incident: what is merged into it, its complaints, its merges, what it came back as."""

    incident: Incident
    parts: Sequence[Incident]
    complaints: Sequence[Complaint]
    merges: Sequence[Merge]
    recurrence: str | None


@dataclass(frozen=True, kw_only=True)
class Merging:
    """The use case. An incident is named by its id, the beginning of its id, or the number of one of its tickets."""

    unit_of_work: UnitOfWork
    clock: Clock

    def show(self, name: str) -> File:
        """The incident of that name, or what it is part of now. Raises Rejected when there is none."""
        with self.unit_of_work() as tx:
            named = _named(tx, name)
            parts = tx.incidents.parts(named)
            merges = tx.merges.of_incidents([one.id for one in parts])
            whole = parts[0]
            complaints = tx.complaints.of_incident(whole.id)
            return File(whole, parts, complaints, merges, tx.incidents.recurrence(whole.id))

    def merge(self, into: str, others: Sequence[str], *, by: str, why: str) -> tuple[Merge, ...]:
        """Make the others part of the first; gives one entry of the history for each.

        Raises Rejected for one that is unknown, named twice, closed, or part of another already.
        """
        _signed(by, why)
        return self._again(lambda tx: self._merge(tx, into, others, by.strip(), why.strip()))

    def _merge(self, tx: Transaction, into: str, others: Sequence[str], by: str, why: str) -> tuple[Merge, ...]:
        target, *rest = [_named(tx, name) for name in (into, *others)]
        if not rest or len({target, *rest}) <= len(rest):
            raise Rejected("a merge needs two different incidents or more; none may be named twice")
        held = tx.incidents.hold(target, *rest)
        for one in (target, *rest):
            whole = held[one]
            if whole.id != one:
                raise Rejected(f"incident {one} is part of {whole.id} already; name that one, or unmerge it first")
            if not whole.open:
                raise Rejected(f"incident {one} is closed; only open ones can be merged")
        made = []
        for one in rest:
            numbers = [complaint.number for complaint in tx.complaints.of_incident(one)]
            tx.incidents.attach(one, target)
            made.append(tx.merges.add(one, target, by=by, why=why, at=self.clock(), numbers=numbers))
        tx.incidents.recount(target)
        return tuple(made)

    def unmerge(self, merge_id: int, *, by: str, why: str) -> Merge:
        """Take a merge back: what went with it is an incident of its own again.

        It is closed if the whole is, or if its own request was closed meanwhile.

        Raises Rejected when there is no such merge or it is undone already.
        """
        _signed(by, why)
        return self._again(lambda tx: self._unmerge(tx, merge_id, by.strip(), why.strip()))

    def _unmerge(self, tx: Transaction, merge_id: int, by: str, why: str) -> Merge:
        merge = tx.merges.get(merge_id)
        if merge is None:
            raise Rejected(f"there is no merge {merge_id}")
        whole = tx.incidents.hold(merge.incident_id)[merge.incident_id]
        now = self.clock()
        if not tx.merges.undo(merge.id, by=by, why=why, at=now):
            raise Rejected(f"merge {merge_id} is undone already")
        tx.incidents.detach(merge.incident_id)
        own = [one for one in tx.complaints.of_incident(merge.incident_id) if one.incident_id == merge.incident_id]
        if whole.open and all(one.status not in OPEN for one in own):
            tx.incidents.close(merge.incident_id, now)  # its own request was closed while it was part of the other
        for one_id in (whole.id, merge.incident_id):
            tx.incidents.recount(one_id)
        return replace(merge, undone_at=now, undone_by=by, undone_why=why)

    def _again(self, work: Callable[[Transaction], _T]) -> _T:
        """Do the work in one transaction; once more when somebody else changed the same incidents first."""
        for _ in range(TRIES):
            try:
                with self.unit_of_work() as tx:
                    return work(tx)
            except Conflict:
                continue
        raise Conflict(f"the incidents changed {TRIES} times while they were being merged; try again")


def _signed(by: str, why: str) -> None:
    if not (by.strip() and why.strip()):
        raise Rejected("the history needs a name (by) and a reason (why)")


def _named(tx: Transaction, name: str) -> str:
    """The id of the incident that is meant. A ticket's number means what its incident is part of now."""
    name = "".join(name.split())
    if ticket_number.is_valid(name):
        complaint = tx.complaints.by_number(name)
        found = tx.incidents.find(complaint.incident_id) if complaint else None
        if found:
            return found.survivor_id
        raise Rejected(f"no ticket has the number {name}")
    if tx.incidents.find(name):
        return name
    beginning = tx.incidents.beginning_with(name) if len(name) >= SHORTEST_ID else ()
    if len(beginning) == 1:
        return beginning[0]
    raise Rejected(f"{'several incidents begin' if beginning else 'no incident begins'} with {name!r}")
