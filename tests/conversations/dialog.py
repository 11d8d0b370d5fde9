"""Conversations as data: `[{say|tap: …, hears: …, card: …, offers: …, never: …}]`, one file for each.

`say` is typed, `tap` presses the button whose title contains the words. `hears` must stand in what is answered,
`card` names the kind of card among the answers, `offers` a button's title, `never` must not stand there.
Each may be one value or a list. `name` and `why` say what the conversation is for.

`before` are turns of another citizen, who comes first. `issue` is a known issue as the files in
`kb/content/known_issues` have it, without days: it is in force on the day of the test.

`department` is a step of the department's clerk with the ticket that was shown last (`text` is what the clerk writes);
then the citizen waits for the notice.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from integrations.commands.citizen import Citizen, Message
from integrations.services.errors import Rejected

FOLDER = Path(__file__).parent
NOTICE_SECONDS = 40.0

Office = Callable[[str, str, str], None]
"""The department's clerk: (ticket number, step, text)."""


@dataclass(frozen=True)
class Conversation:
    """One file."""

    path: Path
    name: str
    turns: list[dict[str, Any]]
    before: list[dict[str, Any]]
    issue: dict[str, Any] | None

    @property
    def id(self) -> str:
        return self.path.relative_to(FOLDER).with_suffix("").as_posix()


def conversations() -> list[Conversation]:
    """Every file below this folder, in order."""
    found = []
    for path in sorted(FOLDER.glob("*/*.yml")):
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(Conversation(path, raw["name"], raw["turns"], raw.get("before", []), raw.get("issue")))
    return found


def verify(conversation: Conversation, citizen: Citizen, other: Citizen, office: Office) -> None:
    """Play it, `before` by the other citizen. Raises AssertionError that names the turn and what was answered."""
    _verify(conversation, conversation.before, other, office)
    _verify(conversation, conversation.turns, citizen, office)


def _verify(conversation: Conversation, turns: Sequence[dict[str, Any]], citizen: Citizen, office: Office) -> None:
    shown: list[Message] = list(citizen.begin())
    for number, turn in enumerate(turns, 1):
        if "department" in turn:
            office(_ticket(shown), str(turn["department"]), str(turn.get("text", "")))
            answer = _notices(citizen, _list(turn.get("hears")))
        else:
            answer = _play(citizen, turn, shown)
        shown = [*shown, *answer]
        said = "\n".join(f"{m['text']} {[o['title'] for o in m['options']]} {m['card']}" for m in answer)
        did = turn.get("say") or turn.get("tap") or turn.get("department")
        where = f"{conversation.id}, turn {number} ({did}):\n{said}"
        kinds = {(m["card"] or {}).get("kind") for m in answer}
        titles = [o["title"] for m in answer for o in m["options"]]
        for words in _list(turn.get("hears")):
            assert words in said, f"'{words}' is missing in {where}"
        for words in _list(turn.get("never")):
            assert words not in said, f"'{words}' must not stand in {where}"
        for kind in _list(turn.get("card")):
            assert kind in kinds, f"no card '{kind}' in {where}"
        for title in _list(turn.get("offers")):
            assert any(title in one for one in titles), f"no button '{title}' in {where}"


def _play(citizen: Citizen, turn: dict[str, Any], shown: Sequence[Message]) -> Sequence[Message]:
    if "tap" in turn:
        for message in reversed(shown):
            for option in message["options"]:
                if str(turn["tap"]) in option["title"]:
                    return citizen.tap(message, option["number"])
        raise AssertionError(f"there is no button '{turn['tap']}'")
    try:
        return citizen.say(str(turn["say"]))
    except Rejected as refused:
        return [{"text": f"（没有收下：{refused}）", "options": [], "card": None}]


def _ticket(shown: Sequence[Message]) -> str:
    """The number of the ticket that was shown last."""
    cards = [m["card"] for m in reversed(shown) if (m["card"] or {}).get("kind") == "ticket"]
    assert cards, "no ticket has been shown"
    return re.sub(r"\D", "", cards[0]["number"])


def _notices(citizen: Citizen, wanted: Sequence[str]) -> Sequence[Message]:
    """What comes without asking, until all the words are there or nobody would wait any longer."""
    heard: list[Message] = []
    until = time.monotonic() + NOTICE_SECONDS
    while time.monotonic() < until and not all(any(w in m["text"] for m in heard) for w in wanted):
        time.sleep(0.3)
        heard += citizen.news()
    return heard


def _list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
