"""Asking for a person: the queue, its order, its hours, and what a citizen may say while they wait."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import TryLater
from integrations.services.handover_records import What
from kb.handover.desk import NEVER, hours
from kb.handover.desk import Desk as Hours
from kb.handover.states import Reason, State
from tests.builders import conversation
from tests.fakes import FakeClock, FakeListener
from tests.services.desk_work import PHONE, QUESTION, WANG, Desk, at
from tests.services.desk_work import desk as desk


def timers(services: Services) -> int:
    """Do what is due."""
    return services.timing.run_due("worker-1")


# -- the queue -----------------------------------------------------------------------------------------------------


def test_people_wait_in_the_order_in_which_they_asked(desk: Desk) -> None:
    assert [desk.asks(f"citizen-{n}").ahead for n in (1, 2, 3)] == [0, 1, 2]


def test_the_same_request_again_keeps_ones_place_and_makes_no_second_wish(desk: Desk) -> None:
    desk.asks("citizen-1")
    desk.asks("citizen-2")

    again = desk.asks("citizen-1")
    assert (again.ahead, again.again, again.state) == (0, True, State.WAITING)
    assert len(desk.numbers) == 2


def test_a_double_click_from_two_processes_makes_one_wish(services: Services, desk: Desk) -> None:
    mine, barrier, errors = conversation(services), threading.Barrier(6), list[Exception]()

    def ask() -> None:
        barrier.wait()
        try:
            services.handing_over.ask(mine.id, {})
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(desk.numbers) == 1


@pytest.mark.parametrize("reason", [Reason.DISTRESS, Reason.DANGER])
def test_distress_and_danger_go_to_the_front_and_among_themselves_in_order(desk: Desk, reason: Reason) -> None:
    for n in (1, 2):
        desk.asks(f"citizen-{n}")
    assert desk.asks("citizen-3", reason).ahead == 0
    assert desk.asks("citizen-4", Reason.DANGER).ahead == 1
    assert desk.asks("citizen-1").ahead == 2


def test_a_graver_reason_moves_up_and_a_lighter_one_does_not_move_down(services: Services, desk: Desk) -> None:
    desk.asks("citizen-1")
    desk.asks("citizen-2")
    mine = conversation(services, "citizen-2").id
    with services.unit_of_work() as tx:
        services.handing_over.call(tx, mine, Reason.DISTRESS, "不想活了")

    assert desk.asks("citizen-2").ahead == 0
    assert desk.asks("citizen-1").ahead == 1
    trail = services.attending.trail(desk.numbers[0])
    assert [one.act for one in trail] == [What.ASK, What.RAISE]


def test_of_the_context_no_phone_is_kept(services: Services, desk: Desk) -> None:
    desk.asks(draft={"id": "d", "description": f"打我{PHONE}", "phone": PHONE, "place": {"text": f"3号楼{PHONE}"}})

    with services.unit_of_work() as tx:
        (kept,) = tx.handovers.waiting()
    assert PHONE not in str(kept.context) and "phone" not in kept.context["draft"]
    assert kept.context["draft"]["description"]


# -- how long still ------------------------------------------------------------------------------------------------


def test_how_long_is_answered_exactly_and_again_when_it_has_changed(desk: Desk, listener: FakeListener) -> None:
    desk.asks("citizen-2")
    desk.asks("citizen-3")
    desk.asks("citizen-1")
    (first,) = desk.says("还要等多久啊")
    assert first.text == desk.say("handover.still", ahead=2)

    desk.services.attending.take(desk.numbers[0], by=WANG)
    (second,) = desk.taps("handover:position")
    assert second.text == desk.say("handover.still", ahead=1)
    desk.says("不等了", "citizen-3")
    (third,) = desk.says("转人工")
    assert third.text == desk.say("handover.next")
    assert listener.said == [], "the dialogue was asked"


def test_no_time_is_told_unless_enough_people_were_measured(desk: Desk, clock: FakeClock) -> None:
    for n in range(4):
        desk.asks(f"early-{n}")
        clock.move(minutes=6)
        over(desk)
    desk.asks("citizen-2")
    assert desk.asks("citizen-1").wait is None

    clock.move(minutes=8)
    over(desk)
    assert desk.asks("citizen-1").wait == timedelta(minutes=6)
    desk.asks("citizen-3")
    (said,) = desk.says("还要等多久", "citizen-3")
    assert said.text == desk.say("handover.still", ahead=1) + desk.say("handover.measured", minutes=6)


def over(desk: Desk) -> None:
    """The next one is served."""
    number = desk.services.attending.take(desk.numbers[0], by=WANG).id
    desk.services.attending.end(number, by=WANG)


def test_what_was_measured_is_of_the_last_hour_and_only_while_somebody_was_there(desk: Desk, clock: FakeClock) -> None:
    clock.now = at(20, "20:00")  # a Friday evening
    for n in range(5):
        desk.asks(f"early-{n}")
    clock.now = at(21, "9:10")
    for number in desk.numbers:
        desk.services.attending.take(number, by=WANG)
    assert desk.asks("citizen-1").wait == timedelta(minutes=10)
    clock.move(minutes=61)
    assert desk.asks("citizen-1").wait is None


# -- giving up -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["不等了", "算了，不等了", "不用人工了", "handover:leave"])
def test_who_waits_no_longer_goes_on_with_the_form_where_it_was(desk: Desk, listener: FakeListener, how: str) -> None:
    desk.filling_in()
    desk.asks()
    said = desk.taps(how) if ":" in how else desk.says(how)

    assert [one.text for one in said] == [desk.say("handover.left_queue"), QUESTION.text]
    assert said[1].options == QUESTION.options
    assert desk.numbers == [] and listener.said == []
    assert [one.text for one in desk.says("海尔路")] == ["听到了：海尔路"]


def test_giving_up_twice_is_once_and_the_second_is_said_to_wait_for_nobody(desk: Desk) -> None:
    desk.asks()
    desk.taps("handover:leave")

    (said,) = desk.taps("handover:leave")
    assert said.text == desk.say("handover.not_waiting")


def test_without_an_open_form_nothing_is_asked_after_giving_up(desk: Desk) -> None:
    desk.says("你好")
    desk.asks()
    assert [one.text for one in desk.says("不等了")] == [desk.say("handover.left_queue")]


def test_when_the_dialogues_memory_is_away_what_was_known_then_counts(desk: Desk) -> None:
    desk.filling_in()
    desk.asks(form="report_form", asked="report_place")
    desk.trackers.fault = TryLater("away")

    assert desk.says("不等了")[1].text == QUESTION.text


def test_while_one_waits_the_form_goes_on(desk: Desk, listener: FakeListener) -> None:
    desk.asks()
    desk.says("市北区合肥路688号的路灯坏了，还要等多久才有人修")
    assert len(listener.said) == 1


# -- hours ---------------------------------------------------------------------------------------------------------


def test_outside_its_hours_it_is_told_until_when_and_the_wish_is_kept(desk: Desk, clock: FakeClock) -> None:
    clock.now = at(20, "20:00")
    asked = desk.asks()
    assert (asked.open, asked.opens) == (False, at(21, "9:00"))
    said = desk.services.handover_speech.asked(asked, clock())
    assert said.text == desk.say("handover.closed", opens="明天9:00")
    assert [one.title for one in said.options] == [desk.say("handover.call_me"), desk.say("handover.leave_message")]

    clock.now = at(21, "9:30")
    assert [one.id for one in desk.services.attending.standing()] == desk.numbers != []
    (later,) = desk.says("还要等多久")
    assert later.text == desk.say("handover.next")


def test_a_desk_that_is_never_manned_takes_messages(services: Services, desk: Desk) -> None:
    services.replacements["desk"] = NEVER
    said = services.handover_speech.asked(desk.asks(), services.clock())
    assert said.text == desk.say("handover.never_open")


def test_a_message_for_the_clerk_is_kept_whole_and_not_heard_by_the_dialogue(
    desk: Desk, listener: FakeListener, clock: FakeClock
) -> None:
    clock.now = at(20, "20:00")
    desk.asks()
    assert desk.taps("handover:message")[0].text == desk.say("handover.ask_message")
    (kept,) = desk.says(f"楼上漏水，请打我电话{PHONE}")
    assert kept.text == desk.say("handover.message_kept")
    assert listener.said == []

    clock.now = at(21, "9:30")
    number = desk.numbers[0]
    desk.services.attending.take(number, by=WANG)
    texts = [line.said.text for line in desk.services.attending.read(number, by=WANG).lines]
    assert f"楼上漏水，请打我电话{PHONE}" in texts
    assert desk.says("路灯坏了") == [] and listener.said == []


def test_after_the_message_the_dialogue_hears_again(desk: Desk, listener: FakeListener, clock: FakeClock) -> None:
    clock.now = at(20, "20:00")
    desk.asks()
    desk.taps("handover:message")
    desk.says("请早点回我")
    desk.says("路灯坏了")
    assert listener.texts == ["路灯坏了"]


@pytest.mark.parametrize("how", ["不留了", "handover:leave"])
def test_no_message_after_all_keeps_the_place_in_the_queue(desk: Desk, how: str) -> None:
    desk.asks()
    desk.taps("handover:message")
    (said,) = desk.taps(how) if ":" in how else desk.says(how)
    assert said.text == desk.say("handover.next")
    assert len(desk.numbers) == 1


def test_danger_is_no_message_the_dialogue_answers_it_at_once(desk: Desk, listener: FakeListener) -> None:
    desk.asks()
    desk.taps("handover:message")
    desk.says("家里煤气味很大")
    assert listener.texts == ["家里煤气味很大"]


def test_a_message_of_nothing_but_signs_is_asked_for_again(desk: Desk) -> None:
    desk.asks()
    desk.taps("handover:message")
    assert desk.says("😀")[0].text == desk.say("handover.ask_message")
    assert desk.says("我是合肥路的住户")[0].text == desk.say("handover.message_kept")


def test_when_the_desk_closes_who_still_waits_is_told_once(desk: Desk, clock: FakeClock) -> None:
    clock.now = at(20, "17:20")
    desk.asks("citizen-1")
    desk.asks("citizen-3")
    kept, lost = desk.taken(address="citizen-2"), desk.taken(by="李强", address="citizen-4")
    clock.now = at(20, "17:24")
    desk.services.attending.renew(kept, by=WANG)
    desk.services.attending.renew(lost, by="李强")
    clock.now = at(20, "17:28")
    desk.services.attending.renew(kept, by=WANG)
    clock.now = at(20, "17:31")
    closing = desk.say("handover.closing", opens="明天9:00")
    for _ in range(3):
        timers(desk.services)
        clock.move(minutes=1)
        desk.services.attending.renew(kept, by=WANG)
    assert desk.told("citizen-1") == desk.told("citizen-3") == [closing]
    assert closing not in desk.told("citizen-2"), "a clerk may stay longer"
    assert desk.told("citizen-4").count(closing) == 1, "whose clerk went home without a word"
    assert len(desk.numbers) == 3, "nothing is lost"


def test_who_asks_at_lunch_is_told_of_the_afternoon(services: Services, desk: Desk, clock: FakeClock) -> None:
    services.replacements["desk"] = Hours(weekly=(hours(("8:30-12:00", "13:30-17:30")),) * 7)
    clock.now = at(20, "12:10")
    said = services.handover_speech.asked(desk.asks(), clock())
    assert "今天13:30" in said.text


# -- a clerk who vanishes ------------------------------------------------------------------------------------------


def test_a_clerk_who_vanishes_gives_the_conversation_back_to_the_queue_in_its_old_place(
    desk: Desk, clock: FakeClock
) -> None:
    number = desk.taken()
    desk.asks("citizen-2")
    clock.move(seconds=301)
    timers(desk.services)

    assert desk.numbers[0] == number
    assert desk.told()[-1] == desk.say("handover.clerk_gone")
    assert [one.interrupted for one in desk.services.attending.standing()] == [True, False]


def test_a_clerk_who_does_something_keeps_it(desk: Desk, clock: FakeClock) -> None:
    number = desk.taken()
    for _ in range(4):
        clock.move(seconds=200)
        desk.services.attending.read(number, by=WANG)
        timers(desk.services)
    assert desk.read(number).taken_by == WANG


def test_a_message_that_comes_when_the_clerk_has_just_vanished_is_for_the_next_one(
    desk: Desk, listener: FakeListener, clock: FakeClock
) -> None:
    number = desk.taken()
    clock.move(seconds=301)  # no worker has looked yet

    assert desk.says("在吗？三号楼二单元") == []
    assert listener.said == []
    assert desk.told()[-1] == desk.say("handover.clerk_gone")
    desk.services.attending.take(number, by="李强")
    texts = [line.said.text for line in desk.services.attending.read(number, by="李强").lines]
    assert "在吗？三号楼二单元" in texts


def test_who_lost_their_clerk_may_go_back_to_the_assistant(
    desk: Desk, clock: FakeClock, listener: FakeListener
) -> None:
    desk.taken()
    clock.move(seconds=301)
    assert desk.says("不用人工了")[0].text == desk.say("handover.left_queue")
    desk.says("路灯坏了")
    assert listener.texts == ["路灯坏了"]


def test_who_lost_their_clerk_after_hours_is_heard_by_the_assistant(
    desk: Desk, clock: FakeClock, listener: FakeListener
) -> None:
    clock.now = at(20, "17:29")
    desk.taken()
    clock.move(minutes=6)
    desk.says("路灯坏了")
    assert listener.texts == ["路灯坏了"]
    assert desk.say("handover.closing", opens="明天9:00") in desk.told()


def test_danger_is_heard_also_by_who_lost_their_clerk(desk: Desk, clock: FakeClock, listener: FakeListener) -> None:
    desk.taken()
    clock.move(seconds=301)
    desk.says("家里煤气味很大")
    assert listener.texts == ["家里煤气味很大"]
