"""For staff: `jiesu incidents list | show | merge | unmerge | reindex`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands import tables
from integrations.services.merging import File
from integrations.services.records import Incident, Merge
from integrations.services.speech import moment
from kb import ticket_number

PANEL = "For operators"
_SHORT = 12

Who = Annotated[str, typer.Option("--by", help="Who does it; kept in the history.")]
Why = Annotated[str, typer.Option("--why", help="Why; kept in the history.")]
Name = Annotated[str, typer.Argument(help="An incident's id, its beginning, or the number of one of its tickets.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    incidents = typer.Typer(
        help="Incidents: one problem at one place, reported by any number of people.", no_args_is_help=True
    )
    app.add_typer(incidents, name="incidents", rich_help_panel=PANEL)

    @incidents.command("list")
    def listed(
        every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
        recurred: Annotated[bool, typer.Option("--recurred", help="Closed ones that came back (假性办结).")] = False,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    ) -> None:
        """The latest reported first."""
        services = bootstrap.build(settings.load())
        with services.unit_of_work() as tx:
            rows = tx.incidents.listed(open_only=not (every or recurred), recurred=recurred, limit=limit)
        if not rows:
            Console().print("no incidents")
            return
        table = Table("incident", "category", "place", "people", "opened", "last report", "state", "summary")
        for one in rows:
            leaf = services.taxonomy.leaves.get(one.category)
            table.add_row(
                one.id[:_SHORT],
                leaf.name if leaf else one.category,
                escape(one.place.full),
                str(one.people),
                moment(one.opened_at),
                moment(one.last_report_at),
                _state(one),
                escape(one.summary[:40]),
            )
        tables.show(table)

    @incidents.command()
    def show(name: Name) -> None:
        """What is merged into it, its tickets, its history."""
        services = bootstrap.build(settings.load())
        _print(services.merging.show(name))

    @incidents.command()
    def merge(
        into: Annotated[str, typer.Argument(help="The one that stays: id, its beginning, or a ticket's number.")],
        others: Annotated[list[str], typer.Argument(help="Those that become part of it.")],
        by: Who,
        why: Why,
    ) -> None:
        """Say that several open incidents are one problem. Their tickets keep their numbers."""
        for made in bootstrap.build(settings.load()).merging.merge(into, others, by=by, why=why):
            Console().print(
                f"merge {made.id}: {made.incident_id[:_SHORT]} with {len(made.numbers)} tickets is part of "
                f"{made.into_id[:_SHORT]} now"
            )

    @incidents.command()
    def unmerge(
        merge: Annotated[int, typer.Argument(help="Number of the merge, from `jiesu incidents show`.")],
        by: Who,
        why: Why,
    ) -> None:
        """Take a merge back. Who joined in between stays where they joined."""
        undone = bootstrap.build(settings.load()).merging.unmerge(merge, by=by, why=why)
        Console().print(f"{undone.incident_id[:_SHORT]} is an incident of its own again")

    @incidents.command()
    def reindex() -> None:
        """Write anew where incidents are found: after the city's content on places or sameness has changed much."""
        services = bootstrap.build(settings.load())
        with services.unit_of_work() as tx:
            count = tx.incidents.reindex()
        Console().print(f"{count} incidents")


def _print(file: File) -> None:
    one, console = file.incident, Console(highlight=False, soft_wrap=True)
    console.print(f"{one.id}  {_state(one)}", markup=False)
    console.print(f"{one.category} {one.place.full}: {one.summary}", markup=False)
    console.print(f"{one.people} people, opened {moment(one.opened_at)}, last report {moment(one.last_report_at)}")
    if one.recurrence_of:
        console.print(f"came back after the closure of {one.recurrence_of}")
    if one.recurred_at:
        console.print(f"came back on {moment(one.recurred_at)} as {file.recurrence}")
    for part in file.parts[1:]:
        console.print(f"part: {part.id} {part.place.full}: {part.summary}", markup=False)
    for complaint in file.complaints:
        joined = "joined" if complaint.joined else "filed"
        number = ticket_number.display(complaint.number)
        console.print(f"ticket {number} {joined} {moment(complaint.filed_at)} {complaint.status}", markup=False)
    for merge in file.merges:
        console.print(_told(merge), markup=False)


def _told(merge: Merge) -> str:
    said = f"merge {merge.id}: {merge.incident_id[:_SHORT]} into {merge.into_id[:_SHORT]}, "
    said += f"{moment(merge.at)} by {merge.by}: {merge.why}"
    if merge.undone_at:
        said += f"; undone {moment(merge.undone_at)} by {merge.undone_by}: {merge.undone_why}"
    return said


def _state(one: Incident) -> str:
    if one.recurred_at:
        return "came back"
    return "open" if one.open else f"closed {moment(one.closed_at)}" if one.closed_at else ""
