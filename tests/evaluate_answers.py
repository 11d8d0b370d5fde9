"""Whether questions find their answer, and complaints none: `make eval` prints it.

`tests/blind/questions.csv` was written without looking at what is found: questions in other words than the entries',
with the entry that answers them, or none. The complaints are those of kb/content/examples; some of them do ask.
"""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from kb.answers.finding import Found
from kb.examples import read_examples

BLIND = Path(__file__).parent / "blind" / "questions.csv"
BARS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Every so manyth complaint is asked about: enough to tell 2 % from 3 %.
STEP = 8
console = Console(width=120)


@dataclass(frozen=True)
class Case:
    """A blind question, which entry answers it ("" for none), and what was found."""

    truth: str
    found: Found

    @property
    def right(self) -> bool:
        return self.found.best.id == self.truth


def main() -> None:
    """Print the tables."""
    services = bootstrap.build(settings.load())
    times: list[float] = []
    with BLIND.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    _ask(services, "先问一遍，后面才好计时", [])
    cases = [Case(row["id"], _ask(services, row["text"], times)) for row in rows]
    bar = services.answers.weights.answer_from
    console.print(_questions(cases), _curve(cases, bar), _reliability(cases))
    complaints = [text for text, _ in read_examples(services.taxonomy)][::STEP]
    found = [_ask(services, text, []) for text in track(complaints, "complaints", console=console, transient=True)]
    answered = sum(one.sure for one in found)
    console.print(f"complaints: {len(found)}, answered instead of taken in: {answered} ({answered / len(found):.3%})")
    times.sort()
    p50, p99 = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    console.print(f"finding an answer, after the message is understood: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def _ask(services: Services, text: str, times: list[float]) -> Found:
    understood = services.understanding.read(text)
    began = time.perf_counter()
    found = services.answers.find(text, understood)
    times.append(time.perf_counter() - began)
    return found


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def _questions(cases: list[Case]) -> Table:
    table = Table("questions", "n", "right one first", "among three", "answered", "of those, right", title="questions")
    known = [case for case in cases if case.truth]
    unknown = [case for case in cases if not case.truth]
    for name, some in (("that an entry answers", known), ("that none answers", unknown), ("all", cases)):
        three = sum(case.truth in [match.answer.id for match in case.found.matches[:3]] for case in some)
        given = [case for case in some if case.found.sure]
        first = sum(case.right for case in some)
        right = sum(case.right for case in given)
        ranks = (_share(first, len(some)), _share(three, len(some))) if some is known else ("", "")
        table.add_row(name, str(len(some)), *ranks, _share(len(given), len(some)), _share(right, len(given)))
    return table


def _curve(cases: list[Case], bar: float) -> Table:
    table = Table("bar", "answered, of known", "of unknown", "right, of all answered", title="coverage, accuracy")
    for one in sorted({*BARS, bar}):
        given = [case for case in cases if case.found.asked and case.found.probability >= one]
        shares = []
        for known in (True, False):
            some = [case for case in cases if bool(case.truth) is known]
            shares.append(_share(sum(bool(case.truth) is known for case in given), len(some)))
        mark = " (in use)" if one == bar else ""
        table.add_row(f"{one:.2f}{mark}", *shares, _share(sum(case.right for case in given), len(given)))
    return table


def _reliability(cases: list[Case]) -> Table:
    table = Table("stated", "n", "mean stated", "right", title="are the probabilities honest?")
    error = 0.0
    for fifth in range(5):
        inside = [case for case in cases if fifth == min(4, int(case.found.probability * 5))]
        if inside:
            stated = sum(case.found.probability for case in inside) / len(inside)
            right = sum(case.right for case in inside) / len(inside)
            error += len(inside) * abs(stated - right) / len(cases)
            table.add_row(f"{fifth / 5:.1f}", str(len(inside)), f"{stated:.3f}", f"{right:.3f}")
    table.caption = f"expected calibration error {error:.3f}"
    return table


if __name__ == "__main__":
    main()
