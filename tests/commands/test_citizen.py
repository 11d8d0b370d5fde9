"""A citizen's side of the chat API: what is sent again is sent under the same id."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from integrations.commands.citizen import Citizen
from integrations.services.errors import Rejected, TryLater


def message(seq: int, sender: str, text: str) -> dict[str, Any]:
    return {"seq": seq, "from": sender, "text": text, "card": None, "options": []}


class Gateway:
    """A gateway that fails as it is told to, takes each id once and remembers every try."""

    def __init__(self, *troubles: httpx.Response | Exception) -> None:
        self.troubles = list(troubles)
        self.tries: list[dict[str, Any]] = []
        self.taken: dict[str, dict[str, Any]] = {}
        self.pending = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["x-jiesu"]
        if request.url.path == "/api/chat/session":
            return httpx.Response(200, json={"conversation": "c", "latest": 1})
        if request.method == "GET":
            after = int(request.url.params["after"])
            lines = [message(1, "assistant", "您好"), *self.taken.values()]
            return httpx.Response(200, json={"messages": [one for one in lines if one["seq"] > after]})
        body = json.loads(request.content)
        self.tries.append(body)
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return trouble
        own = message(2, "citizen", body.get("text", ""))
        answer = self.taken.setdefault(body["id"], message(3, "assistant", "收到"))
        if self.pending:
            return httpx.Response(200, json={"state": "pending", "messages": [own]})
        return httpx.Response(200, json={"state": "answered", "messages": [own, answer]})


def citizen(gateway: Gateway) -> Citizen:
    return Citizen("http://gateway", transport=httpx.MockTransport(gateway))


def error(status: int, text: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": "x", "message": text}}, headers=headers)


def test_the_citizen_hears_the_greeting_and_the_answers_but_not_oneself() -> None:
    mine = citizen(Gateway())

    assert [one["text"] for one in mine.begin()] == ["您好"]
    assert [one["text"] for one in mine.say("路灯坏了")] == ["收到"]
    assert mine.news() == []


@pytest.mark.parametrize(
    "trouble",
    [error(503, "忙"), error(500, "坏了"), httpx.ConnectError("x"), httpx.ReadTimeout("x")],
    ids=lambda trouble: repr(trouble)[:24],
)
def test_what_is_sent_again_carries_the_same_id(trouble: httpx.Response | Exception) -> None:
    gateway = Gateway(trouble)

    answer = citizen(gateway).say("路灯坏了")

    assert [one["text"] for one in answer] == ["收到"]
    assert len(gateway.tries) == 2
    assert gateway.tries[0] == gateway.tries[1]


def test_two_messages_have_two_ids() -> None:
    gateway = Gateway()
    mine = citizen(gateway)

    mine.say("路灯坏了")
    mine.say("路灯坏了")

    assert len({one["id"] for one in gateway.tries}) == 2


def test_a_refused_message_is_not_sent_again_and_says_why() -> None:
    gateway = Gateway(error(422, "这段话太长了"))

    with pytest.raises(Rejected, match="这段话太长了"):
        citizen(gateway).say("很" * 9_000)

    assert len(gateway.tries) == 1


def test_an_error_that_is_not_ours_is_told_as_it_is() -> None:
    with pytest.raises(Rejected, match="404 <html>"):
        citizen(Gateway(httpx.Response(404, text="<html>"))).say("路灯坏了")


def test_who_is_away_for_good_is_named() -> None:
    gateway = Gateway(*[httpx.ConnectError("x")] * 4)

    with pytest.raises(TryLater, match="http://gateway does not answer"):
        citizen(gateway).say("路灯坏了")

    assert len({one["id"] for one in gateway.tries}) == 1


def test_an_answer_that_comes_later_is_waited_for() -> None:
    gateway = Gateway()
    gateway.pending = 1

    assert [one["text"] for one in citizen(gateway).say("路灯坏了")][-1] == "收到"


def test_a_button_is_tapped_by_its_number() -> None:
    gateway = Gateway()

    citizen(gateway).tap({"seq": 7}, 2)

    assert gateway.tries[0]["choice"] == {"seq": 7, "option": 2}
