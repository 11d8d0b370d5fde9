"""What the use cases of time need from outside, as protocols."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from integrations.services.timer_records import Kept, TimerRow, Warned


class Timers(Protocol):
    """What is to happen later. A timer that is set in a transaction is there when that transaction is."""

    def set(self, kind: str, subject: str, at: datetime, payload: Mapping[str, Any] | None = None) -> None:
        """Let something happen at `at`; replaces the timer of the same kind and subject, claimed or not."""

    def ensure(self, kind: str, subject: str, at: datetime, payload: Mapping[str, Any] | None = None) -> bool:
        """As `set`, unless there is such a timer already: then nothing changes, and False is given."""

    def cancel(self, kind: str, subject: str) -> bool:
        """Take the timer away, claimed or not. False when there was none."""

    def get(self, kind: str, subject: str) -> TimerRow | None: ...

    def claim(
        self, worker: str, now: datetime, lease_seconds: float, limit: int, *, kinds: Collection[str] | None = None
    ) -> Sequence[TimerRow]:
        """Up to `limit` timers that are due, the earliest first, for `worker` alone until the lease has run out.

        `kinds` leaves those of other kinds to workers that know them.
        """

    def done(self, row: TimerRow) -> bool:
        """Take a claimed timer away, after its work. False when the claim was lost: undo the work.

        True as well where this transaction itself has set, moved or cancelled it, if the claim was good until then.
        """

    def later(self, row: TimerRow, at: datetime) -> bool:
        """Put a claimed timer off to `at`, as if it had been set so. False when the claim was lost."""

    def failed(self, row: TimerRow, *, again: datetime, error: str) -> bool:
        """Give a claimed timer back after a failure; it is due again at `again`. False when the claim was lost."""

    def list(self, *, kind: str | None = None, limit: int = 200) -> Sequence[TimerRow]:
        """Timers by the moment they are set for."""

    def overdue(self, *, before: datetime, limit: int = 200) -> Sequence[TimerRow]:
        """Timers set for before then that still stand: nobody does them, or they fail."""


class Warnings(Protocol):
    """Warnings about deadlines, each given once for a complaint, kind, level and deadline."""

    def give(self, warned: Warned) -> bool:
        """False when it was given before."""

    def of_complaint(self, complaint_id: str) -> Sequence[Warned]:
        """All of them, the oldest first."""

    def standing(self) -> Sequence[Warned]:
        """All that were not lifted, by deadline, those of one complaint together and the oldest first."""

    def lift(self, complaint_id: str, at: datetime) -> None:
        """The deadline they were about holds no more: the complaint is closed, or has another one."""


class Deadlines(Protocol):
    """What is known of each complaint's deadline. The complaint's own `due_at` follows."""

    def begin(self, complaint_id: str, started_at: datetime, due_at: datetime, *, provisional: bool) -> bool:
        """Know of a deadline that was counted from `started_at`. False when the complaint has one already."""

    def of_complaint(self, complaint_id: str) -> Kept | None: ...

    def hold(self, complaint_id: str) -> None:
        """Let nobody else stop or move the complaint's deadline before this transaction ends."""

    def extended(self, complaint_id: str, due_at: datetime) -> None:
        """The unit got more time once more, up to a moment that was named and not counted."""

    def restart(self, complaint_id: str, started_at: datetime, due_at: datetime, *, provisional: bool) -> None:
        """The complaint waits for an answer by `due_at` now, which was counted from `started_at`."""

    def stop(self, complaint_id: str, at: datetime) -> None:
        """Nobody waits for an answer any more."""

    def provisional(self) -> Sequence[Kept]:
        """Those that run and were counted over a year whose holidays were not known, by complaint."""

    def count_provisional(self) -> int:
        """How many there are."""
