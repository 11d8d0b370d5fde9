"""For operators: `jiesu audit`, which shows whether every history is what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands import tables
from integrations.services.auditing import Audited, Auditing
from integrations.services.errors import Rejected
from integrations.services.speech import moment
from kb import ticket_number
from kb.history import Anchor, BadAnchor

PANEL = "For operators"
# So many broken histories are listed; the rest are counted.
SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @app.command(rich_help_panel=PANEL)
    def audit(
        number: Annotated[str, typer.Argument(help="A ticket's number; all tickets when none is given.")] = "",
        anchor: Annotated[
            Path | None, typer.Option(help="Write the newest entry of every history to this new file; print its root.")
        ] = None,
        against: Annotated[Path | None, typer.Option(help="Compare with such a file that was kept elsewhere.")] = None,
        root: Annotated[str, typer.Option(help="The root that was printed with that file.")] = "",
    ) -> None:
        """Check that no entry of a history was changed or taken out. Exit code 1 when one was."""
        if sum((bool(number), anchor is not None, against is not None)) > 1:
            raise Rejected("NUMBER, --anchor and --against are asked for one at a time")
        if root and against is None:
            raise Rejected("--root is the root of the file given with --against")
        auditing = bootstrap.build(settings.load()).auditing
        if anchor:
            _write(auditing, anchor)
            return
        kept = _read(against, root) if against else None
        _show(auditing.audit_one(number) if number else auditing.audit(kept), kept)


def _write(auditing: Auditing, path: Path) -> None:
    if path.exists():
        raise Rejected(f"{path} is there already; an anchor is never written over another")
    made = auditing.anchor()
    try:
        with path.open("x", encoding="ascii", newline="\n") as file:
            file.write(made.text())
    except OSError as refused:
        raise Rejected(f"{path} cannot be written: {refused.strerror}") from refused
    Console().print(f"histories {len(made.heads)}, root {made.root}", highlight=False, soft_wrap=True)
    Console().print("Keep the file and the root in different places, away from this machine.")


def _read(path: Path, root: str) -> Anchor:
    try:
        anchor = Anchor.read(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as refused:
        raise Rejected(f"{path} cannot be read as an anchor") from refused
    except BadAnchor as refused:
        raise Rejected(f"{path}: {refused}") from refused
    if root and root.strip().lower() != anchor.root:
        raise Rejected(f"{path} has the root {anchor.root}, not the one that was given: it is not that file")
    return anchor


def _show(found: Audited, anchor: Anchor | None) -> None:
    if found.whole:
        since = f"; nothing is missing since {moment(anchor.at)}" if anchor else ""
        Console().print(f"all whole: histories {found.chains}, entries {found.entries}{since}", highlight=False)
        return
    table = Table("ticket", "complaint", "entry", "what is wrong")
    for one in found.broken[:SHOWN]:
        number = ticket_number.display(one.number) if one.number else "?"
        table.add_row(number, one.complaint_id, str(one.sequence) if one.sequence else "all", one.why)
    tables.show(table)
    Console().print(f"broken: histories {len(found.broken)} of {found.chains}", highlight=False)
    raise typer.Exit(1)
