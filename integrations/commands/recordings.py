"""For operators: `jiesu recordings`, of which nobody has made words yet."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations import bootstrap, settings


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @app.command(rich_help_panel="For operators")
    def recordings(
        hear: Annotated[bool, typer.Option("--hear", help="Ask the transcription service again.")] = False,
        limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
    ) -> None:
        """Recordings that wait for words: the citizens were asked to type; staff may want to know all the same."""
        services = bootstrap.build(settings.load())
        if hear:
            heard, left = services.listening.again(limit=limit)
            print(f"heard {heard}, left {left}")
            return
        with services.unit_of_work() as tx:
            print(f"{len(tx.media.unheard(limit=limit))} without words")
