"""A model's figures as pictures. Their texts are English letters and codes, so that no Chinese font is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kb.content_files import ContentError
from kb.measures import Figures, Judged, confusions, curve, groups, right, right_unit, share
from kb.referrals import PREFIX
from kb.verdict import FILE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FINE = tuple(step / 100 for step in range(100))
_DOTS_PER_INCH = 144


def draw(judged: Sequence[Judged], found: Figures, units: Mapping[str, str], folder: Path) -> list[Path]:
    """Write curve, confusions, reliability and industries as PNG; returns the files. Raises ContentError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise ContentError(f"{folder}: cannot be written ({refused.strerror})") from refused
    pictures: dict[str, Callable[[Axes], None]] = {
        "curve": lambda axes: _curve(axes, judged, units),
        "confusions": lambda axes: _confusions(axes, judged),
        "reliability": lambda axes: _reliability(axes, found),
        "industries": lambda axes: _industries(axes, judged, units),
    }
    return [_save(folder / f"{name}.png", paint) for name, paint in pictures.items()]


def _save(path: Path, paint: Callable[[Axes], None]) -> Path:
    # Imported here, as only this needs it; a Figure of its own needs neither a screen nor shared state.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5.5), layout="constrained")
    paint(figure.add_subplot())
    try:
        figure.savefig(path, dpi=_DOTS_PER_INCH)
    except OSError as refused:
        raise ContentError(f"{path}: cannot be written ({refused.strerror})") from refused
    return path


def _curve(axes: Axes, judged: Sequence[Judged], units: Mapping[str, str]) -> None:
    lines: tuple[tuple[str, Callable[[Judged], bool], Callable[[Judged], float]], ...] = (
        ("responsible unit", right_unit(units), lambda row: row.sure),
        ("leaf", right, lambda row: row.probability),
    )
    for name, holds, sure in lines:
        points = [point for point in curve(judged, holds, sure, _FINE) if point.accuracy is not None]
        axes.plot([point.coverage for point in points], [point.accuracy or 0 for point in points], label=name)
    at = curve(judged, right_unit(units), lambda row: row.sure, (FILE,))[0]
    if at.accuracy is not None:
        said = f"the bar as it is, {FILE:g}: {at.coverage:.1%} of all, {at.accuracy:.1%} right"
        axes.plot(at.coverage, at.accuracy, "o", color="black", label=said)
    axes.set(xlabel="coverage (share of all complaints)", ylabel="accuracy of those", title="The surer, the fewer")
    axes.grid(alpha=0.3)
    axes.legend()


def _confusions(axes: Axes, judged: Sequence[Judged]) -> None:
    pairs = confusions(judged)[::-1]
    axes.barh([f"{truth} as {guess}" for truth, guess, _ in pairs], [count for _, _, count in pairs])
    axes.tick_params(axis="y", labelsize=7)
    axes.set(xlabel="times", title="Most often mixed up")


def _reliability(axes: Axes, found: Figures) -> None:
    kept = [one for one in found.bins if one.rows]
    axes.plot([0, 1], [0, 1], "--", color="grey", label="honest")
    axes.plot([one.stated for one in kept], [one.observed for one in kept], "o-", label="this model")
    for one in kept:
        axes.annotate(str(one.rows), (one.stated, one.observed), xytext=(4, -11), textcoords="offset points", size=7)
    title = f"Expected calibration error {found.calibration_error:.3f} (rows beside the dots)"
    axes.set(xlabel="stated probability", ylabel="observed share right", title=title, xlim=(0, 1), ylim=(0, 1.02))
    axes.legend()


def _industries(axes: Axes, judged: Sequence[Judged], units: Mapping[str, str]) -> None:
    found = groups(judged, lambda code: "other authorities" if code.startswith(PREFIX) else f"codes {code[0]}…")
    names = list(found)
    places = range(len(names))
    axes.barh(
        [at - 0.2 for at in places], [share(rows, right_unit(units)) for rows in found.values()], 0.4, label="unit"
    )
    axes.barh([at + 0.2 for at in places], [share(rows, right) for rows in found.values()], 0.4, label="leaf")
    axes.set_yticks(list(places), [f"{name} ({len(found[name])})" for name in names])
    axes.set(xlabel="share right", title="By industry (rows)", xlim=(0, 1))
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
