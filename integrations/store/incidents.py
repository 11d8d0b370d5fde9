"""Incidents: opened, joined, merged into each other and taken apart again, closed, and found again.

A merged incident keeps its row and its complaints. `merged_into` makes a tree, in which any merge can be undone in any
order; `survivor_id` is its root, so that everything of one incident is read by one index.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, exists, func, insert, or_, select, update

from integrations.services.errors import Conflict
from integrations.services.incident_ports import Alike, Dot
from integrations.services.records import Incident
from integrations.store import incident_index
from integrations.store import tables as t
from integrations.store.table import Repository
from kb.lifecycle import Status
from kb.matching import OpenIncident
from kb.matching.promising import Glimpse, promising
from kb.places import Place

_c = t.incidents.c
# Among so many that are found the most promising are looked for: a compound may have hundreds.
_LOOKED_AT = 200
# For each dot that a map may show so many incidents are looked at: some are told of in confidence only.
_DOTS_LOOKED_AT = 3


def survivor(incident_id: str) -> Select[Any]:
    """The id of what this incident is part of now."""
    return select(_c.survivor_id).where(_c.id == incident_id)


def group(incident_id: str) -> Select[Any]:
    """The ids of all that is part of the same incident."""
    return select(_c.id).where(_c.survivor_id == survivor(incident_id).scalar_subquery())


def withdrawn() -> ColumnElement[bool]:
    """Whether a complaint was taken back by its citizen, who counts no more among the people of the incident."""
    return exists().where(
        t.status_changes.c.complaint_id == t.complaints.c.id, t.status_changes.c.after == Status.WITHDRAWN
    )


class IncidentTable(Repository):
    """Incidents with their counts, kept in step with the index in which they are found."""

    # -- opening and reading ---------------------------------------------------------------------------------

    def add(self, incident: OpenIncident, *, recurrence_of: str | None = None) -> None:
        self._db.execute(
            insert(t.incidents).values(
                id=incident.id,
                category=incident.category,
                level1=incident.category[:2],
                district=incident.place.district,
                place=incident.place.as_dict(),
                summary=incident.summary,
                opened_at=incident.opened_at,
                last_report_at=incident.last_report_at,
                people=incident.people,
                vector=incident.vector,
                likely=incident.likely,
                recurrence_of=recurrence_of,
                survivor_id=incident.id,
            )
        )
        incident_index.add(self._db, incident.id, incident.category, incident.place, latest=incident.last_report_at)

    def get(self, incident_id: str) -> OpenIncident | None:
        found = self.recent(incident_id)
        return found if found and found.closed_at is None else None

    def recent(self, incident_id: str) -> OpenIncident | None:
        of = select(t.incidents).where(_c.id == survivor(incident_id).scalar_subquery())
        row = self._db.execute(of).first()
        return _open(row) if row else None

    def find(self, incident_id: str) -> Incident | None:
        row = self._db.execute(select(t.incidents).where(_c.id == incident_id)).first()
        return _incident(row) if row else None

    def hold(self, *incident_ids: str) -> dict[str, Incident]:
        wanted = self._survivors(incident_ids)
        held = {}
        for one in sorted(set(wanted.values())):
            row = self._db.execute(select(t.incidents).where(_c.id == one).with_for_update(key_share=True)).one()
            held[one] = _incident(row)
        # while this waited, whoever held them first may have merged them or taken them apart
        if self._survivors(incident_ids) != wanted:
            raise Conflict(f"incidents {', '.join(incident_ids)} were merged or taken apart in this moment")
        return {asked: held[one] for asked, one in wanted.items()}

    def _survivors(self, incident_ids: Sequence[str]) -> dict[str, str]:
        rows = self._db.execute(select(_c.id, _c.survivor_id).where(_c.id.in_(incident_ids)))
        return {row.id: row.survivor_id for row in rows}

    # -- finding ---------------------------------------------------------------------------------------------

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
        places = incident_index.search(
            self._db,
            branches=branches,
            cells=cells,
            keys=keys,
            point=point,
            since=since,
            limit=max(limit, _LOOKED_AT) if alike else limit,
        )
        found = list(places)
        if alike and len(found) > limit:
            found = promising(self._glimpses(places), **alike._asdict(), most=limit)
        rows = self._rows(found)
        wholes = self._rows({row.survivor_id for row in rows.values()} - rows.keys())
        once = dict.fromkeys(rows[one].survivor_id for one in found)
        return [_open(wholes[one] if one in wholes else rows[one]) for one in once]

    def _rows(self, incident_ids: Collection[str]) -> dict[str, Row[Any]]:
        wanted = select(t.incidents).where(_c.id.in_(incident_ids))
        return {row.id: row for row in self._db.execute(wanted)} if incident_ids else {}

    def _glimpses(self, places: Mapping[str, float]) -> list[Glimpse]:
        """In their order, each as the incident that it is part of."""
        columns = (_c.id, _c.survivor_id, _c.category, _c.last_report_at, _c.closed_at, _c.vector)
        rows = {row[0]: row for row in self._db.execute(select(*columns).where(_c.id.in_(places.keys())))}
        return [Glimpse(*rows[one][1:], place=worth) for one, worth in places.items()]

    def dots(
        self,
        cells: Sequence[str],
        *,
        south_west: tuple[float, float],
        north_east: tuple[float, float],
        least: int,
        limit: int,
    ) -> Sequence[Dot]:
        at, part, said = t.incident_cells.c, t.incidents.alias("part"), t.complaints.c
        latest = (
            select(_c.id, at.lat, at.lon, _c.category, _c.opened_at, _c.last_report_at)
            .join(t.incidents, _c.id == at.incident_id)
            .where(at.cell.in_(cells), at.ends == incident_index.OPEN, _c.survivor_id == _c.id, _c.people >= least)
            .where(at.lat.between(south_west[0], north_east[0]), at.lon.between(south_west[1], north_east[1]))
            .order_by(_c.last_report_at.desc(), _c.id)
            .limit(_DOTS_LOOKED_AT * limit)
            .subquery()
        )
        one, citizens = latest.c, func.count(said.citizen_id.distinct())
        wanted = (
            select(one.lat, one.lon, one.category, citizens, one.opened_at)
            .join(part, part.c.survivor_id == one.id)
            .join(t.complaints, said.incident_id == part.c.id)
            .where(~said.confidential, ~withdrawn())
            .group_by(*one)
            .having(citizens >= least)
            .order_by(one.last_report_at.desc(), one.id)
            .limit(limit)
        )
        return [Dot(*row) for row in self._db.execute(wanted)] if cells else []

    def without_vector(self, limit: int) -> Sequence[OpenIncident]:
        wanted = select(t.incidents).where(_c.vector.is_(None), _c.closed_at.is_(None))
        return [_open(row) for row in self._db.execute(wanted.order_by(_c.opened_at.desc(), _c.id).limit(limit))]

    def give_vector(self, incident_id: str, vector: bytes) -> None:
        mine = update(t.incidents).where(_c.id == incident_id, _c.vector.is_(None))
        self._db.execute(mine.values(vector=vector))

    def near(self, *, level1: str, district: str | None, limit: int = 200) -> Sequence[OpenIncident]:
        wanted = select(t.incidents).where(_c.level1 == level1, _c.closed_at.is_(None), _c.merged_into.is_(None))
        if district:
            wanted = wanted.where(or_(_c.district == district, _c.district.is_(None)))
        rows = self._db.execute(wanted.order_by(_c.last_report_at.desc()).limit(limit))
        return [_open(row) for row in rows]

    def recurrence(self, incident_id: str) -> str | None:
        again = select(_c.id).where(_c.recurrence_of == incident_id).order_by(_c.opened_at.desc(), _c.id).limit(1)
        return self._db.execute(again).scalar()

    def parts(self, incident_id: str) -> Sequence[Incident]:
        rows = self._db.execute(select(t.incidents).where(_c.id.in_(group(incident_id))))
        return sorted(map(_incident, rows), key=lambda one: (one.merged, one.opened_at, one.id))

    def listed(
        self, *, open_only: bool = True, recurred: bool = False, merged: bool = False, limit: int = 50
    ) -> Sequence[Incident]:
        wanted = select(t.incidents)
        if open_only:
            wanted = wanted.where(_c.closed_at.is_(None))
        if recurred:
            wanted = wanted.where(_c.recurred_at.is_not(None))
        if not merged:
            wanted = wanted.where(_c.merged_into.is_(None))
        return [
            _incident(row) for row in self._db.execute(wanted.order_by(_c.last_report_at.desc(), _c.id).limit(limit))
        ]

    def beginning_with(self, prefix: str, *, limit: int = 2) -> Sequence[str]:
        wanted = select(_c.id).where(_c.id >= prefix, _c.id < prefix + "\x7f").order_by(_c.id).limit(limit)
        return list(self._db.execute(wanted).scalars())

    def reindex(self) -> int:
        return incident_index.rebuild(self._db)

    # -- changing, while it is held ----------------------------------------------------------------------------

    def recount(self, incident_id: str) -> None:
        mine = t.complaints.c.incident_id.in_(group(incident_id))
        # one that everybody has withdrawn keeps the number that it had
        staying, ever, filed = self._db.execute(
            select(
                func.count(case((~withdrawn(), t.complaints.c.citizen_id)).distinct()),
                func.count(t.complaints.c.citizen_id.distinct()),
                func.max(t.complaints.c.filed_at),
            ).where(mine)
        ).one()
        people = staying or ever
        said = self._db.execute(
            select(func.max(t.reports.c.at))
            .join(t.complaints, t.complaints.c.id == t.reports.c.complaint_id)
            .where(mine)
        ).scalar()
        latest = max((at for at in (filed, said) if at), default=None)
        if latest is None:
            return
        whole = _c.id == survivor(incident_id).scalar_subquery()
        self._db.execute(update(t.incidents).where(whole).values(people=people, last_report_at=latest))
        incident_index.touch(self._db, self._group(incident_id), latest)

    def close(self, incident_id: str, at: datetime) -> None:
        all_of_it = self._group(incident_id)
        still_open = (_c.id.in_(all_of_it), _c.closed_at.is_(None))
        self._db.execute(update(t.incidents).where(*still_open).values(closed_at=at))
        incident_index.end(self._db, all_of_it, at)

    def recurred(self, incident_id: str, at: datetime) -> None:
        first_time = (_c.id == survivor(incident_id).scalar_subquery(), _c.recurred_at.is_(None))
        self._db.execute(update(t.incidents).where(*first_time).values(recurred_at=at))

    def attach(self, incident_id: str, into: str) -> None:
        self._db.execute(update(t.incidents).where(_c.id == incident_id).values(merged_into=into))
        self._db.execute(update(t.incidents).where(_c.survivor_id == incident_id).values(survivor_id=into))

    def detach(self, incident_id: str) -> None:
        whole = self._db.execute(select(_c.id, _c.merged_into).where(_c.id.in_(self._group(incident_id)))).all()
        leaving = {incident_id}
        while more := {row.id for row in whole if row.merged_into in leaving} - leaving:
            leaving |= more
        self._db.execute(update(t.incidents).where(_c.id == incident_id).values(merged_into=None))
        self._db.execute(update(t.incidents).where(_c.id.in_(leaving)).values(survivor_id=incident_id))

    def _group(self, incident_id: str) -> list[str]:
        return list(self._db.execute(group(incident_id)).scalars())


def _open(row: Row[Any]) -> OpenIncident:
    return OpenIncident(
        row.id,
        row.category,
        Place.from_dict(row.place or {"text": ""}),
        row.summary,
        row.opened_at,
        row.last_report_at,
        row.people,
        row.closed_at,
        row.vector,
        tuple((code, chance) for code, chance in row.likely or ()),
    )


def _incident(row: Row[Any]) -> Incident:
    return Incident(
        row.id,
        row.category,
        Place.from_dict(row.place or {"text": ""}),
        row.summary,
        row.opened_at,
        row.last_report_at,
        row.people,
        row.survivor_id,
        row.closed_at,
        row.merged_into,
        row.recurrence_of,
        row.recurred_at,
    )
