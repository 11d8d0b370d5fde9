"""撤诉: before closure only, once, sent on; whoever else reported it goes on as if nothing had happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.records import Complaint, UpdateKind
from integrations.services.withdrawing import TakenBack, Withdrawn
from kb import ticket_number
from kb.lifecycle import Status
from tests.builders import LAMP_AGAIN, PHONE, conversation, dispatched, filed, notices, outbox, read, relay_all, told
from tests.fakes import FakeClock, FakeDispatcher

NOBODYS = ticket_number.new(lambda _: 5)


def take_back(services: Services, complaint: Complaint, key: str = "m1", why: str = "") -> Withdrawn:
    return services.withdrawing.withdraw(complaint.conversation_id, complaint.number, key=key, why=why)


def joined(services: Services, first: Complaint, citizen: str = "citizen-2") -> Complaint:
    return filed(services, LAMP_AGAIN, address=citizen, draft_id=f"draft-{citizen}", join=first.incident_id)


def open_incident(services: Services, complaint: Complaint) -> bool:
    with services.unit_of_work() as tx:
        incident = tx.incidents.find(complaint.incident_id)
    assert incident is not None
    return incident.open


def people(services: Services, complaint: Complaint) -> int:
    with services.unit_of_work() as tx:
        incident = tx.incidents.recent(complaint.incident_id)
    assert incident is not None
    return incident.people


def test_nobody_withdraws_for_somebody_else(services: Services) -> None:
    complaint = filed(services)
    other = conversation(services, "citizen-2").id

    for number in (complaint.number, NOBODYS, ""):
        with pytest.raises(Rejected, match="no such ticket"):
            services.withdrawing.look(other, number)
        with pytest.raises(Rejected, match="no such ticket"):
            services.withdrawing.withdraw(other, number, key="m1")
    assert read(services, complaint).status is Status.FILED


def test_looking_changes_nothing(services: Services) -> None:
    complaint = filed(services)

    assert services.withdrawing.look(complaint.conversation_id, complaint.number).taken is TakenBack.DONE

    assert read(services, complaint).status is Status.FILED


def test_it_is_written_down_with_its_reason_and_sent_on(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)

    done = take_back(services, complaint, why="物业自己修好了")
    relay_all(services)

    assert (done.taken, done.complaint.status) == (TakenBack.DONE, Status.WITHDRAWN)
    latest = read(services, complaint).latest
    assert latest is not None
    assert (latest.actor, latest.note) == ("citizen", "物业自己修好了")
    ((about, heard),) = dispatcher.told
    assert (about, heard.kind, heard.key) == (request, UpdateKind.WITHDRAW, f"{complaint.number}-withdraw-1")
    assert "物业自己修好了" in heard.text
    assert not open_incident(services, complaint)
    assert notices(services) == [], "the conversation itself has said so"


def test_twice_is_once(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, _ = dispatched(services)

    first, same, again = (take_back(services, complaint, key) for key in ("m1", "m1", "m2"))
    relay_all(services)

    assert [one.taken for one in (first, same, again)] == [TakenBack.DONE, TakenBack.DONE, TakenBack.ALREADY]
    assert len(dispatcher.told) == 1


def test_what_was_never_sent_is_not_sent_any_more(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint = filed(services)
    take_back(services, complaint)

    relay_all(services)

    assert dispatcher.posts == []
    assert dispatcher.told == []
    assert set(outbox(services)) == {"done"}


def test_what_may_have_been_heard_is_withdrawn_there_too(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    dispatcher.lose_answers()
    services.dispatching.relay_one("worker-1")
    take_back(services, complaint)

    for _ in range(4):
        clock.move(minutes=10)
        relay_all(services)

    assert len(dispatcher.numbers_of(complaint)) == 1
    assert [one.kind for _, one in dispatcher.told] == [UpdateKind.WITHDRAW]
    assert read(services, complaint).status is Status.WITHDRAWN


def test_after_closure_it_is_too_late(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()

    assert services.withdrawing.look(complaint.conversation_id, complaint.number).taken is TakenBack.OVER
    assert take_back(services, complaint).taken is TakenBack.OVER

    relay_all(services)
    assert read(services, complaint).status is Status.CLOSED
    assert dispatcher.told == []


def test_what_the_department_does_afterwards_moves_nothing(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "accepted")
    dispatcher.do(request, "closed", note="修好了")
    take_back(services, complaint)

    services.dispatching.poll()
    relay_all(services)

    assert read(services, complaint).status is Status.WITHDRAWN
    assert notices(services) == []


# -- others ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leader", [True, False], ids=["who came first", "who joined"])
def test_others_go_on_and_hear_of_the_closure(services: Services, dispatcher: FakeDispatcher, leader: bool) -> None:
    first, request = dispatched(services)
    second = joined(services, first)
    relay_all(services)
    leaves, stays, address = (first, second, "citizen-2") if leader else (second, first, "citizen-1")

    done = take_back(services, leaves)
    relay_all(services)

    assert (done.others, open_incident(services, first), people(services, first)) == (1, True, 1)
    assert [one.kind for _, one in dispatcher.told] == [UpdateKind.LEAVES]
    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    relay_all(services)
    assert read(services, leaves).status is Status.WITHDRAWN
    assert read(services, stays).status is Status.CLOSED
    assert [note for note in notices(services, address) if "办完了" in note]
    assert not open_incident(services, first)


def test_when_the_last_one_leaves_the_request_is_withdrawn_and_nobody_asks_after_it(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    first, request = dispatched(services)
    second = joined(services, first)
    relay_all(services)
    for one in (first, second):
        take_back(services, one)
        relay_all(services)

    assert [(about, one.kind) for about, one in dispatcher.told] == [
        (request, UpdateKind.LEAVES),
        (request, UpdateKind.WITHDRAW),
    ]
    assert not open_incident(services, first)
    clock.move(hours=1)
    with services.unit_of_work() as tx:
        assert tx.backend_requests.next_to_ask(now=services.clock(), limit=9) == []


def test_a_leader_that_was_never_sent_does_not_leave_the_others_hanging(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    first = filed(services)
    second = joined(services, first)
    take_back(services, first)

    for _ in range(6):
        relay_all(services)
        clock.move(minutes=31)

    assert read(services, second).status is Status.DISPATCHED
    assert set(outbox(services)) == {"done"}


def test_who_reports_it_anew_after_withdrawing_gets_a_new_incident_that_did_not_come_back(
    services: Services, clock: FakeClock
) -> None:
    first, _ = dispatched(services)
    take_back(services, first)
    clock.move(days=1)

    again = filed(services, LAMP_AGAIN, draft_id="draft-2", join=first.incident_id)

    assert again.incident_id != first.incident_id
    assert not again.joined
    with services.unit_of_work() as tx:
        incident, before = tx.incidents.find(again.incident_id), tx.incidents.find(first.incident_id)
    assert incident is not None and before is not None
    assert (incident.recurrence_of, before.recurred_at) == (None, None)


def test_an_incident_that_everybody_took_back_is_offered_to_nobody(services: Services) -> None:
    first, _ = dispatched(services)
    take_back(services, first)
    waiting = replace(told(services, LAMP_AGAIN, draft_id="draft-2"), similar=(first.incident_id,))

    assert services.intake.offers(waiting, conversation(services, "citizen-2").id) == ()


@pytest.mark.parametrize("status", [Status.CLOSED, Status.RATED, Status.RECHECKING])
def test_every_refusal_has_words(services: Services, status: Status) -> None:
    complaint = filed(services)
    stands = replace(complaint, history=(replace(complaint.history[-1], after=status),))

    said = services.progress_speech.withdrawn(Withdrawn(TakenBack.OVER, stands)).text

    assert ticket_number.display(complaint.number) in said


def test_the_question_names_the_problem_without_its_phone(services: Services) -> None:
    complaint = filed(services, f"路灯坏了，打我电话{PHONE}，市北区合肥路688号")
    look = services.withdrawing.look(complaint.conversation_id, complaint.number)

    said = services.progress_speech.ask_withdraw(look).text

    assert "路灯坏了" in said
    assert PHONE not in said
    assert "不能恢复" in said
