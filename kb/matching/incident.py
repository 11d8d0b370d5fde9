"""An open incident as the matcher sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kb.places import Place

Likely = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """One problem at one place over one period; nothing personal.

    `closed_at` is set on one that was closed lately, which a report may show to be there again. `vector` is the
    sentence vector of the summary, float16, as `kb.matching.meaning.packed` writes it; None where it is not known.
    `likely` are the categories that its first report may be about, each with its probability; where it is empty,
    `category` alone.
    """

    id: str
    category: str
    place: Place
    summary: str
    opened_at: datetime
    last_report_at: datetime
    people: int
    closed_at: datetime | None = None
    vector: bytes | None = None
    likely: Likely = ()
