"""What one worker does in a second, on SQLite and PostgreSQL: `make bench-worker`.

Each database is measured in a process of its own; the demo department runs in another and is spoken to over HTTP.
Complaints are filed, sent by the worker, moved on by signed hooks through the gateway's door, and the citizens told.
Classifiers are left out: they are measured elsewhere. The figure per core counts this process's own time only, not
the department's and not PostgreSQL's.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.records import RowState
from integrations.settings import Settings
from integrations.store import database
from integrations.store import tables as t
from integrations.web.app import create_app
from integrations.worker import Worker
from tests import backends, servers
from tests.conftest import SECRETS
from tests.fakes import FakeClassifier, FakeListener, FakeRequestTypes, MemoryLimiter, MemoryTurns
from tests.incident_builders import submitted

DATABASES = ("SQLite", "PostgreSQL")
PHASES = {"filed": "complaints filed", "sent": "requests sent", "hooks": "hooks taken", "told": "notices told"}
WARM = 20
LOOK_SECONDS = 0.2


def system(url: str, folder: Path, department: str) -> Services:
    """The use cases over a fresh database, with the department at that address."""
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        quiet_hours="",
        log_level="ERROR",
        database_url="" if url.startswith("sqlite") else url,
        dispatch_url=department,
        **SECRETS,
    )
    engine = database.connect(settings.sql_url)
    database.migrate(engine)
    return bootstrap.build(
        settings,
        engine=engine,
        turns=MemoryTurns(),
        limiter=MemoryLimiter(bootstrap.now),
        listener=FakeListener(),
        classifier=FakeClassifier(),
        request_types=FakeRequestTypes(),
    )


# -- the phases ------------------------------------------------------------------------------------------------------


def file(services: Services, start: int, many: int) -> None:
    """So many complaints, of as many citizens, each of a problem of its own."""
    for nth in range(start, start + many):
        submitted(services, nth)


def work_off(services: Services) -> None:
    """A worker, as it runs in its process, until the outbox is empty. Raises RuntimeError when something is stuck."""
    worker = Worker(services)

    def watch() -> None:
        ready = select(t.outbox.c.id).where(t.outbox.c.state.in_((RowState.READY, RowState.CLAIMED))).limit(1)
        while True:
            time.sleep(LOOK_SECONDS)
            with services.engine.connect() as db:
                if db.execute(ready).first() is None:
                    worker.stop()
                    return

    threading.Thread(target=watch, daemon=True).start()
    worker.run()
    with services.unit_of_work() as tx:
        counts = tx.outbox.counts()
    if set(counts) != {"done"}:
        raise RuntimeError(f"not everything was sent: {counts}")


def take_hooks(services: Services, door: TestClient, requests: list[str]) -> None:
    """Each request is accepted, told by a signed hook."""
    secret = SECRETS["hook_secret"].encode()
    for number in requests:
        content = {"event_id": number, "service_request_id": number, "sequence": 1, "event": "accepted"}
        body = json.dumps({**content, "at": bootstrap.now().isoformat()}).encode()
        stamp = str(int(time.time()))
        signature = hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-Dispatch-Timestamp": stamp, "X-Dispatch-Signature": f"sha256={signature}"}
        answer = door.post("/hooks/dispatch", content=body, headers=headers)
        if answer.json() != {"applied": True}:
            raise RuntimeError(f"a hook was not taken: {answer.status_code} {answer.text}")


def _requests(services: Services, skip: int) -> list[str]:
    with services.engine.connect() as db:
        found = db.execute(select(t.backend_requests.c.request_id).order_by(t.backend_requests.c.filed_at)).scalars()
        return list(found)[skip:]


def measured(url: str, folder: Path, department: str, many: int) -> dict[str, list[float]]:
    """By phase: [per second, per second of this process's own time]. Each begins when the one before is through."""
    services, result = system(url, folder, department), {}

    def phase(name: str, work: Callable[[], None]) -> None:
        began, worked = time.perf_counter(), time.process_time()
        work()
        result[name] = [many / (time.perf_counter() - began), many / (time.process_time() - worked)]

    with TestClient(create_app(services)) as door:
        file(services, 0, WARM)
        work_off(services)
        take_hooks(services, door, _requests(services, 0))
        work_off(services)
        phase("filed", lambda: file(services, WARM, many))
        phase("sent", lambda: work_off(services))
        requests = _requests(services, WARM)
        if len(requests) != many:
            raise RuntimeError(f"{many} complaints became {len(requests)} requests")
        phase("hooks", lambda: take_hooks(services, door, requests))
        phase("told", lambda: work_off(services))
    services.engine.dispose()
    return result


# -- showing ---------------------------------------------------------------------------------------------------------


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "SQLite":
        yield "sqlite:///"
    elif url := os.environ.get("JIESU_TEST_DATABASE_URL"):
        yield url
    else:
        with servers.postgres() as url:
            yield url


def run(kind: str, many: int) -> dict[str, list[float]]:
    """Measure one database in a process of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(_database(kind))
        department = stack.enter_context(backends.running("demo", folder))
        print(f"{kind}: measuring", file=sys.stderr)
        command = [sys.executable, "-m", "tests.bench.worker", "--complaints", str(many)]
        answer = subprocess.run(
            [*command, "--measure", url, str(folder), department.base], stdout=subprocess.PIPE, check=True
        ).stdout
        found: dict[str, list[float]] = json.loads(answer)
        return found


def main() -> None:
    """Measure both and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--complaints", type=int, default=2000)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--measure", nargs=3, metavar=("URL", "FOLDER", "DEPARTMENT"), help="in this process, as JSON")
    given = parser.parse_args()
    if given.measure:
        url, folder, department = given.measure
        print(json.dumps(measured(url, Path(folder), department, given.complaints)))
        return
    table = Table("database", *PHASES.values(), title="per second (per second of its own core)", title_justify="left")
    for kind in given.databases:
        found = run(kind, given.complaints)
        table.add_row(kind, *(f"{wall:.0f} ({core:.0f})" for wall, core in (found[phase] for phase in PHASES)))
    Console().print(table)


if __name__ == "__main__":
    main()
