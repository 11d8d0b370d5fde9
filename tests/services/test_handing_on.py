"""What goes to the backend beside the plain filing: tokens, doubt, updates in order, helping units, lost requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.bootstrap import Services
from integrations.services.dispatching import BACK_OFF, LOST_AFTER
from integrations.services.errors import Rejected
from integrations.services.records import Complaint, OutboxRow, RowState, Task, UpdateKind, WhenUnsure
from integrations.services.sending_once import LEASE_SECONDS
from kb.lifecycle import Actor, Status
from tests.builders import LAMP_AGAIN, RUBBISH, dispatched, filed, notices, outbox, read, relay_all, request_of
from tests.fakes import FakeClock, FakeDispatcher


def rows(services: Services, complaint: Complaint, task: Task) -> list[OutboxRow]:
    with services.unit_of_work() as tx:
        return [row for row in tx.outbox.of_complaint(complaint.id) if row.task is task]


def tell(services: Services, complaint: Complaint, kind: UpdateKind, key: str, text: str = "") -> None:
    with services.unit_of_work() as tx:
        tx.outbox.add(Task.UPDATE, complaint.id, {"kind": kind, "key": key, "text": text}, at=services.clock())


def move(services: Services, complaint: Complaint, status: Status) -> None:
    current = read(services, complaint)
    with services.unit_of_work() as tx:
        services.moving.make(tx, current, status, actor=Actor.CITIZEN)


# -- tokens ------------------------------------------------------------------------------------------------------


def test_a_token_is_asked_after_until_it_has_a_number_and_nothing_is_sent_again(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    dispatcher.give_token(polls=4)
    for seconds in (0, *BACK_OFF[:3]):
        clock.move(seconds=seconds)
        relay_all(services)

    assert dispatcher.posts == [complaint.number]
    assert dispatcher.looked_for == []
    assert dispatcher.numbers_of(complaint) == [request_of(services, complaint)]


def test_a_token_that_the_backend_has_forgotten_is_looked_for_like_a_lost_answer(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    dispatcher.give_token(polls=9)
    relay_all(services)
    dispatcher.tokens.clear()
    clock.move(seconds=BACK_OFF[0])
    relay_all(services)

    assert dispatcher.posts == [complaint.number]
    assert dispatcher.looked_for == [complaint.number]
    assert read(services, complaint).status is Status.DISPATCHED


# -- a backend that cannot be searched ---------------------------------------------------------------------------


@pytest.fixture
def blind(dispatcher: FakeDispatcher) -> FakeDispatcher:
    """It shows nothing of what it has."""
    dispatcher.shows, dispatcher.unsure = False, WhenUnsure.ASK_PERSON
    return dispatcher


def test_what_may_have_been_heard_is_not_sent_twice_but_shown_to_a_person(
    services: Services, blind: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    blind.lose_answers()
    for seconds in (0, *BACK_OFF):
        clock.move(seconds=seconds)
        relay_all(services)

    assert blind.posts == [complaint.number]
    (stuck,) = services.sorting_out.waiting()
    assert stuck.unsure
    assert read(services, complaint).status is Status.NEEDS_PERSON
    assert len(notices(services)) == 1


def test_what_surely_was_not_heard_is_sent_again_without_asking_anybody(
    services: Services, blind: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    blind.be_down(5)
    for seconds in (0, *BACK_OFF):
        clock.move(seconds=seconds)
        relay_all(services)

    assert len(blind.numbers_of(complaint)) == 1
    assert outbox(services).get("stuck", 0) == 0


def test_doubt_stays_when_a_later_try_surely_was_not_heard(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    dispatcher.lose_answers()
    relay_all(services)
    dispatcher.shows = False  # its list is behind: our first try is there and does not show
    dispatcher.be_down()
    clock.move(seconds=BACK_OFF[0])
    relay_all(services)
    dispatcher.unsure = WhenUnsure.ASK_PERSON
    clock.move(seconds=BACK_OFF[1])
    relay_all(services)

    assert len(dispatcher.numbers_of(complaint)) == 1
    assert [one.unsure for one in services.sorting_out.waiting()] == [True]


def test_a_city_may_choose_to_send_again_and_say_so(
    services: Services, blind: FakeDispatcher, clock: FakeClock
) -> None:
    blind.unsure = WhenUnsure.SEND_MARKED
    complaint = filed(services)
    blind.lose_answers()
    relay_all(services)
    clock.move(seconds=BACK_OFF[0])
    relay_all(services)

    assert blind.posts == [complaint.number] * 2
    assert blind.marked_again == [complaint.number]


def test_a_worker_that_died_while_sending_leaves_a_doubt(
    services: Services, blind: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)

    class Died(BaseException):
        """As a kill does, it passes everything that catches errors."""

    def die(moment: str) -> None:
        if moment == "sending":
            raise Died

    with pytest.raises(Died):
        replace(services.dispatching, pause_at=die).relay_one("worker-1")
    clock.move(seconds=LEASE_SECONDS + 1)
    relay_all(services, "worker-2")

    assert blind.posts == []
    assert [one.unsure for one in services.sorting_out.waiting()] == [True]
    assert read(services, complaint).status is Status.NEEDS_PERSON


# -- what a person decides ---------------------------------------------------------------------------------------


@pytest.fixture
def doubtful(services: Services, blind: FakeDispatcher, clock: FakeClock) -> Complaint:
    """A complaint that the backend has, although nobody here can know it."""
    complaint = filed(services)
    blind.lose_answers()
    relay_all(services)
    clock.move(seconds=BACK_OFF[0])
    relay_all(services)
    return complaint


def test_a_doubtful_row_is_not_simply_put_back(services: Services, doubtful: Complaint) -> None:
    (stuck,) = services.sorting_out.waiting(doubtful.number)

    with pytest.raises(Rejected, match="--filed-as NUMBER, or --anew"):
        services.sorting_out.retry(stuck)


def test_a_person_finds_it_in_the_backend(services: Services, doubtful: Complaint, blind: FakeDispatcher) -> None:
    (stuck,) = services.sorting_out.waiting(doubtful.number)
    services.sorting_out.filed_as(stuck, "DC-0001", by="王芳")
    relay_all(services)

    assert request_of(services, doubtful) == "DC-0001"
    assert read(services, doubtful).history[-1].actor == "clerk:王芳"
    assert blind.posts == [doubtful.number]
    with pytest.raises(Rejected, match="another ticket's request"):
        services.sorting_out.filed_as(stuck, "DC-0001", by="王芳")


def test_a_person_finds_that_it_is_not_there(services: Services, doubtful: Complaint, blind: FakeDispatcher) -> None:
    blind.requests.clear()
    (stuck,) = services.sorting_out.waiting(doubtful.number)
    services.sorting_out.retry(stuck, anew=True)
    relay_all(services)

    assert blind.numbers_of(doubtful) == [request_of(services, doubtful)]
    with pytest.raises(Rejected, match="not stuck any more"):
        services.sorting_out.retry(stuck, anew=True)


def test_a_filing_cannot_be_called_done_without_its_number(services: Services, doubtful: Complaint) -> None:
    (stuck,) = services.sorting_out.waiting()

    with pytest.raises(Rejected, match="--filed-as"):
        services.sorting_out.done(stuck)


def test_of_what_is_not_stuck_a_person_is_told_so(services: Services) -> None:
    with pytest.raises(Rejected, match="nothing of 4817 2093 5562 is stuck"):
        services.sorting_out.waiting("4817 2093 5562")


# -- updates -----------------------------------------------------------------------------------------------------


def test_updates_wait_for_the_filing_and_keep_their_order(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    for count in range(3):
        tell(services, complaint, UpdateKind.SUPPLEMENT, f"key-{count}", str(count))
    dispatcher.be_down(2)
    relay_all(services)
    assert dispatcher.told == []

    for seconds in BACK_OFF[:3]:
        clock.move(seconds=seconds)
        relay_all(services)

    assert [told.text for _, told in dispatcher.told] == ["0", "1", "2"]
    assert {about for about, _ in dispatcher.told} == {request_of(services, complaint)}


def test_an_update_that_has_to_wait_holds_back_those_after_it_but_no_other_ticket(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint, other = filed(services), filed(services, RUBBISH, draft_id="draft-2")
    relay_all(services)
    tell(services, complaint, UpdateKind.URGE, "a")
    tell(services, complaint, UpdateKind.SUPPLEMENT, "b")
    tell(services, other, UpdateKind.URGE, "c")
    dispatcher.be_down()
    relay_all(services)
    assert [told.key for _, told in dispatcher.told] == ["c"]

    clock.move(seconds=BACK_OFF[0])
    relay_all(services)

    assert [told.key for _, told in dispatcher.told] == ["c", "a", "b"]


def test_a_refused_update_waits_for_a_person_and_lets_the_others_go(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint, _ = dispatched(services)
    tell(services, complaint, UpdateKind.URGE, "a")
    tell(services, complaint, UpdateKind.SUPPLEMENT, "b")
    dispatcher.refuse("too often")
    relay_all(services)

    assert [told.key for _, told in dispatcher.told] == ["b"]
    (stuck,) = services.sorting_out.waiting()
    assert stuck.row.payload["key"] == "a"
    assert read(services, complaint).status is Status.DISPATCHED
    services.sorting_out.done(stuck)
    assert services.sorting_out.waiting() == []


@pytest.mark.parametrize("by_request", [False, True])
def test_an_update_whose_answer_was_lost_is_told_once(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock, by_request: bool
) -> None:
    complaint, _ = dispatched(services)
    dispatcher.tells_by_request = by_request
    tell(services, complaint, UpdateKind.URGE, "a")
    tell(services, complaint, UpdateKind.URGE, "a")
    dispatcher.lose_answers()
    for seconds in (0, *BACK_OFF[:2]):
        clock.move(seconds=seconds)
        relay_all(services)

    assert [told.key for _, told in dispatcher.told] == ["a"]
    assert set(outbox(services)) == {"done"}


def test_what_a_follow_up_request_brings_is_not_taken_for_news_of_a_complaint(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint, number = dispatched(services)
    dispatcher.tells_by_request = True
    tell(services, complaint, UpdateKind.URGE, "a")
    relay_all(services)
    update = dispatcher.do(number, "accepted")

    assert services.casework.apply(f"{number}-told-1", update) is False
    assert read(services, complaint).status is Status.DISPATCHED


def test_withdrawing_before_the_filing_sends_nothing(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint = filed(services)
    move(services, complaint, Status.WITHDRAWN)
    tell(services, complaint, UpdateKind.WITHDRAW, "w")
    relay_all(services)

    assert (dispatcher.posts, dispatcher.told) == ([], [])
    assert set(outbox(services)) == {"done"}


def test_withdrawing_while_the_filing_is_on_its_way_is_told_afterwards(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)
    dispatcher.lose_answers()
    relay_all(services)
    move(services, complaint, Status.WITHDRAWN)
    tell(services, complaint, UpdateKind.WITHDRAW, "w")
    clock.move(seconds=BACK_OFF[0])
    relay_all(services)

    assert [(about, told.kind) for about, told in dispatcher.told] == [("DC-0001", UpdateKind.WITHDRAW)]
    assert read(services, complaint).status is Status.WITHDRAWN
    assert [one.after for one in read(services, complaint).history] == [Status.FILED, Status.WITHDRAWN]


def test_one_of_several_who_withdraws_does_not_end_it_for_the_others(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    main, _ = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    move(services, main, Status.WITHDRAWN)
    tell(services, main, UpdateKind.WITHDRAW, "w-1")
    relay_all(services)
    move(services, joined, Status.WITHDRAWN)
    tell(services, joined, UpdateKind.WITHDRAW, "w-2")
    relay_all(services)

    assert [told.kind for _, told in dispatcher.told] == [UpdateKind.LEAVES, UpdateKind.WITHDRAW]


@pytest.mark.parametrize("by_request", [False, True])
def test_what_was_told_of_a_withdrawal_is_told_again_the_same_way(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock, by_request: bool
) -> None:
    """The answer is lost, and meanwhile the last one withdraws too: it is for theirs to end it."""
    dispatcher.tells_by_request = by_request
    main, _ = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    move(services, main, Status.WITHDRAWN)
    tell(services, main, UpdateKind.WITHDRAW, "w-1")
    dispatcher.lose_answers()
    relay_all(services)
    move(services, joined, Status.WITHDRAWN)
    tell(services, joined, UpdateKind.WITHDRAW, "w-2")
    clock.move(seconds=2 * BACK_OFF[0])
    relay_all(services)

    assert [told.kind for _, told in dispatcher.told] == [UpdateKind.LEAVES, UpdateKind.WITHDRAW]
    assert set(outbox(services)) == {"done"}


def test_who_withdraws_does_not_end_it_for_somebody_whose_joining_is_still_on_its_way(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    main, _ = dispatched(services)
    joined = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    dispatcher.ask_to_wait(1)
    relay_all(services)
    move(services, main, Status.WITHDRAWN)
    tell(services, main, UpdateKind.WITHDRAW, "w-1")
    relay_all(services)
    clock.move(seconds=BACK_OFF[0])
    relay_all(services)

    assert [told.kind for _, told in dispatcher.told] == [UpdateKind.LEAVES]
    assert len(dispatcher.notes_of(joined)) == 1
    assert read(services, joined).status is Status.DISPATCHED


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_joined_somebody_who_withdrew_before_it_went_out_is_filed_in_their_place(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock, when: str
) -> None:
    first = filed(services)
    if when == "before":
        move(services, first, Status.WITHDRAWN)
        relay_all(services)
    second, third = (
        filed(services, LAMP_AGAIN, address=f"citizen-{one}", draft_id=f"draft-{one}", join=first.incident_id)
        for one in (2, 3)
    )
    if when == "after":
        move(services, first, Status.WITHDRAWN)
    for seconds in (0, *BACK_OFF[:3]):
        clock.move(seconds=seconds)
        relay_all(services)

    assert request_of(services, second) == request_of(services, third) == "DC-0001"
    assert dispatcher.posts == [second.number]
    assert set(outbox(services)) == {"done"}


def test_who_joined_somebody_that_a_person_must_look_at_waits_for_that(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    first = filed(services)
    joined = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=first.incident_id)
    dispatcher.refuse()
    for seconds in (0, *BACK_OFF[:3]):
        clock.move(seconds=seconds)
        relay_all(services)
    assert dispatcher.numbers_of(joined) == []

    (stuck,) = services.sorting_out.waiting()
    services.sorting_out.retry(stuck)
    for seconds in BACK_OFF:
        clock.move(seconds=seconds)
        relay_all(services)

    assert request_of(services, joined) == request_of(services, first)


# -- helping units -----------------------------------------------------------------------------------------------


def test_each_helping_unit_is_told_and_tried_again_on_its_own(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    dispatcher.units = ("街道办事处", "交警部门")
    complaint = filed(services)
    assert services.dispatching.relay_one("worker-1")
    dispatcher.be_down()
    relay_all(services)
    assert [row.state for row in rows(services, complaint, Task.COPY)] == [RowState.READY, RowState.DONE]
    assert read(services, complaint).status is Status.DISPATCHED

    clock.move(seconds=BACK_OFF[0])
    relay_all(services)

    assert {one.unit for one in dispatcher.copies.values()} == {"街道办事处", "交警部门"}
    assert len(dispatcher.copies) == 2


def test_a_helping_unit_whose_answer_was_lost_is_told_once_and_its_work_is_no_news(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    dispatcher.units = ("街道办事处",)
    complaint = filed(services)
    services.dispatching.relay_one("worker-1")
    dispatcher.lose_answers()
    relay_all(services)
    clock.move(seconds=BACK_OFF[0])
    relay_all(services)

    (copy,) = dispatcher.copies
    assert set(outbox(services)) == {"done"}
    update = dispatcher.do(request_of(services, complaint), "closed", note="我们这边好了")
    assert services.casework.apply(copy, update) is False
    assert read(services, complaint).status is Status.DISPATCHED


# -- two workers, although there is a lease ----------------------------------------------------------------------


def test_a_double_that_could_not_be_kept_away_is_cancelled_in_the_department(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    """The first worker stood still between its last look at the row and its request, longer than its lease."""
    complaint = filed(services)

    def another_takes_over() -> None:
        dispatcher.before_filing = lambda: None
        clock.move(seconds=LEASE_SECONDS + 1)
        relay_all(services, "worker-2")

    dispatcher.before_filing = another_takes_over
    services.dispatching.relay_one("worker-1")
    relay_all(services)

    assert request_of(services, complaint) == "DC-0001"
    ((about, told),) = dispatcher.told
    assert (about, told.kind, told.text) == ("DC-0002", UpdateKind.DOUBLE, "DC-0001")


def test_a_worker_that_stood_still_before_its_request_sends_nothing(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = filed(services)

    def stand_still(moment: str) -> None:
        if moment == "before request":
            clock.move(seconds=LEASE_SECONDS + 1)
            relay_all(services, "worker-2")

    replace(services.dispatching, pause_at=stand_still).relay_one("worker-1")

    assert dispatcher.posts == [complaint.number]
    assert dispatcher.numbers_of(complaint) == [request_of(services, complaint)]


# -- a backend that has lost what it had -------------------------------------------------------------------------


def poll_for(services: Services, clock: FakeClock, times: int = 3) -> None:
    for _ in range(times):
        services.dispatching.poll()
        clock.move(seconds=LOST_AFTER.total_seconds())


def test_a_lost_request_is_shown_to_a_person_who_has_it_filed_again(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint, old = dispatched(services)
    dispatcher.lose_everything()
    poll_for(services, clock)
    (stuck,) = services.sorting_out.waiting()
    assert old in str(stuck.row.last_error)
    assert dispatcher.posts == [complaint.number]

    services.sorting_out.retry(stuck)
    relay_all(services)

    assert dispatcher.posts == [complaint.number] * 2
    assert dispatcher.numbers_of(complaint) == [request_of(services, complaint)]
    assert read(services, complaint).status is Status.DISPATCHED
    poll_for(services, clock)
    assert services.sorting_out.waiting() == []


def test_a_city_may_have_lost_requests_filed_again_at_once_with_all_who_followed(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    dispatcher.files_again = True
    main, _ = dispatched(services)
    joined, _ = dispatched(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=main.incident_id)
    dispatcher.lose_everything()
    poll_for(services, clock)
    relay_all(services)

    assert request_of(services, main) == request_of(services, joined) == "DC-0002"
    assert dispatcher.posts == [main.number] * 2


@pytest.mark.parametrize("files_again", [False, True])
def test_a_number_that_is_given_a_second_time_moves_only_the_complaint_that_has_it_now(
    services: Services, dispatcher: FakeDispatcher, files_again: bool
) -> None:
    dispatcher.files_again = files_again
    first, number = dispatched(services)
    dispatcher.lose_everything(count_on=False)
    second, same = dispatched(services, RUBBISH, draft_id="draft-2")
    assert same == number
    services.casework.apply(same, dispatcher.do(same, "accepted"))

    assert read(services, second).status is Status.ACCEPTED
    assert read(services, first).status is (Status.DISPATCHED if files_again else Status.NEEDS_PERSON)
    for stuck in services.sorting_out.waiting():
        services.sorting_out.retry(stuck)
    relay_all(services)
    assert [dispatcher.numbers_of(one) for one in (first, second)] == [["DC-0002"], ["DC-0001"]]
    assert request_of(services, first) == "DC-0002"


def test_a_backend_that_does_not_know_a_request_for_a_moment_has_not_lost_it(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint, number = dispatched(services)
    kept = dispatcher.requests.pop(number)
    services.dispatching.poll()
    dispatcher.requests[number] = kept
    services.dispatching.poll()
    del dispatcher.requests[number]
    clock.move(seconds=LOST_AFTER.total_seconds() * 2)
    services.dispatching.poll()

    assert services.sorting_out.waiting() == []
    assert read(services, complaint).status is Status.DISPATCHED


# -- a backend that shows no history -----------------------------------------------------------------------------


def test_where_it_stands_is_applied_once_however_often_it_is_read(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint, number = dispatched(services)
    stands = {"event": ""}

    class ShowsNoHistory(FakeDispatcher):
        def updates(self, request_id: str) -> list:  # type: ignore[type-arg]
            return [replace(update, sequence=0, event=stands["event"])]

    update = dispatcher.do(number, "accepted")
    dispatching = replace(services.dispatching, dispatcher=ShowsNoHistory())
    seen = []
    for event in ("", "accepted", "accepted", "closed", "closed"):
        stands["event"] = event
        seen.append(dispatching.poll())

    assert seen == [0, 1, 0, 1, 0]
    assert [one.after for one in read(services, complaint).history][-2:] == [Status.ACCEPTED, Status.CLOSED]
