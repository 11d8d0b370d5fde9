"""For operators: `jiesu ledger list | show | set | close` (台账)."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands import tables
from integrations.services.errors import Rejected
from integrations.services.speech import moment
from kb import ticket_number
from kb.deadlines import CITY_TIME
from kb.text import hide_personal

PANEL = "For operators"
Entry = Annotated[int, typer.Argument(help="Number of the entry, from `jiesu ledger list`.")]
By = Annotated[str, typer.Option(help="Who does it, by name.")]
# A day is over when offices close.
CLOSES = time(17, 30)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        help="The ledger (台账): reported three times, or somebody not satisfied.", no_args_is_help=True
    )
    app.add_typer(group, name="ledger", rich_help_panel=PANEL)

    @group.command("list")
    def entries(
        closed: Annotated[bool, typer.Option("--closed", help="Those that were closed, the last first.")] = False,
    ) -> None:
        """What stands there, the most overdue first."""
        services = bootstrap.build(settings.load())
        rows, now = services.ledger.entries(closed=closed), services.clock()
        if not rows:
            Console().print("the ledger is empty")
            return
        table = Table("entry", "problem", "why", "since", "owner", "next", "closes when")
        for one in rows:
            with services.unit_of_work() as tx:
                incident = tx.incidents.find(one.incident_id)
            late = " LATE" if one.closed_at is None and one.next_at < now else ""
            table.add_row(
                str(one.id),
                escape(hide_personal(incident.summary)[:40] if incident else "?"),
                one.cause,
                moment(one.opened_at),
                escape(one.owner),
                moment(one.closed_at) if one.closed_at else moment(one.next_at) + late,
                escape(one.condition),
            )
        tables.show(table)

    @group.command()
    def show(entry: Entry) -> None:
        """An entry with its tickets and everything that was noted."""
        services = bootstrap.build(settings.load())
        with services.unit_of_work() as tx:
            one = tx.ledger.get(entry)
            tickets = [found.number for found in tx.complaints.of_incident(one.incident_id)] if one else []
        if one is None:
            raise Rejected(f"the ledger has no entry {entry}")
        lines = [f"entry {one.id}: {one.cause}, owner {one.owner}, next {moment(one.next_at)}"]
        lines.append(f"closes when: {one.condition}")
        lines.append("tickets: " + ", ".join(ticket_number.display(number) for number in tickets))
        lines += [f"{moment(note.at)} {note.by}: {hide_personal(note.text)}" for note in one.notes]
        Console().print("\n".join(lines), markup=False, highlight=False)

    @group.command("set")
    def change(
        entry: Entry,
        by: By,
        owner: Annotated[str | None, typer.Option(help="Who keeps an eye on it.")] = None,
        next_day: Annotated[str | None, typer.Option("--next", help="Day of the next step, YYYY-MM-DD.")] = None,
        condition: Annotated[str | None, typer.Option(help="What closes it.")] = None,
        note: Annotated[str | None, typer.Option(help="What was done.")] = None,
    ) -> None:
        """Change owner, next date or closing condition, or note what was done."""
        services = bootstrap.build(settings.load())
        at = _day(next_day) if next_day else None
        changed = services.ledger.set(entry, by=by, owner=owner, next_at=at, condition=condition, note=note)
        Console().print(
            f"entry {entry}: owner {changed.owner}, next {moment(changed.next_at)}", markup=False, highlight=False
        )

    @group.command()
    def close(
        entry: Entry, by: By, why: Annotated[str, typer.Option(help="How its closing condition is met.")]
    ) -> None:
        """Take it off. A re-check that is not decided keeps it there."""
        bootstrap.build(settings.load()).ledger.close(entry, by=by, why=why)
        Console().print(f"entry {entry} is closed")


def _day(text: str) -> datetime:
    """The end of that working day in the city. Raises Rejected."""
    try:
        return datetime.combine(datetime.strptime(text.strip(), "%Y-%m-%d").date(), CLOSES, CITY_TIME)  # noqa: DTZ007
    except ValueError as wrong:
        raise Rejected(f"{text!r} is no day; 2026-12-01 would be one") from wrong
