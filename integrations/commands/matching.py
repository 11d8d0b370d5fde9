"""Which reports are about the same problem, one JSON object a line: `jiesu match`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, pairwise
from typing import Any

import typer
from rich.console import Console

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from kb.content_files import ContentError
from kb.deadlines import CITY_TIME
from kb.matching import Grouping, Placed, Report, likely_categories
from kb.matching.keys import point_of
from kb.matching.meaning import Meaning, meaning
from kb.matching.sides import says_district
from kb.places import Place
from kb.places.coordinates import checked, likely_crs, to_wgs84
from kb.training import kept_library

PANEL = "Understanding"
# So many lines are read together, for sentence vectors come faster by the dozen.
TOGETHER = 128
_EXPECTED = 'expected {"id": …, "text": …, "time": …} or {"closed": id, "time": …}'


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the input: a report, or `closed`, the id of a report whose incident was closed then.

    `raw` is the id as it was given, to be printed so.
    """

    number: int
    time: datetime
    id: str
    text: str
    raw: str | int = ""
    closed: str | None = None
    pin: Place | None = None


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @app.command(rich_help_panel=PANEL)
    def match() -> None:
        """Read {"id","text","time"} lines in order of time; print which are about the same problem.

        A pin may come with a line: "lat", "lon" and "crs" (WGS-84, GCJ-02 or BD-09). A line {"closed": id, "time": …}
        says that the incident of that report was closed then. Lines that are not in order of time are taken in it all
        the same, and the first of them is told on standard error; what is printed stays in the order of the input.

        Printed are id, incident (the first report of the group that the report joins without a person; its own id
        where it joins none), recurrence_of (the closed incident that is there again) and suggested, at most five, with
        incident, score and reasons.
        """
        names: dict[str, str | int] = {}
        lines = list(_lines(sys.stdin))
        told = []
        for given, placed in run(bootstrap.build(settings.load()), in_order(lines)):
            names[given.id] = given.raw
            told.append((given.number, given.raw, placed))
        for _, raw, placed in sorted(told, key=lambda one: one[0]):
            _print(raw, placed, names)


def run(services: Services, given: Iterable[Line]) -> Iterator[tuple[Line, Placed]]:
    """Every report with what becomes of it, as they come. Raises ContentError naming the line."""
    grouping, maker, lines = Grouping(), maker_of(services), iter(given)
    while together := list(islice(lines, TOGETHER)):
        reports = iter(read(services, maker, [line for line in together if line.closed is None]))
        for line in together:
            try:
                if line.closed is not None:
                    grouping.close(line.closed, line.time)
                else:
                    yield line, grouping.add(line.id, next(reports), line.time)
            except KeyError as unknown:
                raise _wrong(
                    line.number, f"closed: no report {line.closed!r} came before; its id would do"
                ) from unknown
            except ValueError as twice:
                raise _wrong(line.number, f"id: {twice}; an id of its own would do") from twice


def maker_of(services: Services) -> Meaning | None:
    """What makes the sentence vectors; None where the machine has no embedder for them."""
    library = kept_library(services.settings.data_dir / "models", services.embedder)
    return meaning(services.embedder, library.space if library else None)


def read(services: Services, maker: Meaning | None, lines: Sequence[Line]) -> list[Report]:
    """The reports as the conversation reads them: category, place, sentence vector."""
    vectors = maker.of([line.text for line in lines]) if maker else [None] * len(lines)
    found = []
    for line, vector in zip(lines, vectors, strict=True):
        code, likely = likely_categories(services.understanding.classify(line.text))
        found.append(Report(line.text, code, _place(services, line), vector, likely))
    return found


def _place(services: Services, line: Line) -> Place | None:
    """The place of the words, with the pin where that does not contradict them; else what the pin shows."""
    told = services.locating.read(line.text).place
    if line.pin is None:
        return told
    found = services.places().pinned(line.pin, told)
    if found.outside:
        return told
    if told is None or not found.disagree or found.shown is None:
        return found.place
    if says_district(told.district, line.text) or point_of(told) is not None:
        return told
    # A list put the road into another district than the one it is pinned in: roads go on.
    shown = found.shown
    return replace(
        told, district=shown.district, district_code=shown.district_code, street=None, street_code=None,
        community=None, community_code=None, lat=shown.lat, lon=shown.lon, crs=shown.crs, pinned=True,
    )  # fmt: skip


def _lines(stream: Iterable[str]) -> Iterator[Line]:
    for number, raw in enumerate(stream, 1):
        if not raw.strip():
            continue
        try:
            value = json.loads(raw)
            time = datetime.fromisoformat(str(value["time"]))
            time = time if time.tzinfo else time.replace(tzinfo=CITY_TIME)
            if "closed" in value:
                yield Line(number, time, "", "", closed=str(value["closed"]))
            else:
                yield Line(number, time, str(value["id"]), str(value["text"]), _id(value), pin=_pin(value))
        except (ValueError, KeyError, TypeError, OverflowError) as wrong:
            raise _wrong(number, f"{_EXPECTED} ({wrong})") from wrong


def _id(value: dict[str, Any]) -> str | int:
    given = value["id"]
    if not isinstance(given, (str, int)):
        raise ValueError("the id is no text and no number")
    return given


def _pin(value: dict[str, Any]) -> Place | None:
    if value.get("lat") is None and value.get("lon") is None:
        return None
    if value.get("lat") is None or value.get("lon") is None:
        raise ValueError("lat and lon come together")
    point = checked(float(value["lat"]), float(value["lon"]))
    crs = value.get("crs") or likely_crs(point, [])[0]
    to_wgs84(point, crs)
    return Place(text="", lat=point[0], lon=point[1], crs=crs, confidence=0.6)


def in_order(lines: Sequence[Line]) -> list[Line]:
    """The lines in order of time; the first that is out of it is told on standard error."""
    for before, line in pairwise(lines):
        if line.time < before.time:
            what = f"time: {line.time.isoformat()} is before {before.time.isoformat()} of line {before.number}"
            Console(stderr=True, soft_wrap=True).print(
                f"standard input:{line.number}: {what}; all lines are taken in order of time", highlight=False
            )
            break
    return sorted(lines, key=lambda line: line.time)


def _print(given: str | int, placed: Placed, names: dict[str, str | int]) -> None:
    suggested = [
        {"incident": names[one.incident.id], "score": one.score, "reasons": list(one.reasons)}
        for one in placed.suggested
    ]
    back = names[placed.recurrence_of] if placed.recurrence_of else None
    line = {"id": given, "incident": names[placed.incident], "recurrence_of": back, "suggested": suggested}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")


def _wrong(number: int, what: str) -> ContentError:
    return ContentError(f"standard input:{number}: {what}")
