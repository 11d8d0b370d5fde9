"""Where incidents are found again: by the cell of their point and by the names of their place, never by a scan.

A search reads a few ranges of two indexes that hold all it needs, and then the rows of those it has chosen. So it
grows with how much is open around the place, and not with how much is open in the city. Whatever opens, closes, merges
or takes apart an incident keeps the rows in step in the same transaction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import islice, zip_longest
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Float,
    Integer,
    Select,
    String,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    union_all,
    update,
)

from integrations.services.records import NOWHERE
from integrations.store import tables as t
from kb.matching.keys import cell_of, place_keys, point_of
from kb.matching.promising import worth_of_key
from kb.places import Place
from kb.places.coordinates import Point

OPEN = 253_402_300_799
"""The second in which an open incident ends: the last one of the year 9999."""

_BATCH = 2_000
_cells, _keys = t.incident_cells.c, t.incident_keys.c


def rows(
    incident_id: str, category: str, place: Place, *, latest: datetime, closed_at: datetime | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of one incident for `incident_cells` and `incident_keys`."""
    common = {"incident_id": incident_id, "branch": category[:2], "ends": seconds(closed_at) if closed_at else OPEN}
    point, names = point_of(place), place_keys(place)
    cells = [{**common, "cell": cell_of(point), "lat": point[0], "lon": point[1]}] if point else []
    if not (names or cells):
        names = (NOWHERE,)
    return cells, [{**common, "key": key, "latest": seconds(latest)} for key in dict.fromkeys(names)]


def add(db: Connection, incident_id: str, category: str, place: Place, *, latest: datetime) -> None:
    """Make a new open incident findable."""
    _insert(db, *rows(incident_id, category, place, latest=latest))


def end(db: Connection, incident_ids: Iterable[str], at: datetime) -> None:
    """Those incidents were closed."""
    for table in (t.incident_cells, t.incident_keys):
        mine = table.c.incident_id.in_(list(incident_ids))
        db.execute(update(table).where(mine, table.c.ends == OPEN).values(ends=seconds(at)))


def touch(db: Connection, incident_ids: Iterable[str], latest: datetime) -> None:
    """The latest report of those incidents is from then."""
    mine = _keys.incident_id.in_(list(incident_ids))
    db.execute(update(t.incident_keys).where(mine).values(latest=seconds(latest)))


def rebuild(db: Connection) -> int:
    """Write the whole index anew, for when keys are made in another way; gives the number of incidents."""
    db.execute(delete(t.incident_cells))
    db.execute(delete(t.incident_keys))
    count, after = 0, ""
    wanted = ("id", "category", "place", "last_report_at", "closed_at")
    columns = select(*(t.incidents.c[name] for name in wanted)).order_by(t.incidents.c.id).limit(_BATCH)
    while batch := db.execute(columns.where(t.incidents.c.id > after)).all():
        made = [
            rows(
                row.id,
                row.category,
                Place.from_dict(row.place or {"text": ""}),
                latest=row.last_report_at,
                closed_at=row.closed_at,
            )
            for row in batch
        ]
        _insert(db, [one for cells, _ in made for one in cells], [one for _, keys in made for one in keys])
        count, after = count + len(batch), batch[-1].id
    return count


def search(
    db: Connection,
    *,
    branches: Sequence[str],
    cells: Sequence[str],
    keys: Sequence[str],
    point: Point | None,
    since: datetime | None,
    limit: int,
) -> dict[str, float]:
    """At most `limit` incidents: the nearest ones and those of each name, the latest first, in turns.

    By id, with the log-odds of all the names and cells under which it stands.
    """
    keys = tuple(dict.fromkeys(keys))
    if not branches or not (keys or cells):
        return {}
    asked: dict[str, Any] = {"branches": list(branches), "each": limit, "since": seconds(since) if since else OPEN}
    asked |= {f"key_{nth}": key for nth, key in enumerate(keys)}
    if cells:
        lat, lon = point or (0.0, 0.0)
        asked |= {"cells": list(cells), "lat": lat, "lon": lon, "narrow": math.cos(math.radians(lat))}
    found: list[list[tuple[float, str]]] = [[] for _ in range(len(keys) + 1)]
    worth = [worth_of_key(key) for key in (*keys, None)]
    places: dict[str, float] = {}
    for which, rank, incident_id in db.execute(_statement(len(keys), bool(cells), since is not None), asked):
        found[which].append((rank, incident_id))
        places[incident_id] = places.get(incident_id, 0.0) + worth[which]
    in_turns = (one for several in zip_longest(*map(sorted, found)) for one in several if one is not None)
    first = islice(dict.fromkeys(incident_id for _, incident_id in in_turns), limit)
    return {incident_id: places[incident_id] for incident_id in first}


def seconds(at: datetime) -> int:
    """Unix seconds, rounded down."""
    return math.floor(at.timestamp())


@cache
def _statement(keys: int, cells: bool, closed_too: bool) -> CompoundSelect[Any]:
    """One statement for all names and cells: made once for each number of names, it needs no time after that."""
    several = [_of_key(nth, closed_too) for nth in range(keys)]
    if cells:
        several.append(_of_cells(keys, closed_too))
    # each has its own order and end, which SQLite allows only inside
    return union_all(*(select(one.subquery()) for one in several))


def _of_key(nth: int, closed_too: bool) -> Select[Any]:
    here = (_keys.key == bindparam(f"key_{nth}", type_=String), *_there(_keys, closed_too))
    wanted = select(literal_column(str(nth)).label("which"), (-_keys.latest).label("rank"), _keys.incident_id)
    return wanted.where(*here).order_by(_keys.latest.desc(), _keys.incident_id).limit(bindparam("each", type_=Integer))


def _of_cells(nth: int, closed_too: bool) -> Select[Any]:
    lat, lon, narrow = (bindparam(name, type_=Float) for name in ("lat", "lon", "narrow"))
    # flat is near enough within some cells
    north, east = _cells.lat - lat, (_cells.lon - lon) * narrow
    away = (north * north + east * east).label("rank")
    here = (_cells.cell.in_(bindparam("cells", expanding=True, type_=String)), *_there(_cells, closed_too))
    wanted = select(literal_column(str(nth)).label("which"), away, _cells.incident_id).where(*here)
    return wanted.order_by(away, _cells.incident_id).limit(bindparam("each", type_=Integer))


def _there(columns: Any, closed_too: bool) -> tuple[Any, Any]:
    since = bindparam("since", type_=BigInteger)
    branches = columns.branch.in_(bindparam("branches", expanding=True, type_=String))
    return branches, columns.ends >= since if closed_too else columns.ends == since


def _insert(db: Connection, cells: list[dict[str, Any]], keys: list[dict[str, Any]]) -> None:
    for table, made in ((t.incident_cells, cells), (t.incident_keys, keys)):
        if made:
            db.execute(insert(table), made)
