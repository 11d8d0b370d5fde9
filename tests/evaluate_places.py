"""Where the assistant thinks a problem is, on the blind sentences with places: `make eval` prints it.

`tests/blind/places_*.csv` were written by others than the gazetteer and the rules. A column is right when the names
agree but for the word of what it is (村, 社区, 街道 …). Where the assistant would ask which of several places is meant,
nobody is sent anywhere: that counts as asked, not as said.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kb.places import atlas
from kb.places.place import Place
from kb.places.reading import Doubt, Reading

BLIND = Path(__file__).parent / "blind"
FILES = ("places_a.csv", "places_b.csv", "places_c.csv")
FIELDS = ("district", "street", "community", "road", "spot")
# A landmark may be said in more or fewer words than the author put down.
LOOSE = ("spot",)
_KINDS = str.maketrans("", "", "区市街道镇社区村居委会办事处 ")


def same(truth: str, said: str | None, *, loose: bool = False) -> bool:
    """Whether two names of a division or place mean the same."""
    if not said:
        return False
    if loose and (truth in said or said in truth):
        return True
    return truth == said or truth.translate(_KINDS) == said.translate(_KINDS) != ""


class Score:
    """What was right in one file."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, row: dict[str, str], reading: Reading) -> None:
        place, asked = reading.place, reading.doubt is Doubt.WHICH
        for field in FIELDS:
            self._field(field, row[field].lstrip("?"), getattr(place, field) if place else None, asked)
        self.counts["row", "all"] += 1
        self.counts["row", "asked"] += asked
        self.counts["row", "wrong place"] += not asked and bool(place) and _names_another(row, place)

    def _field(self, field: str, truth: str, said: str | None, asked: bool) -> None:
        right = bool(truth) and same(truth, said, loose=field in LOOSE)
        self.counts[field, "true"] += bool(truth)
        self.counts[field, "right"] += right
        if field == "street" and not truth:
            return  # the authors put a street down only where the words name it
        if said and not asked:
            self.counts[field, "said"] += 1
            self.counts[field, "said right"] += right

    def share(self, field: str, part: str, whole: str) -> str:
        of = self.counts[field, whole]
        return f"{self.counts[field, part] / of:.3f} of {of}" if of else "-"


def _names_another(row: dict[str, str], place: Place | None) -> bool:
    """Whether a name is given as the place that the text names and that is not the problem's."""
    others = filter(None, row["not_places"].split("|"))
    for other in others:
        told = any(other in row[field] for field in FIELDS)
        if not told and any(other in (getattr(place, field) or "") for field in FIELDS):
            return True
    return False


def main() -> None:
    """Print recall, precision and times."""
    places, table, times = atlas.load(), Table(title="places of the blind sentences", title_justify="left"), []
    places.read("先读一遍，后面才好计时")
    for column in ("file", "rows", "asked which", *FIELDS, "not the problem's place"):
        table.add_column(column)
    for name in FILES:
        score = Score()
        with (BLIND / name).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                start = time.perf_counter()
                reading = places.read(row["text"])
                times.append(time.perf_counter() - start)
                score.add(row, reading)
        cells = [
            f"recall {score.share(field, 'right', 'true')}\nprecision {score.share(field, 'said right', 'said')}"
            for field in FIELDS
        ]
        rows = score.counts["row", "all"]
        table.add_row(
            name, str(rows), str(score.counts["row", "asked"]), *cells, str(score.counts["row", "wrong place"])
        )
    console = Console(width=200)
    console.print(table)
    times.sort()
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    console.print(f"one sentence: p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms")


if __name__ == "__main__":
    main()
