"""Workers that are killed outright, wherever they are; others finish, and the department has every complaint once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.settings import Settings
from integrations.store import database
from integrations.store import tables as t
from tests.backends import Backend, OtherBackend
from tests.builders import LAMP, RUBBISH, filed
from tests.fakes import FakeClock
from tests.faults.tally import Tally, rows_in
from tests.faults.workers import Fate, die, finish, working

pytestmark = pytest.mark.faults

TEXTS = (LAMP, RUBBISH, "城阳区正阳路中间的井盖响了好几天")


@pytest.fixture
def clock() -> FakeClock:
    """The workers are real processes and have the real time."""
    return FakeClock(bootstrap.now())


@pytest.fixture
def settings(settings: Settings, geo: Backend) -> Settings:
    return geo.settings(settings)


@pytest.mark.parametrize(
    ("fault", "fate"),
    [
        ("kill -9 in the middle of a claim", Fate("claiming")),
        ("kill -9 after the claim", Fate("claimed")),
        ("kill -9 before the request", Fate("before request")),
        ("kill -9 just before it is sent", Fate("sending")),
        ("kill -9 after the request, before the commit", Fate("after request")),
        ("kill -9 before the commit", Fate("before commit")),
        ("kill -9 after the commit", Fate("after commit")),
        ("kill -9 with the second in hand", Fate("after request", nth=2)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_worker_that_is_killed(
    services: Services, settings: Settings, geo: Backend, tally: Tally, fault: str, fate: Fate
) -> None:
    complaints = [filed(services, text, draft_id=f"draft-{count}") for count, text in enumerate(TEXTS)]

    die(settings, fate)
    finish(services, settings)

    tally.count(fault, services, complaints, geo)


@pytest.mark.parametrize("moment", ["before token", "after token"])
def test_a_worker_that_is_killed_over_a_token(
    services: Services, settings: Settings, geo: Backend, tally: Tally, moment: str
) -> None:
    if not isinstance(geo, OtherBackend):
        pytest.skip("the demo department gives no tokens")
    geo.delay_numbers(2.0)
    settings = geo.settings(settings, mapping=_patient(geo, settings.data_dir))
    complaints = [filed(services, text, draft_id=f"draft-{count}") for count, text in enumerate(TEXTS)]

    die(settings, Fate(moment))
    finish(services, settings)

    tally.count(f"kill -9 {moment} is kept", services, complaints, geo)


def _patient(geo: Backend, folder: Path) -> Path:
    """A number takes two seconds here, and the list shows nothing before."""
    path = folder / "patient.yml"
    text = geo.mapping_file.read_text(encoding="utf-8")
    path.write_text(text.replace("shows_after_seconds: 1", "shows_after_seconds: 4"), encoding="utf-8")
    return path


def test_several_workers_that_are_killed_one_after_the_other(
    services: Services, settings: Settings, geo: Backend, tally: Tally
) -> None:
    complaints = [filed(services, text, draft_id=f"draft-{count}") for count, text in enumerate(TEXTS * 2)]

    for fate in (Fate("after request"), Fate("before commit", nth=2), Fate("sending"), Fate("after request", nth=2)):
        die(settings, fate)
    finish(services, settings, workers=2)

    tally.count("four workers killed in turn", services, complaints, geo)


def test_four_workers_race_for_every_complaint(
    services: Services, settings: Settings, geo: Backend, tally: Tally
) -> None:
    complaints = [filed(services, TEXTS[count % 3], draft_id=f"draft-{count}") for count in range(24)]

    finish(services, settings, workers=4)

    tally.count("four workers race", services, complaints, geo)


@pytest.mark.parametrize("room", [0, 8192, 32768])
def test_a_disk_that_is_full(services: Services, settings: Settings, geo: Backend, tally: Tally, room: int) -> None:
    """No file of the first worker may grow: it can write nothing at all, or some of its steps and then no more."""
    if services.engine.dialect.name != "sqlite":
        pytest.skip("the server writes the files, and it is not ours to starve")
    complaints = [filed(services, text, draft_id=f"draft-{count}") for count, text in enumerate(TEXTS)]
    log = settings.data_dir / "jiesu.db-wal"
    with working(settings, Fate(bytes=log.stat().st_size + room if room else 4096)) as process:
        process.join(4)
        assert process.exitcode is None, "a full disk must not end the worker"
    assert room or rows_in(services, "done") == 0
    finish(services, settings)

    tally.count("disk full", services, complaints, geo)


# -- 10,000 rows, four processes ---------------------------------------------------------------------------------


def _race(url: str, name: str, path: str) -> None:
    unit_of_work = database.unit_of_work(database.connect(url))
    claimed: list[int] = []
    while True:
        now = bootstrap.now()
        with unit_of_work() as tx:
            row = tx.outbox.claim(worker=name, now=now, lease_seconds=600)
        if row is None:
            break
        claimed.append(row.id)
        with unit_of_work() as tx:
            assert tx.outbox.done(row, now)
    Path(path).write_text("\n".join(map(str, claimed)), encoding="utf-8")


@pytest.fixture
def ten_thousand(services: Services) -> Iterator[None]:
    complaint = filed(services)
    at = bootstrap.now() - timedelta(seconds=60)
    row = {"task": "notice", "complaint_id": complaint.id, "payload": {}, "state": "ready", "attempts": 0}
    with services.engine.begin() as connection:
        connection.execute(t.outbox.delete())
        connection.execute(insert(t.outbox), [{**row, "next_at": at, "created_at": at} for _ in range(10_000)])
    yield


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_four_processes_race_for_ten_thousand_rows(
    services: Services, settings: Settings, geo: Backend, ten_thousand: None, tmp_path: Path
) -> None:
    if isinstance(geo, OtherBackend):
        pytest.skip("no backend has a part in it")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.workers"])
    racers = [
        context.Process(target=_race, args=(settings.sql_url, f"racer-{count}", str(tmp_path / f"racer-{count}")))
        for count in range(4)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(800)
        assert racer.exitcode == 0

    shares = [(tmp_path / f"racer-{count}").read_text(encoding="utf-8").split() for count in range(4)]
    claimed = [row for share in shares for row in share]
    assert len(claimed) == len(set(claimed)) == 10_000
