"""Finding what was sent although its answer was lost: by our reference, or by place, time and words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.clients.open311 import reading
from integrations.clients.open311.forms import Forms, reference
from integrations.clients.open311.wire import Wire
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.ports import Clock
from integrations.services.records import Complaint
from kb.places.coordinates import to_wgs84

PAGE_SIZE, MOST_PAGES = 100, 50
# A backend's clock may differ from ours by this much without hiding a request; what it says of its clock is added.
CLOCK_DIFFERENCE = timedelta(hours=1)
# No backend's list is so short that it would be cut below this.
LEAST_LISTED = 10
# GeoReport lets a server refuse more than 90 days at once.
LONGEST_WINDOW = timedelta(days=89)
# Times are asked by whole seconds; one second more, so that neither end is lost where a backend counts it out.
SHORTEST_WINDOW = timedelta(seconds=1)
# Degrees: some hundred metres, for backends that round.
SAME_SPOT = 0.001
# How many characters of the citizen's words must be the same; backends cut long ones.
SAME_WORDS = 60

Request = dict[str, Any]


@dataclass(frozen=True)
class Search:
    """Looks through the backend's list. `extra` is sent with each question (the jurisdiction)."""

    wire: Wire
    forms: Forms
    clock: Clock
    extra: dict[str, str]

    def by_reference(self, complaint: Complaint, mark: str, since: datetime | None) -> str | None:
        """The request that carries our reference, as an attribute it shows or in the last line of its description."""
        name, footer = reference(complaint, mark), self.forms.footer(complaint, mark)
        for request in self._since(complaint, since):
            shown = request.get(self.forms.mapping.extension) or {}
            if isinstance(shown, dict) and shown.get("reference") == name:
                return str(request["service_request_id"])
            if footer and str(request.get("description") or "").rstrip().endswith(footer):
                return str(request["service_request_id"])
        return None

    def by_place(
        self, complaint: Complaint, text: str, since: datetime | None, taken: Callable[[str], bool]
    ) -> str | None:
        """The one request at that place with those words that is nobody else's. Raises NeedsPerson for several."""
        found = [
            number
            for request in self._since(complaint, since)
            if self._same(request, complaint, text) and not taken(number := str(request["service_request_id"]))
        ]
        if len(found) > 1:
            raise NeedsPerson(f"the backend has several that look like it: {', '.join(found[:5])}")
        return found[0] if found else None

    def _same(self, request: Request, complaint: Complaint, text: str) -> bool:
        if (shown := _plain(request.get("description"))) and shown[:SAME_WORDS] != _plain(text)[: len(shown)][
            :SAME_WORDS
        ]:
            return False
        place = complaint.place
        if place and place.lat is not None and place.lon is not None and request.get("lat") and request.get("long"):
            lat, lon = to_wgs84((place.lat, place.lon), place.crs or "WGS-84")
            return _near(request["lat"], lat) and _near(request["long"], lon)
        address = (place.full if place else "") or self.forms.mapping.unknown_address
        return bool(shown) and _plain(request.get("address")) in ("", _plain(address))

    # -- the list --------------------------------------------------------------------------------------------------

    def _since(self, complaint: Complaint, since: datetime | None) -> Iterator[Request]:
        """Everything of the complaint's service that can have come from us since then, clocks being what they are."""
        now, sent = self.clock(), since or complaint.filed_at
        service = self.forms.mapping.service_of(complaint.category)
        seen: set[str] = set()
        while True:
            known = self.wire.ahead
            ahead = timedelta(seconds=known)
            times = sent, now, sent + ahead, now + ahead
            start = (min(times) - CLOCK_DIFFERENCE).replace(microsecond=0)
            end = (max(times) + CLOCK_DIFFERENCE).replace(microsecond=0)
            while start < end:
                until = min(end, start + LONGEST_WINDOW)
                for request in self._window(service, start, until):
                    if (number := str(request.get("service_request_id") or "")) and number not in seen:
                        seen.add(number)
                        yield request
                start = until
            if abs(self.wire.ahead - known) < CLOCK_DIFFERENCE.total_seconds() / 2:
                return  # else the answers themselves have told that the backend has another time

    def _window(self, service: str, start: datetime, end: datetime) -> Iterator[Request]:
        """All requests of the window, whether the backend knows pages, cuts its list without saying so, or neither.

        A list that was cut shows as many as any list can. So a half that shows fewer than the whole did is complete.
        What falls into one moment cannot be halved (we ourselves file many at once after an outage): it is complete
        if the months before, together with it, show more.
        """
        rows, paged = self._pages(service, start, end)
        yield from rows
        if paged or len(rows) < LEAST_LISTED:
            return
        seconds = int((end - start) / SHORTEST_WINDOW)
        if seconds <= 1:
            if len(self._pages(service, end - LONGEST_WINDOW, end)[0]) <= len(rows):
                raise NeedsPerson("the backend shows too few of its requests to look for one")
            return
        middle = start + seconds // 2 * SHORTEST_WINDOW
        for half in ((start, middle), (middle, end)):
            part, _ = self._pages(service, *half)
            if len(part) < len(rows):
                yield from part
            else:
                yield from self._window(service, *half)

    def _pages(self, service: str, start: datetime, end: datetime) -> tuple[list[Request], bool]:
        """What the backend lists, and whether that is certainly all: it knows pages, and the last one was empty."""
        window = {**self.extra, "service_code": service, "start_date": w3c(start), "end_date": w3c(end)}
        found: list[Request] = []
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            try:
                rows = reading.rows(self.wire.get("requests", {**window, "page": page, "page_size": PAGE_SIZE}))
            except Rejected as none:
                raise TryLater(f"the backend's list of requests is not there: {none}") from none
            except reading.Unreadable as odd:
                raise TryLater("the backend's list of requests cannot be read") from odd
            fresh = [one for one in rows if str(one.get("service_request_id")) not in seen]
            if not fresh:
                return found, page == 1 or not rows
            seen |= {str(one.get("service_request_id")) for one in fresh}
            found += fresh
        raise NeedsPerson(f"more than {PAGE_SIZE * MOST_PAGES} requests to look through for a reference")


def w3c(at: datetime) -> str:
    """As the standard writes a time, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _near(shown: object, degrees: float) -> bool:
    try:
        return abs(float(str(shown)) - degrees) < SAME_SPOT
    except ValueError:
        return False


def _plain(value: object) -> str:
    return "".join(str(value or "").split())
