"""For operators: `jiesu screening`."""

from __future__ import annotations

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

PANEL = "For operators"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    _add_screening(app)


def _add_screening(app: typer.Typer) -> None:
    doubts = typer.Typer(
        help="Doubts about complaints (repeated, untrue, not ours …). A tag holds nothing back.", no_args_is_help=True
    )
    app.add_typer(doubts, name="screening", rich_help_panel=PANEL)

    @doubts.command("list")
    def standing() -> None:
        """Tags that nobody has lifted, the latest first, with the words they rest on."""
        services = bootstrap.build(settings.load())
        with services.unit_of_work() as tx:
            rows = [(one, tx.complaints.get(one.complaint_id)) for one in tx.screenings.standing()]
        if not rows:
            Console().print("no tag stands")
            return
        table = Table("tag", "ticket", "reason", "sure", "evidence", "since")
        for one, complaint in rows:
            number = ticket_number.display(complaint.number) if complaint else "?"
            sure = f"{one.tag.confidence:.0%}"
            table.add_row(str(one.id), number, one.tag.reason, sure, escape(one.tag.evidence), moment(one.at))
        tables.show(table)

    @doubts.command()
    def lift(
        tag: Annotated[int, typer.Argument(help="Number from `jiesu screening list`.")],
        by: Annotated[str, typer.Option(help="Who lifts it.")],
    ) -> None:
        """Take a tag off: it was looked at and does not hold."""
        services = bootstrap.build(settings.load())
        with services.unit_of_work() as tx:
            if not tx.screenings.lift(tag, by=by, at=services.clock()):
                raise Rejected(f"no tag {tag} stands")
        Console().print(f"tag {tag} is lifted")

    @doubts.command("put-back")
    def put_back(tag: Annotated[int, typer.Argument(help="Number of a tag that was lifted.")]) -> None:
        """Undo `lift`."""
        services = bootstrap.build(settings.load())
        with services.unit_of_work() as tx:
            if not tx.screenings.put_back(tag):
                raise Rejected(f"tag {tag} is not lifted")
        Console().print(f"tag {tag} stands again")
