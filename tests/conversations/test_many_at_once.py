"""Fifty conversations at once on several Rasas, with a part killed in the middle: each goes as if it were alone."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from integrations.commands.citizen import LOOK_EVERY, Citizen, Message
from integrations.services.errors import TryLater
from integrations.store.tables import lines
from tests.conftest import wait_until
from tests.conversations.fuzzing import filing, markers, storing, watching
from tests.conversations.sentences import FAILURES, WAIT, shipped
from tests.system import RunningSystem

pytestmark = [pytest.mark.conversation, pytest.mark.timeout(1800)]

MANY, RASAS = 50, 3
SEED = 11
# A part that was killed takes its time to start, and longer where the machine has other things to do.
PATIENCE_SECONDS = 300.0
# How many answers are heard before the kill: everybody is somewhere between the first word and the ticket.
BEFORE_THE_KILL = 2 * MANY
ROADS = ("李沧区书院路", "市北区台东三路", "崂山区海尔路", "城阳区正阳路", "市南区新浦路")
MATTERS = (
    "门口的路灯坏了",
    "门口的垃圾桶满了没人收",
    "楼下烧烤店把桌子摆满了人行道",
    "门口的人行道砖碎了一片",
    "门口共享单车堆得没法走",
)


def _ports_in_a_row(count: int) -> int:
    """The first of so many ports on which nobody listens."""
    for first in range(21_000, 29_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError(f"there are no {count} free ports in a row")


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """A system of its own with several Rasas."""
    running = RunningSystem(tmp_path_factory.mktemp("several"), JIESU_RASA_PROCESSES=str(RASAS))
    running.ports["RASA_PORT"] = _ports_in_a_row(RASAS)
    running.start()
    yield running
    running.stop()


@dataclass
class Progress:
    """How many answers have been heard and how many are through; `on` is done once, after so many answers."""

    after: int
    on: Callable[[], None]
    answers: int = 0
    through: int = 0
    through_then: int = 0
    late: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self) -> None:
        with self._lock:
            self.answers += 1
            if self.answers == self.after:
                self.through_then = self.through
                self.on()

    def end(self) -> None:
        with self._lock:
            self.through += 1


class Person(Citizen):
    """Keeps what they sent and heard, turn by turn."""

    def __init__(self, url: str, number: int, progress: Progress) -> None:
        super().__init__(url)
        self.number, self._progress = number, progress
        self.mine = markers.of(SEED, number)
        self.road = f"{ROADS[number % len(ROADS)]}{200 + 3 * number}号"
        self.turns: list[tuple[str, list[Message]]] = []
        self.ticket = ""

    def say(self, text: str) -> Sequence[Message]:
        return self._kept(text, super().say(text))

    def tap(self, message: Message, number: int) -> Sequence[Message]:
        title = next(one["title"] for one in message["options"] if one["number"] == number)
        return self._kept(title, super().tap(message, number))

    def _send(self, said: dict[str, Any]) -> Sequence[Message]:
        """As the page does: what is not taken for now is sent again under the same id, and the answer waited for."""
        body, until = {"id": uuid.uuid4().hex, **said}, time.monotonic() + PATIENCE_SECONDS
        heard, pending = list[Message](), True
        taken = False
        while pending:
            assert time.monotonic() < until, f"citizen {self.number}: no answer in {PATIENCE_SECONDS:.0f} s"
            try:
                if not taken:
                    answer = self._ask("POST", "/api/chat/messages", json=body)
                    heard += self._keep(answer["messages"])
                    taken, pending = True, answer["state"] == "pending"
                    continue
                more, pending = self._news()
                heard += more
            except TryLater as later:
                self._progress.late += 1
                time.sleep(later.after or 1.0)
                continue
            time.sleep(LOOK_EVERY)
        return heard

    def _kept(self, sent: str, answer: Sequence[Message]) -> Sequence[Message]:
        kept = [one for one in answer if one["from"] == "assistant" and not shipped().any_said(WAIT, one["text"])]
        self.turns.append((sent, kept))
        self._progress.heard()
        return kept

    def report(self) -> None:
        """From the first word to the ticket, with two corrections. Raises AssertionError where it goes otherwise."""
        self.begin()
        complaint = f"{self.road}{MATTERS[self.number % len(MATTERS)]}，三天了，{self.mine.word}"
        self._rows(self._led(complaint), 地点=self.road[3:], 联系="170****5678", 问题=self.mine.word, 时间="三天")
        self._rows(self._led("时间不对，昨天开始的"), 地点=self.road[3:], 时间="昨天")
        shown = self._led(f"电话换成{self.mine.phone}")
        self._rows(shown, 地点=self.road[3:], 联系=self.mine.mask, 问题=self.mine.word, 时间="昨天")
        last = next(one for one in reversed(shown) if one["options"])
        submit = next(one["number"] for one in last["options"] if one["title"] == "确认提交")
        self.ticket = filing.ticket(self.tap(last, submit)) or ""
        assert self.ticket, f"no ticket: {self.turns[-1]}"
        assert self.say("谢谢")
        self._progress.end()

    def _led(self, said: str) -> list[Message]:
        """Up to the card: on the way they may be asked whether it is the neighbours' problem, who report too."""
        return filing.lead(self.say, self.tap, said, self.road, contact="17012345678", until=_is_whole)

    def _rows(self, answer: Sequence[Message], **wanted: str) -> None:
        cards = [one["card"] for one in answer if (one["card"] or {}).get("kind") == "confirm"]
        assert cards, f"citizen {self.number}: no card after {self.turns[-1]}"
        rows = {row["label"]: row["value"] for row in cards[-1]["rows"]}
        for label, part in wanted.items():
            assert part in rows.get(label, ""), f"citizen {self.number}: {label} without {part} in {rows}"


def _is_whole(messages: Sequence[Message]) -> bool:
    """Whether a card is shown on which a number stands."""
    cards = [one["card"] for one in messages if (one["card"] or {}).get("kind") == "confirm"]
    return any("****" in row["value"] for card in cards for row in card["rows"] if row["label"] == "联系")


def _play(system: RunningSystem, first: int, kill: Callable[[], None]) -> tuple[list[Person], Progress]:
    """Fifty from `first` on; gives them and how it went."""
    progress = Progress(BEFORE_THE_KILL, kill)
    people = [Person(system.url, number, progress) for number in range(first, first + MANY)]
    with ThreadPoolExecutor(MANY) as pool:
        playing = [pool.submit(one.report) for one in people]
    wrong = [f"{type(error).__name__}: {error}" for one in playing if (error := one.exception()) is not None]
    assert not wrong, f"{len(wrong)} of {MANY} went otherwise:\n" + "\n".join(wrong)
    assert progress.through_then <= MANY // 2, "most were through before anything was killed"
    return people, progress


def _verify(system: RunningSystem, people: Sequence[Person]) -> None:
    """Order, completeness, one ticket each."""
    engine = storing.connect(system.folder)
    for one in people:
        with engine.connect() as db:
            mine = lines.c.conversation_id == one.conversation
            stored = db.execute(select(lines).where(mine).order_by(lines.c.seq)).all()
        assert [row.seq for row in stored] == list(range(1, len(stored) + 1)), (
            f"citizen {one.number}: a line is missing"
        )
        said = [row for row in stored if row.sender == "citizen"]
        told = [(sent, [answer["text"] for answer in answers]) for sent, answers in one.turns]
        _in_order(one, [row.body["text"] for row in said], [sent for sent, _ in told])
        assert {row.state for row in said} == {"answered"}, f"citizen {one.number}: {[row.state for row in said]}"
        answers = Counter(row.answers for row in stored if row.sender == "assistant")
        for row, (sent, heard) in zip(said, told, strict=True):
            assert heard, f"citizen {one.number}: '{sent}' is not answered"
            assert answers[row.turn or row.seq] == len(heard), (
                f"citizen {one.number}: '{sent}' is answered twice: {heard}"
            )
            assert len(set(heard)) == len(heard), f"citizen {one.number}: '{sent}' is answered twice: {heard}"
            assert not any(shipped().any_said(FAILURES, text) for text in heard), f"citizen {one.number}: {heard}"
        (filed,) = storing.tickets(system.folder, one.conversation)
        assert filed["number"] == "".join(one.ticket.split()), f"citizen {one.number}: another ticket was shown"
        assert one.mine.word in str(filed["description"]), f"citizen {one.number}: somebody else's words"
        assert one.road[3:] in str(filed["place"]), f"citizen {one.number}: another place, {filed['place']}"
        assert not filed["anonymous"]
        assert "昨天" in str(filed["since"]), f"citizen {one.number}: {filed['since']}"
    engine.dispose()
    assert len({one.ticket for one in people}) == len(people)
    _in_the_department(system, people)


def _in_order(one: Person, stored: Sequence[str], sent: Sequence[str]) -> None:
    """A phone is masked once its line is answered, so only its first three characters are compared."""
    assert [text[:3] for text in stored] == [text[:3] for text in sent], f"citizen {one.number}: {stored}, sent: {sent}"


def _in_the_department(system: RunningSystem, people: Sequence[Person]) -> None:
    """Each ticket reaches the department once, with its own words."""

    def requests() -> dict[str, list[str]]:
        url = f"{system.department}/open311/v2/requests.json"
        listed = httpx.get(url, params={"page_size": 500}, timeout=20, trust_env=False).json()
        found: dict[str, list[str]] = {}
        for one in listed:
            found.setdefault(one["extended_attributes"].get("reference"), []).append(one["description"])
        return found

    wanted = {"".join(one.ticket.split()): one.mine.word for one in people}
    wait_until(lambda: set(wanted) <= set(requests()), seconds=180)
    for number, described in requests().items():
        if number in wanted:
            assert len(described) == 1, f"{number} was sent {len(described)} times"
            assert wanted[number] in described[0], f"{number} was sent with {described}"


def _pid(system: RunningSystem, *of: str) -> int:
    """The process whose command line has all of these; 0 where there is none."""
    there = watching.children(system.pid)
    return next((pid for pid, command in there.items() if all(one in command for one in of)), 0)


def _killed(system: RunningSystem, *of: str) -> Callable[[], None]:
    """Kills that process outright."""

    def kill() -> None:
        pid = _pid(system, *of)
        assert pid, f"there is no {of}"
        os.kill(pid, signal.SIGKILL)

    return kill


def _back(system: RunningSystem, before: int, *of: str) -> None:
    """Wait until the supervisor has started it again and everything is well."""
    wait_until(lambda: _pid(system, *of) not in (0, before), seconds=120)
    until = time.monotonic() + 240
    while system.health()["status"] != "ok":
        assert time.monotonic() < until, f"it is not well again: {system.health()}"
        time.sleep(1)


def _tell(
    capsys: pytest.CaptureFixture[str], what: str, people: Sequence[Person], progress: Progress, began: float
) -> None:
    turns, under_way = sum(len(one.turns) for one in people), MANY - progress.through_then
    with capsys.disabled():
        print(
            f"\n{len(people)} conversations at once, {what} killed while {under_way} were under way: "
            f"{turns} turns in {time.monotonic() - began:.0f} s, {len({one.ticket for one in people})} tickets, "
            f"asked to come again {progress.late} times"
        )


def test_a_rasa_that_is_killed_is_not_noticed_by_fifty_conversations(
    several: RunningSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    port = str(several.ports["RASA_PORT"] + 1)
    before, began = _pid(several, "serve.py", port), time.monotonic()
    people, progress = _play(several, 0, _killed(several, "serve.py", port))
    _tell(capsys, f"one of {RASAS} Rasas", people, progress, began)
    _verify(several, people)
    _back(several, before, "serve.py", port)


def test_actions_that_are_killed_lose_nothing_of_fifty_conversations(
    several: RunningSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    before, began = _pid(several, "integrations.cli", "actions"), time.monotonic()
    people, progress = _play(several, MANY, _killed(several, "integrations.cli", "actions"))
    _tell(capsys, "the actions", people, progress, began)
    _verify(several, people)
    _back(several, before, "integrations.cli", "actions")
