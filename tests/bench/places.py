"""Reading places in the demo city, in one ten times as large, and with a million places: `make bench-places`.

Each is measured in a process of its own: how long it takes until the atlas is ready, what the first reading takes
after that, what a text and a pin take, and the memory of the process that is its own, before and after. The texts are
the blind sentences of `tests/blind`, whose words are all of the demo city.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kb.places import atlas
from kb.places.gazetteer import FOLDER
from tests.bench import large_cities

BLIND = Path(__file__).parents[1] / "blind"
FILES = ("places_a.csv", "places_b.csv", "places_c.csv", "categories_a.csv")
PINS = 2_000
CASES: dict[str, Callable[[Path], None] | None] = {
    "as it ships": None,
    "ten times": large_cities.ten_times,
    "a million": large_cities.million,
}
KB = 1024


def texts() -> list[str]:
    """The blind sentences."""
    found = []
    for name in FILES:
        with (BLIND / name).open(encoding="utf-8", newline="") as stream:
            found += [row["text"] for row in csv.DictReader(stream)]
    return found


def pins() -> list[tuple[float, float]]:
    """Points in and around the demo city, the same each time."""
    chance = random.Random(20261102)
    return [(chance.uniform(35.6, 37.1), chance.uniform(119.5, 121.0)) for _ in range(PINS)]


def memory_mb(file: str = "smaps_rollup", line: str = "Pss") -> float:
    """Memory of this process, pages shared with others counted in parts; or what another line of /proc/self says."""
    lines = Path("/proc/self", file).read_text(encoding="ascii").splitlines()
    return next(int(one.split()[1]) for one in lines if one.startswith(f"{line}:")) / KB


def times_ms(work: Callable[[Any], object], on: Iterable[Any]) -> tuple[float, float]:
    """p50 and p99 of one call."""
    taken = []
    for one in on:
        began = time.perf_counter()
        work(one)
        taken.append(time.perf_counter() - began)
    taken.sort()
    return taken[len(taken) // 2] * 1000, taken[int(len(taken) * 0.99)] * 1000


def measured(folder: Path) -> dict[str, float]:
    """What one folder of places takes in this process."""
    before, resident, began = memory_mb(), memory_mb("status", "VmRSS"), time.perf_counter()
    places = atlas.load(folder)
    ready = time.perf_counter()
    first, second, *rest = texts()
    places.read(first)
    read = time.perf_counter()
    places.at(pins()[0])
    pinned = time.perf_counter()
    places.read(second)
    read_p50, read_p99 = times_ms(places.read, rest)
    pin_p50, pin_p99 = times_ms(places.at, pins()[1:])
    return {
        "divisions": len(places.gazetteer.divisions),
        "places": len(places.gazetteer.places),
        "ready": ready - began,
        "first_read": (read - ready) * 1000,
        "first_pin": (pinned - read) * 1000,
        "read_p50": read_p50,
        "read_p99": read_p99,
        "pin_p50": pin_p50,
        "pin_p99": pin_p99,
        "memory": memory_mb() - before,
        "peak": memory_mb("status", "VmHWM") - resident,
    }


def run(case: str, make: Callable[[Path], None] | None) -> dict[str, float]:
    """Make the city and measure it in another process."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) if make else FOLDER
        if make:
            print(f"{case}: making the tables", file=sys.stderr)
            make(folder)
        print(f"{case}: measuring", file=sys.stderr)
        command = [sys.executable, "-m", "tests.bench.places", "--measure", str(folder)]
        result: dict[str, float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return result


def table(results: dict[str, dict[str, float]]) -> Table:
    """One line for each city."""
    shown = Table(title="places: a text read, a pin looked up", title_justify="left")
    for column in ("city", "divisions", "places", "ready s", "first text ms", "first pin ms"):
        shown.add_column(column, justify="left" if column == "city" else "right")
    for column in ("text p50 ms", "text p99 ms", "pin p50 ms", "pin p99 ms", "memory MB", "peak MB"):
        shown.add_column(column, justify="right")
    for case, found in results.items():
        cells = [f"{found[key]:,}" for key in ("divisions", "places")]
        cells += [f"{found[key]:.1f}" for key in ("ready", "first_read", "first_pin", "read_p50", "read_p99")]
        cells += [f"{found[key]:.2f}" for key in ("pin_p50", "pin_p99")]
        cells += [f"{found[key]:.0f}" for key in ("memory", "peak")]
        shown.add_row(case, *cells)
    return shown


def main() -> None:
    """Measure all, print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help="only this folder, in this process, as JSON")
    parser.add_argument("--only", choices=sorted(CASES), help="one of the cities")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure)))
        return
    chosen = {case: make for case, make in CASES.items() if given.only in (None, case)}
    console = Console(width=170)
    console.print(table({case: run(case, make) for case, make in chosen.items()}))


if __name__ == "__main__":
    main()
