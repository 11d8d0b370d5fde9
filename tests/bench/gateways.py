"""What benches of gateways share: a Redis of their own, each database in turn, one table of both."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.table import Table

from tests import servers
from tests.wechat.processes import Cache

Figures = Mapping[str, float]
DATABASES = ("sqlite", "postgresql")


@contextmanager
def redis_in(folder: Path) -> Iterator[Cache]:
    """A Redis for the time of the block."""
    cache = Cache(folder).start()
    try:
        yield cache
    finally:
        cache.stop()


def on_each(only: str | None, measure: Callable[[str], Figures]) -> dict[str, Figures]:
    """What is measured by the URL of a database: an SQLite file, then a PostgreSQL server; or `only` one of them."""
    found: dict[str, Figures] = {}
    if only != "postgresql":
        with tempfile.TemporaryDirectory(prefix="jiesu-") as folder:
            found["SQLite"] = measure(f"sqlite:///{folder}/jiesu.db")
    if only != "sqlite":
        with servers.postgres() as url:
            found["PostgreSQL"] = measure(url)
    return found


def table(title: str, found: Mapping[str, Figures], rows: Mapping[str, Callable[[Figures], str]]) -> Table:
    """A column for each database."""
    made = Table("", *found, title=title)
    for name, shown in rows.items():
        made.add_row(name, *(shown(one) for one in found.values()))
    return made
