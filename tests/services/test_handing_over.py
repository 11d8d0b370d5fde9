"""Giving a conversation to a person."""

from __future__ import annotations

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from tests.builders import conversation, notices


def ask(services: Services, address: str) -> int:
    return services.handing_over.ask(conversation(services, address).id, {"said": "找人工"})


def test_wishes_wait_in_their_order(services: Services) -> None:
    assert [ask(services, f"citizen-{number}") for number in (1, 2, 3)] == [1, 2, 3]
    assert [one.context for one in services.handing_over.waiting()] == [{"said": "找人工"}] * 3


def test_asking_again_keeps_ones_place(services: Services) -> None:
    for number in (1, 2):
        ask(services, f"citizen-{number}")

    assert ask(services, "citizen-1") == 1
    assert len(services.handing_over.waiting()) == 2


def test_an_answer_stands_in_the_chat_and_the_queue_moves_on(services: Services) -> None:
    ask(services, "citizen-1")
    ask(services, "citizen-2")
    first = services.handing_over.waiting()[0]

    services.handing_over.answer(first.id, "您好，我看到了。")

    assert notices(services, "citizen-1") == ["您好，我看到了。"]
    assert notices(services, "citizen-2") == []
    assert ask(services, "citizen-2") == 1


def test_who_was_answered_may_ask_again_and_stands_at_the_end(services: Services) -> None:
    ask(services, "citizen-1")
    ask(services, "citizen-2")
    services.handing_over.answer(services.handing_over.waiting()[0].id, "您好")

    assert ask(services, "citizen-1") == 2


def test_a_second_answer_to_the_same_wish_is_delivered_too(services: Services) -> None:
    ask(services, "citizen-1")
    wish = services.handing_over.waiting()[0].id

    services.handing_over.answer(wish, "第一句")
    services.handing_over.answer(wish, "第二句")

    assert notices(services, "citizen-1") == ["第一句", "第二句"]


def test_nobody_waits_under_an_unknown_number(services: Services) -> None:
    with pytest.raises(Rejected, match="99"):
        services.handing_over.answer(99, "您好")
