"""How many complaints one worker files in a second, on SQLite and PostgreSQL: `python -m tests.bench.dispatch`.

The whole way of a row is measured (claim, look at the complaint, write down that it is sent, record, status, notice
row), then its notice; the backend answers at once, so the figure is the worker's and the database's own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.records import Complaint, Report, Task
from integrations.settings import Settings
from integrations.store import database
from kb import matching, ticket_number
from kb.places import Place
from tests import servers
from tests.builders import LAMP, filed
from tests.fakes import FakeClassifier, FakeDispatcher, FakeListener, FakeRequestTypes, MemoryLimiter, MemoryTurns


def system(url: str, folder: Path) -> Services:
    """The use cases over a fresh database, with a backend that answers at once."""
    secrets = dict.fromkeys(("hook_secret", "session_secret", "internal_token", "dispatch_api_key"), "x" * 16)
    settings = Settings(
        _env_file=None, data_dir=folder, quiet_hours="", database_url="" if url.startswith("sqlite") else url, **secrets
    )
    engine = database.connect(settings.sql_url)
    database.migrate(engine)
    return bootstrap.build(
        settings,
        engine=engine,
        turns=MemoryTurns(),
        limiter=MemoryLimiter(bootstrap.now),
        listener=FakeListener(),
        dispatcher=FakeDispatcher(),
        classifier=FakeClassifier(),
        request_types=FakeRequestTypes(),
    )


def fill(services: Services, rows: int) -> None:
    """So many complaints that wait to be filed, each an incident of its own: copies of one that was filed as usual."""
    first = filed(services, LAMP)
    for start in range(0, rows - 1, 500):
        with services.unit_of_work() as tx:
            for count in range(start, min(start + 500, rows - 1)):
                one: Complaint = replace(
                    first,
                    id=f"copy-{count}",
                    number=ticket_number.new(),
                    draft_id=f"copy-{count}",
                    incident_id=f"incident-{count}",
                )
                at, place = first.filed_at, first.place or Place("")
                incident = matching.OpenIncident(one.incident_id, one.category, place, "x", at, at, 1)
                tx.incidents.add(incident)
                tx.complaints.add(one, None)
                tx.reports.add(Report(one.id, Report.FIRST, one.description, "web", at, one.place))
                tx.outbox.add(Task.FILE, one.id, {}, at=at)


def measured(url: str, folder: Path, rows: int) -> tuple[float, float]:
    """(complaints filed per second of wall time, per second of this process's own work), the notices included."""
    services = system(url, folder)
    fill(services, rows)
    began, worked = time.perf_counter(), time.process_time()
    while services.dispatching.relay_one("bench"):
        pass
    took, work = time.perf_counter() - began, time.process_time() - worked
    services.engine.dispose()
    return rows / took, rows / work


def main() -> None:
    """Measure both and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    rows = parser.parse_args().rows
    table = Table("database", "complaints filed per second, one worker", "per second of its own core time")
    with ExitStack() as stack:
        urls = {"SQLite": "sqlite:///"}
        urls["PostgreSQL"] = os.environ.get("JIESU_TEST_DATABASE_URL") or stack.enter_context(servers.postgres())
        for name, url in urls.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            wall, core = measured(url, folder, rows)
            table.add_row(name, f"{wall:.0f}", f"{core:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
