"""Figures of a model as tables that can be read on any terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from kb.learned import Comparison
from kb.measures import Figures, Judged, Point, confusions, groups, right, right_unit, share
from kb.referrals import PREFIX
from kb.taxonomy import Taxonomy
from kb.verdict import CHOOSE, FILE, REFER

MOST_LABELS = 30
_WIDE = 20


def bar(part: float) -> str:
    """A bar of twenty places for a share from 0 to 1."""
    return ("█" * round(part * _WIDE)).ljust(_WIDE, "·")


def percent(part: float | None) -> str:
    """'93.4 %', or a dash for what there is not."""
    return "–" if part is None else f"{part:.1%}".replace("%", " %")


def overall(found: Figures) -> Table:
    """The figures in one line each."""
    table = Table("", "", title=f"on {found.rows:,} rows", show_header=False)
    for name, value in _lines(found).items():
        table.add_row(name, value)
    return table


def compared(found: Comparison) -> Table:
    """The new model and the one in use on the same rows, with the difference in points."""
    here, there = found.here, found.there
    title = f"the same {here.rows:,} rows by the model in use ({found.model or 'the one that ships'})"
    if found.seen:
        title += f"; {found.seen:,} rows that it has learned from are left out"
    table = Table("", "new", "in use", "difference", title=title)
    for name, of in _SHARES.items():
        one, two = of(here), of(there)
        if one is not None and two is not None:
            table.add_row(name, percent(one), percent(two), f"{100 * (one - two):+.1f} points")
    return table


def by_label(found: Figures, names: Mapping[str, str]) -> Table:
    """Precision and recall of the labels with the most rows. `names` are shown beside codes."""
    first = sorted(found.labels, key=lambda one: (-one.rows, one.label))[:MOST_LABELS]
    title = "labels" if len(found.labels) <= MOST_LABELS else f"the {MOST_LABELS} labels with the most rows"
    table = Table("label", "rows", "precision", "recall", "F1", title=title)
    for one in first:
        table.add_row(
            _named(one.label, names), str(one.rows), percent(one.precision), percent(one.recall), f"{one.f1:.3f}"
        )
    return table


def curves(found: Figures) -> Table:
    """Coverage and accuracy at each bar of stated probability, for the unit too where there are units."""
    units = found.unit_curve or ()
    columns = ("at least", "coverage", "right")
    more = ("coverage, unit", "unit right", "") if units else ("",)
    table = Table(*columns, *more, title="the surer, the fewer and the better")
    for number, point in enumerate(found.curve):
        cells = [f"{point.bar:.2f}", percent(point.coverage), percent(point.accuracy)]
        if units:
            cells += [percent(units[number].coverage), percent(units[number].accuracy), _bars_at(units[number])]
        else:
            cells.append(bar(point.accuracy or 0.0))
        table.add_row(*cells)
    return table


def _bars_at(point: Point) -> str:
    return f"{bar(point.accuracy or 0.0)}{' ← files or refers' if point.bar == FILE else ''}"


def decisions(judged: Sequence[Judged], units: Mapping[str, str]) -> Table:
    """What is done at the bars as they are now: how often, and how often that is right."""
    table = Table("decision", "bar", "share", "right", title="what is done at the bars as they are")
    unit = right_unit(units)

    def offered(row: Judged) -> bool:
        return row.truth in (row.guess, row.second)

    kinds: tuple[tuple[str, str, str, Callable[[Judged], bool]], ...] = (
        ("file", f"the unit {FILE:.2f}", "file at once: right unit", unit),
        ("choose", f"two together {CHOOSE:.2f}", "let choose: right one of the two", offered),
        ("ask", "else", "ask: would have been the right unit", unit),
        ("refer", f"another authority {REFER:.2f}", "refer: right authority", right),
    )
    for decision, at, said, holds in kinds:
        rows = [row for row in judged if row.decision == decision]
        part = len(rows) / max(1, len(judged))
        table.add_row(said, at, f"{bar(part)} {percent(part)}", percent(share(rows, holds) if rows else None))
    return table


def mixed_up(judged: Sequence[Judged], names: Mapping[str, str]) -> Table:
    """The labels most often taken for another."""
    table = Table("is", "taken for", "times", title="most often mixed up")
    for truth, guess, count in confusions(judged):
        table.add_row(_named(truth, names), _named(guess, names), str(count))
    return table


def reliability(found: Figures) -> Table:
    """Stated probability against what was observed."""
    title = f"stated and observed; expected calibration error {found.calibration_error:.3f}"
    table = Table("stated", "rows", "mean stated", "observed right", "", title=title)
    for one in found.bins:
        if one.rows:
            label = f"{one.low:.1f}–{one.low + 0.1:.1f}"
            table.add_row(label, str(one.rows), percent(one.stated), percent(one.observed), bar(one.observed))
    return table


def by_industry(judged: Sequence[Judged], units: Mapping[str, str], taxonomy: Taxonomy) -> Table:
    """Each industry, and the duties of other authorities together."""
    table = Table("industry", "rows", "leaf right", "unit right", "", title="by industry")
    for name, rows in groups(judged, lambda code: industry(code, taxonomy)).items():
        unit = share(rows, right_unit(units))
        table.add_row(name, str(len(rows)), percent(share(rows, right)), percent(unit), bar(unit))
    return table


def industry(code: str, taxonomy: Taxonomy) -> str:
    """The industry of a leaf, with its domain where several have one of that name."""
    if code.startswith(PREFIX):
        return "other authorities"
    leaf = taxonomy.leaves.get(code)
    return f"{leaf.industry}（{leaf.domain}）" if leaf else "?"


_SHARES: dict[str, Callable[[Figures], float | None]] = {
    "right label": lambda found: found.accuracy,
    "macro-F1": lambda found: found.macro_f1,
    "right unit": lambda found: found.unit_accuracy,
    "filed or referred at once": lambda found: _at_file(found).coverage if found.unit_curve else None,
    "right unit, of those": lambda found: _at_file(found).accuracy if found.unit_curve else None,
    "calibration error": lambda found: found.calibration_error,
}


def _at_file(found: Figures) -> Point:
    return min(found.unit_curve or found.curve, key=lambda point: abs(point.bar - FILE))


def _lines(found: Figures) -> dict[str, str]:
    values = {name: of(found) for name, of in _SHARES.items()}
    return {name: percent(value) for name, value in values.items() if value is not None}


def _named(code: str, names: Mapping[str, str]) -> str:
    return escape(f"{code} {names.get(code, '')}".strip())
