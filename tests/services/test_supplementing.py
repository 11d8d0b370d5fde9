"""补充: words, a place, photos, at any time after filing; sent on while somebody still works on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.own_tickets import OwnTickets
from integrations.services.records import Complaint, Report, UpdateKind
from integrations.services.supplementing import MOST, Added, Kept
from kb import ticket_number
from kb.lifecycle import Status
from kb.places import Place
from tests.builders import LAMP_AGAIN, PHONE, conversation, dispatched, filed, relay_all
from tests.fakes import FakeClock, FakeDispatcher, MemoryLimiter


def add(services: Services, complaint: Complaint, text: str = "灯杆也歪了", key: str = "m1", **more: object) -> Added:
    return services.supplementing.add(
        complaint.conversation_id,
        complaint.number,
        key=key,
        text=text,
        **more,  # type: ignore[arg-type]
    )


def reports(services: Services, complaint: Complaint) -> list[Report]:
    with services.unit_of_work() as tx:
        return list(tx.reports.of_complaint(complaint.id))


def test_nobody_adds_to_somebody_elses_ticket(services: Services) -> None:
    complaint = filed(services)
    other = conversation(services, "citizen-2").id

    for number in (complaint.number, ticket_number.new(lambda _: 5), ""):
        with pytest.raises(Rejected, match="no such ticket"):
            services.supplementing.add(other, number, key="m1", text="x")
    assert len(reports(services, complaint)) == 1


@pytest.mark.parametrize("text", ["", "  ", "\n\t", "\x00\u200b"])
def test_nothing_is_not_added(services: Services, text: str) -> None:
    complaint = filed(services)

    with pytest.raises(Rejected, match="nothing to add"):
        add(services, complaint, text)


def test_the_department_hears_it_after_the_complaint_and_in_order(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint = filed(services)
    add(services, complaint, "灯杆也歪了", "m1")
    add(services, complaint, "晚上更危险", "m2")

    relay_all(services)

    assert [(told.kind, told.key, told.text) for _, told in dispatcher.told] == [
        (UpdateKind.SUPPLEMENT, f"{complaint.number}-supplement-1", "灯杆也歪了"),
        (UpdateKind.SUPPLEMENT, f"{complaint.number}-supplement-2", "晚上更危险"),
    ]


def test_the_same_message_is_added_once(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, _ = dispatched(services)

    assert [add(services, complaint).fresh for _ in range(3)] == [True, False, False]
    relay_all(services)

    assert len(reports(services, complaint)) == 2
    assert len(dispatcher.told) == 1


def test_a_place_and_photos_are_kept_and_told(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, _ = dispatched(services)

    add(services, complaint, "", place=Place("北门东侧第二根杆", spot="翠湖小区"), photos=("p1", "p2"))
    relay_all(services)

    _, later = reports(services, complaint)
    assert later.photos == ("p1", "p2")
    assert later.key.startswith("add:")
    ((_, told),) = dispatcher.told
    assert "北门东侧第二根杆" in told.text
    assert "2张照片" in told.text


def test_an_anonymous_citizens_phone_does_not_leave(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, _ = dispatched(services, phone=None)

    add(services, complaint, f"来之前打{PHONE}")
    relay_all(services)

    assert PHONE not in dispatcher.told[0][1].text


def test_after_closure_it_is_kept_and_the_citizen_is_told_that_nobody_hears_it(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()

    added = add(services, complaint)
    relay_all(services)

    assert added.kept is Kept.ONLY_HERE
    assert len(reports(services, complaint)) == 2
    assert dispatcher.told == []
    assert "不会再收到" in services.progress_speech.added(added).text


def test_nothing_is_added_to_what_was_withdrawn(services: Services) -> None:
    complaint = filed(services)
    services.withdrawing.withdraw(complaint.conversation_id, complaint.number, key="w")

    assert add(services, complaint).kept is Kept.WITHDRAWN
    assert len(reports(services, complaint)) == 1


def test_flooding_a_ticket_is_stopped_and_said(services: Services, clock: FakeClock) -> None:
    services.own_tickets = OwnTickets(limiter=MemoryLimiter(clock))  # a real Redis does not follow our clock
    complaint = filed(services)
    said = [add(services, complaint, f"第{number}句", f"m{number}").kept for number in range(MOST + 2)]

    assert said == [Kept.SENT] * MOST + [Kept.TOO_MANY] * 2
    clock.move(days=1)
    assert add(services, complaint, "第二天", "next").kept is Kept.SENT


def test_words_told_again_to_an_own_ticket_reach_the_department(services: Services, dispatcher: FakeDispatcher) -> None:
    first, _ = dispatched(services)

    same = filed(services, LAMP_AGAIN, draft_id="draft-2", join=first.incident_id)
    relay_all(services)

    assert same.id == first.id
    assert [told.kind for _, told in dispatcher.told] == [UpdateKind.SUPPLEMENT]
    assert LAMP_AGAIN in dispatcher.told[0][1].text


@pytest.mark.parametrize("kept", Kept)
@pytest.mark.parametrize("status", Status)
def test_every_answer_has_words(services: Services, kept: Kept, status: Status) -> None:
    complaint = filed(services)
    stands = replace(complaint, history=(replace(complaint.history[-1], after=status),))

    assert ticket_number.display(complaint.number) in services.progress_speech.added(Added(kept, stands)).text
