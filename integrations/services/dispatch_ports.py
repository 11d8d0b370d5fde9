"""What filing needs from outside: the outbox, which complaint is which request, and the dispatch backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from integrations.services.records import (
    BackendRequest,
    Complaint,
    OutboxRow,
    Related,
    RowState,
    Task,
    Told,
    WhenUnsure,
)
from integrations.services.updates import DepartmentUpdate

ALONE = Related()
"""A request that has to do with no other."""

OnToken = Callable[[str], None]
"""Told of a token as soon as the backend gives it."""


def no_token(_token: str) -> None:
    """Nobody keeps it."""


def nobody_has(_request_id: str) -> bool:
    """No request is known to be something else's."""
    return False


class Outbox(Protocol):
    """Rows for the worker."""

    def add(
        self,
        task: Task,
        complaint_id: str,
        payload: dict[str, Any],
        *,
        at: datetime,
        state: RowState = RowState.READY,
        error: str | None = None,
    ) -> None:
        """One more row, to be done from then on; STUCK with its reason where a person must decide first."""

    def claim(self, *, worker: str, now: datetime, lease_seconds: float) -> OutboxRow | None:
        """A row whose lease has run out, else the one that has been ready longest; now claimed by `worker`.

        An UPDATE is ready only when its complaint is filed and every earlier UPDATE of it is done or stuck.
        """

    def sending(self, row: OutboxRow, *, now: datetime, lease_seconds: float) -> bool:
        """Write down, before it happens, that the other side may hear of it; the lease begins anew.

        False when the row is not claimed by that worker any more: then it must not be sent.
        """

    def keep_token(self, row: OutboxRow, token: str) -> bool:
        """Write down what the backend gave in place of a number. False as in `done`."""

    def decide(self, row: OutboxRow, kind: str) -> bool:
        """Keep as what the row is told, in its payload's "told_as". False when another worker has it."""

    def done(self, row: OutboxRow, at: datetime) -> bool:
        """False when the row is not claimed by that worker any more."""

    def later(self, row: OutboxRow, *, at: datetime, error: str, unheard: bool = False) -> None:
        """Come back then. `unheard`: nobody has heard of it since `sending`."""

    def stuck(self, row: OutboxRow, error: str, *, unheard: bool = False) -> bool:
        """False when the row is not claimed by that worker any more."""

    def list_stuck(self) -> Sequence[OutboxRow]:
        """Those that wait for a person, oldest first."""

    def of_complaint(self, complaint_id: str) -> Sequence[OutboxRow]:
        """All rows of a complaint, oldest first."""

    def retry(self, row_id: int, at: datetime, *, unheard: bool = False) -> bool:
        """Put a stuck row back. `unheard`: a person has made sure that nobody has heard of it. False: not stuck."""

    def settle(self, row_id: int, at: datetime) -> bool:
        """A person has done what a stuck row asked for. False: not stuck."""

    def counts(self) -> dict[str, int]: ...


class BackendRequests(Protocol):
    """Which complaint is which request of the dispatch backend."""

    def add(self, request: BackendRequest) -> None: ...

    def of_complaint(self, complaint_id: str) -> BackendRequest | None: ...

    def by_request(self, request_id: str) -> Sequence[BackendRequest]: ...

    def leading(self, incident_id: str) -> BackendRequest | None:
        """The request of the incident's first complaint that did not join: its own before those of merged ones."""

    def is_note(self, request_id: str) -> bool:
        """Whether it is a request by which the backend was only told something about another."""

    def note(self, complaint_id: str, mark: str, request_id: str, at: datetime) -> None:
        """Keep the request that told of `mark` (a helping unit, an update); one that is kept already stays."""

    def noted(self, complaint_id: str, mark: str) -> str | None:
        """The request that told of `mark`."""

    def lost(self, complaint_id: str, at: datetime | None) -> None:
        """The backend does not know it (any more), since then or before; None: it knows it."""

    def stands(self, request_id: str, event: str) -> None:
        """Keep where a request stands in a backend that shows no history."""

    def replace(self, old: str, new: str) -> None:
        """Everybody who followed the request `old` follows `new` from its beginning."""

    def reopen(self, complaint_id: str, request_id: str | None = None) -> None:
        """Updates are expected again: of the same request, or of that one from its beginning."""

    def advance(self, complaint_id: str, *, since: int, to: int) -> bool:
        """Move the last applied update on. False when it was not `since` any more."""

    def close(self, complaint_id: str) -> None:
        """No more updates are expected."""

    def next_to_ask(self, *, now: datetime, limit: int) -> Sequence[BackendRequest]:
        """Requests that are still open, the one asked after longest ago first; they count as asked after now."""


class Dispatcher(Protocol):
    """The dispatch backend. A `mark` tells apart what carries our reference beside the complaint's own request."""

    def when_unsure(self, mark: str = "") -> WhenUnsure:
        """What to do where `find` finds nothing although something may have been heard."""

    @property
    def files_again(self) -> bool:
        """Whether what the backend lost is filed again without asking a person."""

    @property
    def tells_by_request(self) -> bool:
        """Whether `update` makes a request of its own, which `find` can look for."""

    def co_units(self, complaint: Complaint) -> Sequence[str]:
        """The helping units that hear of the complaint by a request of their own."""

    def file(
        self,
        complaint: Complaint,
        *,
        phone: str | None,
        related: Related = ALONE,
        again: bool = False,
        on_token: OnToken = no_token,
    ) -> str:
        """Hand the complaint over; gives the backend's number. Raises TryLater, NeedsPerson or Rejected.

        `again`: it may be there already, and says so. A token that the backend gives in place of a number is handed to
        `on_token` before anything else is done.
        """

    def join(
        self,
        complaint: Complaint,
        *,
        phone: str | None,
        related: Related,
        again: bool = False,
        on_token: OnToken = no_token,
    ) -> str | None:
        """Tell that one more person is affected; gives the number of what was filed for it.

        None where this backend is not to be told. Otherwise as `file`.
        """

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
        """Tell a helping unit of a request that the main unit has; gives the number of its own. As `file`."""

    def find(
        self,
        complaint: Complaint,
        *,
        mark: str = "",
        since: datetime | None = None,
        taken: Callable[[str], bool] = nobody_has,
    ) -> str | None:
        """The backend's number of what was sent since then and carries our reference, or None. Raises TryLater.

        `taken` says which numbers are something else's: they are passed over where the backend shows no reference.
        """

    def number_of(self, token: str) -> str | None:
        """The number of what the token was given for; None while there is none.

        Raises TryLater, or Rejected when the backend does not know the token.
        """

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
        """Tell something about a request that the backend has; the same key told twice is one.

        Gives the number of the follow-up request where that is how this backend is told. Raises as `file` does, and
        Rejected where the backend will not hear it.
        """

    def updates(self, request_id: str) -> Sequence[DepartmentUpdate]:
        """All updates of a request so far, in order. Raises TryLater, or Rejected when the backend lost it."""

    def ping(self) -> None:
        """Raises TryLater when the backend does not answer."""
