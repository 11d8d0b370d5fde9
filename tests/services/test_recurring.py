"""The same problem again after its closure: a new incident, linked to the old one, told to the handler."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.bootstrap import Services
from integrations.services.recurring import window
from tests.builders import relay_all
from tests.fakes import FakeClock, FakeDispatcher
from tests.incident_builders import LAMP_CODE, at_the_department, close, incident, submitted, whole

DAYS = window(LAMP_CODE)


def test_an_incident_that_nobody_knows_is_no_recurrence(services: Services) -> None:
    complaint = submitted(services, 1, join="nothing")

    assert not complaint.joined
    assert incident(services, complaint.incident_id).recurrence_of is None


@pytest.mark.parametrize(("late", "counts"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_only_within_the_window_it_counts_against_the_closure(
    services: Services, clock: FakeClock, late: timedelta, counts: bool
) -> None:
    old, request = at_the_department(services, 1)
    close(services, request)
    clock.now += DAYS + late

    again = submitted(services, 2, join=old.incident_id)

    assert not again.joined
    assert again.incident_id != old.incident_id
    assert incident(services, again.incident_id).recurrence_of == (old.incident_id if counts else None)
    assert incident(services, old.incident_id).recurred_at == (clock.now if counts else None)


def test_the_second_who_reports_it_again_joins_the_first(services: Services, clock: FakeClock) -> None:
    old, request = at_the_department(services, 1)
    close(services, request)
    clock.move(days=1)
    again = submitted(services, 2, join=old.incident_id)
    first_time = clock.now
    clock.move(days=1)

    third = submitted(services, 3, join=old.incident_id)

    assert third.joined
    assert third.incident_id == again.incident_id
    assert incident(services, again.incident_id).people == 2
    assert incident(services, old.incident_id).recurred_at == first_time


def test_what_comes_back_twice_is_linked_to_its_last_closure(services: Services, clock: FakeClock) -> None:
    old, request = at_the_department(services, 1)
    close(services, request)
    again, theirs = at_the_department(services, 2, join=old.incident_id)
    close(services, theirs)
    clock.move(days=1)

    third = submitted(services, 3, join=old.incident_id)

    assert incident(services, third.incident_id).recurrence_of == again.incident_id
    assert incident(services, again.incident_id).recurred_at == clock.now


def test_a_recurrence_that_was_merged_is_followed(services: Services) -> None:
    old, request = at_the_department(services, 1)
    close(services, request)
    again, other = submitted(services, 2, join=old.incident_id), submitted(services, 3)
    services.merging.merge(other.incident_id, [again.incident_id], by="x", why="x")

    late = submitted(services, 4, join=old.incident_id)

    assert late.joined
    assert late.incident_id == whole(services, again).id == other.incident_id


def test_the_handler_is_told_which_request_came_back(services: Services, dispatcher: FakeDispatcher) -> None:
    old, request = at_the_department(services, 1)
    close(services, request)

    _, theirs = at_the_department(services, 2, join=old.incident_id)

    assert dispatcher.requests[theirs].related.recurrence_of == request
    assert dispatcher.requests[request].related.recurrence_of is None


def test_those_whose_closure_did_not_last_are_listed(services: Services) -> None:
    lasting, first = at_the_department(services, 1)
    old, second = at_the_department(services, 2)
    for one in (first, second):
        close(services, one)
    submitted(services, 3, join=old.incident_id)
    relay_all(services)

    with services.unit_of_work() as tx:
        listed = [one.id for one in tx.incidents.listed(open_only=False, recurred=True)]
    assert listed == [old.incident_id] != [lasting.incident_id]
