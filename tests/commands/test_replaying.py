"""Replaying cases: what cannot be read is named with file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.bootstrap import Services
from integrations.commands.citizen import Citizen
from integrations.commands.replaying import Case, Result, read_cases, replay_all
from kb.content_files import ContentError
from tests.commands.test_citizen import message

GOOD = '{"id": 1, "text": "路灯坏了"}'


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("nonsense", 3),
        ("[]", 3),
        ("5", 3),
        ("null", 3),
        ('"text"', 3),
        ("{}", 3),
        ('{"id": 2}', 3),
        ('{"text": "x"}', 3),
        ("{", 3),
    ],
)
def test_a_line_that_is_no_case_is_named_with_its_number(tmp_path: Path, wrong: str, line: int) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(f"{GOOD}\n\n{wrong}\n{GOOD}\n", encoding="utf-8")

    with pytest.raises(ContentError) as error:
        read_cases(path)

    assert str(error.value).startswith(f"{path}:{line}: expected")


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    garbled = tmp_path / "garbled.jsonl"
    garbled.write_bytes(b"\xff\xfe")

    for path in (tmp_path / "nothing.jsonl", garbled, tmp_path):
        with pytest.raises(ContentError) as error:
            read_cases(path)
        assert str(error.value).startswith(f"{path}:1: cannot be read")


def test_cases_are_read_in_their_order_and_blank_lines_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(f'\n{GOOD}\n   \n{{"id": "b", "text": "垃圾", "more": 1}}\n', encoding="utf-8")

    assert read_cases(path) == [Case("1", "路灯坏了"), Case("b", "垃圾")]


def test_a_line_separator_inside_a_text_does_not_break_the_line(tmp_path: Path) -> None:
    """JSON Lines end at a line feed only; U+2028 and U+0085 may stand inside a text."""
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps({"id": 1, "text": "上\u2028下\u0085完"}, ensure_ascii=False) + "\n", encoding="utf-8")

    assert read_cases(path) == [Case("1", "上\u2028下\u0085完")]


# -- against a system --------------------------------------------------------------------------------------------

ROWS = [{"label": "类别", "value": "整段路灯不亮"}, {"label": "属地", "value": "市北区"}]
QUESTIONS = [
    ["说不清在哪儿"],
    ["是同一件，我也要反映", "不是，继续提交"],
    ["知道了，不用再报", "我还是要反映"],
    ["不留，匿名提交"],
    ["确认提交", "改问题", "先不报了"],
]


class ScriptedCitizen:
    """Answers each message with the next question, then with a ticket."""

    def __init__(self) -> None:
        self.tapped: list[str] = []
        self._left = [list(titles) for titles in QUESTIONS]

    def begin(self) -> list[dict[str, Any]]:
        return []

    def say(self, text: str) -> list[dict[str, Any]]:
        return self._next()

    def tap(self, asked: dict[str, Any], number: int) -> list[dict[str, Any]]:
        self.tapped.append(asked["options"][number - 1]["title"])
        return self._next()

    def _next(self) -> list[dict[str, Any]]:
        if not self._left:
            return [{**message(9, "assistant", "好了"), "card": {"kind": "ticket", "number": "1", "rows": ROWS}}]
        options = [{"number": n, "title": title} for n, title in enumerate(self._left.pop(0), 1)]
        return [{**message(2, "assistant", "?"), "options": options}]


def test_a_replayed_citizen_says_nothing_that_the_case_does_not() -> None:
    from integrations.commands import replaying

    scripted = ScriptedCitizen()

    result = replaying._file(scripted, Case("1", "路灯坏了"))  # type: ignore[arg-type]

    assert scripted.tapped == ["说不清在哪儿", "不是，继续提交", "我还是要反映", "不留，匿名提交", "确认提交"]
    assert (result.turns, result.category, result.area, result.number) == (6, "整段路灯不亮", "市北区", "1")


def test_a_system_that_is_away_fails_each_case_by_name() -> None:
    counted: list[str] = []

    results = replay_all(
        [Case("1", "a"), Case("2", "b")],
        "http://127.0.0.1:1",
        at_once=2,
        filed=lambda: counted.append("filed"),
        sent=lambda: counted.append("sent"),
    )

    assert [one.id for one in results] == ["1", "2"]
    assert all("does not answer" in (one.failed or "") for one in results)
    assert counted == []


def test_a_result_is_plain_json() -> None:
    assert json.loads(json.dumps(Result("1", 3, 0.5).as_json()))["backend"] is None


def test_the_terminal_talks_to_the_real_gateway(services: Services) -> None:
    from fastapi.testclient import TestClient

    from integrations.web.app import create_app

    with TestClient(create_app(services)) as gateway:

        def through(request: httpx.Request) -> httpx.Response:
            answer = gateway.request(
                request.method, str(request.url), content=request.content, headers=dict(request.headers)
            )
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

        citizen = Citizen("http://testserver", transport=httpx.MockTransport(through))
        assert len(citizen.begin()[0]["options"]) == 3
        assert citizen.say("路灯坏了")[-1]["text"] == "听到了：路灯坏了"
