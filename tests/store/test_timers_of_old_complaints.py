"""A database from before there were timers: what was open then gets its clock, what was closed does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from integrations.services.timer_records import TimerRow
from integrations.store import database
from tests import stores

HISTORIES = {
    "open": ["filed", "dispatched"],
    "again": ["filed", "dispatched", "returned"],
    "shut": ["filed", "dispatched", "closed"],
    "rated": ["filed", "closed", "rated"],
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with stores.database_url(tmp_path) as url:
        engine = database.connect(url)
        database.migrate(engine, "0004_known_issues")
        yield engine
        engine.dispose()


def write(engine: Engine) -> None:
    """Complaints as the version before wrote them."""
    at = "2026-11-20 02:00:00"
    with engine.begin() as db:
        db.execute(text("INSERT INTO citizens (id, created_at) VALUES ('z', :at)"), {"at": at})
        db.execute(
            text(
                "INSERT INTO conversations (id, channel, address, citizen_id, last_seq, created_at) "
                "VALUES ('v', 'web', 'a', 'z', 0, :at)"
            ),
            {"at": at},
        )
        db.execute(
            text(
                "INSERT INTO incidents (id, category, level1, summary, opened_at, last_report_at, survivor_id) "
                "VALUES ('i', '410101', '41', 's', :at, :at, 'i')"
            ),
            {"at": at},
        )
        for number, (name, statuses) in enumerate(HISTORIES.items()):
            db.execute(
                text(
                    "INSERT INTO complaints (id, number, draft_id, conversation_id, citizen_id, incident_id, "
                    "description, category, category_confidence, anonymous, joined, filed_at, due_at) VALUES "
                    "(:id, :number, :id, 'v', 'z', 'i', 's', '410101', 0.9, :no, :no, :at, :at)"
                ),
                {"id": name, "number": str(number), "at": at, "no": False},
            )
            for sequence, status in enumerate(statuses, start=1):
                db.execute(
                    text(
                        "INSERT INTO status_changes (complaint_id, sequence, after, actor, at) "
                        "VALUES (:id, :sequence, :status, 'x', :at)"
                    ),
                    {"id": name, "sequence": sequence, "status": status, "at": at},
                )


def test_what_was_open_has_a_timer_that_is_due_at_once(engine: Engine) -> None:
    write(engine)
    database.migrate(engine)

    now = datetime.now(UTC)
    with database.unit_of_work(engine)() as tx:
        rows: list[TimerRow] = list(tx.timers.claim("w", now, 60, 10))
    assert {(row.kind, row.subject) for row in rows} == {("deadline", "open"), ("deadline", "again")}
    assert all(dict(row.payload) == {} for row in rows)
