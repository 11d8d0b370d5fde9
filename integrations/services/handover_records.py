"""Hand-overs, calls that are to be made, clerks' tokens and what was done with them, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from kb.handover.states import Reason, State


@dataclass(frozen=True, slots=True)
class Handover:
    """A wish to speak to a person, from asking to its end.

    `context` is what was known when it was asked for, without phones. `taken_seq` is the number of the last line when
    it was taken, `seen_seq` that of the last one its clerk was shown. `message_at`: the citizen's next words are a
    message to whoever will take it.
    """

    id: int
    conversation_id: str
    asked_at: datetime
    context: Mapping[str, Any] = field(repr=False)
    state: State = State.WAITING
    reason: Reason = Reason.ASKED
    taken_by: str | None = None
    taken_at: datetime | None = None
    lease_until: datetime | None = None
    taken_seq: int = 0
    seen_seq: int = 0
    over_at: datetime | None = None
    message_at: datetime | None = None

    def lapsed(self, now: datetime) -> bool:
        """Its clerk was not heard of for too long."""
        return self.state is State.TAKEN and self.lease_until is not None and self.lease_until <= now

    def held(self, now: datetime) -> bool:
        """A clerk has it."""
        return self.state is State.TAKEN and not self.lapsed(now)


class CallState(StrEnum):
    """What has become of a call that was promised."""

    OPEN = "open"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class CallBack:
    """A call that somebody is to make; the number itself stays sealed in the store, `shown` is its mask.

    `wanted` are the citizen's words for the time; `begins` and `ends` where they were understood.
    """

    id: int
    conversation_id: str
    state: CallState
    reason: Reason
    shown: str
    asked_at: datetime
    about: str = field(default="", repr=False)
    wanted: str = field(default="", repr=False)
    begins: datetime | None = None
    ends: datetime | None = None
    handover_id: int | None = None
    taken_by: str | None = None
    lease_until: datetime | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    note: str | None = field(default=None, repr=False)

    def held(self, now: datetime) -> bool:
        """A clerk is about to make it."""
        return self.taken_by is not None and self.lease_until is not None and self.lease_until > now


class What(StrEnum):
    """What was done with a hand-over or a call. Those of the first lines are moves, see `kb.handover.states.Move`."""

    ASK = "ask"
    TAKE = "take"
    LAPSE = "lapse"
    GIVE_BACK = "give_back"
    LEAVE = "leave"
    END = "end"
    CALL_BACK = "call_back"
    # ------------------------
    RAISE = "raise"  # a graver reason
    READ = "read"  # lines were shown to the clerk, from and to
    CONTACT = "contact"  # a whole phone was shown to the clerk
    MEDIUM = "medium"  # a picture or recording was shown to the clerk; the text is its id
    SAY = "say"
    NOTE = "note"
    PROMISE = "promise"  # a call was promised, or another time or number for it
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    NO_CALL = "no_call"


@dataclass(frozen=True, slots=True)
class Done:
    """One entry of the trail. `by` is 'citizen', 'system' or a clerk as `kb.lifecycle.signed` writes one."""

    conversation_id: str
    act: What
    by: str
    at: datetime
    handover_id: int | None = None
    call_back_id: int | None = None
    from_seq: int | None = None
    to_seq: int | None = None
    text: str | None = field(default=None, repr=False)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a clerk's token; nobody can make the token of it."""

    id: str
    name: str
    digest: str = field(repr=False)
    may: tuple[str, ...]
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None
