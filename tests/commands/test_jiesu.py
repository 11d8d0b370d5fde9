"""The command `jiesu`: every subcommand explains itself, and an expected failure is one sentence."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
import typer.main
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from integrations.bootstrap import Services
from integrations.cli import app
from integrations.commands import chatting
from integrations.services.errors import Rejected, TryLater
from integrations.services.records import ScreeningTag
from tests.builders import filed, read, relay_all
from tests.commands.test_citizen import message
from tests.conftest import PROJECT
from tests.fakes import FakeDispatcher

Jiesu = Callable[..., Result]


def commands() -> Iterator[tuple[str, ...]]:
    def below(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, child in getattr(command, "commands", {}).items():
            yield from below(child, (*path, name))

    yield from below(typer.main.get_command(app), ())


@pytest.fixture
def jiesu(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jiesu:
    """Runs the command on the test's own data folder and database."""
    monkeypatch.setenv("JIESU_DATA_DIR", str(services.settings.data_dir))
    monkeypatch.setenv("JIESU_DATABASE_URL", services.settings.database_url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, arguments, input=stdin)

    return run


@pytest.mark.parametrize("command", list(commands()), ids=lambda path: " ".join(path) or "jiesu")
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])

    assert result.exit_code == 0
    assert "Usage" in result.output
    assert len(result.output.splitlines()) > 4


def test_without_a_command_the_help_is_shown() -> None:
    assert "接诉 Jiesu" in CliRunner().invoke(app, []).output


@pytest.mark.parametrize("arguments", [["nonsense"], ["retry", "x"], ["replay"], ["chat", "--nonsense"]])
def test_a_call_that_makes_no_sense_is_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["stuck"], {"JIESU_PORT": "eighty"}, "jiesu: JIESU_PORT='eighty'"),
        (["migrate"], {"JIESU_DATA_DIR": "/proc/nowhere"}, "jiesu: JIESU_DATA_DIR=/proc/nowhere: cannot be written"),
        (["replay", "nothing.jsonl"], {}, "jiesu: nothing.jsonl:1: cannot be read"),
        (["stuck"], {}, "jiesu: the database did not answer"),
    ],
)
def test_an_expected_failure_is_one_sentence(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JIESU_")}
    result = subprocess.run(
        [sys.executable, "-m", "integrations.cli", *arguments],
        cwd=tmp_path,
        env={**clean, "JIESU_DATA_DIR": str(tmp_path), "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1


# -- for operators -----------------------------------------------------------------------------------------------


def test_nothing_is_stuck_at_first(jiesu: Jiesu) -> None:
    assert "nothing is stuck" in jiesu("stuck").output


def test_what_is_stuck_is_listed_with_its_reason_and_can_be_put_back(
    jiesu: Jiesu, services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint = filed(services)
    dispatcher.refuse("no such service [/41]")
    relay_all(services)

    listed = jiesu("stuck").output
    assert "no such service [/41]" in listed
    assert complaint.number[:4] in listed

    assert jiesu("retry", "1").exit_code == 0
    assert "nothing is stuck" in jiesu("stuck").output


def test_a_row_that_is_not_stuck_cannot_be_put_back(jiesu: Jiesu) -> None:
    result = jiesu("retry", "99")

    assert isinstance(result.exception, Rejected)
    assert "99" in str(result.exception)


def test_migrating_is_safe_to_run_twice(jiesu: Jiesu) -> None:
    assert [jiesu("migrate").exit_code for _ in range(2)] == [0, 0]


def test_the_worker_is_not_needed_to_look(jiesu: Jiesu, services: Services) -> None:
    complaint = filed(services)

    assert jiesu("stuck").exit_code == 0
    assert read(services, complaint).status == "filed"


# -- understanding -----------------------------------------------------------------------------------------------


def test_places_are_read_line_by_line(jiesu: Jiesu) -> None:
    lines = [{"id": "a", "text": "崂山区海尔路61号门口"}, {"id": 2, "text": "有点吵"}]

    result = jiesu("locate", stdin="\n".join(json.dumps(one, ensure_ascii=False) for one in lines) + "\n\n")

    first, second = [json.loads(line) for line in result.output.splitlines()]
    assert (first["id"], first["district"], first["road"], first["ask"]) == ("a", "崂山区", "海尔路", False)
    assert (second["id"], second["district"], second["confidence"], second["ask"]) == (2, None, 0.0, True)


@pytest.mark.parametrize("wrong", ["nonsense", "[]", '{"id": 1}', '{"text": "x"}', "5"])
def test_a_line_that_cannot_be_read_is_named_with_its_number(jiesu: Jiesu, wrong: str) -> None:
    result = jiesu("locate", stdin=f'{{"id": 1, "text": "x"}}\n{wrong}\n')

    assert "standard input:2: expected" in str(result.exception)


def test_chatting_with_nobody_says_who_does_not_answer(jiesu: Jiesu) -> None:
    result = jiesu("chat", "--against", "http://127.0.0.1:1")

    assert isinstance(result.exception, TryLater)
    assert "http://127.0.0.1:1 does not answer" in str(result.exception)


def test_what_is_said_with_brackets_is_shown_as_it_is() -> None:
    shown = io.StringIO()
    card = {"kind": "x", "title": "[/标题]", "rows": [{"label": "地点", "value": "合肥路[/x]"}]}
    line = {**message(1, "assistant", "编号[/b]和[bold]"), "card": card, "options": [{"number": 1, "title": "[/好]"}]}

    chatting._show(Console(file=shown, width=100), [line])

    for text in ("编号[/b]和[bold]", "合肥路[/x]", "[/好]", "[/标题]"):
        assert text in shown.getvalue()


def test_a_replay_of_nothing_that_answers_fails_and_says_so(jiesu: Jiesu, tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"id": 1, "text": "路灯坏了"}\n', encoding="utf-8")

    result = jiesu("replay", str(cases), "--against", "http://127.0.0.1:1", "--json")

    assert result.exit_code == 1
    assert "does not answer" in json.loads(result.stdout.splitlines()[0])["failed"]


def test_doubts_about_complaints_are_listed_lifted_and_put_back(jiesu: Jiesu, services: Services) -> None:
    assert "no tag stands" in jiesu("screening", "list").output
    filed(services, "一群王八蛋，市北区合肥路688号翠湖小区北门的路灯坏了三天")

    listed = jiesu("screening", "list").output
    assert "辱骂" in listed and "王八蛋" in listed
    number = next(tag.id for tag in standing(services) if tag.tag.reason == "辱骂")
    assert f"tag {number} is lifted" in jiesu("screening", "lift", str(number), "--by", "李四").output
    assert "辱骂" not in jiesu("screening", "list").output
    again = jiesu("screening", "lift", str(number), "--by", "李四")
    assert isinstance(again.exception, Rejected)
    assert "stands again" in jiesu("screening", "put-back", str(number)).output
    assert isinstance(jiesu("screening", "put-back", str(number)).exception, Rejected)
    assert "辱骂" in jiesu("screening", "list").output


def standing(services: Services) -> list[ScreeningTag]:
    with services.unit_of_work() as tx:
        return list(tx.screenings.standing())
