"""For operators: `jiesu late | timers`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands import tables
from integrations.services.clocks import Late
from integrations.services.errors import Rejected
from integrations.services.speech import moment
from kb import ticket_number
from kb.clocks import Colour

PANEL = "For operators"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""

    @app.command(rich_help_panel=PANEL)
    def late(
        unit: Annotated[str, typer.Option(help="Only what a unit with these words in its name holds.")] = "",
        level: Annotated[int, typer.Option(help="Only what has gone up to this level or above.")] = 0,
        red: Annotated[bool, typer.Option("--red", help="Only what is past its deadline.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object on each line.")] = False,
    ) -> None:
        """Whose deadline is near (yellow) or past (red), and who must hear of it."""
        services = bootstrap.build(settings.load())
        if level not in {0, *services.clocks.rules.levels}:
            known = ", ".join(f"{number} {name}" for number, name in services.clocks.rules.levels.items())
            raise Rejected(f"there is no level {level}; known: {known}")
        found = [
            one
            for one in services.clocks.late()
            if unit in one.unit and one.level >= level and (one.colour is Colour.RED or not red)
        ]
        if as_json:
            for one in found:
                typer.echo(json.dumps(_as_json(one), ensure_ascii=False))
            return
        if not found:
            Console().print("nothing is late")
            return
        for who, lines in _by_level(found):
            tables.show(_table(who, lines))

    @app.command(rich_help_panel=PANEL)
    def timers(
        kind: Annotated[str, typer.Option(help="Only timers of this kind.")] = "",
        most: Annotated[int, typer.Option(help="How many at most.")] = 50,
    ) -> None:
        """What the worker will do and when; what is due already and not done is told first, with the reason."""
        services = bootstrap.build(settings.load())
        with services.unit_of_work() as tx:
            rows = tx.timers.list(kind=kind or None, limit=most)
        if not rows:
            Console().print("no timer is set")
            return
        table = Table("kind", "about", "at", "tries", "")
        now = services.clock()
        for row in rows:
            state = row.last_error or ("at work" if row.claim else "due" if row.at <= now else "")
            table.add_row(row.kind, row.subject, moment(row.at), str(row.attempts), escape(state))
        tables.show(table)


def _by_level(found: Sequence[Late]) -> list[tuple[str, list[Late]]]:
    """The lines by who must hear of them: the highest level first, and the units by name after all levels."""
    groups: dict[tuple[int, str], list[Late]] = {}
    for one in found:
        groups.setdefault((-one.level, one.who), []).append(one)
    return [(who, groups[key, who]) for key, who in sorted(groups)]


def _table(who: str, lines: Sequence[Late]) -> Table:
    title = f"{escape(who)}: {sum(one.colour is Colour.RED for one in lines)} red, {len(lines)} in all"
    table = Table("ticket", "category", "unit", "due", "", "people", title=title)
    for one in lines:
        said = {Colour.RED: "[red]red[/red]", Colour.YELLOW: "[yellow]yellow[/yellow]", Colour.GREEN: ""}[one.colour]
        more = [f"extended {one.extensions}×" if one.extensions else "", "over the rule" if one.over else ""]
        more.append("provisional" if one.provisional else "")
        state = ", ".join(word for word in (said, *more) if word)
        number, due = ticket_number.display(one.number), moment(one.due_at)
        table.add_row(number, escape(one.category), escape(one.unit), due, state, str(one.people))
    return table


def _as_json(one: Late) -> dict[str, object]:
    return {
        "number": one.number,
        "category": one.category,
        "unit": one.unit,
        "colour": str(one.colour),
        "level": one.level,
        "who": one.who,
        "due_at": one.due_at.replace(microsecond=0).isoformat(),
        "people": one.people,
        "extensions": one.extensions,
        "over": one.over,
        "provisional": one.provisional,
    }
