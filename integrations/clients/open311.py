"""Open311 GeoReport v2: filing a request, finding it again by our reference, reading its progress.

The standard has no idempotency key, so our ticket number travels with every request, as an attribute and in the
description's last line, and `find` looks for it. https://wiki.open311.org/GeoReport_v2/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from integrations.services.casework import DepartmentUpdate
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.ports import ALONE
from integrations.services.records import Complaint, Related
from kb.content_files import as_model, read_yaml
from kb.places import Place
from kb.places.coordinates import to_wgs84
from kb.taxonomy import Taxonomy
from kb.text import hide_personal

MAPPING = Path(__file__).with_name("open311_mapping.yml")
TIMEOUT = httpx.Timeout(10.0, connect=3.0)
PAGE_SIZE, MOST_PAGES = 100, 50
# A backend's clock may differ from ours by this much without hiding a request from `find`.
CLOCK_DIFFERENCE = timedelta(hours=1)
# GeoReport lets a server refuse more than 90 days at once.
LONGEST_WINDOW = timedelta(days=89)
TOKEN_TRIES, TOKEN_WAIT = 5, 1.0


class Mapping(BaseModel):
    """The mapping file: how our words become this backend's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service_code: str
    attributes: dict[str, str]
    description_footer: str
    unknown_address: str
    extension: str
    tell_of_joining: bool = False
    joined_line: str = ""
    recurrence_line: str = ""


def load_mapping(path: Path = MAPPING) -> Mapping:
    """Raises ContentError naming file, line and key."""
    return as_model(Mapping, read_yaml(path), path)


class Open311Dispatcher:
    """The `Dispatcher` port over a GeoReport v2 server at `base_url` (which ends before '/requests.json')."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        taxonomy: Taxonomy,
        mapping: Mapping,
        jurisdiction: str | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = httpx.Client(base_url=base_url.rstrip("/") + "/", timeout=TIMEOUT, transport=transport)
        self._api_key = api_key
        self._taxonomy = taxonomy
        self._mapping = mapping
        self._jurisdiction = {"jurisdiction_id": jurisdiction} if jurisdiction else {}
        self._sleep = sleep

    def file(self, complaint: Complaint, *, phone: str | None, related: Related = ALONE) -> str:
        """POST the request; gives the backend's number.

        Raises TryLater (no answer, 429, 5xx, a token without a number yet) or NeedsPerson (the backend refuses it).
        """
        first = _first(self._ask("POST", "requests.json", data=self._form(complaint, phone, related)))
        if number := first.get("service_request_id"):
            return str(number)
        if token := first.get("token"):
            return self._number_of(str(token))
        raise TryLater("the backend took the request and named neither number nor token")

    def join(self, complaint: Complaint, *, phone: str | None, related: Related) -> str | None:
        """GeoReport cannot change a request: one more person is told of by another that names the first.

        None where the mapping does not want that. Raises as `file` does.
        """
        return self.file(complaint, phone=phone, related=related) if self._mapping.tell_of_joining else None

    def find(self, complaint: Complaint) -> str | None:
        """The number of the request that carries our reference. Raises TryLater or NeedsPerson."""
        start, end = complaint.filed_at - CLOCK_DIFFERENCE, datetime.now(UTC) + CLOCK_DIFFERENCE
        while start < end:
            window = {
                "service_code": self._service_code(complaint),
                "start_date": _w3c(start),
                "end_date": _w3c(min(end, start + LONGEST_WINDOW)),
            }
            for request in self._listed(window):
                if self._carries(request, complaint.number):
                    return str(request["service_request_id"])
            start += LONGEST_WINDOW
        return None

    def updates(self, request_id: str) -> Sequence[DepartmentUpdate]:
        """The updates so far, in order; a backend that only says 'closed' gives that one."""
        request = _first(self._ask("GET", f"requests/{request_id}.json"))
        try:
            return self._read_updates(request)
        except (KeyError, ValueError, TypeError, AttributeError) as odd:
            raise TryLater(f"the history of {request_id} cannot be read ({type(odd).__name__})") from odd

    def _read_updates(self, request: dict[str, Any]) -> Sequence[DepartmentUpdate]:
        history = (request.get(self._mapping.extension) or {}).get("history")
        if history is not None:
            return [
                DepartmentUpdate(
                    int(one["sequence"]),
                    str(one["event"]),
                    datetime.fromisoformat(one["at"]),
                    one.get("unit"),
                    one.get("note"),
                )
                for one in history
            ]
        if request.get("status") == "closed":
            at = datetime.fromisoformat(request["updated_datetime"])
            return [DepartmentUpdate(1, "closed", at, request.get("agency_responsible"), request.get("status_notes"))]
        return []

    def ping(self) -> None:
        """Raises TryLater or NeedsPerson unless the list of services can be read."""
        self._ask("GET", "services.json")

    # -- speaking the protocol -------------------------------------------------------------------------------

    def _form(self, complaint: Complaint, phone: str | None, related: Related) -> dict[str, str]:
        leaf = self._taxonomy.leaf(complaint.category)
        footer = self._mapping.description_footer.format(reference=complaint.number)
        # Who wants to stay anonymous may still have written a number into the words.
        words = hide_personal(complaint.description) if complaint.anonymous else complaint.description
        form = {
            "api_key": self._api_key,
            "service_code": self._service_code(complaint),
            "description": "\n".join((words, *self._relations(related), footer)),
            "address_string": self._mapping.unknown_address,
            **self._jurisdiction,
        }
        if place := complaint.place:
            form["address_string"] = place.full or self._mapping.unknown_address
            if place.lat is not None and place.lon is not None:
                lat, lon = to_wgs84((place.lat, place.lon), place.crs or "WGS-84")
                form |= {"lat": f"{lat:.6f}", "long": f"{lon:.6f}"}
        if phone and not complaint.anonymous:
            form["phone"] = phone
        values = {
            "reference": complaint.number,
            "category": f"{leaf.code} {leaf.name}",
            "request_type": complaint.request_type.value,
            "urgency": complaint.urgency.value,
            **_of_others(related),
            **(_of_place(complaint.place) if complaint.place else {}),
        }
        for key, value in values.items():
            if code := self._mapping.attributes.get(key):
                form[f"attribute[{code}]"] = value
        return form

    def _relations(self, related: Related) -> Iterator[str]:
        """Lines of the description, for backends that keep no attributes."""
        if related.incident and self._mapping.joined_line:
            yield self._mapping.joined_line.format(incident=related.incident, people=related.people)
        if related.recurrence_of and self._mapping.recurrence_line:
            yield self._mapping.recurrence_line.format(recurrence_of=related.recurrence_of)

    def _service_code(self, complaint: Complaint) -> str:
        return self._mapping.service_code.format(level1=complaint.category[:2])

    def _number_of(self, token: str) -> str:
        for _ in range(TOKEN_TRIES):
            if number := _first(self._ask("GET", f"tokens/{token}.json")).get("service_request_id"):
                return str(number)
            self._sleep(TOKEN_WAIT)
        raise TryLater("the backend has not given the token a number yet")

    def _listed(self, window: dict[str, str]) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            answer = self._ask("GET", "requests.json", params={**window, "page": page, "page_size": PAGE_SIZE})
            if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
                raise TryLater("the backend's list of requests cannot be read")
            fresh = [one for one in answer if str(one.get("service_request_id")) not in seen]
            if not fresh:  # the last page, or a backend that knows no pages
                return
            seen |= {str(one.get("service_request_id")) for one in fresh}
            yield from fresh
        raise NeedsPerson(f"more than {PAGE_SIZE * MOST_PAGES} requests to look through for a reference")

    def _carries(self, request: dict[str, Any], reference: str) -> bool:
        extension = request.get(self._mapping.extension) or {}
        if extension.get("reference") == reference:
            return True
        footer = self._mapping.description_footer.format(reference=reference)
        return str(request.get("description") or "").rstrip().endswith(footer)

    def _ask(self, method: str, url: str, **kwargs: Any) -> Any:
        try:
            response = self._client.request(method, url, **kwargs)
        except httpx.HTTPError as away:
            raise TryLater(f"the backend does not answer: {type(away).__name__}") from away
        if response.status_code == 429 or response.status_code >= 500:
            raise TryLater(f"the backend answered {response.status_code}", after=_retry_after(response))
        if response.status_code == 404 and method == "GET":
            raise Rejected(f"the backend does not know {url}")
        if not response.is_success:
            raise NeedsPerson(f"the backend refused: {response.status_code} {_reason(response)}")
        try:
            return response.json()
        except ValueError as garbled:
            raise TryLater("the backend answered something that is not JSON") from garbled


def _of_place(place: Place) -> dict[str, str]:
    """What the attributes may say of a place: divisions by code and name, how sure it is, the city's own layers."""
    divisions = {
        "district": (place.district_code, place.district),
        "street": (place.street_code, place.street),
        "community": (place.community_code, place.community),
    }
    values = {key: " ".join(filter(None, pair)) for key, pair in divisions.items() if any(pair)}
    return {**values, "place_confidence": f"{place.confidence:.2f}", **dict(place.layers or ())}


def _of_others(related: Related) -> dict[str, str]:
    """What the attributes say of other requests; nothing where there is none."""
    people = str(related.people) if related.people > 1 or related.incident else None
    values = {"people": people, "incident": related.incident, "recurrence_of": related.recurrence_of}
    return {key: value for key, value in values.items() if value}


def _first(answer: Any) -> dict[str, Any]:
    """GeoReport answers with a list of one; an answer that says nothing is an empty one."""
    first = answer[0] if isinstance(answer, list) and answer else {}
    return first if isinstance(first, dict) else {}


def _w3c(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return min(float(value), 3600.0) if value.isdigit() else None


def _reason(response: httpx.Response) -> str:
    """The backend's own words: GeoReport lists `[{"code", "description"}]`."""
    try:
        answer = response.json()
        return "; ".join(str(one["description"]) for one in answer)[:300]
    except (ValueError, TypeError, KeyError):
        return response.text[:200]
