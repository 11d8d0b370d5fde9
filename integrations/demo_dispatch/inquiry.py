"""From the query of GET requests to the cases it asks for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.demo_dispatch.casework import GEOREPORT_STATUS
from integrations.demo_dispatch.clock import from_w3c
from integrations.demo_dispatch.replies import Refused
from integrations.demo_dispatch.store import Filter

LONGEST_SPAN = timedelta(days=90)
"""The standard's: also how far back an inquiry without dates looks."""

LARGEST_PAGE = 1000
"""The standard's: the most requests in one answer, and the default."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    wanted: Filter
    limit: int
    offset: int


Query = Mapping[str, Sequence[str]]


def read_inquiry(pairs: Iterable[tuple[str, str]], *, now: datetime) -> Inquiry:
    """From the names and values of a query; a list may come as one value with commas, as several values, or both.

    Given ids override every other filter, as the standard says. Raises Refused (400).
    """
    query: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        query[name].append(value)
    problems: list[str] = []
    page = _count(query, "page", 1, 1_000_000, problems)
    size = _count(query, "page_size", LARGEST_PAGE, LARGEST_PAGE, problems)
    numbers = _list(query, "service_request_id")
    if numbers:
        wanted = Filter(numbers=numbers, told_by=now)
    else:
        since, until = _span(query, problems, now=now)
        statuses = _list(query, "status")
        problems.extend(
            f"status {status!r} is neither open nor closed."
            for status in statuses
            if status not in GEOREPORT_STATUS.values()
        )
        wanted = Filter(
            service_codes=_list(query, "service_code"),
            states=tuple(state for state, status in GEOREPORT_STATUS.items() if status in statuses),
            since=since,
            until=until,
            told_by=now,
        )
    if problems:
        raise Refused(400, *problems)
    return Inquiry(wanted, limit=size, offset=(page - 1) * size)


def _list(query: Query, name: str) -> tuple[str, ...]:
    return tuple(part.strip() for value in query.get(name, ()) for part in value.split(",") if part.strip())


def _last(query: Query, name: str) -> str:
    return next(reversed(query.get(name, ())), "").strip()


def _count(query: Query, name: str, default: int, largest: int, problems: list[str]) -> int:
    text = _last(query, name) or str(default)
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= largest:
        return int(text)
    problems.append(f"{name} is not a whole number from 1 to {largest}.")
    return default


def _span(query: Query, problems: list[str], *, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Both ends, inclusive; a missing end lies 90 days from the given one."""
    start = _moment(query, "start_date", problems)
    end = _moment(query, "end_date", problems)
    if start and end and not timedelta(0) <= end - start <= LONGEST_SPAN:
        problems.append("end_date must follow start_date by at most 90 days.")
    if start and not end:
        return start, _shifted(start, LONGEST_SPAN)
    if end and not start:
        return _shifted(end, -LONGEST_SPAN), end
    if start is None and end is None:
        return now - LONGEST_SPAN, None
    return start, end


def _shifted(moment: datetime, by: timedelta) -> datetime | None:
    """None, that is no limit, where the calendar ends."""
    try:
        return moment + by
    except OverflowError:
        return None


def _moment(query: Query, name: str, problems: list[str]) -> datetime | None:
    text = _last(query, name)
    if not text:
        return None
    try:
        return from_w3c(text)
    except ValueError:
        problems.append(
            f"{name} {text[:40]!r} is not like 2026-11-21T09:30:00Z or"
            " 2026-11-21T09:30:00+08:00 (in a URL, + is written %2B)."
        )
        return None
