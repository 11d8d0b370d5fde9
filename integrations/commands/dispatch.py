"""For operators: `jiesu stuck | retry | dispatch map`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from integrations.clients.open311 import MAPPING, Open311Dispatcher, load_mapping
from integrations.commands import tables
from integrations.services.errors import Rejected
from integrations.services.mapping_services import Asked, Comparison, Mapped, compare
from integrations.services.speech import moment
from integrations.services.stuck import Stuck
from kb import ticket_number

PANEL = "For operators"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""

    @app.command(rich_help_panel=PANEL)
    def stuck() -> None:
        """List what the worker could not do and a person must look at, with the reason."""
        services = bootstrap.build(settings.load())
        rows = services.sorting_out.waiting()
        if not rows:
            Console().print("nothing is stuck")
            return
        table = Table("row", "task", "ticket", "since", "tries", "reason", "what you can do")
        for one in rows:
            number = ticket_number.display(one.complaint.number) if one.complaint else "?"
            row = one.row
            tries, reason = str(row.attempts), escape(row.last_error or "")
            table.add_row(str(row.id), row.task, number, moment(row.created_at), tries, reason, _way_out(one))
        tables.show(table)

    @app.command(rich_help_panel=PANEL)
    def retry(
        what: Annotated[str, typer.Argument(help="A ticket number, the number of a row of `jiesu stuck`, or all.")],
        filed_as: Annotated[str, typer.Option(help="The backend has it, under this number of its own.")] = "",
        anew: Annotated[bool, typer.Option("--anew", help="It is surely not in the backend: send it.")] = False,
        done: Annotated[bool, typer.Option("--done", help="It was done in another way: take it off the list.")] = False,
        by: Annotated[str, typer.Option(help="Who says so; with --filed-as.")] = "",
    ) -> None:
        """Put stuck rows back to work. The backend is asked first whether it has them already."""
        if what != "all" and not any(letter.isdigit() for letter in what):
            raise typer.BadParameter(f"{what!r} is neither a number nor 'all'")
        services = bootstrap.build(settings.load())
        if sum((bool(filed_as), anew, done)) > 1:
            raise Rejected("--filed-as, --anew and --done are three different answers: give one")
        rows = services.sorting_out.waiting(what)
        if filed_as and len(rows) != 1:
            raise Rejected(f"--filed-as is about one row, {what} names {len(rows)}: take the number of a row")
        if filed_as and not by.strip():
            raise Rejected("--filed-as goes into the ticket's history: say who by --by NAME")
        left = 0
        for one in rows:
            left += not _decide(services, one, filed_as=filed_as, anew=anew, done=done, by=by, alone=len(rows) == 1)
        if left:
            raise typer.Exit(1)

    backend = typer.Typer(help="The dispatch backend.", no_args_is_help=True)
    app.add_typer(backend, name="dispatch", rich_help_panel=PANEL)

    @backend.command("map")
    def map_services() -> None:
        """Compare the backend's services with our categories, and what they require with what we send.

        Exit code 1 when something of ours would be refused.
        """
        services = bootstrap.build(settings.load())
        dispatcher = services.dispatcher
        if not isinstance(dispatcher, Open311Dispatcher):
            raise Rejected("this backend has no list of services")
        mapping = load_mapping(services.settings.dispatch_mapping or MAPPING)
        offered = dispatcher.services()
        described = [str(one["service_code"]) for one in offered if str(one.get("metadata")).lower() == "true"]
        definitions = {code: dispatcher.definition(code) for code in described}
        found = compare(services.taxonomy, mapping.service_of, offered, definitions, mapping.sent_attributes)
        _show(found)
        raise typer.Exit(0 if found.fine else 1)


def _way_out(one: Stuck) -> str:
    if one.unsure:
        return "look in the backend, then --filed-as or --anew"
    return "retry" if one.row.task != "update" else "retry, or --done"


def _decide(services: Services, one: Stuck, *, filed_as: str, anew: bool, done: bool, by: str, alone: bool) -> bool:
    sorting = services.sorting_out
    try:
        if filed_as:
            sorting.filed_as(one, filed_as.strip(), by=by)
        elif done:
            sorting.done(one)
        else:
            sorting.retry(one, anew=anew)
    except Rejected as refused:
        if alone:
            raise
        Console(stderr=True).print(f"left: {refused}", highlight=False, markup=False)
        return False
    came = "is off the list" if filed_as or done else "will be taken up again"
    Console().print(f"{one.name} {came}", highlight=False)
    return True


def _show(found: Comparison) -> None:
    table = Table("our category", "goes to", "the backend calls it", "perhaps")
    for one in found.categories:
        table.add_row(f"{one.code} {one.name}", *_targets(one), f"{' '.join(one.proposal)}" if one.proposal else "")
    tables.show(table)
    console = Console()
    missing = [one for one in found.categories if not one.whole]
    said = f"{len(found.categories) - len(missing)} of {len(found.categories)} categories go to a service that is there"
    console.print(said, highlight=False)
    if proposals := [f'"{one.code}": {one.proposal[0]}' for one in missing if one.proposal]:
        console.print(
            f"for the mapping file, once looked at:\nservices: {{{', '.join(proposals)}}}",
            highlight=False,
            soft_wrap=True,
        )
    for code, name in found.unused:
        console.print(f"nothing of ours goes to {code} {name}", highlight=False, markup=False)
    for asked in found.required:
        console.print(_required(asked), highlight=False, markup=False)
    for code in found.unknown:
        console.print(f"we send {code}, which no service's definition knows", highlight=False, markup=False)


def _targets(one: Mapped) -> tuple[str, str]:
    return "\n".join(code for code, _ in one.services), "\n".join(name or "✗ not offered" for _, name in one.services)


def _required(asked: Asked) -> str:
    where = ", ".join(asked.services[:5]) + (" …" if len(asked.services) > 5 else "")
    if asked.ours is None:
        return f"✗ {where} require {asked.attribute}, which we never send"
    if not asked.always:
        return f"! {where} require {asked.attribute}, which we send only where it is known ({asked.ours})"
    return f"✓ {where} require {asked.attribute}: sent ({asked.ours})"
