"""A file of the first version goes on where it was."""

import json
import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from integrations.demo_dispatch.app import create_app
from integrations.demo_dispatch.settings import Settings
from integrations.demo_dispatch.store import SCHEMA_VERSION, Store

from .conftest import ALL_CHECKS, KEY, Citizen, StillClock

FIRST_VERSION = """
CREATE TABLE requests (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, service_code TEXT NOT NULL, description TEXT, address TEXT,
    lat REAL, long REAL, reference TEXT, attributes TEXT NOT NULL, media_url TEXT, first_name TEXT, phone TEXT,
    email TEXT, device_id TEXT, account_id TEXT, jurisdiction_id TEXT, requested_at TEXT NOT NULL
);
CREATE INDEX requests_by_time ON requests (requested_at);
CREATE TABLE history (
    number TEXT NOT NULL REFERENCES requests (number), sequence INTEGER NOT NULL, event_id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL, at TEXT NOT NULL, unit TEXT, note TEXT, PRIMARY KEY (number, sequence)
);
CREATE TABLE outbox (
    number TEXT NOT NULL, sequence INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_at REAL NOT NULL,
    PRIMARY KEY (number, sequence), FOREIGN KEY (number, sequence) REFERENCES history (number, sequence)
);
CREATE TABLE counters (day TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE keys (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE VIEW cases AS
SELECT requests.*, COALESCE(
    (SELECT event FROM history WHERE history.number = requests.number ORDER BY sequence DESC LIMIT 1),
    'received') AS state
FROM requests;
PRAGMA user_version = 1;
"""
STEPS = {
    "DC-20261120-0001": [],
    "DC-20261120-0002": ["accepted"],
    "DC-20261120-0003": ["accepted", "assigned", "answered", "closed"],
    "DC-20261120-0004": ["returned"],
}


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "demo_dispatch.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(FIRST_VERSION)
        for number, steps in STEPS.items():
            attributes = json.dumps([["REFERENCE", f"QD-{number[-1]}"], ["URGENCY", "很急"]])
            connection.execute(
                "INSERT INTO requests (number, service_code, description, address, attributes, reference, requested_at)"
                " VALUES (?, 'QD-41', '路灯坏了', '合肥路', ?, ?, '2026-11-20T09:00:00+08:00')",
                (number, attributes, f"QD-{number[-1]}"),
            )
            for sequence, step in enumerate(steps, start=1):
                unit = "二班" if step in ("assigned", "answered", "closed") else None
                connection.execute(
                    "INSERT INTO history VALUES (?, ?, ?, ?, '2026-11-20T10:00:00+08:00', ?, NULL)",
                    (number, sequence, f"{number}.{sequence}", step, unit),
                )
        connection.execute("INSERT INTO outbox VALUES ('DC-20261120-0003', 4, 7, 0)")
        connection.execute("INSERT INTO counters VALUES ('20261120', 4)")
        connection.execute("INSERT INTO keys VALUES ('form', 'the key of before')")
    connection.close()
    return path


def test_everything_stands_as_it_stood_and_goes_on(old_file: Path, clock: StillClock) -> None:
    with TestClient(create_app(Settings(old_file, KEY), clock=clock)) as client:
        citizen = Citizen(client)
        for number, steps in STEPS.items():
            read = citizen.read(number)
            assert read["extended_attributes"]["state"] == (steps[-1] if steps else "received")
            assert citizen.states(number) == steps
            assert read["extended_attributes"]["reference"] == f"QD-{number[-1]}"
            assert client.get(f"/requests/{number}").status_code == 200
        assert citizen.numbers(status="closed") == ["DC-20261120-0004", "DC-20261120-0003"]
        assert client.get("/health").json()["undelivered_events"] == 1

        citizen.step("DC-20261120-0002", "assigned", "三班")
        citizen.tell("DC-20261120-0003", "recheck")
        citizen.step("DC-20261120-0003", "rechecked", "好了", clerk="王敏", solved="yes", checks=ALL_CHECKS)
        assert citizen.states("DC-20261120-0003")[-1] == "rechecked"
        clock.move(days=-1)
        assert citizen.file() == "DC-20261120-0005"


def test_a_file_that_was_brought_up_is_like_a_new_one(old_file: Path, tmp_path: Path) -> None:
    new_file = tmp_path / "new.db"
    for path in (old_file, new_file, old_file):
        Store(path).close()

    assert shape(old_file) == shape(new_file)
    assert version(old_file) == version(new_file) == SCHEMA_VERSION
    with sqlite3.connect(old_file) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT value FROM keys").fetchall() == [("the key of before",)]
        assert connection.execute("SELECT attempts FROM outbox").fetchall() == [(7,)]


def version(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def shape(path: Path) -> dict[str, object]:
    """Tables with their columns (name, type, not null, default, key) and indexes."""
    with sqlite3.connect(path) as connection:
        names = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        columns = {
            name: sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({name})").fetchall())
            for kind, name in names
            if kind == "table"
        }
    return {"names": sorted(names), "columns": columns}


def test_a_step_that_fails_half_way_leaves_the_old_file_as_it_was(
    old_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from integrations.demo_dispatch import store

    broken = tmp_path / "broken.sql"
    broken.write_text(store.STEPS_UP[1].read_text(encoding="utf-8").replace("PRAGMA user_version = 2;", "NONSENSE;"))
    monkeypatch.setattr(store, "STEPS_UP", {1: broken})

    with pytest.raises(store.StoreUnusable):
        Store(old_file)

    assert version(old_file) == 1
    with sqlite3.connect(old_file) as connection:
        assert connection.execute("SELECT COUNT(*) FROM cases").fetchone() == (4,)
