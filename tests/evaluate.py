"""What the assistant understands of the blind sets, which nobody who wrote the training sentences saw: `make eval`.

Everything is asked as the conversation asks it, sentence vectors included.
"""

from __future__ import annotations

import csv
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from kb.normalising import plain
from kb.taxonomy import UNLISTED, Category
from kb.understanding import Understood
from kb.verdict import Decision

BLIND = Path(__file__).parent / "blind"
CATEGORIES = ("categories_a.csv", "categories_b.csv", "hard_a.csv", "hard_b.csv", "background.csv")
DANGER = ("urgent.csv", "urgent_b.csv")
DISTRESS = ("distress.csv", "distress_b.csv", "distress_c.csv", "distress_d.csv")
PLACES = ("places_a.csv", "places_b.csv", "places_c.csv")
COMPLAINTS = (*CATEGORIES, *PLACES, "two_problems.csv", "same_problem.csv", "request_type.csv", "times.csv")
BARS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
console = Console()


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one blind file."""
    with (BLIND / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@dataclass(frozen=True)
class Case:
    """A sentence of known category, and what was understood; `sure` of the responsible unit."""

    truth: Category
    guess: Category
    understood: Understood
    sure: float

    @property
    def right_unit(self) -> bool:
        return self.truth.entry.unit == self.guess.entry.unit

    @property
    def filed(self) -> bool:
        return self.understood.classified.decision is Decision.FILE


def main() -> None:
    """Print one table for each kind of set."""
    services = bootstrap.build(settings.load())
    services.understanding.read("先读一遍，后面才好计时")
    times: list[float] = []
    cases = {name: _judged(services, name, times) for name in CATEGORIES}
    ordinary = [case for name in CATEGORIES[:2] for case in cases[name]]
    for table in (
        _categories(cases),
        _industries(ordinary),
        _curve(ordinary),
        _reliability(ordinary),
        _scope(services),
        _danger(services, ordinary),
        _distress(services),
        _request_types(services),
        _several(services),
    ):
        console.print(table)
    times.sort()
    p50, p99 = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    cores = len(os.sched_getaffinity(0))
    console.print(f"time of a whole decision, on {cores} core(s): p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def _judged(services: Services, name: str, times: list[float]) -> list[Case]:
    found = []
    for row in track(rows(name), name, console=console, transient=True):
        if row["code"] == UNLISTED:
            continue
        began = time.perf_counter()
        understood = services.understanding.read(row["text"])
        times.append(time.perf_counter() - began)
        taxonomy = services.taxonomy
        guess = taxonomy.leaf(understood.classified.code)
        ranking = understood.classified.verdict.ranking
        sure = sum(one.probability for one in ranking if taxonomy.leaf(one.code).entry.unit == guess.entry.unit)
        found.append(Case(taxonomy.leaf(row["code"]), guess, understood, sure))
    return found


def _share(yes: Sequence[bool]) -> str:
    return f"{sum(yes) / len(yes):.3f}" if yes else "-"


def _categories(cases: dict[str, list[Case]]) -> Table:
    table = Table("set", "n", "leaf", "level 1", "unit", "filed at once", "unit, of those filed", title="categories")
    for name, found in {**cases, "a + b": [*cases[CATEGORIES[0]], *cases[CATEGORIES[1]]]}.items():
        table.add_row(
            name,
            str(len(found)),
            _share([case.truth.code == case.guess.code for case in found]),
            _share([case.truth.level1_code == case.guess.level1_code for case in found]),
            _share([case.right_unit for case in found]),
            _share([case.filed for case in found]),
            _share([case.right_unit for case in found if case.filed]),
        )
    return table


def _industries(cases: list[Case]) -> Table:
    table = Table("industry", "n", "leaf", "unit", "filed at once", "unit, of those filed", title="by industry (a + b)")
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.truth.industry].append(case)
    for industry, found in groups.items():
        table.add_row(
            industry,
            str(len(found)),
            _share([case.truth.code == case.guess.code for case in found]),
            _share([case.right_unit for case in found]),
            _share([case.filed for case in found]),
            _share([case.right_unit for case in found if case.filed]),
        )
    return table


def _curve(cases: list[Case]) -> Table:
    table = Table("bar", "filed at once", "unit, of those filed", title="coverage against accuracy (a + b)")
    for bar in BARS:
        above = [case for case in cases if case.sure >= bar]
        table.add_row(f"{bar:.2f}", f"{len(above) / len(cases):.3f}", _share([case.right_unit for case in above]))
    return table


def _reliability(cases: list[Case]) -> Table:
    table = Table("stated", "n", "mean stated", "right unit", title="are the probabilities honest? (a + b)")
    error = 0.0
    for tenth in range(10):
        inside = [case for case in cases if tenth == min(9, int(case.sure * 10))]
        if inside:
            stated = sum(case.sure for case in inside) / len(inside)
            right = sum(case.right_unit for case in inside) / len(inside)
            error += len(inside) * abs(stated - right) / len(cases)
            table.add_row(f"{tenth / 10:.1f}", str(len(inside)), f"{stated:.3f}", f"{right:.3f}")
    table.caption = f"expected calibration error {error:.3f}"
    return table


def _found(name: str, truth: list[bool], said: list[bool]) -> tuple[str, ...]:
    both = sum(a and b for a, b in zip(truth, said, strict=True))
    false = sum(said) - both
    return (
        name,
        str(len(truth)),
        str(sum(truth)),
        f"{both / max(1, sum(truth)):.3f}",
        f"{both / max(1, sum(said)):.3f}",
        f"{false / max(1, len(truth) - sum(truth)):.3f}",
    )


def _scope(services: Services) -> Table:
    table = Table("set", "n", "are", "recall", "precision", "false alarms", title="another authority's business")
    kept = rows("scope.csv")
    said = [services.understanding.classify(row["text"]).refer_to is not None for row in kept]
    table.add_row(*_found("scope.csv", [row["scope"] == "out" for row in kept], said))
    return table


def _danger(services: Services, cases: list[Case]) -> Table:
    table = Table("set", "n", "are", "recall", "precision", "false alarms", title="danger to life or limb")
    for name in DANGER:
        kept = rows(name)
        said = [services.dangers.find(row["text"]) is not None for row in kept]
        table.add_row(*_found(name, [row["urgent"] == "1" for row in kept], said))
    calm = [case for case in cases if case.truth.entry.urgency == "一般"]
    alarms = [case.understood.classified.danger is not None for case in calm]
    table.add_row(*_found("ordinary categories (a + b)", [False] * len(calm), alarms))
    return table


def _distress(services: Services) -> Table:
    """The first three lists were looked at while rules and examples were written, the last was not."""
    table = Table(
        "set", "n", "are", "recall", "precision", "false alarms", title="distress: rules and model, rules alone"
    )
    for name in DISTRESS:
        kept = rows(name)
        are = [bool(row["distress"]) for row in kept]
        heard = [plain(row["text"]).text for row in kept]
        table.add_row(*_found(name, are, [services.feelings.find(text) is not None for text in heard]))
        table.add_row(*_found("  rules alone", are, [services.feeling_words.find(text) is not None for text in heard]))
    texts = [plain(row["text"]).text for name in COMPLAINTS for row in rows(name)]
    said = [services.feelings.find(text) is not None for text in track(texts, "complaints", console=console)]
    table.add_row(*_found("complaints", [False] * len(said), said))
    return table


def _request_types(services: Services) -> Table:
    table = Table("type", "n", "recall", "precision", title="what is wanted")
    kept = [(row["type"], services.request_types.judge(row["text"]).type) for row in rows("request_type.csv")]
    for kind in dict.fromkeys(truth for truth, _ in kept):
        are, said = sum(t == kind for t, _ in kept), sum(s == kind for _, s in kept)
        hit = sum(t == s == kind for t, s in kept)
        table.add_row(kind, str(are), f"{hit / max(1, are):.3f}", f"{hit / max(1, said):.3f}")
    table.caption = f"right: {_share([truth == said for truth, said in kept])}"
    return table


def _several(services: Services) -> Table:
    table = Table("problems", "n", "heard as one", "as two", "as more", title="several problems in one message")
    heard: dict[int, list[int]] = defaultdict(list)
    for row in track(rows("two_problems.csv"), "two_problems.csv", console=console, transient=True):
        parts = services.understanding.problems(row["text"])
        heard[len(row["codes"].split(";"))].append(len(parts))
    for many, found in sorted(heard.items()):
        counts = (sum(n == 1 for n in found), sum(n == 2 for n in found), sum(n > 2 for n in found))
        table.add_row(str(many), str(len(found)), *map(str, counts))
    return table


if __name__ == "__main__":
    main()
