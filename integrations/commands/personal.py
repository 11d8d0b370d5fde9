"""For operators: `jiesu personal export | erase | rekey | acts` and `jiesu retention`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.clients import sealing
from integrations.commands import tables
from integrations.services.errors import Rejected
from integrations.services.personal import About
from integrations.services.speech import moment
from kb import ticket_number
from kb.retention import Kind

PANEL = "For operators"
Who = Annotated[str, typer.Argument(help="A ticket's number, or a citizen's id.")]
By = Annotated[str, typer.Option(help="Who does it, by name.")]
Why = Annotated[str, typer.Option(help="Why: the request, or its file number.")]
SHOWN = 5


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Personal data: hand out, erase, seal anew.", no_args_is_help=True)
    app.add_typer(group, name="personal", rich_help_panel=PANEL)

    @group.command()
    def export(
        who: Who, to: Annotated[Path, typer.Option(help="New file; only you may read it.")], by: By, why: Why
    ) -> None:
        """Write everything that is kept about one person to a file, as JSON."""
        services = bootstrap.build(settings.load())
        about = services.personal_requests.about(who)
        if to.exists():
            raise Rejected(f"{to} is there already; nothing is written over it")
        _write(to, services.personal_requests.export(who, by=by, why=why))
        _say(about, f"written: {to}")

    @group.command()
    def erase(
        who: Who, by: By, why: Why, yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False
    ) -> None:
        """Erase a person: contacts, words, conversations. The cases stay without them. It cannot be undone."""
        services = bootstrap.build(settings.load())
        about = services.personal_requests.about(who)
        _say(about, "")
        if not about.open and not yes:
            typer.confirm("Erase this person? It cannot be undone.", abort=True)
        counts = services.personal_requests.erase(who, by=by, why=why)
        Console().print("erased: " + ", ".join(f"{name} {count}" for name, count in counts.items()), highlight=False)

    @group.command()
    def rekey(
        new_key: Annotated[
            bool, typer.Option("--new-key", help="Make a new key first, where the key is kept in the data folder.")
        ] = False,
    ) -> None:
        """Seal all contacts anew with the first key. Safe to stop and to run again."""
        chosen = settings.load()
        keeping = bootstrap.build(chosen).keeping_contacts
        if new_key:
            if chosen.data_key:
                raise Rejected("the keys are set by JIESU_DATA_KEY: put the new one there, before the others")
            keeping.check()  # a key that opens nothing must not be followed by another one
            sealing.add_key(chosen.data_key_file)
            keeping = bootstrap.build(chosen).keeping_contacts
        done = keeping.rekey()
        kept = ", ".join(f"{name} {count}" for name, count in keeping.standing().sealed.items()) or "none"
        Console().print(f"sealed anew: {done}; contacts by key: {kept}", highlight=False)
        Console().print("A key that seals nothing may be taken away when every part has been started anew.")

    @group.command()
    def acts() -> None:
        """Who handed out or erased what and why, the latest first."""
        with bootstrap.build(settings.load()).unit_of_work() as tx:
            rows = tx.personal.acts()
        if not rows:
            Console().print("nothing was handed out or erased")
            return
        table = Table("when", "what", "by", "why", "citizen", "how much")
        for one in rows:
            counts = " ".join(f"{name}={count}" for name, count in one.counts.items())
            table.add_row(moment(one.at), one.kind, escape(one.by), escape(one.why), one.citizen_id or "-", counts)
        tables.show(table)

    @app.command(rich_help_panel=PANEL)
    def retention(
        apply: Annotated[bool, typer.Option("--apply", help="Erase; without it only counts are shown.")] = False,
    ) -> None:
        """What personal data is past its time, by kind; the worker erases it every night."""
        retaining = bootstrap.build(settings.load()).retaining
        found = retaining.apply() if apply else retaining.due()
        for kind, count in found.items():
            of = "tickets" if kind in (Kind.CONTACTS, Kind.WORDS) else "conversations"
            days = retaining.retention.days[kind]
            Console().print(f"{kind}: {of} {count} {'erased' if apply else 'due'} (after {days} days)", highlight=False)


def _say(about: About, first: str) -> None:
    lines = [first] if first else []
    lines.append(f"citizen {about.person.citizen_id}, tickets: {_numbers(about.numbers)}")
    if about.open:
        lines.append(f"open: {_numbers(about.open)}")
    if about.same_phone:
        lines.append(f"tickets of others with the same phone, left alone: {_numbers(about.same_phone)}")
    if about.requests:
        lines.append(f"the department holds its own copy: requests {', '.join(about.requests[:SHOWN])}")
    Console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _numbers(numbers: tuple[str, ...]) -> str:
    shown = ", ".join(ticket_number.display(one) for one in numbers[:SHOWN]) or "none"
    return shown + (f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else "")


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, ensure_ascii=False, indent=2)
    except OSError as refused:
        raise Rejected(f"{path}: cannot be written ({refused.strerror})") from refused
