"""Showing a table whole, also where there is no terminal to ask how wide it is."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

WIDTH = 132


def show(table: Table) -> None:
    """Print the table on standard output, no column cut for want of a terminal."""
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(table)
