"""Whether a citizen hears of a step, and in which words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.bootstrap import Services
from integrations.services.notifying import SILENT
from kb import ticket_number
from kb.lifecycle import Status, StatusChange
from tests.builders import dispatched, filed, notices, outbox, read, relay_all
from tests.fakes import SATURDAY, FakeClock, FakeDispatcher


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("note", [None, "明天上午去修"])
def test_every_status_says_something_or_is_silent_on_purpose(
    services: Services, status: Status, note: str | None
) -> None:
    complaint = filed(services)

    bubble = services.notifying.bubble(complaint, StatusChange(9, None, status, SATURDAY, "department", note))

    assert (bubble is None) == (status in SILENT)
    if bubble:
        assert ticket_number.display(complaint.number) in bubble.text
        assert "None" not in bubble.text
        assert bubble.options


def test_a_notice_uses_the_departments_own_words(services: Services, dispatcher: FakeDispatcher) -> None:
    _, request = dispatched(services)
    dispatcher.do(request, "assigned", unit="照明三班")
    dispatcher.do(request, "answered", note="灯泡明天换")
    services.dispatching.poll()

    relay_all(services)

    assigned, answered = notices(services)
    assert "照明三班" in assigned
    assert "灯泡明天换" in answered


def test_words_of_the_department_with_braces_are_only_words(services: Services, dispatcher: FakeDispatcher) -> None:
    _, request = dispatched(services)
    dispatcher.do(request, "closed", note="{number} {0} <b>修好了</b>")
    services.dispatching.poll()

    relay_all(services)

    assert "{number} {0} <b>修好了</b>" in notices(services)[0]


def test_every_notice_is_delivered_once_however_many_workers_there_are(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    _, request = dispatched(services)
    dispatcher.do(request, "accepted")
    services.dispatching.poll()

    relay_all(services, "worker-1")
    relay_all(services, "worker-2")

    assert len(notices(services)) == 1
    assert set(outbox(services)) == {"done"}


def test_a_worker_that_lost_its_row_delivers_nothing(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    _, request = dispatched(services)
    dispatcher.do(request, "accepted")
    services.dispatching.poll()
    with services.unit_of_work() as tx:
        mine = tx.outbox.claim(worker="worker-1", now=clock(), lease_seconds=1)
    assert mine is not None
    clock.move(seconds=2)
    relay_all(services, "worker-2")

    with pytest.raises(Exception, match="another worker"):
        services.notifying.notify(mine)

    assert len(notices(services)) == 1


def test_the_closing_asks_whether_it_is_solved(services: Services) -> None:
    complaint = filed(services)

    bubble = services.notifying.bubble(complaint, StatusChange(9, None, Status.CLOSED, SATURDAY, "department"))

    assert bubble is not None
    assert [one.title for one in bubble.options] == ["解决了", "没解决"]
    assert all(complaint.number in one.payload for one in bubble.options)


def test_a_channel_without_a_messenger_is_shown_to_a_person(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "accepted")
    services.dispatching.poll()
    deaf = replace(services.notifying, messengers={})
    alone = replace(services.dispatching, notifying=deaf)

    assert alone.relay_one("worker-1")

    assert outbox(services)["stuck"] == 1
    assert notices(services) == []
    assert read(services, complaint).status is Status.ACCEPTED
