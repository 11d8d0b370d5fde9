"""Finding open incidents again among 10,000, 100,000 and 1,000,000, on SQLite and PostgreSQL: `make bench-incidents`.

Each is measured in a process of its own over a database that was filled in bulk: the transaction that asks for the
candidates of a new report, and all that `Comparing.similar` does, which weighs them too; embedding is left out. "one
city" keeps the number of neighbourhoods, so that a hundred times the incidents lie a hundred times as close; "wide"
lets the neighbourhoods grow with the incidents. The hot spot is one compound with several hundred open incidents.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from integrations.services.comparing import Comparing
from integrations.services.incident_ports import Alike
from integrations.services.judging import Judged, Judging
from integrations.store import database, incident_index
from integrations.store import tables as t
from kb.matching import OpenIncident
from kb.matching.keys import asked_keys, branches, cells_around, point_of
from kb.matching.policy import shipped
from kb.matching.promising import MOST
from kb.report import Draft
from tests import servers
from tests.bench.open_incidents import NOW, ONE_CITY, City, Told
from tests.bench.places import memory_mb

SIZES = (10_000, 100_000, 1_000_000)
DATABASES, SPREADS = ("SQLite", "PostgreSQL"), ("one city", "wide")
WARM, ASKED = 200, 1_000
TIMES = ("find", "all", "hot_find", "hot_all")
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "bench-incidents.png"
GOAL_MS = 20.0
_BATCH = 10_000
_SEARCH = {"ix_incident_cells_search": t.incident_cells, "ix_incident_keys_search": t.incident_keys}


# -- filling ---------------------------------------------------------------------------------------------------------


def fill(engine: Engine, incidents: Iterable[OpenIncident]) -> None:
    """Migrate an empty database and put the incidents in, the search indexes last."""
    database.migrate(engine)
    searches = {index.name: index for table in _SEARCH.values() for index in table.indexes if index.name in _SEARCH}
    with engine.begin() as connection:
        for index in searches.values():
            index.drop(connection)
    stream = iter(incidents)
    while batch := list(islice(stream, _BATCH)):
        _put(engine, batch)
    with engine.begin() as connection:
        for index in searches.values():
            index.create(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _put(engine: Engine, batch: list[OpenIncident]) -> None:
    cells, keys = [], []
    for one in batch:
        new_cells, new_keys = incident_index.rows(one.id, one.category, one.place, latest=one.last_report_at)
        cells += new_cells
        keys += new_keys
    with engine.begin() as connection:
        for table, rows in (
            (t.incidents, [_row(one) for one in batch]),
            (t.incident_cells, cells),
            (t.incident_keys, keys),
        ):
            if engine.dialect.name == "sqlite":
                connection.execute(table.insert(), rows)
                continue
            columns = list(rows[0])
            with (
                connection.connection.cursor() as cursor,  # type: ignore[attr-defined]
                cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row([_plain(row[column]) for column in columns])


def _row(one: OpenIncident) -> dict[str, Any]:
    return {
        "id": one.id,
        "category": one.category,
        "level1": one.category[:2],
        "district": one.place.district,
        "place": one.place.as_dict(),
        "summary": one.summary,
        "opened_at": one.opened_at,
        "last_report_at": one.last_report_at,
        "people": one.people,
        "vector": one.vector,
        "likely": one.likely,
        "survivor_id": one.id,
    }


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | tuple) else value


# -- measuring -------------------------------------------------------------------------------------------------------


class _Judged(Judging):
    """Gives what the report brings: embedding and classifying are measured elsewhere."""

    def __init__(self, reports: Iterable[Told]) -> None:
        object.__setattr__(self, "_of", {one.text: Judged(one.vector, one.likely) for one in reports})

    def judge(self, text: str) -> Judged:
        return self._of[text]  # type: ignore[attr-defined,no-any-return]


def measured(url: str, neighbourhoods: int) -> dict[str, float]:
    """What finding and weighing take in this process, in ms, and the memory of the process in MB."""
    engine = database.connect(url)
    unit_of_work = database.unit_of_work(engine)
    city = City(neighbourhoods, seed=7)
    found: list[int] = []

    def candidates(one: Told) -> None:
        point, kind = point_of(one.place), shipped().of(one.code)
        with unit_of_work() as tx:
            some = tx.incidents.candidates(
                branches=branches(one.code),
                cells=cells_around(point, kind.radius) if point else (),
                keys=asked_keys(one.place, one.text),
                point=point,
                since=NOW - kind.recurs if kind.recurs else None,
                alike=Alike(one.code, one.vector, NOW),
                limit=MOST,
            )
        found.append(len(some))

    result: dict[str, float] = {}
    for where, reports in (("", city.reports(2 * (WARM + ASKED))), ("hot_", city.hot(2 * (WARM + ASKED)))):
        comparing = Comparing(reading=unit_of_work, clock=lambda: NOW, judging=_Judged(reports))
        half = len(reports) // 2
        result |= _times(f"{where}find", candidates, reports[:half])
        result |= _times(f"{where}all", lambda one: comparing.similar(_draft(one)), reports[half:])  # noqa: B023
        result[f"{where}found"] = sum(found) / len(found)
        found.clear()
    engine.dispose()
    return {**result, "memory": memory_mb()}


def _times(name: str, work: Callable[[Told], object], reports: list[Told]) -> dict[str, float]:
    taken = []
    for one in reports:
        began = time.perf_counter()
        work(one)
        taken.append((time.perf_counter() - began) * 1000)
    taken = sorted(taken[WARM:])
    return {f"{name}_p50": taken[len(taken) // 2], f"{name}_p99": taken[int(len(taken) * 0.99)]}


def _draft(one: Told) -> Draft:
    return Draft("bench", description=one.text, category=one.code, category_confidence=0.7, place=one.place)


@contextmanager
def sqlite() -> Iterator[str]:
    """The URL of an empty file."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/jiesu.db"


def disk_mb(url: str) -> float:
    """How much the database takes on the disk."""
    if url.startswith("sqlite"):
        return Path(make_url(url).database or "").stat().st_size / 2**20
    engine = create_engine(url)
    with engine.connect() as connection:
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return float(size) / 2**20


def run(kind: str, size: int, neighbourhoods: int) -> dict[str, float]:
    """Fill a database of its own and measure in another process."""
    with ExitStack() as stack:
        url = stack.enter_context(servers.postgres() if kind == "PostgreSQL" else sqlite())
        print(f"{kind}, {size:,}: filling", file=sys.stderr)
        engine, began = database.connect(url), time.perf_counter()
        fill(engine, City(neighbourhoods).incidents(size))
        engine.dispose()
        filled = time.perf_counter() - began
        print(f"{kind}, {size:,}: measuring", file=sys.stderr)
        command = [sys.executable, "-m", "tests.bench.incidents", "--measure", url, str(neighbourhoods)]
        answer = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        result: dict[str, float] = json.loads(answer)
        return {**result, "disk": disk_mb(url), "filled": filled}


# -- showing ---------------------------------------------------------------------------------------------------------


def table(results: dict[tuple[str, str, int], dict[str, float]]) -> Table:
    """One line for each."""
    shown = Table(title="ms for a new report, p50 / p99", title_justify="left")
    for column in ("database", "spread"):
        shown.add_column(column)
    columns = ("open incidents", "candidates", "with weighing", "candidates, hot spot", "with weighing, hot spot")
    for column in (*columns, "found", "process MB", "disk MB", "filled s"):
        shown.add_column(column, justify="right")
    for (kind, spread, size), found in results.items():
        cells = [f"{found[f'{key}_p50']:.1f} / {found[f'{key}_p99']:.1f}" for key in TIMES]
        cells += [f"{found[key]:.0f}" for key in ("found", "memory", "disk", "filled")]
        shown.add_row(kind, spread, f"{size:,}", *cells)
    return shown


def draw(results: dict[tuple[str, str, int], dict[str, float]], path: Path) -> None:
    """p99 and p50 over the number of open incidents, one picture for each database."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    kinds = sorted({kind for kind, _, _ in results})
    figure, both = pyplot.subplots(1, len(kinds), figsize=(5 * len(kinds), 4.2), layout="constrained", sharey=True)
    for axes, kind in zip([both] if len(kinds) == 1 else both, kinds, strict=True):
        for spread, marker in (("one city", "o"), ("wide", "^")):
            sizes = [size for one, wide, size in results if (one, wide) == (kind, spread)]
            if not sizes:
                continue
            for key, label, colour in (
                ("find", "candidates", "#1f77b4"),
                ("all", "with weighing", "#d62728"),
                ("hot_all", "hot spot, with weighing", "#e89c31"),
            ):
                for part, style in (("p99", "-"), ("p50", ":")) if spread == "one city" else (("p99", "--"),):
                    values = [results[kind, spread, size][f"{key}_{part}"] for size in sizes]
                    name = f"{label}, {part}{'' if spread == 'one city' else ', wide'}"
                    axes.plot(sizes, values, style, marker=marker, markersize=4, color=colour, label=name)
        axes.axhline(GOAL_MS, color="#888888", linewidth=1, linestyle="-.")
        axes.annotate("goal for p99", (min(SIZES), GOAL_MS), textcoords="offset points", xytext=(0, 4), color="#666666")
        axes.set(xscale="log", xlabel="open incidents", title=kind)
        axes.set_ylim(0, None)
        axes.grid(alpha=0.25)
        axes.legend(fontsize=6.5)
    figure.supylabel("ms for a new report")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main() -> None:
    """Measure all, print one table, draw one picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", nargs=2, metavar=("URL", "NEIGHBOURHOODS"), help="in this process, as JSON")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--spreads", nargs="+", choices=SPREADS, default=list(SPREADS))
    parser.add_argument("--picture", type=Path, default=PICTURE)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure[0], int(given.measure[1]))))
        return
    results: dict[tuple[str, str, int], dict[str, float]] = {}
    for kind in given.databases:
        for spread in given.spreads:
            for size in given.sizes:
                wide = max(1, round(ONE_CITY * size / SIZES[0])) if spread == "wide" else ONE_CITY
                if spread == "wide" and size == SIZES[0] and "one city" in given.spreads:  # the same as one city
                    results[kind, spread, size] = results[kind, "one city", size]
                    continue
                results[kind, spread, size] = run(kind, size, wide)
                print(json.dumps(results[kind, spread, size]), file=sys.stderr)
    Console(width=190).print(table(results))
    draw(results, given.picture)


if __name__ == "__main__":
    main()
