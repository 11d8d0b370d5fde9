"""A clerk's side: two take at once, one vanishes, double clicks, silence of the assistant, giving back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from integrations.bootstrap import Services
from integrations.services.errors import TryLater
from integrations.services.handover_errors import Refused, Why
from integrations.services.handover_records import What
from integrations.services.records import Hearing, Said, Sender
from kb.handover.states import OPEN, Reason, State
from kb.ticket_number import display
from tests.builders import conversation, filed
from tests.fakes import SATURDAY, FakeClock, FakeListener
from tests.often import often
from tests.services.desk_work import LI, PHONE, QUESTION, WANG, Desk
from tests.services.desk_work import desk as desk


def refused(why: Why, work: Callable[[], object]) -> None:
    with pytest.raises(Refused) as told:
        work()
    assert told.value.why is why


# -- taking --------------------------------------------------------------------------------------------------------


def test_of_two_clerks_at_once_one_has_it(services: Services, desk: Desk) -> None:
    desk.asks()
    (number,) = desk.numbers
    barrier, won, lost = threading.Barrier(8), list[str](), list[Why]()

    def take(name: str) -> None:
        barrier.wait()
        try:
            won.append(services.attending.take(number, by=name).taken_by or "")
        except Refused as told:
            lost.append(told.why)

    threads = [threading.Thread(target=take, args=(f"clerk-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), lost) == (1, [Why.TAKEN] * 7)
    assert desk.read(number).taken_by == won[0]
    assert desk.told() == [desk.say("handover.joined")], "the citizen was told once"


def test_a_double_click_takes_it_once(desk: Desk) -> None:
    number = desk.taken()
    assert desk.services.attending.take(number, by=WANG).taken_by == WANG
    assert desk.told() == [desk.say("handover.joined")]


def test_what_nobody_has_asked_for_cannot_be_taken(desk: Desk) -> None:
    refused(Why.UNKNOWN, lambda: desk.services.attending.take(99, by=WANG))


def test_whoever_has_not_taken_it_reads_and_says_nothing(desk: Desk) -> None:
    attending = desk.services.attending
    desk.asks()
    (number,) = desk.numbers
    for work in (
        lambda by: attending.read(number, by=by),
        lambda by: attending.say(number, by=by, key="key-00001", text="您好"),
        lambda by: attending.note(number, by=by, key="key-00001", text="记一下"),
        lambda by: attending.give_back(number, by=by),
        lambda by: attending.end(number, by=by),
        lambda by: attending.renew(number, by=by),
    ):
        refused(Why.NOT_TAKEN, lambda work=work: work(LI))  # type: ignore[misc]
    attending.take(number, by=WANG)
    refused(Why.TAKEN, lambda: attending.read(number, by=LI))
    refused(Why.TAKEN, lambda: attending.give_back(number, by=LI))
    assert desk.read(number).taken_by == WANG


def test_the_list_tells_nothing_by_which_the_citizen_could_be_known(desk: Desk) -> None:
    desk.asks(
        draft={
            "id": "d",
            "description": "3号楼501的王小明说路灯坏了",
            "category": "410102",
            "place": {"text": "翠湖小区3号楼", "district": "市北区", "street": "合肥路街道", "spot": "3号楼"},
            "phone": PHONE,
        }
    )
    (row,) = desk.services.attending.standing()
    assert (row.category, row.district, row.street) == ("路灯", "市北区", "合肥路街道") or row.category
    assert all(word not in repr(row) for word in ("王小明", "3号楼", PHONE, "转人工"))


# -- while a clerk has it --------------------------------------------------------------------------------------------


def test_the_assistant_is_silent_and_every_message_reaches_the_clerk_with_its_phone(
    desk: Desk, listener: FakeListener
) -> None:
    number = desk.taken()
    assert desk.says(f"我在3号楼，电话{PHONE}") == []
    assert desk.says("😀") == []
    assert desk.says("确认提交", payload='/choose{"option": "confirm:d"}') == []

    assert listener.said == []
    lines = desk.services.attending.read(number, by=WANG).lines
    assert [line.said.text for line in lines if line.sender is Sender.CITIZEN] == [
        f"我在3号楼，电话{PHONE}",
        "😀",
        "确认提交",
    ]
    assert all(line.state is Hearing.ANSWERED for line in desk.lines() if line.sender is Sender.CITIZEN)


def test_danger_is_answered_once_and_shows_on_the_list(desk: Desk, listener: FakeListener) -> None:
    number = desk.taken()
    (advice,) = desk.says("家里煤气味很大")
    assert (advice.card or {})["kind"] == "danger"
    assert desk.says("煤气味还是很大") == []
    assert desk.read(number).reason is Reason.DANGER
    assert listener.said == []


@pytest.mark.parametrize("how", ["还要等多久", "转人工", "handover:position"])
def test_who_asks_where_the_person_is_hears_that_they_are_there(desk: Desk, how: str) -> None:
    desk.taken()
    (said,) = desk.taps(how) if ":" in how else desk.says(how)
    assert said.text == desk.say("handover.taken_already")


def test_the_button_for_a_person_is_heard_while_one_is_there(desk: Desk, listener: FakeListener) -> None:
    desk.taken()
    (said,) = desk.says("转人工", payload='/ask_person{"option": "not_understood"}')
    assert said.text == desk.say("handover.taken_already")
    assert listener.said == []


def test_what_the_clerk_says_stands_in_the_chat_once_for_each_key(desk: Desk) -> None:
    number = desk.taken()
    attending = desk.services.attending
    assert attending.say(number, by=WANG, key="key-00001", text=" 您好，我看到了。 ") is True
    assert attending.say(number, by=WANG, key="key-00001", text="您好，我看到了。") is False
    assert attending.say(number, by=WANG, key="key-00002", text="请问几号楼？") is True

    assert desk.told()[1:] == ["您好，我看到了。", "请问几号楼？"]
    assert [line.bubble.card for line in desk.lines()[1:]] == [{"kind": "staff", "rows": []}] * 2


@pytest.mark.parametrize(("text", "why"), [("", Why.EMPTY), (" \n\u200b", Why.EMPTY), ("长" * 1001, Why.TOO_LONG)])
def test_nothing_and_too_much_are_refused(desk: Desk, text: str, why: Why) -> None:
    number = desk.taken()
    refused(why, lambda: desk.services.attending.say(number, by=WANG, key="key-00001", text=text))
    refused(why, lambda: desk.services.attending.note(number, by=WANG, key="key-00001", text=text))
    assert len(desk.told()) == 1


def test_a_note_is_for_the_next_clerk_and_never_in_the_chat(desk: Desk, clock: FakeClock) -> None:
    number = desk.taken()
    assert desk.services.attending.note(number, by=WANG, key="key-00001", text="老人，听力不好")
    assert not desk.services.attending.note(number, by=WANG, key="key-00001", text="老人，听力不好")
    clock.move(seconds=301)
    desk.services.attending.take(number, by=LI)

    (noted,) = desk.services.attending.read(number, by=LI).notes
    assert (noted.text, noted.by) == ("老人，听力不好", f"clerk:{WANG}")
    assert "听力" not in str(desk.told())


# -- reading -------------------------------------------------------------------------------------------------------


def test_the_clerk_sees_what_is_filled_so_far_and_the_tickets(desk: Desk) -> None:
    ticket = filed(desk.services, phone=None)
    desk.filling_in(category="410102", phone=PHONE, contact="phone", since="三天了", place={"text": "合肥路688号"})
    number = desk.taken()
    desk.says("我姓王")
    view = desk.services.attending.read(number, by=WANG)

    assert view.filled is not None
    assert (view.filled.description, view.filled.phone, view.filled.asked) == ("路灯坏了", PHONE, "report_place")
    assert view.filled.place == "合肥路688号" and view.filled.category
    assert [one.number for one in view.tickets] == [display(ticket.number)]
    assert "我姓王" in [line.said.text for line in view.lines]
    assert view.latest == view.lines[-1].seq and not view.more


def test_a_draft_of_another_version_does_not_stop_the_clerk(desk: Desk) -> None:
    desk.filling_in(place={"nothing": "known"}, contact="by pigeon")
    number = desk.taken()
    assert desk.services.attending.read(number, by=WANG).filled is None


def test_who_read_which_lines_and_whose_phone_is_on_the_trail(desk: Desk, clock: FakeClock) -> None:
    desk.filling_in(phone=PHONE, contact="phone")
    number = desk.taken()
    attending = desk.services.attending
    latest = attending.read(number, by=WANG).latest
    attending.read(number, by=WANG)  # nothing new: nothing new to tell
    desk.says("还有一件")
    attending.read(number, by=WANG, after=latest)
    clock.move(seconds=301)
    attending.take(number, by=LI)
    attending.read(number, by=LI)

    trail = [(one.act, one.by, one.from_seq, one.to_seq) for one in attending.trail(number)]
    reads = [one[1:] for one in trail if one[0] is What.READ]
    assert reads[0] == (f"clerk:{WANG}", 1, latest)
    assert reads[1] == (f"clerk:{WANG}", latest + 1, latest + 1)
    assert reads[2][0:2] == (f"clerk:{LI}", 1)
    assert [one[1] for one in trail if one[0] is What.CONTACT] == [f"clerk:{WANG}", f"clerk:{LI}"]
    assert PHONE not in repr(attending.trail(number)) and PHONE not in repr(attending.read(number, by=LI))


def test_a_long_conversation_is_read_in_parts(desk: Desk) -> None:
    mine = conversation(desk.services)
    with desk.services.unit_of_work() as tx:
        for n in range(230):
            tx.conversations.append(mine.id, sender=Sender.NOTICE, body={"text": str(n)}, at=desk.services.clock())
    number = desk.taken()
    first = desk.services.attending.read(number, by=WANG)
    rest = desk.services.attending.read(number, by=WANG, after=first.lines[-1].seq)
    assert first.more and not rest.more
    assert [line.seq for line in (*first.lines, *rest.lines)] == list(range(1, rest.latest + 1))


# -- giving back and ending ------------------------------------------------------------------------------------------


def test_given_back_the_assistant_says_one_sentence_and_asks_the_open_question_with_its_buttons(
    desk: Desk, listener: FakeListener
) -> None:
    desk.filling_in()
    number = desk.taken()
    desk.says("我想问问多久修好")
    desk.services.attending.say(number, by=WANG, key="key-00001", text="三天内。")
    desk.services.attending.give_back(number, by=WANG)

    last = desk.lines()[-2:]
    assert [line.bubble.text for line in last] == [desk.say("handover.given_back_form"), QUESTION.text]
    assert last[1].bubble.options == QUESTION.options
    (heard,) = desk.says("1")  # its first button
    assert heard.text.startswith("听到了") and listener.said[0].payload == QUESTION.options[0].payload


def test_without_a_form_only_the_sentence_is_said(desk: Desk) -> None:
    number = desk.taken()
    desk.services.attending.give_back(number, by=WANG)
    assert desk.told()[-1] == desk.say("handover.given_back")


def test_giving_back_twice_is_once_and_somebody_else_cannot(desk: Desk) -> None:
    number = desk.taken()
    assert desk.services.attending.give_back(number, by=WANG).state is State.GIVEN_BACK
    assert desk.services.attending.give_back(number, by=WANG).state is State.GIVEN_BACK
    refused(Why.OVER, lambda: desk.services.attending.give_back(number, by=LI))
    refused(Why.OVER, lambda: desk.services.attending.end(number, by=WANG))
    assert desk.told().count(desk.say("handover.given_back")) == 1


def test_a_message_just_after_giving_back_is_heard_by_the_assistant(desk: Desk, listener: FakeListener) -> None:
    number = desk.taken()
    desk.services.attending.give_back(number, by=WANG)
    desk.says("海尔路")
    assert listener.texts == ["海尔路"]


def test_a_message_stored_while_taken_and_heard_after_giving_back_is_not_lost(
    desk: Desk, listener: FakeListener
) -> None:

    number = desk.taken()
    mine = conversation(desk.services)
    desk.services.conversing.accept(mine.id, "message-x1", Said("海尔路"))
    desk.services.attending.give_back(number, by=WANG)
    desk.run(desk.services.conversing.drive(mine))
    assert listener.texts == ["海尔路"]


def test_what_rasa_had_heard_already_is_answered_by_it_though_a_clerk_has_come(
    desk: Desk, listener: FakeListener
) -> None:

    desk.asks()
    mine = conversation(desk.services)
    listener.lose_answers()
    line = desk.services.conversing.accept(mine.id, "message-x1", Said("路灯坏了"))
    with pytest.raises(TryLater):
        desk.run(desk.services.conversing.drive(mine))
    desk.services.attending.take(desk.numbers[0], by=WANG)
    desk.run(desk.services.conversing.drive(mine))

    assert "听到了：路灯坏了" in desk.told()
    assert listener.texts == ["路灯坏了"], "heard once"
    assert line.seq in {one.answers for one in desk.lines()}


def test_what_rasa_had_not_heard_goes_to_the_clerk_who_has_come(desk: Desk, listener: FakeListener) -> None:

    desk.asks()
    mine = conversation(desk.services)
    listener.fail()
    desk.services.conversing.accept(mine.id, "message-x1", Said("路灯坏了"))
    with pytest.raises(TryLater):
        desk.run(desk.services.conversing.drive(mine))
    desk.services.attending.take(desk.numbers[0], by=WANG)
    desk.run(desk.services.conversing.drive(mine))
    assert listener.texts == [] and "听到了：路灯坏了" not in desk.told()


def test_the_citizen_goes_back_by_words_and_the_clerk_hears_that_it_is_over(desk: Desk, listener: FakeListener) -> None:
    desk.filling_in()
    number = desk.taken()
    said = desk.says("不用人工了")
    assert [one.text for one in said] == [desk.say("handover.left_person"), QUESTION.text]
    assert desk.read(number).state is State.ENDED
    refused(Why.OVER, lambda: desk.services.attending.say(number, by=WANG, key="key-00001", text="等等"))
    desk.says("海尔路")
    assert listener.texts == ["海尔路"]


def test_when_it_is_over_no_whole_phone_stays_in_the_lines(desk: Desk) -> None:
    number = desk.taken()
    desk.says(f"电话{PHONE}")
    desk.services.attending.say(number, by=WANG, key="key-00001", text=f"我们的电话是{PHONE}")
    desk.services.attending.give_back(number, by=WANG)
    texts = [(line.sender, line.said.text) for line in desk.lines()]
    assert (Sender.CITIZEN, "电话138****5678") in texts
    assert (Sender.NOTICE, f"我们的电话是{PHONE}") in texts, "what a clerk says stays as it was said"


def test_an_end_with_an_open_form_asks_once_whether_it_goes_on(desk: Desk) -> None:
    desk.filling_in()
    number = desk.taken()
    assert desk.services.attending.end(number, by=WANG).state is State.ENDED
    desk.services.attending.end(number, by=WANG)
    last = desk.lines()[-1].bubble
    assert last.text == desk.say("handover.ended_form")
    assert [one.payload for one in last.options] == ["/repeat", "/cancel"]
    assert desk.told().count(last.text) == 1


def test_after_it_is_over_a_new_wish_is_a_new_one_at_the_end(desk: Desk) -> None:
    number = desk.taken()
    desk.asks("citizen-2")
    desk.services.attending.end(number, by=WANG)
    assert desk.told()[-1] == desk.say("handover.ended")
    assert desk.asks().ahead == 1


def test_a_clerk_whose_process_dies_in_the_middle_leaves_nothing_half(
    services: Services, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.filling_in()
    number = desk.taken()
    before = desk.told()

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(services.handing_over.speech), "given_back", die)
    with pytest.raises(KeyboardInterrupt):
        services.attending.give_back(number, by=WANG)
    monkeypatch.undo()

    assert desk.read(number).state is State.TAKEN and desk.told() == before
    services.attending.give_back(number, by=WANG)
    assert desk.told()[len(before) :] == [desk.say("handover.given_back_form"), QUESTION.text]


def test_a_message_and_a_giving_back_at_once_are_one_after_the_other(desk: Desk, listener: FakeListener) -> None:
    """Either the clerk has it, before the sentence that they have gone, or the assistant hears it. Never both."""
    for n in range(20):
        address, text = f"citizen-{n}", f"第{n}条"
        number = desk.taken(address=address)
        mine, barrier = conversation(desk.services, address), threading.Barrier(2)
        line = desk.services.conversing.accept(mine.id, f"message-{n:05}", Said(text))

        def give_back(number: int = number, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            desk.services.attending.give_back(number, by=WANG)

        clerk = threading.Thread(target=give_back)
        clerk.start()
        barrier.wait()
        desk.run(desk.services.conversing.drive(mine))
        clerk.join()

        kept = {one.seq: one for one in desk.lines(address)}
        assert kept[line.seq].state is Hearing.ANSWERED
        heard = listener.texts.count(text)
        assert heard <= 1
        gone = next(one.seq for one in kept.values() if one.bubble.text == desk.say("handover.given_back"))
        assert heard or line.seq < gone


# -- any order of things ---------------------------------------------------------------------------------------------


def test_in_whatever_order_things_happen_nobody_is_lost(services: Services, desk: Desk, clock: FakeClock) -> None:
    """One citizen, two clerks, a clock: the citizen is always either heard by the assistant or stands with somebody."""

    numbers = itertools.count(1)

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.attending = services.attending
            self.address = f"citizen-{next(numbers)}"
            self.mine = conversation(services, self.address)
            clock.now = SATURDAY

        def open(self) -> list[tuple[int, State]]:
            with services.unit_of_work() as tx:
                found = tx.handovers.open_of(self.mine.id)
            return [(found.id, found.state)] if found else []

        def tried(self, work: Callable[[], object]) -> None:
            with suppress(Refused):
                work()

        @rule()
        def asks(self) -> None:
            desk.asks(self.address)

        @precondition(lambda self: self.open())
        @rule(who=st.sampled_from([WANG, LI]))
        def take(self, who: str) -> None:
            (number, _) = self.open()[0]
            self.tried(lambda: self.attending.take(number, by=who))

        @precondition(lambda self: self.open())
        @rule(who=st.sampled_from([WANG, LI]), how=st.sampled_from(["read", "give_back", "end", "renew"]))
        def do(self, who: str, how: str) -> None:
            (number, _) = self.open()[0]
            self.tried(lambda: getattr(self.attending, how)(number, by=who))

        @rule(minutes=st.sampled_from([1, 4, 6]))
        def time_goes_by(self, minutes: int) -> None:
            clock.move(minutes=minutes)
            services.timing.run_due("worker-1")

        @rule(text=st.sampled_from(["海尔路", "不用人工了", "还要等多久"]))
        def says(self, text: str) -> None:
            heard_before = len(desk.listener.said)
            before = self.open()
            answer = desk.says(text, self.address)
            heard = len(desk.listener.said) > heard_before
            assert answer or heard or before, "nobody answered, and nobody has it"

        @invariant()
        def at_most_one_is_open_and_the_trail_tells_how_it_came(self) -> None:
            with services.unit_of_work() as tx:
                rows = [*tx.handovers.waiting(), *tx.handovers.taken()]
            assert len([one for one in rows if one.conversation_id == self.mine.id]) <= 1
            assert all(one.state in OPEN and (one.taken_by is None) == (one.state is State.WAITING) for one in rows)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=often(15), stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
