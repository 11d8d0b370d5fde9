"""Running and checking an installation: `jiesu up | train | doctor | migrate`."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from integrations import bootstrap, settings
from integrations.commands.answers import learn as learn_answers
from integrations.running import doctor as checks
from integrations.running import nlu_vectors
from integrations.running.model import TrainingFailed, bot_model, train_bot
from integrations.running.parts import parts
from integrations.running.supervisor import CannotStart, Supervisor, check_ports, only_one
from integrations.settings import Settings
from integrations.store import database
from kb.vectors import Unavailable

PANEL = "Running an installation"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""

    @app.command(rich_help_panel=PANEL)
    def up() -> None:
        """Start everything on this machine, say when it is ready, keep it running until Ctrl-C."""
        chosen = settings.load()
        settings.make_folder(chosen.data_dir)
        _needs_models(chosen)
        with only_one(chosen.data_dir):
            wanted = parts(chosen)
            check_ports(wanted, chosen.host)
            database.migrate(database.connect(chosen.sql_url))
            bootstrap.build(chosen).keeping_contacts.seal_leftovers()
            asyncio.run(_up(chosen))

    @app.command(rich_help_panel=PANEL)
    def train() -> None:
        """Train what learns (Rasa's model, the classifier) where the content has changed since the last time."""
        chosen = settings.load()
        settings.make_folder(chosen.data_dir)
        console = Console(stderr=True)
        services = bootstrap.build(chosen)
        began = time.monotonic()
        with console.status("categories: learning from the examples") as status:
            _ = services.shipped_classifier, services.request_types, services.dangers, services.feelings
            learn_answers(services)
            console.print(f"categories: ready ({time.monotonic() - began:.0f} s)")
            began = time.monotonic()
            try:
                train_bot(
                    chosen,
                    say=lambda step: status.update(f"understanding: {step}"),
                    vectors=_nlu_vectors(services),
                )
            except TrainingFailed as failed:
                raise CannotStart(f"Rasa could not be trained:\n{failed}") from failed
        console.print(f"understanding: ready ({time.monotonic() - began:.0f} s)")

    @app.command(rich_help_panel=PANEL)
    def doctor(
        running: Annotated[bool, typer.Option(help="Also ask the running system how its parts are.")] = True,
    ) -> None:
        """Check an installation: environments, content, models, folders, ports, and the running parts."""
        chosen = settings.load()
        console = Console()
        bad = 0
        for check in checks.examine(chosen, running=running):
            sign = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "bad": "[red]✗[/]"}[check.state]
            console.print(f"{sign} {check.name}: {check.found}", highlight=False)
            if check.do:
                console.print(f"    → {check.do}", highlight=False)
            bad += check.state == "bad"
        raise typer.Exit(1 if bad else 0)

    @app.command(rich_help_panel=PANEL)
    def migrate() -> None:
        """Bring the database's tables to this version. Safe to run twice."""
        chosen = settings.load()
        if not chosen.database_url:
            settings.make_folder(chosen.data_dir)
        database.migrate(database.connect(chosen.sql_url))
        sealed = bootstrap.build(chosen).keeping_contacts.seal_leftovers()
        said = f"; contacts sealed: {sealed}" if sealed else ""
        Console(stderr=True).print(f"the tables are up to date{said}", highlight=False)


def _needs_models(chosen: Settings) -> None:
    services = bootstrap.build(chosen)
    if not services.classifier_path.exists():
        raise CannotStart("the classifier has not learned this content yet: run `jiesu train`")
    if not chosen.rasa_url and not bot_model(chosen.data_dir).exists():
        raise CannotStart("Rasa has no model for this content yet: run `jiesu train`")


async def _up(chosen: Settings) -> None:
    console = Console(stderr=True)
    supervisor = Supervisor(
        parts(chosen), chosen, say=lambda event: console.print(f"  {event}", highlight=False, style="dim")
    )
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, supervisor.stop)
    host = "127.0.0.1" if chosen.host in ("0.0.0.0", "::") else chosen.host  # noqa: S104
    began = time.monotonic()

    def started() -> None:
        took = time.monotonic() - began
        print(f"接诉 Jiesu is ready: http://{host}:{chosen.port} ({took:.0f} s; Ctrl-C stops it)", flush=True)

    await supervisor.run(started)
    print("stopped", flush=True)


def _nlu_vectors(services: bootstrap.Services) -> Path | None:
    """The vectors of the sentences from which intents are learned; None where nobody can make those that lack."""
    try:
        return nlu_vectors.kept(services.settings.data_dir / "models", services.embedder)
    except Unavailable as away:
        Console(stderr=True).print(f"understanding: learns by what ships: {away}", highlight=False)
        return None
