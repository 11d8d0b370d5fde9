"""Talking to a running system: `jiesu chat`, `jiesu replay`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from integrations import settings
from integrations.commands import tables
from integrations.commands.citizen import Citizen, Message
from integrations.commands.replaying import Case, Result, read_cases, replay_all
from integrations.services.errors import Rejected, TryLater

PANEL = "Talking to it"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""

    @app.command(rich_help_panel=PANEL)
    def chat(
        against: Annotated[str, typer.Option(help="URL of a running system; default: this machine's.")] = "",
    ) -> None:
        """Talk to the assistant in the terminal. A number taps a button; an empty line looks for news; Ctrl-D ends."""
        console = Console()
        citizen = Citizen(against or _here())
        console.print("（输入内容后回车；按钮输入数字；直接回车看新消息；Ctrl-D 退出）", style="dim")
        _show(console, citizen.begin())
        while True:
            try:
                text = console.input("[bold green]您：[/]").strip()
            except (EOFError, KeyboardInterrupt):
                console.print("\n再见！")
                return
            try:
                _show(console, citizen.say(text) if text else citizen.news())
            except (Rejected, TryLater) as failed:
                console.print(f"（{failed}）", style="yellow")

    @app.command(rich_help_panel=PANEL)
    def replay(
        file: Annotated[Path, typer.Argument(help='JSON Lines, one {"id", "text"} each.')],
        against: Annotated[str, typer.Option(help="URL of a running system; default: this machine's.")] = "",
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a case instead of the table.")] = False,
        at_once: Annotated[int, typer.Option(min=1, max=32, help="Citizens at the same time.")] = 2,
    ) -> None:
        """Play each case as a new citizen through the public chat API, up to its ticket and the backend's number."""
        cases = read_cases(file)
        errors = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
            filed = progress.add_task("filing", total=len(cases))
            sent = progress.add_task("reaching the backend", total=len(cases))
            results = replay_all(
                cases,
                against or _here(),
                at_once=at_once,
                filed=lambda: progress.advance(filed),
                sent=lambda: progress.advance(sent),
            )
        if as_json:
            for result in results:
                sys.stdout.write(json.dumps(result.as_json(), ensure_ascii=False) + "\n")
        else:
            tables.show(_table(cases, results))
        reached = sum(result.backend is not None for result in results)
        errors.print(
            f"{sum(r.number is not None for r in results)} of {len(cases)} filed, {reached} with a backend number"
        )
        raise typer.Exit(0 if reached == len(cases) else 1)


def _here() -> str:
    chosen = settings.load()
    return f"http://127.0.0.1:{chosen.port}"


def _show(console: Console, messages: Sequence[Message]) -> None:
    for message in messages:
        card = message["card"] or {}
        if message["text"]:
            console.print(f"[bold blue]接诉：[/]{escape(message['text'])}", highlight=False)
        items = card.get("items") or [card]
        for number, item in enumerate(items, 1):
            rows = [f"{row['label']}：{row['value']}" for row in item.get("rows") or ()]
            rows += [f"{step['at']}  {step['text']}" for step in item.get("timeline") or ()]
            if rows:
                title = str(item.get("title") or item.get("number") or "")
                title = f"{number}. {title}" if card.get("items") else title
                console.print(Panel(escape("\n".join(rows)), title=escape(title), expand=False))
        for option in message["options"]:
            console.print(f"   [cyan]{option['number']}[/] {escape(option['title'])}", highlight=False)


def _table(cases: list[Case], results: list[Result]) -> Table:
    table = Table("id", "category", "district/street", "turns", "ticket", "backend", "s", title=f"{len(cases)} cases")
    for result in results:
        table.add_row(
            result.id,
            result.category or "",
            result.area or "",
            str(result.turns),
            result.number or f"[red]{escape(result.failed or '')}[/]",
            result.backend or "",
            f"{result.seconds:.1f}",
        )
    return table
