"""Putting reports together as they come: which join an incident by themselves, which are offered, what came back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from kb.matching.incident import Likely, OpenIncident
from kb.matching.index import MemoryIndex
from kb.matching.policy import Policy, shipped
from kb.matching.weighing import Report, weigh_all
from kb.places import Place

MOST = 5


@dataclass(frozen=True, slots=True)
class Similar:
    """An incident that may be the same problem; `score` is the probability, `reasons` in a citizen's words."""

    incident: OpenIncident
    score: float
    reasons: tuple[str, ...]
    automatic: bool = False


class Placed(NamedTuple):
    """What becomes of a report: the incident it is in, the closed one that came back, and what may be offered."""

    incident: str
    recurrence_of: str | None
    suggested: tuple[Similar, ...]


def similar(
    *,
    code: str,
    place: Place | None,
    text: str,
    now: datetime,
    incidents: Iterable[OpenIncident],
    vector: bytes | None = None,
    likely: Likely = (),
    policy: Policy | None = None,
) -> tuple[Similar, ...]:
    """At most five of these incidents at or above the bar for suggesting, best first."""
    report = Report(text, code, place, vector, likely)
    return best(report, ((one,) for one in incidents), now, policy or shipped())[:MOST]


def best(
    report: Report, incidents: Iterable[Sequence[OpenIncident]], now: datetime, policy: Policy
) -> tuple[Similar, ...]:
    """All of these incidents at or above the bar for suggesting, best first; of equals the latest.

    Each is given as its tellings, see `weigh_all`, the first of them the incident itself.
    """
    found = []
    for tellings in incidents:
        match = weigh_all(report, tellings, now, policy)
        if match.probability >= policy.bars.suggest:
            found.append(Similar(tellings[0], match.probability, match.reasons, match.automatic))
    return tuple(sorted(found, key=lambda one: (-one.score, -one.incident.last_report_at.timestamp(), one.incident.id)))


class Grouping:
    """Reports in the order of their time. A closed incident is remembered for as long as it may recur."""

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy = policy or shipped()
        self._index = MemoryIndex(policy=self._policy)
        self._group: dict[str, str] = {}

    def add(self, id_: str, report: Report, now: datetime) -> Placed:
        """Where the report belongs: the incident's id is its first report's. Raises ValueError for an id again."""
        if id_ in self._group:
            raise ValueError(f"the id {id_!r} came before")
        near = (self._index.tellings(one.id) for one in self._index.candidates(report))
        found = best(report, near, now, self._policy)
        still = [one for one in found if not _closed(one.incident, now)]
        gone = [one for one in found if _closed(one.incident, now)]
        sure = [one for one in still if one.automatic and one.score >= self._policy.bars.same]
        if sure:
            joined = sure[0].incident
            self._index.put(replace(joined, last_report_at=now, people=joined.people + 1))
            self._index.tell(joined.id, report)
            self._group[id_] = joined.id
            return Placed(joined.id, None, tuple(found[:MOST]))
        # To come back is told, nothing is joined: a contradiction has lowered the score, and only the likeliest counts.
        back = gone[0].incident.id if gone and gone[0] is found[0] and gone[0].score >= self._policy.bars.same else None
        place = report.place or Place(text="")
        self._index.put(
            OpenIncident(
                id_, report.category, place, report.text, now, now, 1, vector=report.vector, likely=report.likely
            )
        )
        self._group[id_] = id_
        return Placed(id_, back, tuple(found[:MOST]))

    def close(self, id_: str, at: datetime) -> None:
        """The incident of that report (or with that id) was closed. Raises KeyError for one that is not known."""
        incident = self._index[self._group[id_]]
        self._index.put(replace(incident, closed_at=at))


def _closed(incident: OpenIncident, now: datetime) -> bool:
    return incident.closed_at is not None and now > incident.closed_at
