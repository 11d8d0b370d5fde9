"""A worker is killed outright in the middle of filing; another one finishes; the department has the complaint once."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.settings import Settings
from integrations.store import tables as t
from kb.lifecycle import Status
from tests.builders import filed, outbox, read, request_of
from tests.conftest import Department, wait_until
from tests.fakes import FakeClock
from tests.services.worker_entry import worker_process

MOMENTS = ("claimed", "before request", "after request", "before commit")


@pytest.fixture
def clock() -> FakeClock:
    """The workers are real processes and have the real time."""
    return FakeClock(bootstrap.now())


@pytest.fixture
def settings(settings: Settings, department: Department) -> Settings:
    return settings.model_copy(update={"dispatch_url": department.open311, "log_level": "ERROR"})


def let_the_lease_run_out(services: Services) -> None:
    with services.engine.begin() as connection:
        claimed = connection.execute(select(t.outbox.c.id).where(t.outbox.c.state == "claimed")).scalars().all()
        assert len(claimed) == 1, "the worker died without a claim"
        connection.execute(update(t.outbox).values(lease_until=bootstrap.now() - timedelta(seconds=1)))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_complaint_is_filed_once_although_its_worker_was_killed(
    services: Services, department: Department, moment: str
) -> None:
    complaint = filed(services)
    sent_before_death = moment in ("after request", "before commit")

    with worker_process(services.settings, moment) as first:
        first.join(30)
        assert first.exitcode == -signal.SIGKILL
    assert len(department.numbers_of(complaint.number)) == sent_before_death
    assert read(services, complaint).status is Status.FILED

    let_the_lease_run_out(services)
    with worker_process(services.settings) as second:
        wait_until(lambda: set(outbox(services)) == {"done"})
        os.kill(second.pid or 0, signal.SIGTERM)
        second.join(10)
        assert second.exitcode == 0

    assert department.numbers_of(complaint.number) == [request_of(services, complaint)]
    assert [one.after for one in read(services, complaint).history] == [Status.FILED, Status.DISPATCHED]


def test_two_workers_at_once_file_every_complaint_once(services: Services, department: Department) -> None:
    complaints = [filed(services, draft_id=f"draft-{number}") for number in range(12)]

    with worker_process(services.settings), worker_process(services.settings):
        wait_until(lambda: set(outbox(services)) == {"done"})

    for complaint in complaints:
        assert department.numbers_of(complaint.number) == [request_of(services, complaint)]
