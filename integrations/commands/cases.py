"""For operators: `jiesu handovers | screening`."""

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

    _add_handovers(app)
    _add_screening(app)


def _add_handovers(app: typer.Typer) -> None:
    people = typer.Typer(help="Citizens who want to speak to a person.", no_args_is_help=True)
    app.add_typer(people, name="handovers", rich_help_panel=PANEL)

    @people.command("list")
    def waiting() -> None:
        """Who waits, the longest first."""
        services = bootstrap.build(settings.load())
        rows = services.handing_over.waiting()
        if not rows:
            Console().print("nobody waits")
            return
        table = Table("number", "since", "channel", "said last")
        for one in rows:
            with services.unit_of_work() as tx:
                conversation = tx.conversations.get(one.conversation_id)
            said = str(one.context.get("said") or "")
            table.add_row(
                str(one.id), moment(one.asked_at), conversation.channel if conversation else "?", escape(said)
            )
        tables.show(table)

    @people.command()
    def show(number: Annotated[int, typer.Argument(help="Number from `jiesu handovers list`.")]) -> None:
        """The whole conversation of one who waits."""
        services = bootstrap.build(settings.load())
        one = next((one for one in services.handing_over.waiting() if one.id == number), None)
        if one is None:
            raise Rejected(f"nobody waits under number {number}")
        for line in services.conversing.history(one.conversation_id):
            Console().print(
                f"{moment(line.at)} {line.sender}: {line.body.get('text', '')}", highlight=False, markup=False
            )

    @people.command()
    def answer(
        number: Annotated[int, typer.Argument(help="Number from `jiesu handovers list`.")],
        text: Annotated[str, typer.Argument(help="What the citizen reads in the chat.")],
    ) -> None:
        """Answer in the citizen's chat, and take the wish off the list."""
        bootstrap.build(settings.load()).handing_over.answer(number, text)
        Console().print("sent")


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
