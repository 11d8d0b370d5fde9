"""What the city answers to questions: `jiesu answers check | ask | vectors`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from integrations.commands.progress import steps
from integrations.commands.tables import show
from integrations.services.errors import Rejected
from kb.deadlines import CITY_TIME
from kb.vectors import Unavailable

PANEL = "For operators"
HELP = "What the city answers to questions: kb/content/answers."
FEW = 12
# The months that `kb.answers.checks.MONTHS` has; not imported for the numeric libraries that come with it.
MONTHS = 24


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command()(check)
    group.command()(ask)
    group.command()(vectors)
    app.add_typer(group, name="answers", rich_help_panel=PANEL)


def check(
    months: Annotated[int, typer.Option(min=1, max=1200, help="Older sources are stale.")] = MONTHS,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 for unconfirmed ones too.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Show every one, not the first of each kind.")] = False,
) -> None:
    """Entries that overlap, mislead, are stale or unconfirmed. Exit code 1 where there is something to mend."""
    from kb.answers.checks import Finding, Kind, findings

    services = _services()
    today = services.clock().astimezone(CITY_TIME).date()
    found: dict[Kind, list[Finding]] = {kind: [] for kind in Kind}
    for one in findings(services.answers, today, months=months):
        found[one.kind].append(one)
    table = Table("", "id", "owner", "what", "other")
    for kind, some in found.items():
        for one in some if all_ else some[:FEW]:
            other = one.other.id if one.other else ""
            table.add_row(*map(escape, (kind, one.entry.id, one.entry.owner, one.what, other)))
        if len(some) > FEW and not all_:
            table.add_row(kind, f"… {len(some) - FEW} more", "", "", "")
    if table.row_count:
        show(table)
    counts = ", ".join(f"{kind} {len(some)}" for kind, some in found.items())
    _say(f"{len(services.answers.entries)} entries: {counts}")
    wrong = [kind for kind, some in found.items() if some and (strict or kind is not Kind.CONFIRM)]
    raise typer.Exit(1 if wrong else 0)


def ask(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="As a citizen would ask it.")],
) -> None:
    """What would be said to a message: the answer with source and date, how sure it is, and the next best."""
    if not text.strip():
        raise Rejected("ask something: jiesu answers ask 供暖几号开始")
    services = _services()
    found = services.answers.find(text, services.understanding.read(text))
    best = found.best
    if found.answer:
        _say(f"{best.answer}\n依据：{best.source}（{best.date}）")
    else:
        _say("not sure enough to answer: the question would be offered to be passed on, or taken in as a complaint")
    how = "words and meaning" if found.by_meaning else "words alone"
    _say(f"\nprobability {found.probability:.2f} (answers from {services.answers.weights.answer_from:.2f}), by {how}")
    table = Table("", "id", "question", "owner", "date", "to confirm")
    for place, match in enumerate(found.matches, 1):
        one = match.answer
        confirm = "yes" if one.confirm else ""
        table.add_row(str(place), *map(escape, (one.id, one.question, one.owner, one.date, confirm)))
    show(table)


def vectors() -> None:
    """Embed the questions that are new since the last time, for shipping with the content.

    Only for those who change kb/content: an installation embeds new questions by itself when it trains.
    """
    from kb.answers import meaning
    from kb.answers.entries import texts

    services = _services()
    if services.embedder is None:
        raise Rejected("no embedder on this machine")
    asked = texts(services.answers.entries)
    try:
        with steps(Console(stderr=True)) as step:
            new = meaning.ship(
                asked,
                services.settings.data_dir / "models",
                services.embedder,
                progress=lambda done, of: step("embedding new questions", done, of),
            )
    except Unavailable as away:
        raise Rejected(str(away)) from away
    _say(f"{len(asked)} questions, {new} of them new")


def learn(services: Services) -> None:
    """Part of `jiesu train`: make the vectors of new questions; without the embedding service, words alone decide."""
    from kb.answers import entries, meaning

    asked = entries.texts(entries.load(services.taxonomy))
    try:
        meaning.learn(asked, services.settings.data_dir / "models", services.embedder)
    except Unavailable as away:
        Console(stderr=True).print(f"answers: new questions are compared by words alone: {away}", highlight=False)


def _services() -> Services:
    return bootstrap.build(settings.load())


def _say(text: str) -> None:
    Console().print(text, highlight=False, markup=False, soft_wrap=True)
