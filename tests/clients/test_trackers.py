"""Rasa's memory as the worker sees it: rows of this version, rows of an older one, both, or none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from integrations.clients.trackers import SqlTrackers
from integrations.services.errors import TryLater
from tests import stores

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NEW = "CREATE TABLE dialogues (sender_id VARCHAR(255) PRIMARY KEY, version BIGINT, at FLOAT, data TEXT)"
OLD = "CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id VARCHAR(255), timestamp FLOAT, data TEXT)"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with stores.database_url(tmp_path) as url:
        yield f"sqlite:///{tmp_path / 'trackers.db'}" if url.startswith("sqlite") else url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def trackers(url: str) -> Iterator[SqlTrackers]:
    made = SqlTrackers(url)
    yield made
    made._engine.dispose()


def said(words: str) -> dict[str, str]:
    return {"event": "user", "text": words}


def keep(engine: Engine, sender: str, words: list[str], *, at: datetime, old: bool = False) -> None:
    """A conversation in which so much was said, the last of it then."""
    events = [said(one) for one in words]
    with engine.begin() as db:
        db.execute(text((OLD if old else NEW).replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")))
        if not old:
            row = {"s": sender, "at": at.timestamp(), "data": json.dumps(events)}
            db.execute(text("INSERT INTO dialogues VALUES (:s, 1, :at, :data)"), row)
            return
        first = int(db.execute(text("SELECT coalesce(max(id), 0) FROM events")).scalar_one())
        for number, one in enumerate(events, 1):
            row = {"id": first + number, "s": sender, "at": at.timestamp() - len(events) + number}
            db.execute(text("INSERT INTO events VALUES (:id, :s, :at, :data)"), {**row, "data": json.dumps(one)})


def test_a_store_that_is_not_there_remembers_nothing(trackers: SqlTrackers) -> None:
    assert trackers.idle(NOON, limit=5) == []
    assert trackers.count_idle(NOON) == 0
    assert trackers.remembered("web:a") == []
    assert trackers.forget(["web:a"]) == 0


@pytest.mark.parametrize("old", [False, True], ids=["this version", "an older one"])
def test_what_was_said_is_found_oldest_first_and_forgotten_for_one_alone(
    engine: Engine, trackers: SqlTrackers, old: bool
) -> None:
    keep(engine, "web:a", ["一", "二", "三"], at=NOON, old=old)
    keep(engine, "web:b", ["四"], at=NOON, old=old)

    assert [one["text"] for one in trackers.remembered("web:a")] == ["一", "二", "三"]
    assert trackers.forget(["web:a", "web:nobody"]) == 3
    assert trackers.remembered("web:a") == []
    assert trackers.remembered("web:b") == [said("四")]
    assert trackers.forget(["web:a"]) == 0


@pytest.mark.parametrize("old", [False, True], ids=["this version", "an older one"])
def test_idle_is_of_whom_nothing_was_heard_since_then(engine: Engine, trackers: SqlTrackers, old: bool) -> None:
    keep(engine, "web:c", ["早"], at=NOON - timedelta(days=9), old=old)
    keep(engine, "web:a", ["早", "晚"], at=NOON - timedelta(days=3), old=old)
    keep(engine, "web:b", ["刚才"], at=NOON, old=old)

    assert trackers.idle(NOON - timedelta(days=1), limit=5) == ["web:a", "web:c"]
    assert trackers.idle(NOON - timedelta(days=1), limit=1) == ["web:a"]
    assert trackers.idle(NOON - timedelta(days=5), limit=5) == ["web:c"]
    assert trackers.idle(NOON, limit=5) == ["web:a", "web:c"], "heard at that very moment is not idle"
    assert trackers.count_idle(NOON - timedelta(days=1)) == 2


def test_those_of_an_older_version_stand_beside_those_of_this_one(engine: Engine, trackers: SqlTrackers) -> None:
    keep(engine, "web:old", ["从前"], at=NOON - timedelta(days=30), old=True)
    keep(engine, "web:new", ["如今"], at=NOON - timedelta(days=20))

    assert trackers.idle(NOON, limit=5) == ["web:new", "web:old"]
    assert trackers.count_idle(NOON) == 2
    assert [trackers.remembered(f"web:{one}")[0]["text"] for one in ("old", "new")] == ["从前", "如今"]
    assert trackers.forget(["web:old", "web:new"]) == 2
    assert trackers.count_idle(NOON) == 0


def test_many_are_forgotten_at_once(engine: Engine, trackers: SqlTrackers) -> None:
    for number in range(3):
        keep(engine, f"web:{number}", ["一", "二"], at=NOON)
    everybody = [f"web:{number}" for number in range(1200)]

    assert trackers.forget(everybody) == 6


def test_a_store_that_does_not_answer_is_to_be_tried_later(tmp_path: Path) -> None:
    broken = tmp_path / "trackers.db"
    broken.write_bytes(b"this is no database at all" * 100)

    with pytest.raises(TryLater, match="does not answer"):
        SqlTrackers(f"sqlite:///{broken}").remembered("web:a")
