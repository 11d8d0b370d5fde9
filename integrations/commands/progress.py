"""Showing how far a long command is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from kb.learning import Steps


@contextmanager
def steps(console: Console) -> Iterator[Steps]:
    """What to call with a step, how many are done and how many there are. Bars go when the command ends."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, every: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=every)
            progress.update(tasks[step], completed=done, total=every)

        yield show


def _lines(console: Console) -> Steps:
    """One line when a step begins, one when it ends, and one for each quarter between."""
    begun: dict[str, float] = {}
    quarters: dict[str, int] = {}

    def show(step: str, done: int, every: int) -> None:
        began = begun.setdefault(step, time.monotonic())
        quarter = 4 * done // max(1, every)
        if quarters.get(step) == quarter and done < every:
            return
        quarters[step] = quarter
        console.print(f"{step}: {done:,} of {every:,} ({time.monotonic() - began:.0f} s)", highlight=False)

    return show
