"""Joining: an own ticket, its report, the counts of the incident, and the department hears of one more person once."""

from __future__ import annotations

import pytest

from integrations.bootstrap import Services
from integrations.services.casework import DepartmentUpdate
from integrations.services.dispatching import BACK_OFF, LEASE_SECONDS
from integrations.services.errors import Rejected
from integrations.services.records import Related, Report
from kb.lifecycle import Status
from kb.matching.keys import place_keys
from kb.places import Place
from tests.builders import conversation, read, relay_all
from tests.fakes import SATURDAY, FakeClock, FakeDispatcher
from tests.incident_builders import PLACE, at_the_department, close, incident, submitted


def reports(services: Services, incident_id: str) -> list[Report]:
    with services.unit_of_work() as tx:
        return list(tx.reports.of_incident(incident_id))


# -- reports ---------------------------------------------------------------------------------------------------------


def test_filing_writes_the_first_report(services: Services, clock: FakeClock) -> None:
    complaint = submitted(services, 1, text="北门的路灯不亮")

    (report,) = reports(services, complaint.incident_id)

    assert report == Report(complaint.id, Report.FIRST, "北门的路灯不亮", "web", clock.now, PLACE)


def test_who_joins_adds_a_report_to_the_incident(services: Services, clock: FakeClock) -> None:
    first = submitted(services, 1)
    clock.move(hours=3)

    submitted(services, 2, join=first.incident_id, text="晚上看不见路")

    assert [one.text for one in reports(services, first.incident_id)] == ["北门的路灯不亮", "晚上看不见路"]
    assert incident(services, first.incident_id).last_report_at == clock.now


def test_the_one_that_was_joined_last_is_found_first(services: Services, clock: FakeClock) -> None:
    first = submitted(services, 1)
    clock.move(hours=1)
    second = submitted(services, 2)

    def by_name() -> list[str]:
        with services.unit_of_work() as tx:
            return [one.id for one in tx.incidents.candidates(branches=["41"], keys=place_keys(PLACE))]

    assert by_name() == [second.incident_id, first.incident_id]
    clock.move(hours=1)
    submitted(services, 3, join=first.incident_id)
    assert by_name() == [first.incident_id, second.incident_id]


def test_a_draft_submitted_twice_is_one_report(services: Services) -> None:
    first = submitted(services, 1)
    submitted(services, 2, join=first.incident_id)
    submitted(services, 2, join=first.incident_id)

    assert len(reports(services, first.incident_id)) == 2
    assert incident(services, first.incident_id).people == 2


def test_what_is_added_later_is_kept_once_and_counts_as_the_last_report(services: Services, clock: FakeClock) -> None:
    complaint = submitted(services, 1)
    clock.move(days=1)
    mine = complaint.conversation_id
    where = Place("北门东侧第二根杆", spot="翠湖小区")

    def add() -> bool:
        return services.supplementing.add(
            mine, complaint.number, key="message-9", text=" 是东边那盏 ", place=where, photos=["p1", "p2"]
        ).fresh

    assert (add(), add()) == (True, False)
    _, later = reports(services, complaint.incident_id)
    assert (later.text, later.place, later.photos) == ("是东边那盏", where, ("p1", "p2"))
    assert incident(services, complaint.incident_id).last_report_at == clock.now


def test_nobody_adds_to_somebody_elses_ticket_nor_nothing_to_ones_own(services: Services) -> None:
    complaint = submitted(services, 1)
    other = conversation(services, "citizen-9").id

    with pytest.raises(Rejected, match="no such ticket"):
        services.supplementing.add(other, complaint.number, key="k", text="x")
    with pytest.raises(Rejected, match="nothing to add"):
        services.supplementing.add(complaint.conversation_id, complaint.number, key="k", text="  ")
    assert len(reports(services, complaint.incident_id)) == 1


def test_an_incident_says_nothing_personal(services: Services) -> None:
    complaint = submitted(services, 1, text="我叫张三，电话13812345678，北门的路灯不亮")

    assert "13812345678" not in incident(services, complaint.incident_id).summary
    assert "13812345678" not in reports(services, complaint.incident_id)[0].text
    assert "北门的路灯不亮" in reports(services, complaint.incident_id)[0].text


# -- the department ----------------------------------------------------------------------------------------------------


def test_the_department_is_told_of_one_more_person(services: Services, dispatcher: FakeDispatcher) -> None:
    first, request = at_the_department(services, 1)
    second, followed = at_the_department(services, 2, join=first.incident_id)

    assert followed == request
    (note,) = dispatcher.notes_of(second)
    assert dispatcher.notes[note].related == Related(people=2, incident=request)
    assert dispatcher.requests[request].related == Related()


def test_the_department_is_told_once_though_its_answer_was_lost(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    first, _ = at_the_department(services, 1)
    second = submitted(services, 2, join=first.incident_id)
    dispatcher.lose_answers()
    relay_all(services)
    assert read(services, second).status is Status.FILED

    clock.move(seconds=BACK_OFF[0])
    relay_all(services)

    assert len(dispatcher.notes_of(second)) == 1
    assert read(services, second).status is Status.DISPATCHED


def test_a_worker_that_died_after_telling_leaves_one_note(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    first, _ = at_the_department(services, 1)
    second = submitted(services, 2, join=first.incident_id)
    with services.unit_of_work() as tx:
        assert tx.outbox.claim(worker="dead", now=clock(), lease_seconds=LEASE_SECONDS)
    dispatcher.join(second, phone=None, related=Related(2, "DC-0001"))
    clock.move(seconds=LEASE_SECONDS + 1)

    relay_all(services, "alive")

    assert len(dispatcher.notes_of(second)) == 1
    assert read(services, second).status is Status.DISPATCHED


def test_a_department_that_closed_it_meanwhile_is_not_told_any_more(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    first, request = at_the_department(services, 1)
    second = submitted(services, 2, join=first.incident_id)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()

    relay_all(services)
    services.dispatching.poll()

    assert dispatcher.notes_of(second) == []
    assert read(services, second).status is Status.CLOSED


def test_what_the_department_does_with_the_note_moves_nothing(services: Services, dispatcher: FakeDispatcher) -> None:
    first, _ = at_the_department(services, 1)
    second, _ = at_the_department(services, 2, join=first.incident_id)
    (note,) = dispatcher.notes_of(second)

    assert services.casework.apply(note, DepartmentUpdate(1, "closed", SATURDAY)) is False

    assert read(services, second).status is Status.DISPATCHED
    assert incident(services, first.incident_id).open


def test_who_joined_a_merged_one_follows_its_survivor(services: Services) -> None:
    main, request = at_the_department(services, 1)
    other, theirs = at_the_department(services, 2)
    services.merging.merge(main.incident_id, [other.incident_id], by="x", why="x")

    late, followed = at_the_department(services, 3, join=other.incident_id)

    assert followed == request != theirs
    close(services, request)
    assert read(services, late).status is Status.CLOSED
