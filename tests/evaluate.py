"""Accuracy on the blind sets, which nobody who wrote the training sentences has seen: `make eval`."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from integrations import bootstrap, settings

BLIND = Path(__file__).parent / "blind"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one blind file."""
    with (BLIND / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def main() -> None:
    """Print one table for each set."""
    services = bootstrap.build(settings.load())
    taxonomy, classifier = services.taxonomy, services.classifier
    table = Table("set", "n", "leaf", "level 1", "unit", "filed at once", "unit, of those filed", title="categories")
    times: list[float] = []
    by_industry: dict[str, list[bool]] = defaultdict(list)
    for name in ("categories_a.csv", "categories_b.csv", "hard_a.csv", "hard_b.csv"):
        hits: dict[str, list[bool]] = defaultdict(list)
        for row in rows(name):
            began = time.perf_counter()
            verdict = classifier.judge(row["text"])
            times.append(time.perf_counter() - began)
            truth, guess = taxonomy.leaf(row["code"]), taxonomy.leaf(verdict.best.code)
            same_unit = truth.entry.unit == guess.entry.unit
            hits["leaf"].append(truth.code == guess.code)
            hits["level1"].append(truth.level1_code == guess.level1_code)
            hits["unit"].append(same_unit)
            hits["filed"].append(verdict.decision == "file")
            if verdict.decision == "file":
                hits["unit_filed"].append(same_unit)
            if name.startswith("categories"):
                by_industry[truth.industry + ("（其他领域）" if truth.domain == "其他" else "")].append(same_unit)
        keys = ("leaf", "level1", "unit", "filed", "unit_filed")
        table.add_row(name, str(len(hits["leaf"])), *(f"{sum(hits[k]) / max(1, len(hits[k])):.3f}" for k in keys))
    console = Console()
    console.print(table)
    industries = Table("industry", "n", "unit right", title="by industry (both categories sets)")
    for industry, right in by_industry.items():
        industries.add_row(industry, str(len(right)), f"{sum(right) / len(right):.3f}")
    console.print(industries)
    times.sort()
    p50, p99 = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    console.print(f"time per text: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


if __name__ == "__main__":
    main()
