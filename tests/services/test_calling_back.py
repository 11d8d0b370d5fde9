"""Calls that were promised: the number sealed, one for each citizen, made by one clerk, and the citizen told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select

from integrations.bootstrap import Services
from integrations.clients.sealing import AesSealer, read_keys
from integrations.services.handover_errors import Refused, Why
from integrations.services.handover_records import CallState, What
from integrations.store import database
from integrations.store.handover_tables import call_backs
from kb.handover.states import Reason, State
from kb.handover.windows import Window
from tests.builders import conversation, filed
from tests.fakes import FakeClock
from tests.services.desk_work import LI, PHONE, WANG, Desk, at
from tests.services.desk_work import desk as desk

OTHER = "13912345678"
AFTERNOON = Window(at(21, "13:00"), at(21, "16:00"))
KEYS = ("1:" + "A" * 43 + "=", "2:" + "B" * 43 + "=")


def promised(desk: Desk, address: str = "citizen-1", phone: str = PHONE, **how: object) -> int:
    made = desk.services.calling_back.promise(conversation(desk.services, address).id, phone, **how)  # type: ignore[arg-type]
    return made.id


def refused(why: Why, work: Callable[[], object]) -> None:
    with pytest.raises(Refused) as told:
        work()
    assert told.value.why is why


def test_a_promise_keeps_number_time_reason_and_state(services: Services, desk: Desk) -> None:
    number = promised(desk, window=AFTERNOON, wanted="下午吧", about=f"路灯坏了，打{PHONE}", reason=Reason.DISTRESS)

    (call,) = services.calling_back.to_make()
    assert (call.id, call.state, call.reason, call.shown) == (number, CallState.OPEN, Reason.DISTRESS, "138****5678")
    assert (call.begins, call.ends, call.wanted) == (AFTERNOON.begins, AFTERNOON.ends, "下午吧")
    assert PHONE not in repr(call) and PHONE not in call.about


def test_the_number_is_sealed_in_its_row(services: Services, desk: Desk) -> None:
    promised(desk)
    with services.engine.connect() as db:
        row = db.execute(select(call_backs)).one()
    assert PHONE.encode() not in row.phone and PHONE not in str(row)
    with services.unit_of_work() as tx:
        assert tx.call_backs.phone(row.id) == PHONE


def test_asked_for_again_it_is_the_same_call_with_the_newer_number_and_time(services: Services, desk: Desk) -> None:
    first = promised(desk)
    assert promised(desk, phone=OTHER, window=AFTERNOON) == first
    (call,) = services.calling_back.to_make()
    assert (call.shown, call.begins) == ("139****5678", AFTERNOON.begins)
    assert services.calling_back.take(first, by=WANG)[1] == OTHER


def test_a_double_click_promises_one_call(services: Services, desk: Desk) -> None:
    mine, barrier, errors = conversation(services), threading.Barrier(5), list[Exception]()

    def ask() -> None:
        barrier.wait()
        try:
            services.calling_back.promise(mine.id, PHONE)
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and len(services.calling_back.to_make()) == 1


def test_who_waited_for_a_person_waits_no_more_and_keeps_the_reason(services: Services, desk: Desk) -> None:
    desk.asks(reason=Reason.DISTRESS)
    promised(desk)
    assert desk.numbers == []
    (call,) = services.calling_back.to_make()
    assert call.reason is Reason.DISTRESS and call.handover_id is not None
    assert desk.read(call.handover_id).state is State.CALL_BACK


def test_the_earliest_time_is_first_and_any_time_counts_from_the_asking(desk: Desk, clock: FakeClock) -> None:
    late = promised(desk, "citizen-1", window=AFTERNOON)
    any_time = promised(desk, "citizen-2")
    clock.now = at(21, "14:00")
    last = promised(desk, "citizen-3")
    assert [one.id for one in desk.services.calling_back.to_make()] == [any_time, late, last]


# -- the number that is known ----------------------------------------------------------------------------------------


def test_a_number_is_known_from_the_report_a_call_or_a_ticket(desk: Desk) -> None:
    calling, mine = desk.services.calling_back, conversation(desk.services).id
    assert calling.known_phone(mine) is None
    filed(desk.services, phone=PHONE)
    assert calling.known_phone(mine) == PHONE
    promised(desk, phone=OTHER)
    assert calling.known_phone(mine) == OTHER
    assert calling.known_phone(mine, "13700000000") == "13700000000"
    assert calling.known_phone(conversation(desk.services, "citizen-2").id) is None


def test_an_anonymous_ticket_has_no_number(desk: Desk) -> None:
    filed(desk.services, phone=None)
    assert desk.services.calling_back.known_phone(conversation(desk.services).id) is None


# -- making it -------------------------------------------------------------------------------------------------------


def test_two_clerks_do_not_call_the_same_citizen(desk: Desk, clock: FakeClock) -> None:
    number, calling = promised(desk), desk.services.calling_back
    assert calling.take(number, by=WANG)[1] == PHONE
    assert calling.take(number, by=WANG)[1] == PHONE, "a double click"
    refused(Why.TAKEN, lambda: calling.take(number, by=LI))
    refused(Why.TAKEN, lambda: calling.tick_off(number, by=LI, reached=True))
    clock.move(minutes=31)  # the first one has forgotten it
    assert calling.take(number, by=LI)[1] == PHONE


def test_who_saw_the_number_is_on_the_trail(desk: Desk) -> None:
    number = promised(desk)
    desk.services.calling_back.take(number, by=WANG)
    with desk.services.unit_of_work() as tx:
        trail = tx.handovers.trail(call_back_id=number)
    assert [(one.act, one.by) for one in trail] == [(What.PROMISE, "citizen"), (What.CONTACT, f"clerk:{WANG}")]
    assert PHONE not in repr(trail)


@pytest.mark.parametrize("reached", [True, False])
def test_ticked_off_the_citizen_is_told_once_and_not_the_note(desk: Desk, reached: bool) -> None:
    number, calling = promised(desk), desk.services.calling_back
    calling.take(number, by=WANG)
    done = calling.tick_off(number, by=WANG, reached=reached, note=f"老人家听不清，{PHONE}")
    again = calling.tick_off(number, by=WANG, reached=reached)

    assert done.state is again.state is (CallState.REACHED if reached else CallState.NOT_REACHED)
    assert desk.told() == [desk.say("handover.reached" if reached else "handover.not_reached")]
    assert done.note is not None and PHONE not in done.note
    refused(Why.OVER, lambda: calling.tick_off(number, by=LI, reached=reached))
    refused(Why.OVER, lambda: calling.tick_off(number, by=WANG, reached=not reached))
    refused(Why.OVER, lambda: calling.take(number, by=WANG))


def test_who_was_not_reached_may_have_another_call(desk: Desk) -> None:
    number = promised(desk)
    desk.services.calling_back.tick_off(number, by=WANG, reached=False)
    (button,) = desk.lines()[-1].bubble.options
    assert button.payload == "/call_back"
    assert promised(desk) != number


def test_an_unknown_call_is_refused(desk: Desk) -> None:
    refused(Why.UNKNOWN, lambda: desk.services.calling_back.take(99, by=WANG))
    refused(Why.UNKNOWN, lambda: desk.services.calling_back.tick_off(99, by=WANG, reached=True))


def test_a_call_that_is_not_wanted_any_more_is_taken_off_by_words(desk: Desk) -> None:
    number = promised(desk)
    (said,) = desk.says("不用给我打电话了")
    assert said.text == desk.say("handover.no_call")
    refused(Why.OVER, lambda: desk.services.calling_back.take(number, by=WANG))


def test_these_words_are_for_the_dialogue_where_no_call_was_promised(desk: Desk) -> None:
    desk.says("不用给我打电话了")
    assert desk.listener.texts == ["不用给我打电话了"]


# -- a clerk promises it ---------------------------------------------------------------------------------------------


def test_a_clerk_promises_a_call_with_the_number_of_the_report(desk: Desk) -> None:
    desk.filling_in(phone=PHONE, contact="phone")
    number = desk.taken()
    attending = desk.services.attending
    call = attending.call_back(number, by=WANG, wanted="今天下午")
    assert attending.call_back(number, by=WANG, wanted="今天下午").id == call.id

    assert desk.read(number).state is State.CALL_BACK
    assert call.begins == at(21, "12:00") and call.ends == at(21, "16:00")
    assert desk.told()[-1].startswith("记下了，今天下午")
    assert desk.told().count(desk.told()[-1]) == 1


def test_a_clerk_needs_a_number_and_a_time_at_which_somebody_is_there(desk: Desk) -> None:
    number = desk.taken()
    attending = desk.services.attending
    refused(Why.NO_PHONE, lambda: attending.call_back(number, by=WANG))
    refused(Why.NO_PHONE, lambda: attending.call_back(number, by=WANG, phone="不知道"))
    refused(Why.NO_WINDOW, lambda: attending.call_back(number, by=WANG, phone=PHONE, wanted="凌晨三点"))
    assert desk.read(number).state is State.TAKEN
    assert desk.services.calling_back.to_make() == []
    assert attending.call_back(number, by=WANG, phone=PHONE).shown == "138****5678"


# -- keys and erasing ------------------------------------------------------------------------------------------------


def test_a_change_of_keys_takes_the_numbers_of_calls_along(services: Services, desk: Desk) -> None:
    def store(*keys: str) -> AesSealer:
        return AesSealer(read_keys(",".join(keys)))

    first = database.unit_of_work(services.engine, lambda _used: store(KEYS[0]))
    mine = conversation(services).id
    from integrations.services.handover_records import CallBack

    with first() as tx:
        fresh = CallBack(0, mine, CallState.OPEN, Reason.ASKED, "138****5678", services.clock())
        number = tx.call_backs.promise(fresh, PHONE).id
        assert list(tx.contacts.key_ids().values()) == [1]
    both = database.unit_of_work(services.engine, lambda _used: store(KEYS[1], KEYS[0]))
    with both() as tx:
        assert tx.contacts.reseal_some(limit=500) == 1
        assert tx.contacts.reseal_some(limit=500) == 0
    with database.unit_of_work(services.engine, lambda _used: store(KEYS[1]))() as tx:
        tx.contacts.check()
        assert tx.call_backs.phone(number) == PHONE


def test_erased_with_its_person_nothing_is_left_to_call(services: Services, desk: Desk) -> None:
    number = promised(desk, about="路灯坏了", wanted="下午")
    desk.asks("citizen-1")
    mine = conversation(services).id
    with services.unit_of_work() as tx:
        tx.personal.erase_conversation(mine)
    with services.engine.connect() as db:
        row = db.execute(select(call_backs)).one()
    assert (row.phone, row.key_id, row.shown, row.about, row.wanted) == (None, None, "", "", "")
    assert row.state == CallState.WITHDRAWN and desk.numbers == []
    with services.unit_of_work() as tx:
        assert tx.call_backs.phone(number) is None


def test_a_copy_of_everything_has_the_number_opened_and_nothing_sealed(services: Services, desk: Desk) -> None:
    filed(services, phone=None)
    promised(desk)
    citizen = conversation(services).citizen_id
    copied = services.personal_requests.export(citizen, by="管理员", why="本人申请")
    assert {"call_back_id": 1, "phone": PHONE} in copied["contacts"]
    assert "phone" not in copied["call_backs"][0] and "key_id" not in copied["call_backs"][0]
