"""Plays a conversation and checks it: see `script` for what a file says.

What holds of every answer without being asked for: a question does not come twice in a row in the same words; one
answer does not ask for two things; no telephone number stands there whole; the assistant does not say that something
went wrong.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.commands.citizen import Message
from integrations.services.errors import Rejected
from tests.conversations.script import OF_THE_CITIZEN, Conversation, Turn
from tests.conversations.sentences import FAILURES, WAIT, shipped
from tests.conversations.talking import Talks

NOTICE_SECONDS = 40.0
DO_NOT_KNOW = "不知道"
# A report asks fewer details than this; more would never end.
MOST_DETAILS = 5
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_CODE = re.compile(r"(?<!\d)\d{4} \d{4}(?!\d)")

Office = Callable[[str, str, str], None]
"""The department's clerk: (ticket number, step, text)."""
Desk = Callable[[str, str, str], None]
"""A person at the desk: (conversation, act, text)."""
Silence = Callable[[str, float], None]
"""So long nothing is said: (conversation, hours)."""


@dataclass(frozen=True)
class World:
    """Who else takes part."""

    office: Office
    desk: Desk
    silence: Silence


@dataclass(frozen=True)
class Played:
    """How it went: the citizen's turns up to the first ticket, None where none was shown; details that were asked."""

    turns_to_ticket: int | None
    turns: int
    details: int


def verify(conversation: Conversation, citizen: Talks, other: Talks, world: World) -> Played:
    """Play it, `before` by a citizen of their own. Raises AssertionError with file, turn and what was answered."""
    if conversation.script.before:
        _Scene(conversation, {"own": _Session(other)}, world).play(conversation.script.before, "before, turn")
    scene = _Scene(conversation, {"own": _Session(citizen), "other": _Session(other)}, world)
    scene.play(conversation.script.turns, "turn")
    most = conversation.script.most_turns
    if most is not None:
        assert scene.to_ticket is not None, f"{conversation.id}: no ticket was shown"
        assert scene.to_ticket <= most, f"{conversation.id}: {scene.to_ticket} turns to a ticket, {most} at most"
    return Played(scene.to_ticket, scene.turns, scene.details)


@dataclass
class _Session:
    talks: Talks
    begun: bool = False
    shown: list[Message] = field(default_factory=list)
    # the questions of the answer before, as they were put
    asked: frozenset[str] = frozenset()

    def begin(self) -> None:
        if not self.begun:
            self.begun = True
            self.shown += self.talks.begin()


@dataclass
class _Scene:
    conversation: Conversation
    sessions: dict[str, _Session]
    world: World
    turns: int = 0
    details: int = 0
    to_ticket: int | None = None
    latest: dict[str, str] = field(default_factory=dict)

    def play(self, turns: Sequence[Turn], called: str) -> None:
        for number, turn in enumerate(turns, 1):
            where = f"{self.conversation.id}, {called} {number} ({turn.did})"
            self._turn(turn, self.sessions[turn.device], where)

    def _turn(self, turn: Turn, session: _Session, where: str) -> None:
        session.begin()
        if turn.act not in OF_THE_CITIZEN:
            self._of_others(turn, session, where)
            return
        answer = self._kept(session, self._done(turn, session, where))
        self._look_at(session, answer, turn, where)
        while (reply := self._reply(turn, answer)) is not None:
            more = self._kept(session, reply(session))
            self._look_at(session, more, turn, f"{where}, asked for a detail")
            answer = [*answer, *more]
            self.details += 1
            assert self.details <= MOST_DETAILS, f"detail after detail is asked in {where}"
        check(turn, answer, where)

    def _of_others(self, turn: Turn, session: _Session, where: str) -> None:
        """Something is done by somebody else, or nothing at all: then the citizen waits for what comes of it."""
        mine = session.talks.conversation
        match turn.act:
            case "pause_hours":
                self.world.silence(mine, turn.pause_hours or 0.0)
                return
            case "department":
                self.world.office(self._ticket(where), str(turn.department), turn.text)
            case "clerk":
                self.world.desk(mine, str(turn.clerk), turn.text)
        self._kept(session, _awaited(session, turn, where))
        session.asked = frozenset()

    # -- what the citizen does -------------------------------------------------------------------------------

    def _done(self, turn: Turn, session: _Session, where: str) -> Sequence[Message]:
        self.turns += 1
        try:
            match turn.act:
                case "tap":
                    return _tapped(session, str(turn.tap), where)
                case "burst":
                    return session.talks.burst([self._filled(one, where) for one in turn.burst or ()])
                case "pin":
                    return session.talks.pin(turn.pin.model_dump() if turn.pin else {})
                case "photo" if turn.photo:
                    return session.talks.photos(turn.photo.count, turn.photo.lat, turn.photo.lon, turn.text)
                case "voice":
                    return session.talks.voice(str(turn.voice))
                case _:
                    return session.talks.say(self._filled(str(turn.say), where) * turn.times)
        except Rejected as refused:
            return [{"text": f"（没有收下：{refused}）", "options": [], "card": None}]

    def _filled(self, text: str, where: str) -> str:
        for name in re.findall(r"\{(\w+)\}", text):
            assert name in self.latest, f"no {name} has been shown before {where}"
            text = text.replace(f"{{{name}}}", self.latest[name])
        return text

    def _reply(self, turn: Turn, answer: Sequence[Message]) -> Callable[[_Session], Sequence[Message]] | None:
        """What the citizen answers to a question that the file does not speak of; None where there is none."""
        last = next(iter(reversed(answer)), None)
        if last is None or set(turn.asks) & shipped().asked(last["text"]):
            return None
        known = next((said for words, said in self.conversation.script.knows.items() if words in last["text"]), None)
        if known is not None:
            self.turns += 1
            return lambda session: session.talks.say(known)
        number = next((o["number"] for o in last["options"] if o["title"] == DO_NOT_KNOW), None)
        if "more" in shipped().asked(last["text"]) and number is not None:
            self.turns += 1
            return lambda session: session.talks.tap(last, number)
        return None

    # -- what is kept of the answers -------------------------------------------------------------------------

    def _kept(self, session: _Session, answer: Sequence[Message]) -> list[Message]:
        """The answer without 'one moment'; numbers that stand there may be said later."""
        kept = [one for one in answer if not shipped().any_said(WAIT, one["text"])]
        session.shown += kept
        for message in kept:
            card = message["card"] or {}
            if card.get("kind") == "ticket":
                self.latest["ticket"] = re.sub(r"\D", "", card["number"])
                self.to_ticket = self.to_ticket or self.turns
            if shipped().is_said("linking.code", message["text"]) and (code := _CODE.search(message["text"])):
                self.latest["code"] = code.group()
        return kept

    def _ticket(self, where: str) -> str:
        assert "ticket" in self.latest, f"no ticket has been shown before {where}"
        return self.latest["ticket"]

    def _look_at(self, session: _Session, answer: Sequence[Message], turn: Turn, where: str) -> None:
        """What holds of every answer."""
        said = as_read(answer)
        where = f"{where}:\n{said}"
        number = _PHONE.search(said)
        assert number is None, f"a telephone number stands whole in {where}"
        for key in set(FAILURES) - set(turn.says):
            assert not shipped().is_said(key, said), f"something went wrong in {where}"
        kinds = frozenset[str]().union(*(shipped().asked(one["text"]) for one in answer if not one["card"]))
        assert len(kinds) <= 1, f"{' and '.join(sorted(kinds))} are asked at once in {where}"
        texts = [one["text"] for one in answer if one["text"]]
        assert turn.burst or len(set(texts)) == len(texts), f"one answer says the same twice in {where}"
        asked = frozenset(filter(None, map(_question, answer)))
        if self.conversation.script.no_repeat and not turn.again:
            same = next(iter(asked & session.asked), None)
            assert same is None, f"the same question comes again in the same words, '{same}', in {where}"
        session.asked = asked


def _question(message: Message) -> str:
    """The question of a message as it is put, "" where it asks nothing. A card is looked at, not asked."""
    text = str(message["text"]).strip()
    return text if not message["card"] and (shipped().asked(text) or text.endswith(("？", "?"))) else ""


def _tapped(session: _Session, words: str, where: str) -> Sequence[Message]:
    for message in reversed(session.shown):
        for option in message["options"]:
            if words in option["title"]:
                return session.talks.tap(message, option["number"])
    raise AssertionError(f"there is no button '{words}' in {where}")


def _awaited(session: _Session, turn: Turn, where: str) -> Sequence[Message]:
    """What comes without being asked for, until everything holds or nobody would wait any longer."""
    heard: list[Message] = []
    until = time.monotonic() + NOTICE_SECONDS
    while True:
        heard += session.talks.news()
        try:
            check(turn, heard, where)
            return heard
        except AssertionError:
            if time.monotonic() > until:
                raise
        time.sleep(0.3)


def as_read(answer: Iterable[Message]) -> str:
    """Everything that stands in the answer: words, buttons, cards."""
    return "\n".join(f"{one['text']} {[o['title'] for o in one['options']]} {one['card'] or ''}" for one in answer)


def check(turn: Turn, answer: Sequence[Message], where: str) -> None:
    """Everything that the turn says of its answer. Raises AssertionError."""
    said = as_read(answer)
    where = f"{where}:\n{said}"
    kinds = {(one["card"] or {}).get("kind") for one in answer}
    titles = [option["title"] for one in answer for option in one["options"]]
    asked = frozenset[str]().union(*(shipped().asked(one["text"]) for one in answer))
    for words in turn.hears:
        assert words in said, f"'{words}' is missing in {where}"
    for words in turn.never:
        assert words not in said, f"'{words}' must not stand in {where}"
    for key in turn.says:
        assert shipped().is_said(key, said), f"{key} is not said in {where}"
    for key in turn.never_says:
        assert not shipped().is_said(key, said), f"{key} must not be said in {where}"
    for kind in turn.asks:
        assert kind in asked, f"'{kind}' is not asked for in {where}"
    for kind in turn.never_asks:
        assert kind not in asked, f"'{kind}' must not be asked for in {where}"
    for kind in turn.card:
        assert kind in kinds, f"no card '{kind}' in {where}"
    for kind in turn.no_card:
        assert kind not in kinds, f"there must be no card '{kind}' in {where}"
    for title in turn.offers:
        assert any(title in one for one in titles), f"no button '{title}' in {where}"
    for label, parts in turn.rows.items():
        value = _row(answer, label)
        assert value is not None, f"no line '{label}' on a card in {where}"
        for part in parts:
            assert part in value, f"the line '{label}' is '{value}', without '{part}', in {where}"
    for label, parts in turn.not_rows.items():
        value = _row(answer, label) or ""
        for part in parts:
            assert part not in value, f"the line '{label}' is '{value}', with '{part}', in {where}"
    assert not (turn.silent and answer), f"the assistant was to say nothing in {where}"


def _row(answer: Sequence[Message], label: str) -> str | None:
    """The line with that label of the latest card that has one."""
    for message in reversed(answer):
        card: dict[str, Any] = message["card"] or {}
        for row in card.get("rows") or ():
            if row["label"] == label:
                return str(row["value"])
    return None
