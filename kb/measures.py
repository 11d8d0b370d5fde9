"""How well a model judges rows whose labels are known: accuracy, F1, coverage, calibration, confusions.

Everything here is computed from `Judged` rows, whoever judged them, and none of it holds a text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from kb.verdict import FILE

BARS = tuple(sorted({0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, FILE}))
BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """One row: its label, the guess, how probable the model held the guess, and what it would have done.

    `sure` is what the bars look at: the probability of the guess's responsible unit, or that it is another
    authority's at all; without units it is `probability`. `second` is the next best label, "" where there is none.
    """

    truth: str
    guess: str
    probability: float
    sure: float
    second: str = ""
    decision: str = ""


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Kept):
    """One label: rows that have it, and how its guesses did. Precision is 0 where it was never guessed."""

    label: str
    rows: int
    precision: float
    recall: float
    f1: float


class Point(_Kept):
    """Judging only rows at least this sure: which share of all rows that is, and which share of those is right."""

    bar: float
    coverage: float
    accuracy: float | None


class Bin(_Kept):
    """Rows whose stated probability lies in [low, low + 0.1): how many, its mean, and the share that is right."""

    low: float
    rows: int
    stated: float
    observed: float


class Figures(_Kept):
    """The figures of one model on some rows. Shares are 0 to 1; `unit_…` is None where labels have no units."""

    rows: int
    accuracy: float
    macro_f1: float
    unit_accuracy: float | None
    calibration_error: float
    labels: tuple[Label, ...]
    curve: tuple[Point, ...]
    unit_curve: tuple[Point, ...] | None
    bins: tuple[Bin, ...]


def figures(rows: Sequence[Judged], units: Mapping[str, str] | None = None) -> Figures:
    """Every figure. `units` gives the responsible unit of a label; a label without one is a unit by itself.

    Raises ValueError without rows.
    """
    if not rows:
        raise ValueError("no rows to measure")
    labels = per_label(rows)
    bins = reliability(rows)
    return Figures(
        rows=len(rows),
        accuracy=share(rows, right),
        macro_f1=sum(one.f1 for one in labels) / len(labels),
        unit_accuracy=None if units is None else share(rows, right_unit(units)),
        calibration_error=calibration_error(bins),
        labels=labels,
        curve=curve(rows, right, lambda row: row.probability),
        unit_curve=None if units is None else curve(rows, right_unit(units), lambda row: row.sure),
        bins=bins,
    )


def right(row: Judged) -> bool:
    """Whether the very label was guessed."""
    return row.truth == row.guess


def right_unit(units: Mapping[str, str]) -> Callable[[Judged], bool]:
    """The question whether the guess would have gone to the right unit."""
    return lambda row: units.get(row.truth, row.truth) == units.get(row.guess, row.guess)


def share(rows: Sequence[Judged], holds: Callable[[Judged], bool]) -> float:
    """Of how many of the rows it holds; 0 without rows."""
    return sum(map(holds, rows)) / len(rows) if rows else 0.0


def per_label(rows: Sequence[Judged]) -> tuple[Label, ...]:
    """Precision, recall and F1 of every label that occurs among the truths, in the order of the labels."""
    have, guessed = Counter(row.truth for row in rows), Counter(row.guess for row in rows)
    hits = Counter(row.truth for row in rows if right(row))
    return tuple(
        Label(
            label=label,
            rows=count,
            precision=hits[label] / guessed[label] if guessed[label] else 0.0,
            recall=hits[label] / count,
            f1=2 * hits[label] / (count + guessed[label]),
        )
        for label, count in sorted(have.items())
    )


def curve(
    rows: Sequence[Judged],
    holds: Callable[[Judged], bool],
    sure: Callable[[Judged], float],
    bars: Sequence[float] = BARS,
) -> tuple[Point, ...]:
    """Coverage and accuracy at each bar; accuracy is None where no row is that sure."""
    points = []
    for bar in bars:
        over = [row for row in rows if sure(row) >= bar]
        accuracy = share(over, holds) if over else None
        points.append(Point(bar=bar, coverage=len(over) / len(rows), accuracy=accuracy))
    return tuple(points)


def reliability(rows: Sequence[Judged]) -> tuple[Bin, ...]:
    """Ten bins of stated probability, the empty ones among them (with stated and observed 0)."""
    kept: defaultdict[int, list[Judged]] = defaultdict(list)
    for row in rows:
        kept[min(BINS - 1, int(row.probability * BINS))].append(row)
    return tuple(
        Bin(
            low=number / BINS,
            rows=len(kept[number]),
            stated=sum(row.probability for row in kept[number]) / max(1, len(kept[number])),
            observed=share(kept[number], right),
        )
        for number in range(BINS)
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance between stated probability and observed accuracy, bins weighted by their rows."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.stated - one.observed) for one in bins) / max(1, rows)


def confusions(rows: Sequence[Judged], most: int = 25) -> list[tuple[str, str, int]]:
    """(label, what was guessed instead, how often), the most frequent first."""
    pairs = Counter((row.truth, row.guess) for row in rows if not right(row))
    ordered = sorted(pairs.items(), key=lambda one: (-one[1], one[0]))
    return [(truth, guess, count) for (truth, guess), count in ordered[:most]]


def groups(rows: Sequence[Judged], of: Callable[[str], str]) -> dict[str, list[Judged]]:
    """The rows by a property of their label, in its order."""
    found: defaultdict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        found[of(row.truth)].append(row)
    return dict(sorted(found.items()))
