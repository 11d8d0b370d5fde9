"""The `Dispatcher` port over a GeoReport v2 server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from integrations.clients.open311 import reading
from integrations.clients.open311.forms import Forms, words
from integrations.clients.open311.mapping import Mapping
from integrations.clients.open311.searching import Search, w3c
from integrations.clients.open311.wire import ANSWER_SECONDS, Wire
from integrations.services.dispatch_ports import ALONE, OnToken, no_token, nobody_has
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.ports import Clock
from integrations.services.records import Complaint, Related, Told, UpdateKind, WhenUnsure
from integrations.services.updates import DepartmentUpdate
from kb.taxonomy import Taxonomy

# A token is asked after this often at once; after that the row comes back for it.
TOKEN_TRIES, TOKEN_WAIT = 3, 1.0
# What of an update's entry goes on as it is, beside its time, where the department writes it.
_AS_IT_IS = ("unit", "note", "by")
# What the extension knows; what only we tell apart goes as the nearest of these.
_OURS = {UpdateKind.LEAVES: UpdateKind.SUPPLEMENT, UpdateKind.DOUBLE: UpdateKind.WITHDRAW}


def _now() -> datetime:
    return datetime.now(UTC)


class Open311Dispatcher:
    """The backend at `base_url`, which ends before '/requests.json'; an answer is waited for `timeout` seconds."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        taxonomy: Taxonomy,
        mapping: Mapping,
        jurisdiction: str | None = None,
        timeout: float = ANSWER_SECONDS,
        clock: Clock = _now,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api_key = api_key
        self._jurisdiction = {"jurisdiction_id": jurisdiction} if jurisdiction else {}
        self._mapping, self._forms = mapping, Forms(taxonomy, mapping)
        self._wire = Wire(
            base_url, form=mapping.format, errors=mapping.errors, clock=clock, timeout=timeout, transport=transport
        )
        self._search = Search(self._wire, self._forms, clock, self._jurisdiction)
        self._clock, self._sleep = clock, sleep

    def when_unsure(self, mark: str = "") -> WhenUnsure:
        """A backend that can be searched is believed; for others the mapping says what to do."""
        return self._mapping.unsure(mark)

    @property
    def files_again(self) -> bool:
        """By the mapping."""
        return self._mapping.when_lost == "file_again"

    @property
    def tells_by_request(self) -> bool:
        """By the mapping."""
        return self._mapping.updates == "request"

    def co_units(self, complaint: Complaint) -> Sequence[str]:
        """The category's helping units, where the mapping gives them requests of their own."""
        return self._forms.units(complaint) if self._mapping.co_units == "request" else ()

    # -- sending -----------------------------------------------------------------------------------------------------

    def file(
        self,
        complaint: Complaint,
        *,
        phone: str | None,
        related: Related = ALONE,
        again: bool = False,
        on_token: OnToken = no_token,
    ) -> str:
        """POST the request; gives the backend's number.

        Raises TryLater (no answer, 429, 5xx, a token without a number yet) or NeedsPerson (the backend refuses it).
        """
        return self._post(self._forms.complaint(complaint, phone=phone, related=related, again=again), on_token)

    def join(
        self,
        complaint: Complaint,
        *,
        phone: str | None,
        related: Related,
        again: bool = False,
        on_token: OnToken = no_token,
    ) -> str | None:
        """GeoReport cannot change a request: one more person is told of by another that names the first.

        None where the mapping does not want that. Raises as `file` does.
        """
        if not self._mapping.tell_of_joining:
            return None
        return self.file(complaint, phone=phone, related=related, again=again, on_token=on_token)

    def copy(
        self,
        complaint: Complaint,
        request_id: str,
        *,
        unit: str,
        mark: str,
        again: bool = False,
        on_token: OnToken = no_token,
    ) -> str:
        """Another request that names the helping unit and the main one's number. Raises as `file` does."""
        return self._post(self._forms.copy(complaint, request_id, unit=unit, mark=mark, again=again), on_token)

    def update(
        self,
        complaint: Complaint,
        request_id: str,
        told: Told,
        *,
        mark: str = "",
        again: bool = False,
        on_token: OnToken = no_token,
    ) -> str | None:
        """By the backend's extension, which knows the key again, or by a follow-up request that names the first.

        Raises as `file` does, and NeedsPerson where the mapping knows no way.
        """
        match self._mapping.updates:
            case "request":
                form = self._forms.follow_up(complaint, request_id, told, mark=mark, again=again)
                return self._post(form, on_token)
            case "extension":
                form = {
                    "kind": _OURS.get(told.kind, told.kind).value,
                    "key": told.key,
                    "text": self._forms.told(complaint, request_id, told),
                    "at": w3c(told.at),
                }
                path = self._mapping.update_path.format(request_id=quote(request_id, safe=""))
                self._wire.post(path, {"api_key": self._api_key, **self._jurisdiction, **form})
                return None
        raise NeedsPerson(f"this backend takes no updates ({told.kind}): tell the department of {request_id} yourself")

    def _post(self, form: dict[str, str], on_token: OnToken) -> str:
        with self._wire.within():
            answer = reading.first(
                self._wire.post("requests", {"api_key": self._api_key, **form, **self._jurisdiction})
            )
            if number := answer.get("service_request_id"):
                return str(number)
            token = answer.get("token")
            if not token:
                raise TryLater("the backend took the request and named neither number nor token")
            on_token(str(token))
            for _ in range(TOKEN_TRIES):
                if found := self.number_of(str(token)):
                    return found
                self._sleep(TOKEN_WAIT)
        raise TryLater("the backend has not given its token a number yet")

    # -- looking -----------------------------------------------------------------------------------------------------

    def number_of(self, token: str) -> str | None:
        """The number that the backend has given the token; None while there is none. Raises TryLater or Rejected."""
        answer = reading.first(self._wire.get(f"tokens/{quote(token, safe='')}", self._jurisdiction))
        number = answer.get("service_request_id")
        return str(number) if number else None

    def find(
        self,
        complaint: Complaint,
        *,
        mark: str = "",
        since: datetime | None = None,
        taken: Callable[[str], bool] = nobody_has,
    ) -> str | None:
        """By our reference, or by place, time and words; None where the backend cannot be searched at all.

        Raises TryLater, also while what was sent a moment ago may still turn up, or NeedsPerson where several may be
        it.
        """
        found = None
        with self._wire.within():
            match self._mapping.search:
                case "reference":
                    found = self._search.by_reference(complaint, mark, since)
                case "place" if not mark:
                    found = self._search.by_place(complaint, words(complaint), since, taken)
        if found is None and since:
            patience = self._mapping.shows_after_seconds
            left = patience - (self._clock() - since).total_seconds()
            if left > 0:
                raise TryLater("what was sent may still turn up", after=min(left, patience))
        return found

    def updates(self, request_id: str) -> Sequence[DepartmentUpdate]:
        """The updates so far, in order.

        A backend without a history shows one thing, where the request stands now: sequence 0, and "" for its event
        where nothing has happened yet that has a word of ours.
        """
        answer = self._wire.get(f"requests/{quote(request_id, safe='')}", self._jurisdiction)
        request = reading.first(answer)
        if not request:
            if answer == []:
                raise Rejected(f"the backend does not know {request_id}")
            raise TryLater(f"what the backend says of {request_id} cannot be read")
        try:
            return self._read_updates(request)
        except (KeyError, ValueError, TypeError, AttributeError) as odd:
            raise TryLater(f"the history of {request_id} cannot be read ({type(odd).__name__})") from odd

    def _read_updates(self, request: dict[str, Any]) -> Sequence[DepartmentUpdate]:
        history = (request.get(self._mapping.extension) or {}).get("history")
        if history is not None:
            return [_entry(one) for one in history]
        status = str(request.get("status") or "").strip().lower()
        if status not in self._mapping.statuses:
            raise ValueError("a status that the mapping does not know")
        said = request.get("updated_datetime")
        at = datetime.fromisoformat(said) if said else self._clock()
        unit, note = request.get("agency_responsible"), request.get("status_notes")
        return [DepartmentUpdate(0, self._mapping.statuses[status], at, unit, note)]

    def services(self) -> list[dict[str, Any]]:
        """The backend's services as it lists them. Raises TryLater, NeedsPerson or Rejected."""
        return self._rows("services")

    def definition(self, service_code: str) -> list[dict[str, Any]]:
        """The attributes that a service asks for. Raises as `services` does."""
        path = f"services/{quote(service_code, safe='')}"
        found = reading.first(self._wire.get(path, self._jurisdiction)).get("attributes")
        return [one for one in found or () if isinstance(one, dict)]

    def ping(self) -> None:
        """Raises TryLater, NeedsPerson or Rejected unless the list of services can be read."""
        self._rows("services")

    def _rows(self, path: str) -> list[dict[str, Any]]:
        try:
            return reading.rows(self._wire.get(path, self._jurisdiction))
        except reading.Unreadable as odd:
            raise TryLater(f"the backend's {path} cannot be read") from odd


def _entry(one: dict[str, Any]) -> DepartmentUpdate:
    """One entry of the extension's history. Raises KeyError, ValueError, TypeError, AttributeError."""
    more = {name: one[name] for name in _AS_IT_IS if one.get(name) is not None}
    if one.get("due_at"):
        more["due_at"] = datetime.fromisoformat(one["due_at"])
    if one.get("solved") is not None:
        more["solved"] = {"true": True, "false": False}[str(one["solved"]).lower()]
    if one.get("photos"):
        more["photos"] = tuple(str(photo) for photo in one["photos"])
    return DepartmentUpdate(
        sequence=int(one["sequence"]), event=str(one["event"]), at=datetime.fromisoformat(one["at"]), **more
    )
