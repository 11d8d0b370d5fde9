"""What speaking to a person needs from the store, as protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from integrations.services.handover_records import CallBack, CallState, Done, Handover, Token
from kb.handover.states import Reason, State


class Handovers(Protocol):
    """Hand-overs. What changes one is made only from the state that is named, so that of two the first one counts."""

    def add(
        self, conversation_id: str, context: Mapping[str, Any], at: datetime, *, reason: Reason = Reason.ASKED
    ) -> Handover:
        """One that waits; where the conversation has an open one already, that one, unchanged."""

    def get(self, handover_id: int) -> Handover | None:
        """Locked until the transaction ends."""

    def open_of(self, conversation_id: str) -> Handover | None:
        """The one that waits or is taken, locked until the transaction ends."""

    def waiting(self) -> Sequence[Handover]:
        """Those who wait, the one that is next first."""

    def taken(self) -> Sequence[Handover]:
        """Those that a clerk has, the oldest first."""

    def lapsed(self, now: datetime) -> Sequence[Handover]:
        """Those whose clerk was not heard of for too long, locked until the transaction ends."""

    def ahead(self, handover: Handover) -> int:
        """How many who wait are before it."""

    def take(self, handover_id: int, *, by: str, at: datetime, lease_until: datetime, seq: int) -> bool: ...

    def renew(self, handover_id: int, *, by: str, lease_until: datetime, seen_seq: int | None = None) -> bool:
        """False when that clerk does not have it."""

    def requeue(self, handover_id: int) -> bool:
        """It waits again, in its old place."""

    def close(self, handover_id: int, *, before: State, after: State, at: datetime) -> bool: ...

    def grow(self, handover_id: int, reason: Reason) -> None:
        """Put a graver reason; its place in the queue follows."""

    def want_message(self, handover_id: int, at: datetime | None) -> None:
        """Whether the citizen's next words are a message."""

    def waits(self, since: datetime) -> Sequence[tuple[datetime, datetime]]:
        """(asked, first taken) of all that were first taken since then."""

    def record(self, done: Done) -> bool:
        """Append to the trail. False when its key is known: it was done before."""

    def trail(self, *, handover_id: int | None = None, call_back_id: int | None = None) -> Sequence[Done]:
        """What was done, the oldest first."""

    def recent(self, *, limit: int = 200) -> Sequence[Done]:
        """The latest entries of the whole trail, the latest first."""

    def known(self, conversation_id: str, key: str) -> Done | None: ...


class CallBacks(Protocol):
    """Calls that are to be made. Of a conversation at most one is open."""

    def promise(self, call: CallBack, phone: str) -> CallBack:
        """Add it, or put another number and time where one is open; gives it with its id."""

    def get(self, call_id: int) -> CallBack | None:
        """Locked until the transaction ends."""

    def open_of(self, conversation_id: str) -> CallBack | None: ...

    def of_conversation(self, conversation_id: str) -> Sequence[CallBack]: ...

    def to_make(self) -> Sequence[CallBack]:
        """Those that are open, the earliest time first, then the oldest."""

    def finished(self, *, limit: int = 50) -> Sequence[CallBack]:
        """Those that are over, the latest first."""

    def phone(self, call_id: int) -> str | None:
        """The whole number; None when it was erased. Raises NeedsPerson for want of a key."""

    def take(self, call_id: int, *, by: str, now: datetime, lease_until: datetime) -> bool:
        """False when it is not open or another clerk has it."""

    def close(self, call_id: int, state: CallState, *, by: str, at: datetime, note: str | None) -> bool:
        """Only from open."""

    def forget_phones(self, conversation_id: str) -> int:
        """Delete the numbers of all of its calls, their masks too; gives how many there were."""


class StaffTokens(Protocol):
    """Clerks' tokens."""

    def add(self, token: Token) -> None: ...

    def get(self, token_id: str) -> Token | None: ...

    def list(self) -> Sequence[Token]:
        """All of them, the newest first."""

    def revoke(self, token_id: str, at: datetime) -> bool:
        """False when there is none, or it was revoked before."""

    def used(self, token_id: str, at: datetime) -> None: ...
