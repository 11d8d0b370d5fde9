"""Messages are stored before anything else, answered once, and in their order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.conversing import MAX_CHARACTERS, TRIES
from integrations.services.errors import Rejected, TryLater
from integrations.services.records import Bubble, Conversation, Hearing, Line, Option, Said, Sender
from tests.builders import conversation
from tests.fakes import FakeClock, FakeListener

Run = Callable[..., Any]
COMMA = Option("不是，继续提交", '/choose{"option": "similar:none"}')
PLAIN = Option("确认提交", '/choose{"option": "confirm:draft-1"}')


def say(services: Services, text: str, client_id: str = "message-1", mine: Conversation | None = None) -> Line:
    return services.conversing.accept((mine or conversation(services)).id, client_id, Said(text))


def lines(services: Services, sender: Sender | None = None) -> list[str]:
    """The texts after the greeting."""
    every = services.conversing.history(conversation(services).id, after=1)
    return [line.body["text"] for line in every if sender in (None, line.sender)]


def state(services: Services, line: Line) -> Hearing | None:
    mine = conversation(services)
    with services.unit_of_work() as tx:
        found = tx.conversations.line(mine.id, line.seq)
    assert found is not None
    return found.state


def offer(services: Services, *options: Option) -> Line:
    mine, body = conversation(services), Bubble("请选一个", options).as_json()
    with services.unit_of_work() as tx:
        return tx.conversations.append(mine.id, sender=Sender.ASSISTANT, body=body, at=services.clock())


# -- taking in ---------------------------------------------------------------------------------------------------


def test_a_conversation_begins_with_one_greeting_and_its_buttons(services: Services) -> None:
    mine = conversation(services)

    assert conversation(services) == mine
    (greeting,) = services.conversing.history(mine.id)
    assert greeting.sender is Sender.ASSISTANT
    assert len(greeting.bubble.options) == 3


def test_two_citizens_have_two_conversations(services: Services) -> None:
    one, other = conversation(services, "citizen-1"), conversation(services, "citizen-2")

    assert one.citizen_id != other.citizen_id
    assert one.sender == f"web:{one.id}"


def test_the_same_message_sent_twice_is_stored_once(services: Services) -> None:
    assert say(services, "路灯坏了", "same-id").seq == say(services, "路灯坏了", "same-id").seq
    assert lines(services) == ["路灯坏了"]


def test_the_same_message_sent_by_many_threads_is_stored_once(services: Services) -> None:
    mine, barrier, numbers = conversation(services), threading.Barrier(6), []

    def send() -> None:
        barrier.wait()
        numbers.append(say(services, "路灯坏了", "same-id", mine).seq)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers == [2] * 6
    assert lines(services) == ["路灯坏了"]


def test_the_same_id_in_another_conversation_is_another_message(services: Services) -> None:
    say(services, "路灯坏了", "same-id", conversation(services, "citizen-1"))

    assert say(services, "垃圾没人收", "same-id", conversation(services, "citizen-2")).body["text"] == "垃圾没人收"


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\x00\ufeff"])
def test_an_empty_message_is_refused_kindly(services: Services, text: str) -> None:
    with pytest.raises(Rejected, match="还没写内容"):
        say(services, text)

    assert lines(services) == []


def test_ten_thousand_characters_are_refused_with_the_limit(services: Services) -> None:
    with pytest.raises(Rejected, match=str(MAX_CHARACTERS)):
        say(services, "很" * 10_000)

    assert lines(services) == []


def test_a_message_of_just_the_limit_is_taken(services: Services) -> None:
    assert len(say(services, "很" * MAX_CHARACTERS).body["text"]) == MAX_CHARACTERS


def test_control_characters_are_removed_and_line_breaks_stay(services: Services) -> None:
    said = "路灯\x00坏\x1b了\u202e，\r\n三天\u200b了"

    assert say(services, said).body["text"] == "路灯坏了，\n三天了"


@pytest.mark.parametrize("text", ["😀", "👍👍👍", "？？？", "……"])
def test_nothing_but_signs_is_answered_without_rasa(
    services: Services, listener: FakeListener, run: Run, text: str
) -> None:
    line = say(services, text)
    run(services.conversing.drive(conversation(services)))

    assert state(services, line) is Hearing.ANSWERED
    assert "我只看到表情或符号" in lines(services, Sender.ASSISTANT)[0]
    assert listener.said == []


# -- buttons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1", "１", "1。", " 1 ", "确认提交", "确认提交。"])
def test_a_number_or_a_title_chooses_a_button(services: Services, text: str) -> None:
    offer(services, PLAIN, COMMA)

    assert say(services, text).said.payload == PLAIN.payload


@pytest.mark.parametrize("text", ["不是，继续提交", "不是,继续提交", "2"])
def test_a_title_with_punctuation_chooses_its_button(services: Services, text: str) -> None:
    offer(services, PLAIN, COMMA)

    assert say(services, text).said.payload == COMMA.payload


@pytest.mark.parametrize("text", ["0", "3", "12", "确认", "我确认提交这件事"])
def test_other_words_choose_no_button(services: Services, text: str) -> None:
    offer(services, PLAIN, COMMA)

    assert say(services, text).said.payload is None


def test_a_number_means_the_last_offer_only_until_the_citizen_has_spoken(services: Services) -> None:
    offer(services, PLAIN)
    say(services, "等一下", "message-1")

    assert say(services, "1", "message-2").said.payload is None


def test_a_tap_says_the_title_and_means_the_payload(services: Services) -> None:
    line = offer(services, PLAIN, COMMA)

    assert services.conversing.option(conversation(services).id, line.seq, 2) == Said(COMMA.title, COMMA.payload)


@pytest.mark.parametrize(("seq", "number"), [(1, 4), (1, 0), (1, -1), (99, 1), (0, 1), (10**30, 1), (1, 10**30)])
def test_a_button_that_does_not_exist_is_refused(services: Services, seq: int, number: int) -> None:
    with pytest.raises(Rejected, match="按钮"):
        services.conversing.option(conversation(services).id, seq, number)


def test_a_citizens_own_line_has_no_buttons(services: Services) -> None:
    line = say(services, "路灯坏了")

    with pytest.raises(Rejected):
        services.conversing.option(conversation(services).id, line.seq, 1)


# -- answering ---------------------------------------------------------------------------------------------------


def test_a_message_is_answered_once_however_often_the_conversation_is_driven(
    services: Services, listener: FakeListener, run: Run
) -> None:
    line = say(services, "路灯坏了")

    for _ in range(3):
        run(services.conversing.drive(conversation(services)))

    assert state(services, line) is Hearing.ANSWERED
    assert lines(services) == ["路灯坏了", "听到了：路灯坏了"]
    assert listener.texts == ["路灯坏了"]


def test_several_waiting_messages_are_answered_in_their_order(
    services: Services, listener: FakeListener, run: Run
) -> None:
    for number in range(1, 6):
        say(services, f"第{number}句", f"message-{number}")

    run(services.conversing.drive(conversation(services)))

    assert listener.texts == [f"第{number}句" for number in range(1, 6)]
    assert lines(services, Sender.ASSISTANT) == [f"听到了：第{number}句" for number in range(1, 6)]


def test_many_drivers_at_once_keep_the_order_and_one_turn_at_a_time(
    services: Services, listener: FakeListener, run: Run
) -> None:
    mine = conversation(services)
    listener.seconds = 0.01

    async def everybody() -> None:
        tasks = []
        for number in range(1, 9):
            await asyncio.to_thread(say, services, f"第{number}句", f"message-{number}", mine)
            tasks.append(asyncio.create_task(services.conversing.drive(mine)))
        await asyncio.gather(*tasks)

    run(everybody())

    assert listener.texts == [f"第{number}句" for number in range(1, 9)]
    assert listener.most_at_once == 1


def test_an_answer_of_several_bubbles_stays_together_under_its_question(
    services: Services, listener: FakeListener, run: Run
) -> None:
    listener.answers = lambda said: [Bubble(f"{said.text}一"), Bubble(f"{said.text}二", (PLAIN,))]
    line = say(services, "问")

    run(services.conversing.drive(conversation(services)))

    answers = services.conversing.history(conversation(services).id, after=line.seq)
    assert [(one.body["text"], one.answers) for one in answers] == [("问一", line.seq), ("问二", line.seq)]


def test_while_nobody_listens_the_message_waits_and_the_sweep_answers_it_later(
    services: Services, listener: FakeListener, clock: FakeClock, run: Run
) -> None:
    line = say(services, "路灯坏了")
    listener.fail()

    with pytest.raises(TryLater):
        run(services.conversing.drive(conversation(services)))
    assert state(services, line) is Hearing.PENDING
    assert services.conversing.is_pending(conversation(services).id, line.seq)
    assert services.conversing.stale() == []

    clock.move(seconds=6)
    for waiting in services.conversing.stale():
        run(services.conversing.drive(waiting))

    assert lines(services) == ["路灯坏了", "听到了：路灯坏了"]
    assert services.conversing.stale() == []


def test_a_message_whose_answer_was_lost_is_not_heard_twice(
    services: Services, listener: FakeListener, run: Run
) -> None:
    say(services, "路灯坏了")
    listener.lose_answers()
    with pytest.raises(TryLater):
        run(services.conversing.drive(conversation(services)))

    run(services.conversing.drive(conversation(services)))

    assert listener.texts == ["路灯坏了"]
    assert lines(services) == ["路灯坏了", "听到了：路灯坏了"]


def test_a_message_that_waits_keeps_the_later_ones_waiting(
    services: Services, listener: FakeListener, run: Run
) -> None:
    say(services, "第1句", "message-1")
    say(services, "第2句", "message-2")
    listener.fail()

    with pytest.raises(TryLater):
        run(services.conversing.drive(conversation(services)))

    assert listener.texts == []
    run(services.conversing.drive(conversation(services)))
    assert listener.texts == ["第1句", "第2句"]


def test_after_many_tries_a_message_is_given_up_with_an_apology_and_a_way_on(
    services: Services, listener: FakeListener, run: Run
) -> None:
    line = say(services, "路灯坏了", "message-1")
    listener.fail(TRIES)
    for _ in range(TRIES - 1):
        with pytest.raises(TryLater):
            run(services.conversing.drive(conversation(services)))

    say(services, "有人吗", "message-2")
    run(services.conversing.drive(conversation(services)))

    assert state(services, line) is Hearing.FAILED
    sorry, answer = lines(services, Sender.ASSISTANT)
    assert "对不起" in sorry
    assert answer == "听到了：有人吗"


def test_when_the_turns_are_away_the_message_waits(services: Services, run: Run) -> None:
    line = say(services, "路灯坏了")
    if not hasattr(services.turns, "away"):
        pytest.skip("a real Redis cannot be switched off from here")
    services.turns.away = True

    with pytest.raises(TryLater):
        run(services.conversing.drive(conversation(services)))

    assert state(services, line) is Hearing.PENDING


@pytest.mark.parametrize(
    "text", ["/restart", '/choose{"option": "confirm:draft-1"}', "/", "//restart", "  /session_start"]
)
def test_a_command_for_rasa_is_only_text_from_a_citizen(
    services: Services, listener: FakeListener, run: Run, text: str
) -> None:
    say(services, text)
    run(services.conversing.drive(conversation(services)))

    for said in listener.said:
        assert not said.text.startswith("/")
        assert said.payload is None


def test_a_tapped_button_reaches_rasa_as_its_payload(services: Services, listener: FakeListener, run: Run) -> None:
    offer(services, PLAIN)
    say(services, "1")
    run(services.conversing.drive(conversation(services)))

    assert listener.said[0].payload == PLAIN.payload


def test_each_message_reaches_rasa_under_its_own_id(services: Services, listener: FakeListener, run: Run) -> None:
    say(services, "第1句", "message-1")
    say(services, "第2句", "message-2")
    run(services.conversing.drive(conversation(services)))

    assert len(set(listener.message_ids)) == 2
    assert all(one.startswith(conversation(services).id) for one in listener.message_ids)


def test_a_pin_reaches_rasa(services: Services, listener: FakeListener, run: Run) -> None:
    pin = {"lat": 36.1, "lon": 120.4, "crs": "WGS-84", "label": ""}
    services.conversing.accept(conversation(services).id, "message-1", Said(location=pin))
    run(services.conversing.drive(conversation(services)))

    assert listener.said[0].location == pin
