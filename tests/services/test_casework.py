"""The department's updates, each applied once and in order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.bootstrap import Services
from integrations.services.casework import STATUS_OF_EVENT, DepartmentUpdate
from integrations.services.errors import Conflict, Rejected
from kb.lifecycle import Status
from tests.builders import LAMP_AGAIN, dispatched, filed, notices, read, relay_all
from tests.fakes import SATURDAY, FakeDispatcher


def update(sequence: int, event: str, unit: str | None = None, note: str | None = None) -> DepartmentUpdate:
    return DepartmentUpdate(sequence, event, SATURDAY + timedelta(hours=sequence), unit, note)


WHOLE_LIFE = (
    update(1, "accepted"),
    update(2, "assigned", "照明三班"),
    update(3, "answered", "照明三班", "明天修"),
    update(4, "closed", "照明三班", "修好了"),
)


def test_the_whole_life_of_a_request_is_appended_in_order(services: Services) -> None:
    complaint, request = dispatched(services)

    assert [services.casework.apply(request, one) for one in WHOLE_LIFE] == [True] * 4

    history = read(services, complaint).history
    assert [one.after for one in history] == ["filed", "dispatched", "accepted", "assigned", "answered", "closed"]
    assert [one.sequence for one in history] == [1, 2, 3, 4, 5, 6]
    assert (history[-1].unit, history[-1].note, history[-1].actor) == ("照明三班", "修好了", "department")


def test_an_update_that_comes_twice_changes_nothing(services: Services) -> None:
    complaint, request = dispatched(services)
    services.casework.apply(request, WHOLE_LIFE[0])
    before = read(services, complaint).history

    assert services.casework.apply(request, WHOLE_LIFE[0]) is False
    assert read(services, complaint).history == before


def test_an_update_that_comes_too_early_is_to_come_again(services: Services) -> None:
    complaint, request = dispatched(services)

    with pytest.raises(Conflict, match="update 2 came before update 1"):
        services.casework.apply(request, WHOLE_LIFE[1])

    assert read(services, complaint).status is Status.DISPATCHED
    for one in WHOLE_LIFE[:2]:
        assert services.casework.apply(request, one)


def test_an_update_of_a_request_that_nobody_knows_is_to_come_again(services: Services) -> None:
    with pytest.raises(Conflict, match="DC-9999"):
        services.casework.apply("DC-9999", WHOLE_LIFE[0])


def test_an_unknown_event_is_refused_with_the_known_ones(services: Services) -> None:
    _, request = dispatched(services)

    with pytest.raises(Rejected, match=r"'paused'.*accepted"):
        services.casework.apply(request, update(1, "paused"))


def test_a_move_that_the_table_forbids_is_passed_over_and_the_next_one_counts(services: Services) -> None:
    complaint, request = dispatched(services)
    services.casework.apply(request, update(1, "assigned", "照明三班"))

    assert services.casework.apply(request, update(2, "accepted")) is True
    assert read(services, complaint).status is Status.ASSIGNED

    services.casework.apply(request, update(3, "closed", note="修好了"))
    assert read(services, complaint).status is Status.CLOSED


def test_nothing_moves_a_closed_complaint(services: Services) -> None:
    complaint, request = dispatched(services)
    services.casework.apply(request, update(1, "closed", note="修好了"))

    services.casework.apply(request, update(2, "returned", note="不归我们"))

    assert read(services, complaint).status is Status.CLOSED


@pytest.mark.parametrize("event", STATUS_OF_EVENT)
def test_every_event_may_come_first(services: Services, event: str) -> None:
    complaint, request = dispatched(services)

    services.casework.apply(request, update(1, event, "照明三班", "说明"))

    assert read(services, complaint).status is STATUS_OF_EVENT[event]


def test_closing_ends_the_incident_opens_the_rating_and_stops_the_asking(services: Services) -> None:
    complaint, request = dispatched(services)

    services.casework.apply(request, update(1, "closed", note="修好了"))

    with services.unit_of_work() as tx:
        assert tx.backend_requests.next_to_ask(now=services.clock(), limit=9) == []
        assert tx.incidents.near(level1="41", district=None) == []
        feedback = tx.feedbacks.of_complaint(complaint.id)
    assert feedback is not None
    assert feedback.finished_at is None


def test_everybody_who_joined_moves_on_with_the_request(services: Services) -> None:
    main, request = dispatched(services)
    joined, same = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    assert same == request

    for one in WHOLE_LIFE:
        services.casework.apply(request, one)
    relay_all(services)

    assert read(services, main).status is read(services, joined).status is Status.CLOSED
    assert len(notices(services, "citizen-1")) == len(notices(services, "citizen-2")) == 4


def test_who_joins_later_has_missed_nothing(services: Services) -> None:
    main, request = dispatched(services)
    services.casework.apply(request, WHOLE_LIFE[0])
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)

    services.casework.apply(request, WHOLE_LIFE[1])

    assert read(services, joined).status is Status.ASSIGNED


def test_who_joined_just_before_the_request_was_closed_hears_of_the_closing(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    """Joined while it was open, relayed when it was closed: no new update will ever come for this request."""
    main, request = dispatched(services)
    joined = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()

    relay_all(services)
    services.dispatching.poll()
    relay_all(services)

    assert read(services, joined).status is Status.CLOSED
    assert any("修好了" in notice for notice in notices(services, "citizen-2"))


def test_an_update_that_cannot_be_written_whole_is_not_written_at_all(services: Services) -> None:
    main, request = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    with services.unit_of_work() as tx:
        tx.backend_requests.advance(main.id, since=0, to=1)  # this one has it already, the other one has not

    with pytest.raises(Conflict):
        services.casework.apply(request, WHOLE_LIFE[1])

    assert read(services, main).status is read(services, joined).status is Status.DISPATCHED
