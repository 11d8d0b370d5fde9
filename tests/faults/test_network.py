"""Sockets that break between the worker and the backend: whatever was heard is found again, what was not is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.dispatch_ports import Dispatcher
from integrations.services.dispatching import BACK_OFF
from tests.backends import Backend, OtherBackend
from tests.builders import LAMP, RUBBISH, filed, notices, outbox, read, relay_all
from tests.conftest import wait_until
from tests.fakes import FakeClock
from tests.faults.proxies import Fault, Proxy, proxy
from tests.faults.tally import Tally


@pytest.fixture
def between(geo: Backend) -> Iterator[Proxy]:
    with proxy(geo.port) as made:
        yield made


@pytest.fixture
def dispatcher(geo: Backend, between: Proxy, knowledge: dict[str, Any], clock: FakeClock) -> Dispatcher:
    """Speaks to the backend through the proxy, and has little patience."""
    if isinstance(geo, OtherBackend):
        geo.delay_numbers(0.0)  # its clock is the real one, on which hardly any time passes here
    url = f"http://127.0.0.1:{between.port}{geo.path}"
    return geo.dispatcher(knowledge["taxonomy"], clock, url, timeout=0.8)


def relay_whole(services: Services, clock: FakeClock, seconds: float = 60.0) -> None:
    def settled() -> bool:
        relay_all(services)
        clock.move(seconds=seconds)
        return set(outbox(services)) <= {"done", "stuck", "kept"}

    wait_until(settled, 30)


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.faults)])
@pytest.mark.parametrize(
    "fault", [one for one in Fault if one not in (Fault.DRIPPED, Fault.LATE)], ids=lambda one: one.name
)
def test_a_connection_that_breaks(
    services: Services, geo: Backend, between: Proxy, clock: FakeClock, tally: Tally, fault: Fault, times: int
) -> None:
    complaints = [filed(services, LAMP), filed(services, RUBBISH, draft_id="draft-2")]
    between.order(fault, times)
    relay_whole(services, clock)

    assert 0 < between.struck <= times
    tally.count(f"connection: {fault.name}", services, complaints, geo)
    assert notices(services) == []


@pytest.mark.parametrize(
    ("name", "order", "waits"),
    [
        ("answer dropped after the work", {"drop_answer": 1}, False),
        ("429 with Retry-After", {"status": 429, "retry_after": 7}, True),
        ("503", {"status": 503}, False),
        ("500, nothing stored", {"status": 500}, False),
    ],
)
def test_a_backend_that_lets_one_down(
    services: Services,
    geo: Backend,
    clock: FakeClock,
    tally: Tally,
    name: str,
    order: dict[str, float],
    waits: bool,
) -> None:
    complaints = [filed(services, LAMP), filed(services, RUBBISH, draft_id="draft-2")]
    geo.order(**order)
    relay_all(services)
    if waits:
        clock.move(seconds=6)
        relay_all(services)
        assert geo.numbers_of(complaints[0].number) == []
    relay_whole(services, clock)

    tally.count(name, services, complaints, geo)


def test_a_request_that_is_stored_after_we_have_given_up(
    services: Services, geo: Backend, between: Proxy, clock: FakeClock, tally: Tally
) -> None:
    """An early look does not find it, and must not be believed."""
    url = f"http://127.0.0.1:{between.port}{geo.path}"
    patient = geo.mapping.model_copy(update={"shows_after_seconds": 30.0})
    dispatcher = geo.dispatcher(services.taxonomy, clock, url, timeout=0.5, mapping=patient)
    services = bootstrap.build(services.settings, **{**services.replacements, "dispatcher": dispatcher})
    complaints = [filed(services)]
    between.order(Fault.LATE)
    relay_all(services)
    clock.move(seconds=BACK_OFF[0])
    assert relay_all(services) == 1  # the second look, while the request is still on its way
    assert geo.numbers_of(complaints[0].number) == []
    between.let_go()
    wait_until(lambda: geo.numbers_of(complaints[0].number))
    relay_whole(services, clock)

    tally.count("stored after our time-out", services, complaints, geo)


@pytest.mark.faults
def test_500_for_an_hour(services: Services, geo: Backend, clock: FakeClock, tally: Tally) -> None:
    complaints = [filed(services, LAMP), filed(services, RUBBISH, draft_id="draft-2")]
    geo.order(status=500, times=1000)
    began = clock()
    while (clock() - began).total_seconds() < 3600:
        relay_all(services)
        clock.move(seconds=30)
    geo.clear()
    assert {read(services, one).status for one in complaints} == {"filed"}
    assert outbox(services) == {"ready": 2}
    relay_whole(services, clock, 600)

    tally.count("500 for an hour", services, complaints, geo)
    assert notices(services) == []


def test_400_waits_for_a_person_who_puts_it_back(
    services: Services, geo: Backend, clock: FakeClock, tally: Tally
) -> None:
    refused, fine = filed(services, LAMP), filed(services, RUBBISH, draft_id="draft-2")
    geo.order(status=400)
    relay_whole(services, clock)
    tally.count("400", services, [fine], geo, waiting=[refused])
    assert len(notices(services)) == 1

    (stuck,) = services.sorting_out.waiting(refused.number)
    services.sorting_out.retry(stuck)
    relay_whole(services, clock)

    tally.count("400, mended and put back", services, [refused, fine], geo)


@pytest.mark.faults
def test_a_backend_that_comes_back_without_its_data(
    services: Services, geo: Backend, clock: FakeClock, tally: Tally
) -> None:
    """It even gives its numbers a second time, to others."""
    before = [filed(services, LAMP), filed(services, RUBBISH, draft_id="draft-2")]
    relay_whole(services, clock)
    geo.come_back_without_data()
    after = filed(services, "城阳区正阳路中间的井盖响了好几天", address="citizen-2", draft_id="draft-3")
    relay_whole(services, clock)
    for _ in range(3):
        services.dispatching.poll()
        clock.move(minutes=10)
    assert len(services.sorting_out.waiting()) == 2
    for stuck in services.sorting_out.waiting():
        services.sorting_out.retry(stuck)
    relay_whole(services, clock)

    tally.count("back with its data lost", services, [*before, after], geo)


def test_a_clock_that_jumps_back(services: Services, geo: Backend, clock: FakeClock, tally: Tally) -> None:
    """Between the lost answer and the look for it, and once more before the next try: by two days."""
    complaints = [filed(services, LAMP), filed(services, RUBBISH, draft_id="draft-2")]
    geo.order(drop_answer=2)
    services.dispatching.relay_one("worker-1")
    clock.move(days=-2)
    relay_all(services)
    clock.move(days=2, seconds=30)
    services.dispatching.relay_one("worker-1")
    clock.move(days=-2)
    clock.move(days=3)
    relay_whole(services, clock)

    tally.count("clock jumping back two days", services, complaints, geo)
