"""Are reports of one problem told from the rest, on the blind set tests/blind/same_problem.csv: part of `make eval`.

Reports come in order of time, as they would. Two questions: what joins by itself (as `jiesu match` does), and what is
offered to a citizen who then taps the right one, so that every incident is as its author meant it.
"""

from __future__ import annotations

import csv
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations, pairwise
from pathlib import Path

from rich.console import Console
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands.matching import Line, maker_of, read
from kb.matching import MOST, Grouping, MemoryIndex, OpenIncident, Report, Similar, shipped
from kb.matching.grouping import best
from kb.places import Place

FILE = Path(__file__).parent / "blind" / "same_problem.csv"
BARS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
console = Console()


@dataclass(frozen=True)
class Case:
    """A row with what was read of it."""

    row: dict[str, str]
    report: Report

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.row["time"])

    @property
    def closed(self) -> datetime | None:
        return datetime.fromisoformat(self.row["closed"]) if self.row["closed"] else None


@dataclass(frozen=True)
class Offer:
    """What was found for a report: `right` is the id of its incident where that is there already."""

    case: Case
    right: str | None
    found: tuple[Similar, ...]

    @property
    def rank(self) -> int | None:
        """At which place the right one stands, from 1; None where it is not among them."""
        return next((n for n, one in enumerate(self.found, 1) if one.incident.id == self.right), None)


def rows() -> list[dict[str, str]]:
    """The rows of the blind file."""
    with FILE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def line_of(number: int, row: dict[str, str]) -> Line:
    """The row as `jiesu match` would be given it."""
    at, pin = datetime.fromisoformat(row["time"]), None
    if row["lat"]:
        pin = Place(text="", lat=float(row["lat"]), lon=float(row["lon"]), crs=row["crs"], confidence=0.6)
    return Line(number, at, row["id"], row["text"], row["id"], pin=pin)


def events(cases: Sequence[Case]) -> list[tuple[datetime, int, Case]]:
    """Reports (0) and closures (1) in order of time."""
    told = [(case.at, 0, case) for case in cases]
    closed = [(case.closed, 1, case) for case in cases if case.closed]
    return sorted([*told, *closed], key=lambda event: event[:2])


def offered(cases: Sequence[Case], bar: float) -> list[Offer]:
    """What each report is offered from the bar on, where every report before it is in its right incident."""
    policy = shipped()
    low = replace(policy, file=policy.file.model_copy(update={"bars": policy.bars.model_copy(update={"suggest": bar})}))
    index, known, found = MemoryIndex(policy=low), dict[str, OpenIncident](), []
    for at, closing, case in events(cases):
        name = case.row["incident"]
        if closing:
            known[name] = replace(known[name], closed_at=at)
            index.put(known[name])
            continue
        some = best(case.report, (index.tellings(one.id) for one in index.candidates(case.report)), at, low)
        found.append(Offer(case, name if name in known else None, some))
        if name in known:
            one = replace(known[name], last_report_at=at, people=known[name].people + 1)
        else:
            report = case.report
            place = report.place or Place(text="")
            one = OpenIncident(
                name, report.category, place, report.text, at, at, 1, vector=report.vector, likely=report.likely
            )
        index.put(one)
        if name in known:
            index.tell(name, case.report)
        known[name] = one
    return found


def grouped(cases: Sequence[Case]) -> tuple[dict[str, str], dict[str, str | None]]:
    """The group of each report as they come, and the closed group that it brought back."""
    grouping, group, back = Grouping(), {}, {}
    for at, closing, case in events(cases):
        if closing:
            grouping.close(case.row["id"], at)
        else:
            placed = grouping.add(case.row["id"], case.report, at)
            group[case.row["id"]], back[case.row["id"]] = placed.incident, placed.recurrence_of
    return group, back


def joins(cases: Sequence[Case]) -> Table:
    """What joins by itself: pairs of reports in one group."""
    group, back = grouped(cases)
    truth = {case.row["id"]: case.row["incident"] for case in cases}
    mine, right = _pairs(group), _pairs(truth)
    table = Table(title="joined without a person", title_justify="left")
    for title in ("pairs joined", "right (precision)", "of all pairs (recall)", "recurrences told", "of"):
        table.add_column(title, justify="right")
    again = [case for case in cases if case.row["case"] == "recurrence"]
    told = sum(back[case.row["id"]] is not None for case in again)
    hits = len(mine & right)
    table.add_row(str(len(mine)), _share(hits, len(mine)), _share(hits, len(right)), str(told), str(len(again)))
    return table


def curve(offers: Sequence[Offer]) -> Table:
    """What is offered, over the bar; 'best' takes only the first, as joining by itself would."""
    repeats = [offer for offer in offers if offer.right]
    table = Table(
        title=f"over the bar: {len(repeats)} reports whose incident is there, {len(offers)} in all",
        title_justify="left",
    )
    for title in (
        "bar",
        "recall",
        "precision",
        "best: recall",
        "best: precision",
        "automatic: recall",
        "automatic: precision",
    ):
        table.add_column(title, justify="right")
    for bar in BARS:
        cells = [f"{bar:.2f}"]
        for most, automatic in ((MOST, False), (1, False), (1, True)):
            kept = [
                (offer, one)
                for offer in offers
                for one in [each for each in offer.found if each.automatic or not automatic][:most]
                if one.score >= bar and not _gone(one, offer)
            ]
            hits = sum(one.incident.id == offer.right for offer, one in kept)
            cells += [_share(hits, len(repeats)), _share(hits, len(kept))]
        table.add_row(*cells)
    return table


def ranks(offers: Sequence[Offer], bar: float) -> Table:
    """Where the right one stands among at most five from the bar on, and what those are offered who are the first."""
    table = Table(title=f"offered from {bar} on, at most {MOST}", title_justify="left")
    for title in ("case", "reports", "right one first", "among them", "something wrong offered"):
        table.add_column(title, justify="right")
    by_case: dict[str, list[Offer]] = defaultdict(list)
    for offer in offers:
        by_case[offer.case.row["case"] if not offer.right else "repeat (all)"].append(offer)
        if offer.right:
            by_case[f"repeat: {offer.case.row['case']}"].append(offer)
    for case, some in sorted(by_case.items()):
        kept = [replace(o, found=tuple(s for s in o.found if s.score >= bar and not _gone(s, o))[:MOST]) for o in some]
        first = sum(offer.rank == 1 for offer in kept)
        among = sum(offer.rank is not None for offer in kept)
        wrong = sum(any(one.incident.id != offer.right for one in offer.found) for offer in kept)
        table.add_row(
            case, str(len(some)), _share(first, len(some)), _share(among, len(some)), _share(wrong, len(some))
        )
    return table


def honest(offers: Sequence[Offer]) -> Table:
    """Are the probabilities honest: of what was weighed at all."""
    table = Table(title="calibration", title_justify="left")
    for title in ("from", "pairs", "mean probability", "right"):
        table.add_column(title, justify="right")
    edges = [n / 10 for n in range(11)]
    weighed = [(one.score, one.incident.id == o.right) for o in offers for one in o.found if not _gone(one, o)]
    error = 0.0
    for low, high in pairwise(edges):
        some = [(p, hit) for p, hit in weighed if low <= p < high or (high == 1.0 and p == 1.0)]
        if some:
            mean, share = sum(p for p, _ in some) / len(some), sum(hit for _, hit in some) / len(some)
            error += abs(mean - share) * len(some) / len(weighed)
            table.add_row(f"{low:.1f}", str(len(some)), f"{mean:.2f}", f"{share:.2f}")
    table.caption = f"expected calibration error {error:.3f}"
    return table


def _gone(one: Similar, offer: Offer) -> bool:
    return one.incident.closed_at is not None and offer.case.at > one.incident.closed_at


def _pairs(group: dict[str, str]) -> set[tuple[str, str]]:
    members: dict[str, list[str]] = defaultdict(list)
    for one, name in sorted(group.items()):
        members[name].append(one)
    return {pair for some in members.values() for pair in combinations(some, 2)}


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def read_cases() -> list[Case]:
    """Every row, read as the conversation reads it."""
    services = bootstrap.build(settings.load())
    given = rows()
    reports = read(services, maker_of(services), [line_of(number, row) for number, row in enumerate(given, 2)])
    return [Case(row, report) for row, report in zip(given, reports, strict=True)]


def main() -> None:
    """Print the tables."""
    begun = time.perf_counter()
    cases = read_cases()
    console.print(
        f"{len(cases)} reports read in {time.perf_counter() - begun:.0f} s", dict(Counter(c.row["case"] for c in cases))
    )
    begun = time.perf_counter()
    offers = offered(cases, 0.02)
    console.print(f"weighed in {time.perf_counter() - begun:.1f} s")
    for table in (joins(cases), curve(offers), ranks(offers, shipped().bars.suggest), honest(offers)):
        console.print(table)


if __name__ == "__main__":
    main()
