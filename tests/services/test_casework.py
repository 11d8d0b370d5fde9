"""The department's updates, each applied once and in order."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.casework import DepartmentUpdate
from integrations.services.errors import Conflict, Rejected
from integrations.services.records import Complaint
from integrations.services.updates import MOVE_OF_EVENT
from kb.lifecycle import Actor, Holding, Status, holding
from tests.builders import LAMP_AGAIN, dispatched, filed, notices, read, relay_all
from tests.fakes import SATURDAY, FakeDispatcher


def update(
    sequence: int, event: str, unit: str | None = None, note: str | None = None, **more: Any
) -> DepartmentUpdate:
    return DepartmentUpdate(sequence, event, SATURDAY + timedelta(hours=sequence), unit, note, **more)


def kinds(services: Services, complaint: Complaint) -> list[str]:
    return [str(one.kind) for one in read(services, complaint).history]


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


def test_an_unknown_event_is_refused_with_the_known_ones_and_holds_nothing_up(services: Services) -> None:
    complaint, request = dispatched(services)

    with pytest.raises(Rejected, match=r"'paused'.*accepted"):
        services.casework.apply(request, update(1, "paused"))

    assert services.casework.apply(request, update(1, "paused")) is False, "told again it is known already"
    assert services.casework.apply(request, update(2, "closed", note="修好了"))
    assert read(services, complaint).status is Status.CLOSED


@pytest.mark.parametrize("late", ["at", "due_at"])
def test_a_time_without_a_zone_is_refused_before_anything_happens(services: Services, late: str) -> None:
    complaint, request = dispatched(services)
    bad = replace(update(1, "accepted"), **{late: SATURDAY.replace(tzinfo=None)})

    with pytest.raises(Rejected, match=f"{late}: a time without a zone"):
        services.casework.apply(request, bad)

    assert services.casework.apply(request, update(1, "accepted"))
    assert kinds(services, complaint) == ["filed", "dispatched", "accepted"]


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


# An extension and a co-unit change no status; a re-check there was none of is passed over.
LED_TO = {"co_assigned": Status.DISPATCHED, "extended": Status.DISPATCHED, "rechecked": Status.DISPATCHED}


@pytest.mark.parametrize("event", MOVE_OF_EVENT)
def test_every_event_may_come_first(services: Services, event: str) -> None:
    complaint, request = dispatched(services)
    later = complaint.due_at + timedelta(days=2)

    services.casework.apply(request, update(1, event, "照明三班", "说明", due_at=later))

    assert read(services, complaint).status == LED_TO.get(event, event)
    assert services.casework.apply(request, update(2, "closed", note="修好了")) or event == "closed"


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


def test_who_joined_before_the_closing_and_is_relayed_while_it_is_checked_again_hears_of_the_closing(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    """The second verdict is for who asked for it; the others have the first closing, and no more is waited for."""
    main, request = dispatched(services)
    joined = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    closed = read(services, main)
    with services.unit_of_work() as tx:
        services.moving.make(tx, closed, Status.RECHECKING, actor=Actor.CITIZEN, note="还是不亮")
        tx.backend_requests.reopen(main.id)

    relay_all(services)
    services.dispatching.poll()
    assert read(services, joined).status is Status.CLOSED
    dispatcher.do(request, "rechecked", note="换了灯泡", solved=True)
    services.dispatching.poll()
    relay_all(services)

    assert read(services, main).status is read(services, joined).status is Status.CLOSED
    assert sum("修好了" in notice for notice in notices(services, "citizen-2")) == 1
    with services.unit_of_work() as tx:
        assert tx.backend_requests.next_to_ask(now=services.clock(), limit=9) == []


def test_what_is_found_about_a_ticket_that_has_ended_is_the_last_that_is_asked(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    with services.unit_of_work() as tx:
        tx.backend_requests.reopen(complaint.id)

    dispatcher.do(request, "rechecked", note="换了灯泡", solved=True)
    services.dispatching.poll()

    with services.unit_of_work() as tx:
        assert tx.backend_requests.next_to_ask(now=services.clock(), limit=9) == []


def test_an_update_that_cannot_be_written_whole_is_not_written_at_all(services: Services) -> None:
    main, request = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    with services.unit_of_work() as tx:
        tx.backend_requests.advance(main.id, since=0, to=1)  # this one has it already, the other one has not

    with pytest.raises(Conflict):
        services.casework.apply(request, WHOLE_LIFE[1])

    assert read(services, main).status is read(services, joined).status is Status.DISPATCHED


# -- what came, however it came ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_updates_tripled_and_out_of_order_come_to_the_same_history(services: Services, seed: int) -> None:
    complaint, request = dispatched(services)
    later = complaint.due_at + timedelta(days=3)
    told = [
        update(1, "accepted"),
        update(2, "co_assigned", "供电公司"),
        update(3, "assigned", "照明三班"),
        update(4, "extended", None, "等材料", due_at=later),
        update(5, "returned", None, "不归我们"),
        update(6, "accepted"),
        update(7, "closed", "照明三班", "修好了", by="李工"),
    ]
    waiting = told * 3
    random.Random(seed).shuffle(waiting)
    while waiting:
        one = waiting.pop(0)
        try:
            services.casework.apply(request, one)
        except Conflict:
            waiting.append(one)  # as the sender does

    assert kinds(services, complaint) == ["filed", "dispatched", *(one.event for one in told)]
    assert read(services, complaint).due_at == later
    assert services.auditing.audit().whole


def test_who_is_done_with_it_before_having_caught_up_holds_nobody_up(services: Services) -> None:
    """The second citizen has left, so nobody asks for the update that the second row still lacks."""
    main, request = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    with services.unit_of_work() as tx:
        tx.backend_requests.advance(main.id, since=0, to=1)
        tx.backend_requests.close(joined.id)

    assert services.casework.apply(request, WHOLE_LIFE[1])

    assert read(services, main).status is Status.ASSIGNED
    assert read(services, joined).status is Status.DISPATCHED
    assert services.casework.apply(request, WHOLE_LIFE[2])


# -- co-units, extensions, returns -------------------------------------------------------------------------------


def test_a_co_unit_helps_and_the_main_unit_stays_responsible(services: Services) -> None:
    complaint, request = dispatched(services)
    services.casework.apply(request, update(1, "assigned", "照明三班"))
    services.casework.apply(request, update(2, "co_assigned", "供电公司"))
    services.casework.apply(request, update(3, "answered", "供电公司", "已送电"))

    found = read(services, complaint)
    assert found.status is Status.ANSWERED
    assert holding(found.history) == Holding("照明三班", ("供电公司",), 0)


def test_a_co_unit_without_a_name_is_passed_over(services: Services) -> None:
    complaint, request = dispatched(services)

    assert services.casework.apply(request, update(1, "co_assigned", " "))

    assert kinds(services, complaint) == ["filed", "dispatched"]


def test_an_extension_moves_the_date_and_says_why_and_until_when(services: Services) -> None:
    complaint, request = dispatched(services)
    later = complaint.due_at + timedelta(days=5)

    services.casework.apply(request, update(1, "extended", "照明三班", "等材料", due_at=later))
    relay_all(services)

    found = read(services, complaint)
    assert (found.due_at, found.status) == (later, Status.DISPATCHED)
    assert (found.history[-1].due_at, found.history[-1].note) == (later, "等材料")
    assert "等材料" in notices(services)[-1]


@pytest.mark.parametrize("hours", [0, -1, -500, None])
def test_a_deadline_is_never_brought_forward_nor_lost(services: Services, hours: int | None) -> None:
    complaint, request = dispatched(services)
    date = None if hours is None else complaint.due_at + timedelta(hours=hours)

    assert services.casework.apply(request, update(1, "extended", None, "等材料", due_at=date))

    assert read(services, complaint).due_at == complaint.due_at
    assert kinds(services, complaint) == ["filed", "dispatched"]
    assert services.casework.apply(request, update(2, "accepted"))


def test_only_an_extension_changes_the_date(services: Services) -> None:
    complaint, request = dispatched(services)
    services.casework.apply(request, update(1, "answered", None, "马上", due_at=complaint.due_at + timedelta(days=9)))

    found = read(services, complaint)
    assert found.due_at == complaint.due_at
    assert found.history[-1].due_at is None


def test_an_extension_counts_for_everybody_who_joined(services: Services) -> None:
    main, request = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    later = max(main.due_at, joined.due_at) + timedelta(days=2)

    services.casework.apply(request, update(1, "extended", None, "等材料", due_at=later))

    assert read(services, main).due_at == read(services, joined).due_at == later


def test_a_return_without_a_reason_counts_and_is_said_to_have_none(services: Services) -> None:
    complaint, request = dispatched(services)
    services.casework.apply(request, update(1, "returned", note=" \u200b"))

    found = read(services, complaint)
    assert found.status is Status.RETURNED
    assert found.history[-1].note == services.speech.words.say("casework.no_reason")
    assert holding(found.history).returns == 1


def test_who_did_it_is_kept_and_what_is_too_long_is_cut(services: Services) -> None:
    complaint, request = dispatched(services)
    photos = ("a.jpg", "\u0000", "x" * 501, *(f"{n}.jpg" for n in range(30)))
    services.casework.apply(request, update(1, "closed", "照" * 500, "修\u0000好了", photos=photos, by="李工"))

    last = read(services, complaint).history[-1]
    assert (last.role, last.name, last.note) == (Actor.DEPARTMENT, "李工", "修好了")
    assert last.unit == "照" * 128
    assert last.photos[:2] == ("a.jpg", "0.jpg")
    assert len(last.photos) == 12
