"""A citizen who wants one thing: a complaint filed. Answers whatever is asked for with the plainest answer there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from integrations.commands.citizen import Message
from tests.conversations.sentences import shipped

MOST_TURNS = 16
# Buttons that lead on to a ticket, the first that is shown.
ONWARD = (
    *("确认提交", "不是，继续提交", "还是帮我登记", "我还是要反映", "不留，匿名提交", "不知道", "好，帮我转"),
    *("其实是一件事，一起报", "都不像", "接着填", "说不清在哪儿"),
)

Say = Callable[[str], Sequence[Message]]
Tap = Callable[[Message, int], Sequence[Message]]


@dataclass(frozen=True)
class Filed:
    """The ticket's number as it is shown, and every message that came on the way."""

    number: str
    heard: tuple[Message, ...]


def ticket(messages: Sequence[Message]) -> str | None:
    """The number of the ticket that is shown, as it is shown."""
    for message in messages:
        card = message["card"] or {}
        if card.get("kind") == "ticket":
            return str(card["number"])
    return None


def is_card(kind: str) -> Callable[[Sequence[Message]], bool]:
    """Whether one of the messages shows a card of that kind."""
    return lambda messages: any((one["card"] or {}).get("kind") == kind for one in messages)


def lead(
    say: Say, tap: Tap, complaint: str, place: str, *, contact: str, until: Callable[[Sequence[Message]], bool]
) -> list[Message]:
    """Say the complaint and whatever is asked for; gives every message up to the answer of which `until` holds.

    Raises AssertionError with what was heard last.
    """
    answer = list(say(complaint))
    heard = [*answer]
    for _ in range(MOST_TURNS):
        if until(answer):
            return heard
        answer = list(_reply(say, tap, answer, complaint, place, contact))
        heard += answer
    raise AssertionError(f"no end after {MOST_TURNS} turns; heard last: {[one['text'] for one in answer]}")


def file(say: Say, tap: Tap, complaint: str, place: str, *, contact: str = "匿名") -> Filed:
    """Up to the complaint's ticket. Raises AssertionError with what was heard last."""
    heard = lead(say, tap, complaint, place, contact=contact, until=is_card("ticket"))
    number = ticket(heard)
    assert number is not None
    return Filed(number, tuple(heard))


def _reply(
    say: Say, tap: Tap, answer: Sequence[Message], complaint: str, place: str, contact: str
) -> Sequence[Message]:
    if any("contact" in shipped().asked(one["text"]) for one in answer):  # the card asks for it, too
        return say(contact)
    asked = frozenset[str]().union(*(shipped().asked(one["text"]) for one in answer if not one["card"]))
    if "place" in asked:
        return say(place)
    for message in reversed(answer):
        for title in ONWARD:
            number = next((one["number"] for one in message["options"] if one["title"] == title), None)
            if number is not None:
                return tap(message, number)
    if asked & {"category"}:
        message = next(one for one in reversed(answer) if one["options"])
        return tap(message, 1)
    if asked & {"since"}:
        return say("三天了")
    return say(complaint)
