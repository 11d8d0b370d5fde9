"""What the use cases need of reports, incidents and merges, as protocols."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from integrations.services.records import Incident, Merge, Report
from kb.matching import OpenIncident


class Reports(Protocol):
    """What citizens said, one entry each time."""

    def add(self, report: Report) -> bool:
        """False when the complaint has a report with that key already: nothing was written."""

    def of_complaint(self, complaint_id: str) -> Sequence[Report]:
        """Oldest first."""

    def of_incident(self, incident_id: str) -> Sequence[Report]:
        """Those of all complaints of the incident it is part of now, oldest first."""


class Alike(NamedTuple):
    """What a report is about, for finding the incidents most like it."""

    category: str
    vector: bytes | None
    now: datetime


class Dot(NamedTuple):
    """An open incident for a map: `people` are those who said it and did not ask for confidence."""

    lat: float
    lon: float
    category: str
    people: int
    opened_at: datetime


class Incidents(Protocol):
    """One problem at one place over one period.

    An incident that was merged is part of another, its survivor; what is said of its id holds for the survivor, unless
    a method says otherwise. Whoever changes one holds it first.
    """

    def add(self, incident: OpenIncident, *, recurrence_of: str | None = None) -> None:
        """Open it, and make it findable."""

    def get(self, incident_id: str) -> OpenIncident | None:
        """The survivor while it is open; None once it is closed."""

    def recent(self, incident_id: str) -> OpenIncident | None:
        """The survivor, open or closed."""

    def find(self, incident_id: str) -> Incident | None:
        """This very incident, merged or not, open or not."""

    def hold(self, *incident_ids: str) -> dict[str, Incident]:
        """The survivors of those that exist, by the id asked for; nobody else changes them in this transaction.

        Hold all you need at once: it is done in one order, so that two who hold several do not wait for each other.
        Raises Conflict when one was merged or taken apart in this moment.
        """

    def candidates(
        self,
        *,
        branches: Sequence[str],
        cells: Sequence[str] = (),
        keys: Sequence[str] = (),
        point: tuple[float, float] | None = None,
        since: datetime | None = None,
        alike: Alike | None = None,
        limit: int = 200,
    ) -> Sequence[OpenIncident]:
        """Those of these branches in one of these cells or under one of these keys, at most `limit`.

        `keys` most exact first; NOWHERE among them finds those without a place. Nearest to `point` (WGS-84) and latest
        report first. Open ones; with `since` also those closed since then. With `alike` some hundreds are looked at,
        and where they are more than `limit`, the most promising are given, those first; too old ones are left out.
        """

    def dots(
        self,
        cells: Sequence[str],
        *,
        south_west: tuple[float, float],
        north_east: tuple[float, float],
        least: int,
        limit: int,
    ) -> Sequence[Dot]:
        """Open ones in these cells within the box (WGS-84), latest report first.

        Only those that at least so many citizens tell of, confidential and withdrawn complaints left out.
        """

    def without_vector(self, limit: int) -> Sequence[OpenIncident]:
        """Open ones whose vector nobody has made yet, latest opened first."""

    def give_vector(self, incident_id: str, vector: bytes) -> None:
        """The vector of this very incident's summary; one that has its vector keeps it."""

    def near(self, *, level1: str, district: str | None, limit: int = 200) -> Sequence[OpenIncident]:
        """Open incidents of that branch in that district (any district when None), latest report first."""

    def recurrence(self, incident_id: str) -> str | None:
        """The latest incident that was opened because this very one came back."""

    def recount(self, incident_id: str) -> None:
        """Count people and the time of the last report anew, over everything merged."""

    def close(self, incident_id: str, at: datetime) -> None:
        """Close it with all that was merged. One that is closed stays as it is."""

    def recurred(self, incident_id: str, at: datetime) -> None:
        """Its closure did not last. The first time counts."""

    def attach(self, incident_id: str, into: str) -> None:
        """Make this one with its own merged ones part of another. Both are held, open and nobody's part."""

    def detach(self, incident_id: str) -> None:
        """Take this one with its own merged ones out of what it was merged into. Both are open or both closed."""

    def parts(self, incident_id: str) -> Sequence[Incident]:
        """All that is merged into the survivor, itself first."""

    def listed(
        self, *, open_only: bool = True, recurred: bool = False, merged: bool = False, limit: int = 50
    ) -> Sequence[Incident]:
        """Latest report first; with `merged` also those that are part of another."""

    def reindex(self) -> int:
        """Write anew where all of them are found; gives how many there are."""

    def beginning_with(self, prefix: str, *, limit: int = 2) -> Sequence[str]:
        """Ids that begin so."""


class Merges(Protocol):
    """The history of merging: nothing is ever removed from it."""

    def add(self, incident_id: str, into: str, *, by: str, why: str, at: datetime, numbers: Sequence[str]) -> Merge: ...

    def get(self, merge_id: int) -> Merge | None: ...

    def of_incidents(self, incident_ids: Sequence[str]) -> Sequence[Merge]:
        """Those in which one of them took part, oldest first."""

    def undo(self, merge_id: int, *, by: str, why: str, at: datetime) -> bool:
        """False when it is undone already."""
