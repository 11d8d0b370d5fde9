"""For operators: `jiesu staff token | list | revoke`: who may use the staff API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands import tables
from integrations.services.handover_records import Token
from integrations.services.speech import moment
from integrations.services.staff_access import Scope

PANEL = "For operators"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Clerks who may use the staff API.", no_args_is_help=True)
    app.add_typer(group, name="staff", rich_help_panel=PANEL)

    @group.command()
    def token(
        name: Annotated[str, typer.Argument(help="The clerk's name, as it stands on the trail.")],
        may: Annotated[list[Scope] | None, typer.Option(help="What it is good for; without it, everything.")] = None,
        days: Annotated[int, typer.Option(help="How long it is good.")] = 90,
    ) -> None:
        """Make a token for a clerk. It is shown this once; only a digest is kept."""
        made = bootstrap.build(settings.load()).staff_access.issue(name, may=tuple(may or Scope), days=days)
        Console(soft_wrap=True).print(made, markup=False, highlight=False)

    @group.command("list")
    def listed() -> None:
        """All tokens, the newest first."""
        services = bootstrap.build(settings.load())
        rows, now = services.staff_access.listed(), services.clock()
        if not rows:
            Console().print("there is no token")
            return
        table = Table("id", "name", "good for", "made", "state", "last used")
        for one in rows:
            used = moment(one.used_at) if one.used_at else "never"
            table.add_row(one.id, escape(one.name), ", ".join(one.may), moment(one.made_at), _state(one, now), used)
        tables.show(table)

    @group.command()
    def revoke(token_id: Annotated[str, typer.Argument(help="Id from `jiesu staff list`.", metavar="ID")]) -> None:
        """A token is good for nothing any more, at once."""
        bootstrap.build(settings.load()).staff_access.revoke(token_id)
        Console().print("revoked")


def _state(token: Token, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "over" if token.ends_at <= now else f"until {moment(token.ends_at)}"
