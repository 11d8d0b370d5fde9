"""Whether a report belongs to an incident that is open, or shows that a closed one was not solved (假性办结).

Whoever asks holds the incident afterwards, so that of two reports on one closed incident the second joins what the
first has opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.services.ports import Transaction
from integrations.services.records import Incident
from kb.lifecycle import Status
from kb.matching import policy

Window = Callable[[str], timedelta]


def window(category: str) -> timedelta:
    """So long after its closure the same problem of this category counts as not solved, by the city's content."""
    return policy.shipped().of(category).recurs


@dataclass(frozen=True, slots=True)
class Belongs:
    """Where a report belongs: to `open`, or to a new incident because `closed` came back, or (both None) to itself."""

    open: Incident | None = None
    closed: Incident | None = None


def recurrence(tx: Transaction, incident_id: str, *, now: datetime, within: Window = window) -> Belongs:
    """Follow an incident to where it is today: to what it was merged into, and to what was opened when it came back.

    Everything on the way is held. Raises Conflict when it changes in this moment.
    """
    seen: set[str] = set()
    following: str | None = incident_id
    last: Incident | None = None
    while following and following not in seen:
        seen.add(following)
        found = tx.incidents.hold(following).get(following)
        if found is None:
            return Belongs()
        if found.closed_at is None:
            return Belongs(open=found)
        seen.add(found.id)
        last, following = found, tx.incidents.recurrence(found.id)
    if last and last.closed_at and now - last.closed_at <= within(last.category) and not _taken_back(tx, last):
        return Belongs(closed=last)
    return Belongs()


def _taken_back(tx: Transaction, closed: Incident) -> bool:
    """Whether it ended because everybody withdrew: then nobody said that it was solved, and nothing came back."""
    return all(one.status is Status.WITHDRAWN for one in tx.complaints.of_incident(closed.id))
