"""Handing something to the backend at most once, although it has no idempotency key and a worker may die at any time.

Before it is sent, the row says that it may have been heard. Before it is sent again, the backend is asked for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from integrations.services.dispatch_ports import Dispatcher, OnToken
from integrations.services.errors import Conflict, NeedsPerson, Rejected, TryLater
from integrations.services.ports import Clock, UnitOfWork
from integrations.services.records import Complaint, OutboxRow, WhenUnsure

# Longer than any call of the dispatcher can take (see `clients.open311.wire`), so that a live worker keeps its claim.
LEASE_SECONDS = 120.0


class Post(Protocol):
    """One call of the dispatcher that makes a request; gives its number."""

    def __call__(self, *, again: bool, on_token: OnToken) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class SendingOnce:
    """`pause_at` is called at named moments; tests kill the process there."""

    unit_of_work: UnitOfWork
    dispatcher: Dispatcher
    clock: Clock
    pause_at: Callable[[str], None] = field(default=lambda _moment: None)

    def number_of(self, row: OutboxRow, complaint: Complaint, post: Post, *, mark: str = "") -> str | None:
        """The backend's number of what the row asks for: found where it is there already, else posted now.

        Raises NeedsPerson where it may be there and nobody but a person can tell; Conflict when another worker has the
        row; what the dispatcher raises.
        """
        if row.token and (number := self._of_token(row.token)):
            return number
        again = False
        if row.attempts > 1:
            number = self.dispatcher.find(complaint, mark=mark, since=row.sent_at, taken=self._taken)
            if number is not None:
                return number
            again = self._again(row, mark)
        self.pause_at("before request")
        with self.unit_of_work() as tx:
            if not tx.outbox.sending(row, now=self.clock(), lease_seconds=LEASE_SECONDS):
                raise Conflict(f"row {row.id} was taken up by another worker")
        self.pause_at("sending")
        number = post(again=again, on_token=lambda token: self._keep(row, token))
        self.pause_at("after request")
        return number

    def _of_token(self, token: str) -> str | None:
        """None when the backend knows the token no more: then what it was given for is looked for like any other."""
        try:
            number = self.dispatcher.number_of(token)
        except Rejected:
            return None
        if number is None:
            raise TryLater("the backend has not given its token a number yet")
        return number

    def _again(self, row: OutboxRow, mark: str) -> bool:
        """Whether what is sent now has to say that it may be the second. Raises NeedsPerson."""
        if row.sent_at is None:
            return False
        match self.dispatcher.when_unsure(mark):
            case WhenUnsure.SEND:
                return False
            case WhenUnsure.SEND_MARKED:
                return True
        raise NeedsPerson(
            "the backend may have taken it and cannot be asked: look there, then `jiesu retry` --filed-as or --anew"
        )

    def _keep(self, row: OutboxRow, token: str) -> None:
        self.pause_at("before token")
        with self.unit_of_work() as tx:
            tx.outbox.keep_token(row, token)
        self.pause_at("after token")

    def _taken(self, request_id: str) -> bool:
        with self.unit_of_work() as tx:
            followers = tx.backend_requests.by_request(request_id)
            return bool(followers) or tx.backend_requests.is_note(request_id)
