"""Learning the categories from the city's own tickets: `jiesu classifier fit | evaluate | use | history | report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from integrations.commands import figures
from integrations.commands.progress import steps
from integrations.commands.tables import show
from integrations.services.errors import Rejected
from integrations.services.learning_categories import Evaluation
from kb.kept_models import Use
from kb.referrals import PREFIX

PANEL = "Understanding"
HELP = "The classifier of categories: learning from the city's own tickets, measuring, changing the model in use."

Data = Annotated[Path, typer.Option("--data", help="CSV with the columns text and label; UTF-8 or GB18030.")]
Map = Annotated[
    Path | None, typer.Option("--map", help="CSV with the columns label and code: what your own labels are of ours.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands beside those that `jiesu classifier` has already."""
    group = _group(app)
    group.command()(fit)
    group.command()(evaluate)
    group.command()(use)
    group.command()(history)
    group.command()(report)


def _group(app: typer.Typer) -> typer.Typer:
    for known in app.registered_groups:
        if known.name == "classifier" and known.typer_instance:
            return known.typer_instance
    made = typer.Typer(help=HELP, no_args_is_help=True)
    app.add_typer(made, name="classifier", rich_help_panel=PANEL)
    return made


def fit(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Folder to write the model into; must not exist or be empty.")],
    mapping: Map = None,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Held-out folds for measuring.")] = 5,
    vectors: Annotated[bool, typer.Option(help="Learn from sentence vectors too.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is in the folder.")] = False,
) -> None:
    """Learn from closed tickets, and say how good the model is on tickets it has not seen.

    Labels are our codes (410101, or a duty of another authority) or the city's own words; `--map` turns those into our
    codes. Only models of our codes can decide categories. Telephone and identity numbers are taken out first; no
    ticket is kept in the folder. Nothing is in use before `jiesu classifier use`.
    """
    services, console = _services()
    with steps(console) as step:
        about = services.learning_categories.fit(
            data,
            out,
            mapping=mapping,
            folds=folds,
            vectors=vectors,
            force=force,
            steps=step,
            say=lambda note: console.print(note, highlight=False, markup=False),
        )
    names = _names(services)
    _show(
        figures.overall(about.figures),
        figures.by_label(about.figures, names),
        figures.curves(about.figures),
        figures.reliability(about.figures),
        *([figures.compared(about.compared)] if about.compared else []),
    )
    said = f"{out}: {about.rows:,} rows, {len(about.labels)} labels ({about.kind.said})"
    console.print(said, highlight=False, markup=False)


def evaluate(
    data: Data,
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder that `fit` wrote; without it the model in use.")
    ] = None,
    mapping: Map = None,
) -> None:
    """Measure a model on a test file, which it must not have learned from."""
    services, console = _services()
    with steps(console) as step:
        found = services.learning_categories.evaluate(data, model=model, mapping=mapping, steps=step)
    _say(console, found)
    _show(
        figures.overall(found.figures),
        figures.by_label(found.figures, _names(services)),
        figures.curves(found.figures),
        figures.reliability(found.figures),
    )


def use(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Folder that `fit` wrote.")] = None,
    back: Annotated[bool, typer.Option("--back", help="The model that was in use before this one.")] = False,
    shipped: Annotated[bool, typer.Option("--shipped", help="The model that ships with Jiesu.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even if it was measured to be worse.")] = False,
) -> None:
    """Put a model to use; the running system takes it up within seconds. The one before is kept, `--back` returns.

    Only use folders that this installation wrote: a model file can hold code.
    """
    if (folder is not None) + back + shipped != 1:
        raise typer.BadParameter("one of DIR, --back and --shipped")
    services, console = _services()
    learning = services.learning_categories
    if folder:
        now = learning.use(folder, anyway=anyway)
    elif back:
        now = learning.back()
    else:
        now = learning.use_shipped()
    console.print(f"in use: {_model(now)}", highlight=False)


def history() -> None:
    """Which models were in use, and since when."""
    services, console = _services()
    lines = services.models.kept.history()
    number, _, why = services.models.learned()
    table = Table("model", "fitted", "put to use", "by", "rows", "right unit", "")
    for at, line in enumerate(lines, 1):
        last = at == len(lines)
        mark = ("← in use" if line.number == number else "cannot be used") if last else ""
        table.add_row(
            _model(line),
            f"{line.fitted:%Y-%m-%d %H:%M}" if line.fitted else "",
            f"{line.at:%Y-%m-%d %H:%M}",
            line.command,
            f"{line.rows:,}" if line.rows else "",
            figures.percent(line.unit_accuracy),
            mark,
        )
    if not lines or why:
        table.add_row("the one that ships", "", "", "", "", "", "← in use")
    show(table)
    if why:
        console.print(why, highlight=False, markup=False)


def report(
    data: Annotated[
        Path | None, typer.Option("--data", help="Judge this file (text,code or text,label) instead.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the same as pictures (PNG).")] = None,
) -> None:
    """How the model in use does: coverage against accuracy, mix-ups, honesty of its probabilities, industries.

    Without `--data` on rows that were held out when it was fitted; for the model that ships these are its own
    examples, judged in three folds the first time that is asked.
    """
    services, console = _services()
    with steps(console) as step:
        learning = services.learning_categories
        found = learning.evaluate(data, steps=step) if data else learning.report(step)
    if found.units is None:
        raise Rejected("the report is about models of our codes")
    _say(console, found)
    _show(
        figures.overall(found.figures),
        figures.curves(found.figures),
        figures.decisions(found.judged, found.units),
        figures.mixed_up(found.judged, _names(services)),
        figures.reliability(found.figures),
        figures.by_industry(found.judged, found.units, services.taxonomy),
    )
    if out:
        from integrations.commands.plots import draw

        for path in draw(found.judged, found.figures, found.units, out):
            console.print(str(path), highlight=False, markup=False)


def _services() -> tuple[Services, Console]:
    return bootstrap.build(settings.load()), Console(stderr=True)


def _names(services: Services) -> dict[str, str]:
    return {**services.taxonomy.names, **{PREFIX + key: duty.name for key, duty in services.duties.items()}}


def _say(console: Console, found: Evaluation) -> None:
    for line in (found.about, *found.notes):
        console.print(line, highlight=False, markup=False)


def _show(*tables: Table) -> None:
    for table in tables:
        show(table)


def _model(line: Use) -> str:
    return f"number {line.number}" if line.number else "the one that ships"
