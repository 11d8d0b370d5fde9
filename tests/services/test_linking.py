"""The same conversation on another channel: a code once, for ten minutes, and nobody finds one by trying."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import TryLater
from integrations.services.linking import CODES, TRIES, VALID
from integrations.services.records import Conversation, Said, Sender
from tests.builders import LAMP, conversation, filed
from tests.fakes import FakeClock, FakeListener

Run = Callable[..., Any]


def say(services: Services, run: Run, mine: Conversation, text: str, client_id: str = "") -> str:
    """Say something; gives the last thing answered."""
    line = services.conversing.accept(mine.id, client_id or f"{text}-{services.conversing.latest(mine.id)}", Said(text))
    run(services.conversing.drive(mine))
    return [one for one in services.conversing.history(mine.id, line.seq) if one.answers == line.seq][-1].body["text"]


def code(services: Services, run: Run, mine: Conversation) -> str:
    found = re.search(r"\d{4} \d{4}", say(services, run, mine, "连接码"))
    assert found
    return found.group()


def words(services: Services, key: str) -> str:
    return services.speech.words.say(f"linking.{key}")


@pytest.fixture
def web(services: Services) -> Conversation:
    return conversation(services, "browser")


@pytest.fixture
def phone(services: Services) -> Conversation:
    return conversation(services, "openid", "terminal")


# -- what does not work ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["连接码 0000 0000", "连接码 1234567", "连接码 123456789"])
def test_a_wrong_code_joins_nothing(
    services: Services, run: Run, web: Conversation, phone: Conversation, wrong: str
) -> None:
    code(services, run, web)

    assert say(services, run, phone, wrong) == words(services, "wrong")
    assert conversation(services, "openid", "terminal").id == phone.id


def test_a_code_works_once(services: Services, run: Run, web: Conversation, phone: Conversation) -> None:
    given, third = code(services, run, web), conversation(services, "third")

    assert say(services, run, phone, f"连接码 {given}") == words(services, "linked")
    assert say(services, run, third, f"连接码 {given}") == words(services, "wrong")


def test_a_code_fades(services: Services, run: Run, clock: FakeClock, web: Conversation, phone: Conversation) -> None:
    given = code(services, run, web)
    clock.move(seconds=VALID.total_seconds())

    assert say(services, run, phone, f"连接码 {given}") == words(services, "wrong")


def test_a_new_code_takes_the_place_of_the_one_before(
    services: Services, run: Run, web: Conversation, phone: Conversation
) -> None:
    first, second = code(services, run, web), code(services, run, web)

    assert say(services, run, phone, f"连接码 {first}") == words(services, "wrong")
    assert say(services, run, phone, f"连接码 {second}") == words(services, "linked")


def test_trying_is_stopped(services: Services, run: Run, web: Conversation, phone: Conversation) -> None:
    given = code(services, run, web)
    for number in range(TRIES):
        assert say(services, run, phone, f"连接码 00000{number}") == words(services, "wrong")

    assert say(services, run, phone, f"连接码 {given}") == words(services, "too_often")
    assert conversation(services, "openid", "terminal").id == phone.id


def test_asking_for_codes_is_stopped_too(services: Services, run: Run, web: Conversation) -> None:
    for _ in range(CODES):
        code(services, run, web)

    assert say(services, run, web, "连接码") == words(services, "too_often")


def test_a_conversation_is_not_joined_to_itself(services: Services, run: Run, web: Conversation) -> None:
    assert say(services, run, web, f"连接码 {code(services, run, web)}") == words(services, "same")
    assert conversation(services, "browser").id == web.id


def test_when_tries_cannot_be_counted_nothing_is_joined(
    services: Services, run: Run, web: Conversation, phone: Conversation
) -> None:
    if not hasattr(services.limiter, "away"):
        pytest.skip("a real Redis cannot be switched off from here")
    given = code(services, run, web)
    services.limiter.away = True
    services.conversing.accept(phone.id, "message-1", Said(f"连接码 {given}"))
    with pytest.raises(TryLater):
        run(services.conversing.drive(phone))
    services.limiter.away = False
    run(services.conversing.drive(phone))

    assert conversation(services, "openid", "terminal").id == web.id, "taken up again when it could be counted"


# -- what works --------------------------------------------------------------------------------------------------


def test_the_other_channel_goes_on_with_the_conversation(
    services: Services, run: Run, listener: FakeListener, web: Conversation, phone: Conversation
) -> None:
    say(services, run, web, "路灯坏了")
    say(services, run, phone, f"连接码 {code(services, run, web)}")
    joined = conversation(services, "openid", "terminal")
    say(services, run, joined, "在同安路")

    assert joined == conversation(services, "browser") == web
    assert listener.texts == ["路灯坏了", "在同安路"], "Rasa knows one conversation, and no code"
    said = [line.body["text"] for line in services.conversing.history(web.id) if line.sender is Sender.CITIZEN]
    assert said == ["路灯坏了", "连接码", "在同安路"]
    told = [line.body["text"] for line in services.conversing.history(web.id) if line.sender is Sender.NOTICE]
    assert told == [words(services, "linked_other")]


def test_tickets_of_both_sides_are_one_citizens(
    services: Services, run: Run, web: Conversation, phone: Conversation
) -> None:
    mine = filed(services, LAMP, address="browser")
    with services.unit_of_work() as tx:
        tx.conversations.get(phone.id)
    theirs = services.filing.submit(_told(services), phone.id)
    say(services, run, phone, f"连接码 {code(services, run, web)}")

    with services.unit_of_work() as tx:
        numbers = {one.number for one in tx.complaints.of_citizen(web.citizen_id)}
        assert tx.conversations.get(phone.id) == web, "notices go where the citizen is now"
    assert numbers == {mine.number, theirs.number}


def _told(services: Services) -> Any:
    from tests.builders import RUBBISH, told

    return told(services, RUBBISH, draft_id="draft-9")


def test_lines_that_came_after_the_code_are_answered_in_the_joined_conversation(
    services: Services, run: Run, listener: FakeListener, web: Conversation, phone: Conversation
) -> None:
    given = code(services, run, web)
    services.conversing.accept(phone.id, "message-1", Said(f"连接码 {given}"))
    services.conversing.accept(phone.id, "message-2", Said("在同安路。"))
    run(services.conversing.drive(phone))
    run(services.conversing.drive(web))

    assert listener.texts == ["在同安路。"]
    assert not services.conversing.is_pending(phone.id)
    assert "听到了：在同安路。" in [line.body["text"] for line in services.conversing.history(web.id)]


def test_of_many_who_give_one_code_at_once_one_is_joined(services: Services, run: Run, web: Conversation) -> None:
    given = code(services, run, web)
    others = [conversation(services, f"other-{number}") for number in range(5)]
    barrier, used = threading.Barrier(5), []

    def use(mine: Conversation) -> None:
        barrier.wait()
        with services.unit_of_work() as tx:
            used.append(services.conversing.linking.answer(tx, mine, f"连接码 {given}").text)

    threads = [threading.Thread(target=use, args=(mine,)) for mine in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(used) == sorted([words(services, "linked"), *[words(services, "wrong")] * 4])
    assert sum(conversation(services, f"other-{number}").id == web.id for number in range(5)) == 1


def test_three_channels_in_a_row_end_in_one(
    services: Services, run: Run, web: Conversation, phone: Conversation
) -> None:
    third = conversation(services, "third")
    say(services, run, third, f"连接码 {code(services, run, phone)}")
    say(services, run, phone, f"连接码 {code(services, run, web)}")

    assert {conversation(services, "third").id, conversation(services, "openid", "terminal").id} == {web.id}
    assert say(services, run, web, f"连接码 {code(services, run, conversation(services, 'third'))}") == words(
        services, "same"
    )
