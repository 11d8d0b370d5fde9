"""The worker's loop: it shows that it lives, waits when something is away, and survives what nobody foresaw."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.errors import NeedsPerson, TryLater
from integrations.worker import BEAT_KEY, Worker
from tests.builders import RUBBISH, dispatched, filed, outbox, read
from tests.conftest import wait_until
from tests.fakes import FakeDispatcher


@contextmanager
def working(services: Services) -> Iterator[Worker]:
    worker = Worker(services)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(5)
        assert not thread.is_alive()


def asking_often(services: Services) -> Services:
    """The same system, asking the department after open requests all the time."""
    often = services.settings.model_copy(update={"dispatch_poll_seconds": 0.05})
    return bootstrap.build(often, **services.replacements)


def test_a_worker_does_what_is_there_and_shows_that_it_lives(services: Services) -> None:
    complaint = filed(services)

    with working(services):
        wait_until(lambda: set(outbox(services)) == {"done"})
        services.limiter.seen(BEAT_KEY)

    assert read(services, complaint).status == "dispatched"


def test_a_worker_brings_updates_that_no_hook_brought(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "accepted")

    with working(asking_often(services)):
        wait_until(lambda: read(services, complaint).status == "accepted", 5)


class _TroubledDispatcher(FakeDispatcher):
    """Raises what it is told to when it is first asked after updates."""

    def __init__(self, trouble: Exception) -> None:
        super().__init__()
        self._trouble = [trouble]

    def updates(self, request_id: str) -> list[object]:  # type: ignore[override]
        if self._trouble:
            raise self._trouble.pop()
        return super().updates(request_id)  # type: ignore[return-value]


@pytest.mark.parametrize(
    "trouble",
    [TryLater("away"), NeedsPerson("the department refused: 403"), ValueError("not foreseen")],
    ids=lambda trouble: type(trouble).__name__,
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_goes_on_asking_after_trouble(services: Services, trouble: Exception) -> None:
    troubled = _TroubledDispatcher(trouble)
    services = bootstrap.build(services.settings, **{**services.replacements, "dispatcher": troubled})
    complaint, request = dispatched(services)
    troubled.do(request, "accepted")

    with working(asking_often(services)):
        wait_until(lambda: read(services, complaint).status == "accepted", 3)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_row_over_which_the_program_fails_does_not_stop_the_others(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    """A fault of ours, or an answer in a shape that nobody foresaw: one row must not end the whole worker."""
    filed(services)
    other = filed(services, RUBBISH, draft_id="draft-2")

    def fail_once() -> None:
        dispatcher.before_filing = lambda: None
        raise ValueError("not foreseen")

    dispatcher.before_filing = fail_once
    with working(services):
        wait_until(lambda: read(services, other).status == "dispatched", 3)


def test_a_worker_whose_limiter_is_away_still_works(services: Services) -> None:
    if not hasattr(services.limiter, "away"):
        pytest.skip("a real Redis cannot be switched off from here")
    services.limiter.away = True
    complaint = filed(services)

    with working(services):
        wait_until(lambda: read(services, complaint).status == "dispatched", 5)


def test_a_worker_waits_while_the_database_is_away(services: Services) -> None:
    away = threading.Event()
    away.set()
    real = services.dispatching.unit_of_work

    def sometimes():  # type: ignore[no-untyped-def]
        if away.is_set():
            raise TryLater("the database did not answer")
        return real()

    services.__dict__["dispatching"] = replace(services.dispatching, unit_of_work=sometimes)
    complaint = filed(services)

    with working(services):
        away.clear()
        wait_until(lambda: read(services, complaint).status == "dispatched", 5)
