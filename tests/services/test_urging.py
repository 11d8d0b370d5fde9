"""催办: written down once, limited sensibly, sent on in order, answered with what is true."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Conflict, Rejected
from integrations.services.own_tickets import LONGEST_TEXT, record
from integrations.services.records import Complaint, UpdateKind
from integrations.services.speech import moment
from integrations.services.urging import Pressed, Urged
from integrations.store import database
from kb import ticket_number
from kb.deadlines import CITY_TIME
from kb.lifecycle import Status
from tests.builders import LAMP_AGAIN, PHONE, conversation, dispatched, filed, read, relay_all
from tests.fakes import FakeClock, FakeDispatcher

NOBODYS = ticket_number.new(lambda _: 5)


def press(services: Services, complaint: Complaint, key: str = "m1", text: str = "") -> Urged:
    return services.urging.urge(complaint.conversation_id, complaint.number, key=key, text=text)


def urgings(services: Services, complaint: Complaint) -> int:
    with services.unit_of_work() as tx:
        return len(tx.citizen_updates.of_complaint(complaint.id, UpdateKind.URGE))


def test_nobody_urges_for_somebody_else(services: Services) -> None:
    complaint = filed(services)
    other = conversation(services, "citizen-2").id

    for number in (complaint.number, NOBODYS, "", "x"):
        with pytest.raises(Rejected, match="no such ticket"):
            services.urging.urge(other, number, key="m1")
    assert urgings(services, complaint) == 0


def test_who_showed_the_phones_last_digits_may_urge(services: Services) -> None:
    complaint = filed(services)
    other = conversation(services, "citizen-2").id
    services.following_up.by_number(other, complaint.number, PHONE[-4:])

    assert services.urging.urge(other, complaint.number, key="m1").pressed is Pressed.SENT


def test_the_department_hears_it_with_the_citizens_words(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)

    urged = press(services, complaint, text="都三天了还没人来")
    relay_all(services)

    assert (urged.pressed, urged.times) == (Pressed.SENT, 1)
    ((about, told),) = dispatcher.told
    assert (about, told.kind, told.key) == (request, UpdateKind.URGE, f"{complaint.number}-urge-1")
    assert "都三天了还没人来" in told.text


def test_the_same_message_urges_once(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, _ = dispatched(services)

    assert press(services, complaint) == press(services, complaint)
    relay_all(services)

    assert len(dispatcher.told) == 1


def test_once_in_a_working_day(services: Services, clock: FakeClock, dispatcher: FakeDispatcher) -> None:
    complaint, _ = dispatched(services)  # a Saturday
    press(services, complaint)

    clock.move(hours=20)
    soon = press(services, complaint, "m2")
    assert soon.pressed is Pressed.TOO_SOON
    assert soon.again == datetime(2026, 11, 23, 9, tzinfo=CITY_TIME)
    assert moment(soon.again) in services.progress_speech.urged(soon).text
    clock.now = soon.again.astimezone(UTC)
    assert press(services, complaint, "m3").times == 2

    relay_all(services)
    assert [told.key[-6:] for _, told in dispatcher.told] == ["urge-1", "urge-2"]


def test_danger_may_be_urged_every_two_hours(services: Services, clock: FakeClock) -> None:
    complaint = filed(services, "市北区合肥路688号楼道里有很浓的燃气味")
    press(services, complaint)

    clock.move(hours=1, minutes=59)
    assert press(services, complaint, "m2").pressed is Pressed.TOO_SOON
    clock.move(minutes=1)
    assert press(services, complaint, "m3").pressed is Pressed.SENT


def test_an_urging_waits_for_the_complaint_to_be_filed(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint = filed(services)
    urged = press(services, complaint)
    dispatcher.be_down(2)

    assert services.dispatching.relay_one("worker-1")
    assert not services.dispatching.relay_one("worker-1"), "an update went before its complaint"
    assert dispatcher.told == []
    assert "派到以后" in services.progress_speech.urged(urged).text


def test_late_is_told_to_both(services: Services, clock: FakeClock, dispatcher: FakeDispatcher) -> None:
    complaint, _ = dispatched(services)
    clock.now = complaint.due_at
    clock.move(minutes=1)

    urged = press(services, complaint)
    relay_all(services)

    assert "还没答复" in services.progress_speech.urged(urged).text
    assert "超过答复时限" in dispatcher.told[-1][1].text


@pytest.mark.parametrize("event", ["closed"])
def test_what_is_closed_is_not_urged_but_can_be_called_unsolved(
    services: Services, dispatcher: FakeDispatcher, event: str
) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, event, note="修好了")
    services.dispatching.poll()

    urged = press(services, complaint)
    bubble = services.progress_speech.urged(urged)

    assert (urged.pressed, urgings(services, complaint)) == (Pressed.OVER, 0)
    assert f"{complaint.number}:solved:no" in bubble.options[0].payload


def test_words_are_cut_and_an_anonymous_citizens_phone_is_hidden(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint, _ = dispatched(services, phone=None)

    press(services, complaint, text=f"快点，打{PHONE}\x00" + "啊" * 3000)
    relay_all(services)

    ((_, told),) = dispatcher.told
    assert PHONE not in told.text
    assert len(told.text) <= LONGEST_TEXT + 60
    with services.unit_of_work() as tx:
        (kept,) = tx.citizen_updates.of_complaint(complaint.id)
    assert len(kept.text) <= LONGEST_TEXT
    assert PHONE not in repr(kept)


def test_a_co_reporters_urging_goes_to_the_request_of_the_incident(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    first, request = dispatched(services)
    second = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=first.incident_id)
    relay_all(services)

    press(services, second)
    relay_all(services)

    assert [about for about, _ in dispatcher.told] == [request]


def test_many_taps_at_once_urge_once(services: Services, settings: object) -> None:
    complaint, _ = dispatched(services)
    url = services.settings.sql_url
    barrier, results, errors = threading.Barrier(4), [], []

    def tap(number: int) -> None:
        engine = database.connect(url)
        urging = replace(services.urging, unit_of_work=database.unit_of_work(engine))
        barrier.wait()
        try:
            results.append(urging.urge(complaint.conversation_id, complaint.number, key=f"tap-{number}").pressed)
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=tap, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sorted(results) == [Pressed.SENT, *[Pressed.TOO_SOON] * 3]
    assert urgings(services, complaint) == 1


def test_an_urging_written_since_the_decision_is_not_followed_by_another(services: Services) -> None:
    complaint, _ = dispatched(services)
    press(services, complaint)

    with pytest.raises(Conflict), services.unit_of_work() as tx:
        at = datetime(2026, 11, 21, 9, tzinfo=UTC)
        record(tx, complaint, UpdateKind.URGE, key="m2", text="", at=at, tell="催办", after=0)
    assert urgings(services, complaint) == 1


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("pressed", Pressed)
@pytest.mark.parametrize("late", [False, True])
def test_every_answer_has_words(services: Services, status: Status, pressed: Pressed, late: bool) -> None:
    over = {Status.CLOSED, Status.RATED, Status.WITHDRAWN}
    if (pressed is Pressed.OVER) != (status in over) or (late and status in over):
        return
    complaint = filed(services)
    stands = replace(complaint, history=(replace(complaint.history[-1], after=status),))

    said = services.progress_speech.urged(Urged(pressed, stands, 2, services.clock(), late)).text

    assert ticket_number.display(complaint.number) in said
    assert read(services, complaint).number == complaint.number
