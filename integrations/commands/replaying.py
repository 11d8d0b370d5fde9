"""Replaying cases as citizens would tell them: answer what is asked, with nothing that the case does not say."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from integrations.commands.citizen import Citizen, Message
from integrations.services.errors import ServiceError
from kb.content_files import ContentError

MOST_TURNS = 12
BACKEND_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the file."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case. `turns` counts the citizen's messages up to the ticket, `seconds` their whole time."""

    id: str
    turns: int
    seconds: float
    category: str | None = None
    area: str | None = None
    number: str | None = None
    backend: str | None = None
    failed: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_cases(path: Path) -> list[Case]:
    """Raises ContentError naming file and line."""
    cases = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as wrong:
        raise ContentError(f"{path}:1: cannot be read ({wrong})") from wrong
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            cases.append(Case(str(value["id"]), str(value["text"])))
        except (ValueError, KeyError, TypeError) as wrong:
            raise ContentError(f'{path}:{number}: expected {{"id": …, "text": …}} ({wrong})') from wrong
    return cases


def replay_all(
    cases: Sequence[Case],
    url: str,
    *,
    at_once: int,
    filed: Callable[[], None],
    sent: Callable[[], None],
) -> list[Result]:
    """Every case in its order; `filed` and `sent` are called as cases get there."""

    def one(case: Case) -> Result:
        citizen = Citizen(url)
        try:
            result = _file(citizen, case)
            filed()
            if result.number:
                backend = _backend(citizen, result.number)
                result = Result(**{**asdict(result), "backend": backend})
            sent()
            return result
        except ServiceError as failed:
            return Result(case.id, 0, 0.0, failed=str(failed))
        finally:
            citizen.close()

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, cases))


def _file(citizen: Citizen, case: Case) -> Result:
    citizen.begin()
    began = time.monotonic()
    heard = citizen.say(case.text)
    for turn in range(1, MOST_TURNS + 1):
        took = time.monotonic() - began
        ticket = next((m for m in heard if (m["card"] or {}).get("kind") == "ticket"), None)
        if ticket:
            rows = {row["label"]: row["value"] for row in ticket["card"]["rows"]}
            return Result(case.id, turn, took, rows.get("类别"), rows.get("属地"), ticket["card"]["number"])
        heard = _answer(citizen, heard)
    return Result(case.id, MOST_TURNS, time.monotonic() - began, failed=f"no ticket after {MOST_TURNS} turns")


# What a citizen who knows only the case's text would tap: the first pattern that fits a button of the question.
ANSWERS = ("确认", "还是要反映", "^不是，", "匿名", "说不清", "就反映这件事")


def _answer(citizen: Citizen, heard: Sequence[Message]) -> Sequence[Message]:
    asked = next((message for message in reversed(heard) if message["options"]), None)
    if asked is None:
        return citizen.say("不清楚")
    for pattern in ANSWERS:
        for option in asked["options"]:
            if re.search(pattern, option["title"]):
                return citizen.tap(asked, option["number"])
    return citizen.tap(asked, 1)


def _backend(citizen: Citizen, number: str) -> str | None:
    """The department's number, as soon as the ticket shows one."""
    until = time.monotonic() + BACKEND_SECONDS
    wait = 0.5
    while time.monotonic() < until:
        for message in citizen.say(f"查进度 {number}"):
            for row in (message["card"] or {}).get("rows") or ():
                if row["label"] == "受理号":
                    return str(row["value"])
        time.sleep(wait)
        wait = min(wait * 1.5, 5.0)
    return None
