"""Whether a citizen hears of a step, and in which words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.bootstrap import Services
from integrations.clients.chat_lines import ChatLines
from integrations.services.dispatching import Dispatching
from integrations.services.errors import Rejected
from integrations.services.notifying import SILENT
from integrations.services.ports import Messenger, Transaction
from integrations.services.records import Bubble, Complaint, Conversation, Line, Said, Task
from integrations.services.speech import moment
from kb import quiet_hours, ticket_number
from kb.deadlines import CITY_TIME
from kb.lifecycle import RULES, Move, Status, StatusChange
from kb.taxonomy import Urgency
from tests.builders import RUBBISH, conversation, dispatched, filed, notices, outbox, relay_all
from tests.fakes import SATURDAY, FakeClock, FakeDispatcher, FakeListener


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("note", [None, "明天上午去修"])
def test_every_move_says_something_or_is_silent_on_purpose(services: Services, move: Move, note: str | None) -> None:
    complaint = filed(services)
    after = next((rule.after for rule in RULES if rule.move is move and rule.after), Status.ASSIGNED)

    bubble = services.notifying.bubble(
        complaint, StatusChange(9, Status.ASSIGNED, after, SATURDAY, "department", note, kind=move)
    )

    assert (bubble is None) == (move in SILENT)
    if bubble:
        assert ticket_number.display(complaint.number) in bubble.text
        assert "None" not in bubble.text
        assert bubble.options


def test_an_extension_says_until_when(services: Services, dispatcher: FakeDispatcher, clock: FakeClock) -> None:
    complaint, request = dispatched(services)
    later = complaint.due_at + timedelta(days=3)
    dispatcher.do(request, "extended", note="等配件", due_at=later)
    services.dispatching.poll()

    relay_all(services)

    (told,) = notices(services)
    assert moment(later) in told
    assert "等配件" in told


def test_a_notice_uses_the_departments_own_words(services: Services, dispatcher: FakeDispatcher) -> None:
    _, request = dispatched(services)
    for event, more in (("assigned", {"unit": "照明三班"}), ("answered", {"note": "灯泡明天换"})):
        dispatcher.do(request, event, **more)
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


# -- several at once -----------------------------------------------------------------------------------------------


def department_does(services: Services, dispatcher: FakeDispatcher, request: str, *events: str) -> None:
    for event in events:
        dispatcher.do(request, event, unit="照明三班", note=f"说明：{event}")
    services.dispatching.poll()


def moved(services: Services, complaint: Complaint, what: Status | Move, note: str) -> None:
    """A clerk moves it on."""
    with services.unit_of_work() as tx:
        current = tx.complaints.get(complaint.id)
        assert current is not None
        services.moving.make(tx, current, what, actor="clerk:王芳", note=note)


def test_of_several_that_wait_the_latest_is_told(services: Services, dispatcher: FakeDispatcher) -> None:
    _, request = dispatched(services)
    department_does(services, dispatcher, request, "accepted", "assigned", "answered")

    relay_all(services)

    (told,) = notices(services)
    assert "说明：answered" in told
    assert set(outbox(services)) == {"done"}


def test_a_closure_is_told_though_something_came_after_it(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint, request = dispatched(services)
    department_does(services, dispatcher, request, "accepted", "closed")
    moved(services, complaint, Status.RECHECKING, "抽查")
    moved(services, complaint, Move.RECHECKED, "换好了")

    relay_all(services)

    first, second = notices(services)
    assert "说明：closed" in first
    assert "换好了" in second


def test_tickets_do_not_hide_each_other(services: Services, dispatcher: FakeDispatcher) -> None:
    _, lamp = dispatched(services)
    _, rubbish = dispatched(services, RUBBISH, draft_id="draft-2")
    department_does(services, dispatcher, lamp, "accepted")
    department_does(services, dispatcher, rubbish, "accepted")

    relay_all(services)

    assert len(notices(services)) == 2


def test_an_earlier_closure_is_told_first_whoever_is_quicker(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint, request = dispatched(services)
    department_does(services, dispatcher, request, "closed")
    with services.unit_of_work() as tx:
        slow = tx.outbox.claim(worker="slow", now=clock(), lease_seconds=60)
    moved(services, complaint, Status.RECHECKING, "抽查")

    relay_all(services, "quick")
    assert notices(services) == []

    assert slow is not None
    services.notifying.notify(slow)
    clock.move(minutes=1)
    relay_all(services, "quick")
    first, second = notices(services)
    assert "办完了" in first
    assert "复核" in second


# -- quiet hours -------------------------------------------------------------------------------------------------


def by_night(services: Services) -> Dispatching:
    return replace(services.dispatching, notifying=replace(services.notifying, quiet=quiet_hours.read("21:00-8:00")))


def relay(dispatching: Dispatching) -> None:
    while dispatching.relay_one("worker-1"):
        pass


def test_by_night_a_notice_waits_until_eight(services: Services, dispatcher: FakeDispatcher, clock: FakeClock) -> None:
    _, request = dispatched(services)
    clock.now = datetime(2026, 11, 21, 22, 30, tzinfo=CITY_TIME).astimezone(UTC)
    department_does(services, dispatcher, request, "accepted")
    dispatching = by_night(services)

    relay(dispatching)
    assert notices(services) == []
    clock.now = datetime(2026, 11, 22, 7, 59, 59, tzinfo=CITY_TIME).astimezone(UTC)
    relay(dispatching)
    assert notices(services) == []
    department_does(services, dispatcher, request, "assigned")
    clock.now = datetime(2026, 11, 22, 8, 0, tzinfo=CITY_TIME).astimezone(UTC)
    relay(dispatching)

    (told,) = notices(services)
    assert "照明三班" in told
    assert set(outbox(services)) == {"done"}


def test_danger_wakes_people(services: Services, dispatcher: FakeDispatcher, clock: FakeClock) -> None:
    complaint, request = dispatched(services, "市北区合肥路688号楼道里有很浓的燃气味")
    assert complaint.urgency is Urgency.CRITICAL
    clock.now = datetime(2026, 11, 21, 23, 0, tzinfo=CITY_TIME).astimezone(UTC)
    department_does(services, dispatcher, request, "accepted")

    relay(by_night(services))

    assert len(notices(services)) == 1


def test_by_day_nothing_waits(services: Services, dispatcher: FakeDispatcher) -> None:
    _, request = dispatched(services)
    department_does(services, dispatcher, request, "accepted")

    relay(by_night(services))

    assert len(notices(services)) == 1


# -- what cannot be delivered ------------------------------------------------------------------------------------


class Blocked(ChatLines):
    """The citizen has blocked the account."""

    def deliver(self, tx: Transaction, conversation: Conversation, bubble: Bubble, *, at: datetime) -> None:
        raise Rejected("the citizen does not receive messages")


def without(services: Services, messengers: dict[str, Messenger]) -> Dispatching:
    return replace(services.dispatching, notifying=replace(services.notifying, messengers=messengers))


def says(services: Services, run: Callable[[Awaitable[None]], None], text: str = "你好") -> list[Line]:
    """What follows the citizen's next message, the message itself not."""
    mine = conversation(services)
    line = services.conversing.accept(mine.id, f"message-{text}", Said(text))
    run(services.conversing.drive(mine))
    return list(services.conversing.history(mine.id, line.seq))


@pytest.mark.parametrize("messengers", [{}, {"web": Blocked()}], ids=["no messenger", "blocked"])
def test_what_cannot_be_delivered_is_told_at_the_next_contact_once(
    services: Services, dispatcher: FakeDispatcher, run: Callable[..., None], messengers: dict[str, Messenger]
) -> None:
    _, request = dispatched(services)
    dispatching = without(services, messengers)
    for event in ("accepted", "assigned"):
        department_does(services, dispatcher, request, event)
        relay(dispatching)
    department_does(services, dispatcher, request, "closed")
    relay(dispatching)
    assert notices(services) == []
    assert outbox(services)["kept"] == 3

    notice, answer = says(services, run)

    assert (notice.sender, answer.sender) == ("notice", "assistant")
    assert "说明：closed" in notice.bubble.text
    assert [one.sender for one in says(services, run, "还有吗")] == ["assistant"]
    assert set(outbox(services)) == {"done"}


def test_a_kept_closure_goes_before_what_can_be_delivered_again(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    department_does(services, dispatcher, request, "closed")
    relay(without(services, {}))
    moved(services, complaint, Status.RECHECKING, "抽查")

    relay(services.dispatching)

    first, second = notices(services)
    assert "说明：closed" in first
    assert "复核" in second
    assert set(outbox(services)) == {"done"}


def test_kept_notices_wait_while_danger_is_answered(
    services: Services, dispatcher: FakeDispatcher, listener: FakeListener, run: Callable[..., None]
) -> None:
    _, request = dispatched(services)
    department_does(services, dispatcher, request, "accepted")
    relay(without(services, {}))
    listener.answers = lambda _said: [Bubble("先离开", (), {"kind": "danger", "rows": []})]
    assert [one.sender for one in says(services, run, "着火了")] == ["assistant"]

    listener.answers = lambda _said: [Bubble("好")]
    assert [one.sender for one in says(services, run, "好了")] == ["notice", "assistant"]


def test_nobody_hears_what_was_kept_for_somebody_else(
    services: Services, dispatcher: FakeDispatcher, run: Callable[..., None]
) -> None:
    _, request = dispatched(services, address="citizen-2")
    department_does(services, dispatcher, request, "accepted")
    relay(without(services, {}))

    assert [one.sender for one in says(services, run)] == ["assistant"]
    assert outbox(services)["kept"] == 1


def test_a_notice_that_nobody_can_word_waits_for_a_person(services: Services) -> None:
    complaint, _ = dispatched(services)
    with services.unit_of_work() as tx:
        tx.outbox.add(Task.NOTICE, complaint.id, {"say": "nothing known"}, at=services.clock())

    relay_all(services)

    assert outbox(services)["stuck"] == 1


def test_other_notices_are_told_by_their_tellers_and_never_folded(services: Services, clock: FakeClock) -> None:
    complaint, _ = dispatched(services)
    tellers = {"hello": lambda tx, complaint, payload, now: Bubble(f"{payload['word']} {complaint.number}")}
    with services.unit_of_work() as tx:
        for word in ("一", "二"):
            tx.outbox.add(Task.NOTICE, complaint.id, {"say": "hello", "word": word}, at=services.clock())

    relay(replace(services.dispatching, notifying=replace(services.notifying, tellers=tellers)))

    assert notices(services) == [f"一 {complaint.number}", f"二 {complaint.number}"]
