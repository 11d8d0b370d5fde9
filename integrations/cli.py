"""The command `jiesu`. Every subcommand's work is in `integrations/commands`."""

from __future__ import annotations

import sys

import typer

from integrations.commands import (
    answers,
    audit,
    case,
    cases,
    chatting,
    clocks,
    dispatch,
    handovers,
    incidents,
    issues,
    learning,
    ledger,
    matching,
    operating,
    personal,
    places,
    processes,
    rechecks,
    recordings,
    staff,
    surveys,
    understanding,
    wechat,
)
from integrations.running.supervisor import CannotStart
from integrations.services.errors import ServiceError
from integrations.settings import SettingsError
from kb.content_files import ContentError

app = typer.Typer(
    name="jiesu",
    help="接诉 Jiesu: a complaint-intake assistant for a city.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
GROUPS = (
    *(operating, chatting, understanding, learning, places),
    *(matching, issues, answers, cases, case, audit, dispatch, incidents, processes),
    *(rechecks, ledger, surveys, clocks, personal),
    *(handovers, staff, recordings, wechat),
)
for group in GROUPS:
    group.add_to(app)


def main() -> None:
    """Run the command; an expected failure is one sentence on standard error and exit code 1."""
    try:
        app()
    except (SettingsError, ContentError, CannotStart, ServiceError) as failed:
        print(f"jiesu: {failed}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
