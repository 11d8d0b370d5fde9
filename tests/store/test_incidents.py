"""Incidents in the store: found again by cell and by name, and what the migration makes of those that are there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, bindparam, delete, func, insert, select, text

from integrations.services.incident_ports import Alike
from integrations.services.ports import UnitOfWork
from integrations.services.records import NOWHERE
from integrations.settings import Settings
from integrations.store import database, incident_index
from integrations.store import tables as t
from kb.matching import OpenIncident
from kb.matching.keys import asked_keys, cell_of, cells_around, place_keys, point_of
from kb.places import Place
from kb.places.distances import metres
from kb.vectors import DIMENSIONS
from tests import stores
from tests.fakes import SATURDAY
from tests.often import often

AT = SATURDAY
HERE = (36.1062, 120.3826)
SPOT = Place("翠湖小区3号楼", district="市北区", spot="翠湖小区", lat=HERE[0], lon=HERE[1], crs="WGS-84")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = database.connect(settings.sql_url)
    yield engine
    engine.dispose()


@pytest.fixture
def unit_of_work(engine: Engine) -> UnitOfWork:
    return database.unit_of_work(engine)


def one(name: str, place: Place = SPOT, category: str = "410102", last: datetime = AT, **more: Any) -> OpenIncident:
    return OpenIncident(name, category, place, "路灯坏了", AT, last, 1, **more)


def opened(unit_of_work: UnitOfWork, *incidents: OpenIncident) -> None:
    with unit_of_work() as tx:
        for incident in incidents:
            tx.incidents.add(incident)


def found(unit_of_work: UnitOfWork, **by: Any) -> list[str]:
    with unit_of_work() as tx:
        return [incident.id for incident in tx.incidents.candidates(**{"branches": ["41"], **by})]


def near(unit_of_work: UnitOfWork, **by: Any) -> list[str]:
    return found(unit_of_work, cells=cells_around(HERE, 250), point=HERE, **by)


# -- what is not found -------------------------------------------------------------------------------------------------


def test_asking_for_nothing_finds_nothing(unit_of_work: UnitOfWork) -> None:
    opened(unit_of_work, one("here"))

    assert found(unit_of_work) == []
    assert near(unit_of_work, branches=[]) == []
    assert near(unit_of_work, limit=0) == []


def test_another_branch_another_cell_and_another_name_are_not_found(unit_of_work: UnitOfWork) -> None:
    far = Place("金水路1号", road="金水路", lat=HERE[0] + 0.1, lon=HERE[1], crs="WGS-84")
    opened(unit_of_work, one("here"), one("other branch", category="310101"), one("far", far))

    assert near(unit_of_work) == ["here"]
    assert found(unit_of_work, keys=place_keys(SPOT)) == ["here"]
    assert set(near(unit_of_work, branches=["31", "41"])) == {"here", "other branch"}


def test_a_point_in_another_system_is_found_where_it_is(unit_of_work: UnitOfWork) -> None:
    opened(unit_of_work, one("gcj", Place("x", lat=HERE[0], lon=HERE[1], crs="GCJ-02")))

    with unit_of_work() as tx:
        (incident,) = tx.incidents.candidates(branches=["41"], cells=cells_around(HERE, 1500))
    point = point_of(incident.place)
    assert point is not None
    assert 200 < metres(point, HERE) < 1000


def test_a_closed_one_is_found_only_by_who_asks_for_closed_ones(unit_of_work: UnitOfWork) -> None:
    opened(unit_of_work, one("open"), one("closed"))
    with unit_of_work() as tx:
        tx.incidents.close("closed", AT)

    for ask in (near, lambda uow, **by: found(uow, keys=place_keys(SPOT), **by)):
        assert ask(unit_of_work) == ["open"]
        assert set(ask(unit_of_work, since=AT - timedelta(days=30))) == {"open", "closed"}
        assert set(ask(unit_of_work, since=AT)) == {"open", "closed"}
        assert ask(unit_of_work, since=AT + timedelta(seconds=1)) == ["open"]


def test_closing_twice_keeps_the_first_time(unit_of_work: UnitOfWork) -> None:
    opened(unit_of_work, one("x"))
    with unit_of_work() as tx:
        tx.incidents.close("x", AT)
        tx.incidents.close("x", AT + timedelta(days=9))
        closed = tx.incidents.find("x")

    assert closed is not None
    assert closed.closed_at == AT
    assert near(unit_of_work, since=AT + timedelta(days=1)) == []


# -- what is found -----------------------------------------------------------------------------------------------------


def test_it_comes_back_as_it_was_opened(unit_of_work: UnitOfWork) -> None:
    made = one("x", vector=b"\x00\x01\xff")
    opened(unit_of_work, made)

    with unit_of_work() as tx:
        assert tx.incidents.candidates(branches=["41"], cells=[cell_of(HERE)]) == [made]
        assert tx.incidents.get("x") == tx.incidents.recent("x") == made


def test_without_a_place_it_is_found_where_nobody_knows(unit_of_work: UnitOfWork) -> None:
    opened(unit_of_work, one("nowhere", Place("")), one("somewhere"))

    assert found(unit_of_work, keys=[NOWHERE]) == ["nowhere"]


def test_the_nearest_come_first_and_the_latest_of_a_name(unit_of_work: UnitOfWork) -> None:
    def at(north: float) -> Place:
        return Place(
            "翠湖小区", district="市北区", spot="翠湖小区", lat=HERE[0] + north / 111_195, lon=HERE[1], crs="WGS-84"
        )

    opened(
        unit_of_work,
        one("80 m", at(80), last=AT),
        one("10 m", at(10), last=AT - timedelta(days=3)),
        one("40 m", at(-40), last=AT - timedelta(days=1)),
    )

    assert near(unit_of_work) == ["10 m", "40 m", "80 m"]
    assert near(unit_of_work, limit=2) == ["10 m", "40 m"]
    assert found(unit_of_work, keys=place_keys(at(0))[:1]) == ["80 m", "40 m", "10 m"]


def test_a_crowded_road_does_not_push_out_the_house_nor_the_nearest(unit_of_work: UnitOfWork) -> None:
    crowd = [one(f"crowd {nth}", Place("合肥路", "市北区", road="合肥路")) for nth in range(30)]
    house = Place("合肥路688号", "市北区", road="合肥路")
    pin = Place("定位", lat=HERE[0], lon=HERE[1], crs="WGS-84")
    old = AT - timedelta(days=100)
    opened(unit_of_work, *crowd, one("house", house, last=old), one("pin", pin, last=old))

    asked = near(unit_of_work, keys=asked_keys(house), limit=8)

    assert {"house", "pin"} <= set(asked)
    assert len(asked) == 8


def test_one_that_was_merged_is_found_as_its_survivor_from_both_places(unit_of_work: UnitOfWork) -> None:
    there = Place("金水路1号", "李沧区", road="金水路", lat=HERE[0] + 0.1, lon=HERE[1], crs="WGS-84")
    opened(unit_of_work, one("here"), one("there", there))
    with unit_of_work() as tx:
        tx.incidents.attach("there", "here")

    both = (*cells_around(HERE, 100), *cells_around((HERE[0] + 0.1, HERE[1]), 100))
    assert found(unit_of_work, cells=cells_around((HERE[0] + 0.1, HERE[1]), 100)) == ["here"]
    assert found(unit_of_work, cells=both, keys=place_keys(there)) == ["here"]
    with unit_of_work() as tx:
        tx.incidents.close("there", AT)
    assert found(unit_of_work, cells=both, keys=place_keys(there)) == []


def test_the_index_written_anew_is_the_same(unit_of_work: UnitOfWork, engine: Engine) -> None:
    opened(unit_of_work, one("open"), one("closed"), one("nowhere", Place("")))
    with unit_of_work() as tx:
        tx.incidents.close("closed", AT)

    def whole() -> list[list[Any]]:
        tables = (t.incident_cells, t.incident_keys)
        with engine.connect() as connection:
            return [sorted(map(tuple, connection.execute(select(table)))) for table in tables]

    before = whole()
    with engine.begin() as connection:
        connection.execute(delete(t.incident_keys).where(t.incident_keys.c.incident_id == "open"))
    assert whole() != before
    with unit_of_work() as tx:
        assert tx.incidents.reindex() == 3
    assert whole() == before


@settings(max_examples=often(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_index_finds_what_a_scan_finds(empty_tables: str, tmp_path_factory: Any, data: st.DataObject) -> None:
    numbers = st.integers(-8, 8)
    names = st.sampled_from([None, "翠湖小区", "阳光花园"])
    made = data.draw(
        st.lists(st.tuples(numbers, numbers, names, st.sampled_from(["410102", "310101"]), st.booleans()), max_size=12)
    )
    incidents = []
    for nth, (north, east, spot, category, pinned) in enumerate(made):
        lat, lon = (HERE[0] + north * 0.001, HERE[1] + east * 0.001) if pinned else (None, None)
        place = Place(spot or "那里", "市北区", spot=spot, lat=lat, lon=lon, crs="WGS-84" if pinned else None)
        incidents.append(one(str(nth), place, category))
    radius = data.draw(st.sampled_from([50.0, 250.0, 600.0]))
    asked = Place("翠湖小区", "市北区", spot="翠湖小区")
    with stores.database_url(tmp_path_factory.mktemp("index"), template=empty_tables) as url:
        engine = database.connect(url)
        uow = database.unit_of_work(engine)
        opened(uow, *incidents)
        got = found(uow, cells=cells_around(HERE, radius), keys=asked_keys(asked), point=HERE)
        engine.dispose()

    within = {
        one.id
        for one in incidents
        if one.category[:2] == "41"
        and (one.place.spot == asked.spot or ((point := point_of(one.place)) and metres(point, HERE) <= radius))
    }
    assert within <= set(got)
    assert len(got) == len(set(got))
    wrong = [one for one in incidents if one.id in got and one.category[:2] != "41"]
    assert wrong == []


def test_a_search_reads_its_indexes_and_scans_nothing(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL scans a table that is small, as it should; the bench measures a large one")
    statement = incident_index._statement(2, True, True)
    asked = {"branches": ["41"], "cells": ["1:1"], "lat": 0.0, "lon": 0.0, "narrow": 1.0, "each": 5, "since": 0}
    asked |= {"key_0": "a", "key_1": "b"}
    with engine.connect() as connection:
        result = connection.execute(statement, asked)
        assert result.all() == []
        sql, parameters = result.context.statement, result.context.parameters[0]
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    reads = [line for line in plan if "incident_" in line]
    assert len(reads) == 3
    assert all("USING COVERING INDEX ix_incident_" in line and "_search" in line for line in reads), plan


# -- the migration -----------------------------------------------------------------------------------------------------


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Engine]:
    """A database of the version before, with two complaints of one incident and a closed one without a place."""
    with stores.database_url(tmp_path) as url:
        engine = database.connect(url)
        database.migrate(engine, "0002")
        with engine.begin() as db:
            for nth in (1, 2):
                db.execute(insert(t.citizens).values(id=f"z{nth}", created_at=AT))
                _put(
                    db,
                    "conversations",
                    id=f"v{nth}",
                    channel="web",
                    address=f"a{nth}",
                    citizen_id=f"z{nth}",
                    last_seq=0,
                    created_at=AT,
                )
            place = SPOT.as_dict()
            old = {"category": "410102", "level1": "41", "summary": "灯", "opened_at": AT, "last_report_at": AT}
            _put(db, "incidents", id="i1", district="市北区", place=place, **old)
            told = {**old, "summary": "3号楼2单元501的灯，我叫王小明"}
            _put(db, "incidents", id="i2", closed_at=AT + timedelta(days=1), **told)
            for nth, (incident, citizen) in enumerate((("i1", 1), ("i1", 2), ("i2", 1), ("i1", 1)), 1):
                _put(
                    db, "complaints", id=f"c{nth}", number=str(nth), draft_id=f"d{nth}", conversation_id=f"v{citizen}",
                    citizen_id=f"z{citizen}", incident_id=incident, description=f"第{nth}次", category="410102",
                    category_confidence=1.0, place=place, anonymous=True, joined=nth > 1, filed_at=AT, due_at=AT,
                )  # fmt: skip
        yield engine
        engine.dispose()


def _put(db: Any, name: str, **values: Any) -> None:
    """Insert by the columns that the older version had, whatever the tables of the code have now."""
    table = t.metadata.tables[name]
    kinds = {column: table.c[column].type for column in values}
    marks = ", ".join(f":{column}" for column in values)
    statement = text(f"INSERT INTO {name} ({', '.join(values)}) VALUES ({marks})")
    db.execute(statement.bindparams(*(bindparam(column, type_=kind) for column, kind in kinds.items())), values)


def test_the_migration_gives_every_complaint_its_report_and_every_incident_its_counts(before: Engine) -> None:
    database.migrate(before)

    with database.unit_of_work(before)() as tx:
        first, second = tx.incidents.find("i1"), tx.incidents.find("i2")
        assert first and second
        assert (first.people, first.survivor_id, first.open) == (2, "i1", True)
        assert (second.people, second.survivor_id, second.open) == (1, "i2", False)
        assert (first.summary, second.summary) == ("灯", "3号楼的灯，我叫某某")
        reports = tx.reports.of_incident("i1")
        assert [(one.key, one.text, one.channel, one.at) for one in reports] == [
            ("filed", f"第{nth}次", "web", AT) for nth in (1, 2, 4)
        ]
        assert reports[0].place == SPOT
        assert [one.id for one in tx.incidents.candidates(branches=["41"], cells=[cell_of(HERE)])] == ["i1"]
        assert [one.id for one in tx.incidents.candidates(branches=["41"], keys=[NOWHERE], since=AT)] == ["i2"]


def test_the_migration_goes_back_and_forth_with_what_is_there(before: Engine) -> None:
    database.migrate(before)
    _down(before, "0002")
    with before.connect() as db:
        assert db.execute(select(func.count()).select_from(t.complaints)).scalar() == 4
    database.migrate(before)

    with database.unit_of_work(before)() as tx:
        assert len(tx.reports.of_incident("i1")) == 3


def _down(engine: Engine, revision: str) -> None:
    config = database._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_seconds_are_rounded_down_on_both_sides() -> None:
    later = AT + timedelta(milliseconds=999)
    assert incident_index.seconds(later) == incident_index.seconds(AT) == math.floor(AT.timestamp())


# -- of many, the most promising --------------------------------------------------------------------------------------


def test_of_many_the_most_alike_is_found_though_it_is_the_farthest_and_oldest(unit_of_work: UnitOfWork) -> None:
    near, other = (np.eye(DIMENSIONS, dtype=np.float32)[nth].astype(np.float16).tobytes() for nth in (0, 1))
    later = [one(f"i{nth:02}", last=AT + timedelta(minutes=1 + nth), vector=other) for nth in range(60)]
    opened(unit_of_work, one("alike", vector=near), *later)
    keys = place_keys(SPOT)

    assert "alike" not in found(unit_of_work, keys=keys, limit=10)
    assert found(unit_of_work, keys=keys, limit=10, alike=Alike("410102", near, AT))[0] == "alike"
    assert len(found(unit_of_work, keys=keys, limit=10, alike=Alike("410102", None, AT))) == 10


def test_of_few_all_are_found(unit_of_work: UnitOfWork) -> None:
    opened(unit_of_work, one("i1"), one("i2"))

    assert set(found(unit_of_work, keys=place_keys(SPOT), alike=Alike("410102", None, AT))) == {"i1", "i2"}
