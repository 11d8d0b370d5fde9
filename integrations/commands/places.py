"""The city's own places: `jiesu places import | layer | history | back | use | show`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import settings
from integrations.commands.progress import steps
from integrations.commands.tables import show as show_table
from integrations.services.keeping_places import KeepingPlaces
from kb.places.importing.applying import Plan
from kb.places.importing.changes import much_goes
from kb.places.importing.coordinates_given import known_system
from kb.places.kept import KeptPlaces, Use
from kb.places.layer_facts import KINDS

PANEL = "Understanding"
FEW = 20
HELP = "The city's places: bringing your own divisions, boundaries, places and layers, and the way back."


def _system(name: str) -> str:
    try:
        return known_system(name)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


Crs = Annotated[
    str, typer.Option("--crs", help="System of the coordinates: WGS-84, GCJ-02 or BD-09.", callback=_system)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
Kind = StrEnum("Kind", [(kind, kind) for kind in KINDS])  # type: ignore[misc]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("import")(import_)
    group.command()(layer)
    group.command()(history)
    group.command()(back)
    group.command()(use)
    group.command()(show)
    app.add_typer(group, name="places", rich_help_panel=PANEL)


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="GeoJSON or CSV; several are taken together.")],
    dry_run: DryRun = False,
    merge: Annotated[
        bool, typer.Option("--merge", help="Add and update; else the file replaces what is there of its kind.")
    ] = False,
    crs: Crs = "WGS-84",
    all_: Annotated[bool, typer.Option("--all", help="Show everything, not only the first 20 of each.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask when more than half of what is there goes.")] = False,
) -> None:
    """Bring your own divisions, boundaries or places. What they are is told by their columns.

    Everything is checked first; the running system takes the new places up within seconds. `jiesu places back`
    returns to those before.
    """
    keeping, console = _keeping(), Console(stderr=True)
    with steps(console) as step:
        prepared = keeping.prepare(files, merge=merge, crs=crs, steps=step)
    _show_plan(prepared.plan, None if all_ else FEW)
    if prepared.plan.conflicts:
        count = len(prepared.plan.conflicts)
        _say(f"refused: {count} {'conflict' if count == 1 else 'conflicts'}; nothing was changed", console)
        raise typer.Exit(1)
    if not any(change.any for change in prepared.plan.changes):
        _say("nothing is different from what is in use; nothing was changed", console)
        return
    if dry_run:
        _say("a dry run: nothing was changed", console)
        return
    if (much := much_goes(prepared.plan.changes)) and not yes:
        typer.confirm(f"more than half goes of {'; '.join(much)}. Go on?", abort=True)
    _say_in_use(keeping.put(prepared))


def layer(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="GeoJSON of polygons with value, or CSV.")
    ] = None,
    id_: Annotated[str, typer.Option("--id", help="Short name: small letters, digits, '-', '_'.")] = "",
    title: Annotated[str, typer.Option("--title", help="What people call it: 供热企业.")] = "",
    kind: Annotated[Kind | None, typer.Option("--kind", help="What it holds.")] = None,
    tell: Annotated[bool, typer.Option("--tell", help="Answers to citizens may say it.")] = False,
    source: Annotated[str, typer.Option("--source", help="Who keeps the file.")] = "",
    date: Annotated[str, typer.Option("--date", help="Day of the file, YYYY-MM-DD.")] = "",
    crs: Crs = "WGS-84",
    dry_run: DryRun = False,
    remove: Annotated[str, typer.Option("--remove", metavar="ID", help="Remove the layer with that id.")] = "",
) -> None:
    """Add or replace a layer of your own: grid cells, property, heating and gas companies, special zones."""
    keeping, console = _keeping(), Console(stderr=True)
    if (file is None) == (not remove):
        raise typer.BadParameter("one of FILE and --remove ID")
    if file is None:
        used = keeping.remove_layer(remove, dry_run=dry_run)
        _say(f"layer {remove}: {'would be removed' if dry_run else 'removed'}")
    else:
        if not (id_ and title and kind):
            raise typer.BadParameter("--id, --title and --kind are needed")
        about = {"id": id_, "title": title, "kind": kind.value, "tell": tell, "source": source, "date": date}
        with steps(console) as step:
            done = keeping.layer(file, about, crs=crs, dry_run=dry_run, steps=step)
        for note in done.written.notes:
            _say(note)
        what = "replaced" if done.before else "added"
        entries = "polygons" if file.suffix.casefold() in (".geojson", ".json") else "lines"
        said = f"layer {done.about.id} ({done.about.title}, {done.about.kind}): {done.written.count:,} {entries}"
        _say(f"{said}, {'would be ' if dry_run else ''}{what}")
        used = done.use
    if used is None:
        _say("a dry run: nothing was changed", console)
    else:
        _say_in_use(used)


def history() -> None:
    """Which places were in use, and since when."""
    kept = _keeping().kept
    lines = kept.history()
    table = Table("version", "put to use", "by", "files", "divisions", "places", "boundaries", "layers", "")
    for at, line in enumerate(lines, 1):
        counts = (line.divisions, line.places, line.boundaries, line.layers)
        table.add_row(
            _name(line),
            f"{line.at:%Y-%m-%d %H:%M}",
            escape(line.command),
            escape(line.files),
            *("" if count is None else f"{count:,}" for count in counts),
            "← in use" if at == len(lines) else "",
        )
    if not lines:
        table.add_row("the one that ships", *[""] * 7, "← in use")
    show_table(table)


def back() -> None:
    """Return to the places that were in use before these; again, to those before them."""
    _say_in_use(_keeping().back())


def use(
    shipped: Annotated[bool, typer.Option("--shipped", help="The places that ship with Jiesu.")] = False,
) -> None:
    """Put the places that ship to use; your own are kept, `jiesu places back` returns to them."""
    if not shipped:
        raise typer.BadParameter("--shipped is needed; to one before, `jiesu places back`")
    _say_in_use(_keeping().use_shipped())


def show(
    what: Annotated[str, typer.Argument(metavar="NAME|CODE|LAT,LON", help="五四广场, 370202 or 36.062,120.384.")],
    crs: Crs = "WGS-84",
) -> None:
    """What is known of a name, an official code or a point."""
    for one in _keeping().known(what, crs=crs):
        table = Table("", escape(one.title))
        for label, value in one.lines:
            table.add_row(label, escape(value))
        show_table(table)


def _keeping() -> KeepingPlaces:
    return KeepingPlaces(KeptPlaces(settings.load().data_dir / "places"))


def _show_plan(plan: Plan, most: int | None) -> None:
    for note in plan.notes:
        _say(note)
    table = Table("what", "added", "changed", "gone", "same")
    for change in plan.changes:
        counts = (len(change.added), len(change.changed), len(change.gone), change.same)
        table.add_row(change.kind, *(f"{count:,}" if count else "" for count in counts))
    show_table(table)
    for change in plan.changes:
        for sign, labels in (("added", change.added), ("changed", change.changed), ("gone", change.gone)):
            _list(f"{change.kind}, {sign}", labels, most)
    for title, items in plan.lists.items():
        _list(title, items, most)
    _list("conflicts", list(plan.conflicts), most)


def _list(title: str, items: list[str], most: int | None) -> None:
    if not items:
        return
    _say(f"{title} ({len(items):,}):")
    for item in items[:most]:
        _say(f"  {item}")
    if most is not None and len(items) > most:
        _say(f"  … and {len(items) - most:,} more; --all shows them")


def _say(text: str, console: Console | None = None) -> None:
    (console or Console()).print(text, highlight=False, markup=False, soft_wrap=True)


def _say_in_use(line: Use) -> None:
    _say(f"in use: {_name(line)}")


def _name(line: Use) -> str:
    return f"number {line.number}" if line.number else "the one that ships"
