"""From a filed complaint to the citizen's last word, against each kind of backend; the same test for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.dispatch_ports import Dispatcher
from integrations.services.records import Complaint, Task, UpdateKind
from kb.lifecycle import Actor, Status
from kb.responsibility import helping_units
from tests.backends import Backend, DemoBackend
from tests.builders import LAMP_AGAIN, RUBBISH, filed, notices, outbox, read, relay_all, request_of
from tests.conftest import Department, wait_until
from tests.fakes import FakeClock


@pytest.fixture
def dispatcher(geo: Backend, knowledge: dict[str, Any], clock: FakeClock) -> Iterator[Dispatcher]:
    return geo.dispatcher(knowledge["taxonomy"], clock)  # type: ignore[return-value]


def relay_whole(services: Services, clock: FakeClock) -> None:
    """Until nothing is left to do but what waits for a person."""

    def done() -> bool:
        clock.move(seconds=60)
        relay_all(services)
        return set(outbox(services)) <= {"done", "stuck", "kept"}

    wait_until(done)


def tell(services: Services, complaint: Complaint, kind: UpdateKind, key: str, text: str) -> None:
    with services.unit_of_work() as tx:
        payload = {"kind": kind, "key": key, "text": text}
        tx.outbox.add(Task.UPDATE, complaint.id, payload, at=services.clock())


def told(geo: Backend, number: str) -> str:
    """Everything the backend has heard about a request, as words."""
    extension = geo.updates_of(number) if isinstance(geo, DemoBackend) else []
    return f"{extension} {list(geo.descriptions().values())}"


def test_a_complaint_goes_out_and_its_closing_comes_back(services: Services, geo: Backend, clock: FakeClock) -> None:
    complaint = filed(services)
    relay_whole(services, clock)
    number = request_of(services, complaint)
    assert geo.numbers_of(complaint.number) == [number]

    for event, text in (("accepted", ""), ("assigned", "照明三班"), ("answered", "明天修"), ("closed", "修好了")):
        geo.step(number, event, text)
        services.dispatching.poll()
    services.dispatching.poll()
    relay_whole(services, clock)

    closed = read(services, complaint)
    assert closed.status is Status.CLOSED
    assert [one.after for one in closed.history].count(Status.CLOSED) == 1
    assert sum("修好了" in one for one in notices(services)) == 1


def test_what_a_citizen_adds_reaches_the_department_in_order(
    services: Services, geo: Backend, clock: FakeClock
) -> None:
    complaint = filed(services)
    for count, word in enumerate(("第一句", "第二句", "第三句")):
        tell(services, complaint, UpdateKind.SUPPLEMENT, f"supplement-{count}", word)
    tell(services, complaint, UpdateKind.SUPPLEMENT, "supplement-2", "第三句")
    relay_whole(services, clock)

    heard = told(geo, request_of(services, complaint))

    places = [heard.index(word) for word in ("第一句", "第二句", "第三句")]
    assert places == sorted(places)
    assert heard.count("第三句") == 1
    assert outbox(services).get("stuck", 0) == 0


def test_a_recheck_ends_in_a_second_closing(services: Services, geo: Backend, clock: FakeClock) -> None:
    complaint = filed(services)
    relay_whole(services, clock)
    number = request_of(services, complaint)
    for event, text in (("accepted", ""), ("assigned", "照明三班"), ("closed", "修好了")):
        geo.step(number, event, text)
    services.dispatching.poll()
    with services.unit_of_work() as tx:
        current = tx.complaints.get(complaint.id)
        assert current is not None
        services.moving.make(tx, current, Status.RECHECKING, actor=Actor.CITIZEN, note="还是不亮")
        tx.backend_requests.reopen(complaint.id)
    tell(services, complaint, UpdateKind.RECHECK, "recheck:1", "还是不亮")
    relay_whole(services, clock)
    services.dispatching.poll()
    assert read(services, complaint).status is Status.RECHECKING
    assert "还是不亮" in told(geo, number)

    again = request_of(services, complaint)
    if isinstance(geo, DemoBackend):
        Department(geo.url, geo.client).recheck(again, "换了灯泡，亮了")
    else:
        geo.step(again, "closed", "换了灯泡，亮了")
    services.dispatching.poll()

    assert read(services, complaint).status is Status.CLOSED
    assert geo.numbers_of(complaint.number) == [number]


def test_who_joins_is_told_of_and_follows_the_same_request(services: Services, geo: Backend, clock: FakeClock) -> None:
    first = filed(services)
    relay_whole(services, clock)
    second = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=first.incident_id)
    relay_whole(services, clock)
    number = request_of(services, first)
    assert request_of(services, second) == number
    assert len(geo.numbers_of(second.number)) == 1
    assert geo.numbers_of(second.number) != [number]

    for event, text in (("accepted", ""), ("assigned", "照明三班"), ("closed", "修好了")):
        geo.step(number, event, text)
    services.dispatching.poll()

    assert {read(services, one).status for one in (first, second)} == {Status.CLOSED}


def test_who_withdraws_alone_does_not_end_it_for_the_others(services: Services, geo: Backend, clock: FakeClock) -> None:
    first = filed(services)
    relay_whole(services, clock)
    second = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=first.incident_id)
    relay_whole(services, clock)
    current = read(services, first)
    with services.unit_of_work() as tx:
        services.moving.make(tx, current, Status.WITHDRAWN, actor=Actor.CITIZEN)
    tell(services, first, UpdateKind.WITHDRAW, "withdraw-1", "")
    relay_whole(services, clock)

    heard = told(geo, request_of(services, second))

    assert "其余反映人仍在等候" in heard or "one of several has withdrawn" in heard


def test_a_complaint_that_is_withdrawn_before_it_went_out_is_never_sent(
    services: Services, geo: Backend, clock: FakeClock
) -> None:
    complaint = filed(services, RUBBISH)
    with services.unit_of_work() as tx:
        services.moving.make(tx, complaint, Status.WITHDRAWN, actor=Actor.CITIZEN)
    tell(services, complaint, UpdateKind.WITHDRAW, "withdraw-1", "")
    relay_whole(services, clock)

    assert geo.numbers_of(complaint.number) == []
    assert set(outbox(services)) == {"done"}


def test_helping_units_hear_of_it_each_on_its_own(services: Services, geo: Backend, clock: FakeClock) -> None:
    complaint = filed(services, RUBBISH)
    relay_whole(services, clock)

    units = helping_units(services.taxonomy.leaf(complaint.category), complaint.place)
    carried = {reference for _, reference in geo.all() if reference and reference.startswith(complaint.number)}
    wanted = {complaint.number}
    if geo.mapping.co_units == "request":
        wanted |= {f"{complaint.number}-C{count}" for count in range(1, len(units) + 1)}
        assert all(any(unit in words for words in geo.descriptions().values()) for unit in units)

    assert units
    assert carried == wanted
