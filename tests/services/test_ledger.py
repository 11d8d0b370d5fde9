"""The ledger: third report or first verdict of dissatisfaction; owner, next date, closing condition."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.records import Complaint
from integrations.services.satisfaction_records import Cause, LedgerEntry
from kb.satisfaction.levels import Level
from kb.satisfaction.rechecks import Decision, State
from tests.builders import LAMP_AGAIN, conversation, dispatched, filed
from tests.fakes import FakeClock, FakeDispatcher
from tests.services.test_satisfaction import close, verdict


def entries(services: Services, *, closed: bool = False) -> list[LedgerEntry]:
    return list(services.ledger.entries(closed=closed))


def report(services: Services, number: int, main: Complaint | None = None) -> Complaint:
    """One more citizen reports it."""
    join = main.incident_id if main else None
    return filed(services, LAMP_AGAIN, address=f"citizen-{number}", draft_id=f"draft-{number}", join=join)


@pytest.fixture
def repeated(services: Services) -> LedgerEntry:
    main = report(services, 1)
    report(services, 2, main)
    report(services, 3, main)
    (entry,) = entries(services)
    return entry


def test_the_third_report_of_one_incident_puts_it_there_once(services: Services, clock: FakeClock) -> None:
    main = report(services, 1)
    report(services, 2, main)
    assert entries(services) == []

    for number in (3, 4, 5):
        report(services, number, main)

    (entry,) = entries(services)
    assert (entry.cause, entry.incident_id) == (Cause.REPEATED, main.incident_id)
    assert entry.owner == services.taxonomy.leaf(main.category).entry.unit
    assert entry.next_at > clock() and "30天" in entry.condition


def test_one_citizen_who_says_it_again_and_again_counts(services: Services) -> None:
    main = report(services, 1)
    for again in (2, 3):
        filed(services, LAMP_AGAIN, address="citizen-1", draft_id=f"again-{again}", join=main.incident_id)
    assert len(entries(services)) == 1


def test_what_somebody_adds_to_a_report_is_no_report(services: Services) -> None:
    main = report(services, 1)
    for key in range(5):
        services.supplementing.add(conversation(services, "citizen-1").id, main.number, key=f"v:{key}", text="拍了照")
    report(services, 2, main)
    assert entries(services) == []


def test_three_reports_of_three_incidents_are_no_repetition(services: Services) -> None:
    for number in (1, 2, 3):
        report(services, number)
    assert entries(services) == []


def test_the_first_dissatisfied_citizen_puts_it_there(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "assigned", unit="路灯三班")
    close(services, dispatcher, request)
    verdict(services, complaint.number, Level.VERY_DISSATISFIED)

    (entry,) = entries(services)
    assert (entry.cause, entry.owner) == (Cause.DISSATISFIED, "路灯三班")
    assert [note.by for note in entry.notes] == ["system"]


def test_a_satisfied_citizen_does_not(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    close(services, dispatcher, request)
    verdict(services, complaint.number, Level.BASICALLY)
    assert entries(services) == []


def test_both_causes_are_one_entry(services: Services, dispatcher: FakeDispatcher, repeated: LedgerEntry) -> None:
    from tests.builders import relay_all

    relay_all(services)
    (request,) = dispatcher.requests
    close(services, dispatcher, request)
    with services.unit_of_work() as tx:
        first = tx.complaints.first_of_incident(repeated.incident_id)
    assert first is not None
    verdict(services, first.number, Level.DISSATISFIED)

    (entry,) = entries(services)
    assert entry.id == repeated.id
    assert any("dissatisfied" in note.text for note in entry.notes)


def test_a_merged_incident_does_not_stand_there_twice(services: Services, repeated: LedgerEntry) -> None:
    other = report(services, 7)
    services.merging.merge(repeated.incident_id, [other.incident_id], by="孙丽", why="同一盏灯")
    report(services, 8, other)
    assert len(entries(services)) == 1


def test_what_is_changed_is_noted_with_who_and_when(
    services: Services, repeated: LedgerEntry, clock: FakeClock
) -> None:
    clock.move(hours=1)
    due = clock() + timedelta(days=9)
    services.ledger.set(repeated.id, by="孙丽", owner="市北区城管局", next_at=due, condition="换灯头后复查一周")
    changed = services.ledger.set(repeated.id, by="孙丽", note="打过电话")

    assert (changed.owner, changed.next_at, changed.condition) == ("市北区城管局", due, "换灯头后复查一周")
    assert [(note.by, note.at) for note in changed.notes[1:]] == [("孙丽", clock())] * 2
    assert changed.notes[-1].text == "打过电话"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"by": " ", "owner": "x"}, "by name"),
        ({"by": "孙丽"}, "what is to be changed"),
        ({"by": "孙丽", "owner": "  "}, "owner"),
        ({"by": "孙丽", "condition": ""}, "condition"),
        ({"by": "孙丽", "note": " "}, "what is to be changed"),
    ],
)
def test_a_change_that_says_nothing_is_refused(
    services: Services, repeated: LedgerEntry, change: dict[str, str], says: str
) -> None:
    with pytest.raises(Rejected, match=says):
        services.ledger.set(repeated.id, **change)  # type: ignore[arg-type]
    assert entries(services) == [repeated]


def test_the_most_overdue_stands_first(services: Services, clock: FakeClock) -> None:
    for start in (1, 11, 21):
        main = report(services, start)
        report(services, start + 1, main)
        report(services, start + 2, main)
        clock.move(hours=1)
    first, second, third = entries(services)
    services.ledger.set(second.id, by="孙丽", next_at=clock() - timedelta(days=3))
    services.ledger.set(third.id, by="孙丽", next_at=clock() - timedelta(days=9))
    assert [one.id for one in entries(services)] == [third.id, second.id, first.id]


def test_closing_needs_a_reason_and_a_name_and_happens_once(services: Services, repeated: LedgerEntry) -> None:
    for by, why in (("", "好了"), ("孙丽", " ")):
        with pytest.raises(Rejected):
            services.ledger.close(repeated.id, by=by, why=why)
    services.ledger.close(repeated.id, by="孙丽", why="灯换了，一个月没人再报")
    for again in (
        lambda: services.ledger.close(repeated.id, by="孙丽", why="好了"),
        lambda: services.ledger.set(repeated.id, by="孙丽", note="好了"),
        lambda: services.ledger.close(999, by="孙丽", why="好了"),
    ):
        with pytest.raises(Rejected):
            again()

    assert entries(services) == []
    (closed,) = entries(services, closed=True)
    assert (closed.closed_by, closed.notes[-1].text) == ("孙丽", "灯换了，一个月没人再报")


def test_what_was_taken_off_and_is_reported_again_stands_there_again(services: Services, repeated: LedgerEntry) -> None:
    services.ledger.close(repeated.id, by="孙丽", why="以为好了")
    with services.unit_of_work() as tx:
        main = tx.complaints.first_of_incident(repeated.incident_id)
    report(services, 9, main)
    (entry,) = entries(services)
    assert entry.id != repeated.id


def test_an_open_recheck_keeps_it_there(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    close(services, dispatcher, request)
    verdict(services, complaint.number, Level.DISSATISFIED)
    (entry,) = entries(services)

    with pytest.raises(Rejected, match="re-check"):
        services.ledger.close(entry.id, by="孙丽", why="好了")
    services.rechecking.decide(complaint.number, Decision(State.ENDED, "王芳", "没法办到", (), "李明"))
    services.ledger.close(entry.id, by="孙丽", why="已书面说明")
    assert entries(services) == []
