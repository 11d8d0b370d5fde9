"""How a conversation stands for those who follow it, and what a transaction announces."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from integrations.bootstrap import Services
from integrations.services.records import Hearing, Line, Said, Sender
from integrations.store import database
from tests.media_files import VOICE


def opened(services: Services, address: str = "one") -> str:
    return services.conversing.open("web", address).id


def add(services: Services, conversation: str, text: str) -> Line:
    with services.unit_of_work() as tx:
        return tx.conversations.append(conversation, sender=Sender.NOTICE, body={"text": text}, at=services.clock())


@pytest.fixture
def told(services: Services) -> list[Collection[str]]:
    """What is announced from now on."""
    heard: list[Collection[str]] = []
    services.news.tell = heard.append  # type: ignore[method-assign,assignment]
    return heard


def test_the_lines_after_a_number_and_whether_an_answer_is_on_its_way(services: Services) -> None:
    mine = opened(services)
    for text in "一二三":
        add(services, mine, text)
    found = services.following.look(mine, 2)
    assert found is not None
    assert (found.conversation, found.latest, found.pending) == (mine, 4, False)
    assert [line.seq for line in found.lines] == [3, 4]
    services.conversing.accept(mine, "message-001", Said("路灯坏了"))
    later = services.following.look(mine, 4)
    assert later is not None
    assert (later.pending, [line.seq for line in later.lines]) == (True, [5])


def test_a_number_that_is_too_high_begins_anew(services: Services) -> None:
    mine = opened(services)
    found = services.following.look(mine, 99)
    assert found is not None
    assert (found.latest, [line.seq for line in found.lines]) == (1, [1])


def test_nobody_follows_what_is_not_there(services: Services) -> None:
    assert services.following.look("nothing", 0) is None


def test_those_that_stand_otherwise_are_found_at_once(services: Services) -> None:
    conversations = [opened(services, f"citizen {number}") for number in range(5)]
    known = dict.fromkeys(conversations, 1)
    assert list(services.following.changed(known)) == []
    add(services, conversations[3], "办好了")
    assert list(services.following.changed(known)) == [conversations[3]]
    assert list(services.following.changed({"gone": 1})) == ["gone"]
    assert list(services.following.changed({})) == []


def test_a_line_and_the_words_of_a_recording_and_an_end_of_waiting_are_announced(
    services: Services, told: list[Collection[str]]
) -> None:
    mine = opened(services)
    told.clear()
    line = services.receiving.take(mine, "voice-001", [VOICE])
    assert told == [{mine}]
    with services.unit_of_work() as tx:
        reworded = tx.conversations.reword(mine, line.seq, "路灯不亮")
    assert reworded is not None
    assert reworded.body["text"] == "路灯不亮"
    assert told == [{mine}] * 2
    with services.unit_of_work() as tx:
        tx.conversations.reword(mine, line.seq, "别的话")
    assert told == [{mine}] * 2, "it had words already"
    with services.unit_of_work() as tx:
        tx.conversations.settle(mine, [line.seq], Hearing.ANSWERED)
    assert told == [{mine}] * 3


def test_what_is_rolled_back_is_not_announced_by_the_next_on_that_connection(services: Services) -> None:
    told: list[Collection[str]] = []
    mine = opened(services)
    begin = database.unit_of_work(services.engine, None, told.append)
    with pytest.raises(ZeroDivisionError), begin() as tx:
        tx.conversations.append(mine, sender=Sender.NOTICE, body={"text": "一"}, at=services.clock())
        raise ZeroDivisionError
    with begin() as tx:
        tx.conversations.last_seq(mine)
    assert told == []
