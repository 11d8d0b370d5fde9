"""For operators: `jiesu recheck list | show | check | end`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands import tables
from integrations.services.errors import Rejected
from integrations.services.rechecking import Case
from integrations.services.speech import moment
from kb import ticket_number
from kb.satisfaction.rechecks import Decision, State, needed
from kb.text import hide_personal

PANEL = "For operators"
Number = Annotated[str, typer.Argument(help="The ticket's number.")]
By = Annotated[str, typer.Option(help="Who decides, by name. Never the person who closed it.")]
ClosedBy = Annotated[str, typer.Option(help="Who closed it, by name; only where the department has not told.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Closed complaints whose citizens are not satisfied (复核).", no_args_is_help=True)
    app.add_typer(group, name="recheck", rich_help_panel=PANEL)

    @group.command("list")
    def waiting() -> None:
        """Who waits for a re-check, the one that is due first at the head; those past their time are marked."""
        services = bootstrap.build(settings.load())
        cases, now = services.rechecking.waiting(), services.clock()
        if not cases:
            Console().print("no re-check waits")
            return
        table = Table("ticket", "round", "since", "due", "closed by", "why")
        for case in cases:
            one = case.recheck
            late = " LATE" if case.late(now) else ""
            table.add_row(
                ticket_number.display(case.complaint.number),
                str(one.number),
                moment(one.opened_at),
                moment(one.due_at) + late,
                escape(one.closed_by or one.unit or "?"),
                escape(hide_personal(one.why) or "-"),
            )
        tables.show(table)

    @group.command()
    def show(number: Number) -> None:
        """A ticket's re-checks, what must be checked, and what the records show by themselves."""
        services = bootstrap.build(settings.load())
        cases = services.rechecking.of_ticket(_ticket(number))
        if not cases:
            Console().print("it was never re-checked")
            return
        for case in cases:
            _print(case)
        lists = services.checklists
        Console().print(
            "" if lists.confirmed else "These are the general words of the lists; the bureau has not confirmed them."
        )
        table = Table("tick", "item", "what", "the records show")
        for item in lists.items:
            shown = "told with the decision" if item.tells else cases[-1].shown.get(item.id, "")
            table.add_row(item.id, item.name, escape(item.what), escape(hide_personal(shown)))
        tables.show(table)

    @group.command()
    def check(
        number: Number,
        by: By,
        note: Annotated[str, typer.Option(help="What was found, in words that the citizen reads.")],
        solved: Annotated[bool, typer.Option("--solved/--not-solved", help="Is the problem solved?")],
        ticked: Annotated[str, typer.Option(help="Items checked, by comma: see `jiesu recheck show`.")] = "",
        closed_by: ClosedBy = "",
    ) -> None:
        """Decide it: solved, and the citizen is told and asked again; or not, and the unit does it again."""
        services = bootstrap.build(settings.load())
        items = tuple(part.strip() for part in ticked.split(",") if part.strip())
        to = State.SOLVED if solved else State.REDONE
        services.rechecking.decide(_ticket(number), Decision(to, by, note, items, closed_by or None))
        checked = len(needed(to, services.checklists))
        Console().print(f"decided: {to}, {checked} items checked; the citizen and the department are told")

    @group.command()
    def end(
        number: Number,
        by: By,
        why: Annotated[str, typer.Option(help="Why it ends, in kind words: the citizen reads them as they are.")],
        closed_by: ClosedBy = "",
    ) -> None:
        """End it for a reason, where what is wanted cannot be had; the citizen is told why and is not asked again."""
        services = bootstrap.build(settings.load())
        services.rechecking.decide(_ticket(number), Decision(State.ENDED, by, why, (), closed_by or None))
        Console().print("ended; the citizen is told why")


def _print(case: Case) -> None:
    one = case.recheck
    lines = [f"re-check {one.number}: {one.state}, opened {moment(one.opened_at)}, due {moment(one.due_at)}"]
    lines.append(f"  closed by {one.closed_by or '(not told)'}, {one.unit or 'unit not told'}")
    lines.append(f"  why: {hide_personal(one.why) or '-'}")
    if one.decided_at:
        lines.append(f"  decided {moment(one.decided_at)} by {one.checked_by or '(not told)'}: {one.note or '-'}")
    Console().print("\n".join(lines), markup=False, highlight=False)


def _ticket(text: str) -> str:
    """The number, however it is written. Raises Rejected."""
    found = ticket_number.find(text)
    if found is None or not ticket_number.is_valid(found):
        raise Rejected(f"{text!r} is no ticket number: it has {ticket_number.LENGTH} digits, the last a check digit")
    return found
