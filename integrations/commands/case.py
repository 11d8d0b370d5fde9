"""For operators: `jiesu case`, one ticket with its whole history."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands import tables
from integrations.services.errors import Rejected
from integrations.services.records import Complaint
from integrations.services.speech import moment
from kb import ticket_number
from kb.history import check
from kb.lifecycle import OPEN, STEP_OF, Carried, Move, StatusChange, holding
from kb.text import hide_personal, shortened

PANEL = "For operators"


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @app.command("case", rich_help_panel=PANEL)
    def case(number: Annotated[str, typer.Argument(help="The ticket's number.")]) -> None:
        """Show where a ticket stands, who holds it, and every step of its history. Exit code 1 when that is broken."""
        services = bootstrap.build(settings.load())
        number = "".join(number.split())
        with services.unit_of_work() as tx:
            complaint = tx.complaints.by_number(number)
            chain = tx.histories.of_number(number)
            request = tx.backend_requests.of_complaint(complaint.id) if complaint else None
        if complaint is None or chain is None:
            raise Rejected(f"no ticket has the number {number}")
        name = services.taxonomy.leaf(complaint.category).name
        console = Console()
        console.print(f"{ticket_number.display(complaint.number)}  {complaint.category} {name}", highlight=False)
        console.print(_standing(complaint, late=complaint.status in OPEN and services.clock() > complaint.due_at))
        if request:
            console.print(f"request {escape(request.request_id)}", highlight=False)
        tables.show(_history(complaint))
        if broken := check(chain):
            console.print(f"the history is broken: entry {broken.sequence} {broken.why}", highlight=False)
            raise typer.Exit(1)


def _standing(complaint: Complaint, *, late: bool) -> str:
    held = holding(complaint.history)
    by = " + ".join(filter(None, (held.main, *held.helping))) or "nobody named"
    due = f"due {moment(complaint.due_at)}{' (late)' if late else ''}"
    step = STEP_OF[complaint.status]
    return escape(f"{step} ({complaint.status}), held by {by}, {due}, returns: {held.returns}")


def _history(complaint: Complaint) -> Table:
    table = Table("entry", "when", "who", "what", "unit", "why")
    for one in complaint.history:
        table.add_row(
            str(one.sequence), moment(one.at), escape(one.actor), one.kind, escape(one.unit or ""), escape(_why(one))
        )
    return table


def _why(change: StatusChange) -> str:
    """Its note without what is personal, and what else the entry carries."""
    said = [shortened(hide_personal(change.note), 60)] if change.note else []
    if change.kind is Move.EXTENDED and change.due_at:
        said.append(f"{Carried.DUE}: {moment(change.due_at)}")
    if change.photos:
        said.append(f"photos: {len(change.photos)}")
    return "; ".join(said)
