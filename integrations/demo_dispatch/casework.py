"""What a clerk may do with a request, as tables and pure rules.

Nothing here reads a clock, a database or a request: ``now`` is passed in, entries are returned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class State(StrEnum):
    """Where a request stands; every state but RECEIVED is also the name of the step to it."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    CLOSED = "closed"
    RETURNED = "returned"


ALLOWED_MOVES: Mapping[State, tuple[State, ...]] = {
    State.RECEIVED: (State.ACCEPTED, State.RETURNED),
    State.ACCEPTED: (State.ASSIGNED, State.RETURNED),
    State.ASSIGNED: (State.ANSWERED, State.CLOSED, State.RETURNED),
    State.ANSWERED: (State.ANSWERED, State.CLOSED),
    State.CLOSED: (),
    State.RETURNED: (),
}

NEEDS: Mapping[State, Literal["unit", "note"] | None] = {
    State.ACCEPTED: None,
    State.ASSIGNED: "unit",
    State.ANSWERED: "note",
    State.CLOSED: "note",
    State.RETURNED: "note",
}
"""What a clerk must write down for each step: the team, a note, or nothing."""

LONGEST_TEXT: Mapping[Literal["unit", "note"], int] = {"unit": 60, "note": 1000}
"""Characters."""

GeoReportStatus = Literal["open", "closed"]

GEOREPORT_STATUS: Mapping[State, GeoReportStatus] = {
    State.RECEIVED: "open",
    State.ACCEPTED: "open",
    State.ASSIGNED: "open",
    State.ANSWERED: "open",
    State.CLOSED: "closed",
    State.RETURNED: "closed",  # this department will do no more about it
}


class MoveRefused(Exception):
    """A step that can't be taken; nothing has changed. Tell the clerk why."""


class IllegalMove(MoveRefused):
    """The table doesn't allow this step from this state."""

    def __init__(self, state: State, to: State) -> None:
        super().__init__(f"a request that is {state} can't be {to}")
        self.state = state
        self.to = to


class TextRefused(MoveRefused):
    """The text that the step needs is missing (``longest`` None) or longer than allowed."""

    def __init__(self, to: State, field: Literal["unit", "note"], longest: int | None) -> None:
        wrong = "is missing" if longest is None else f"is longer than {longest} characters"
        super().__init__(f"the {field} for {to} {wrong}")
        self.to = to
        self.field = field
        self.longest = longest


class Outdated(MoveRefused):
    """The form was drawn before another step was taken; look again before deciding."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step taken. ``sequence`` counts from 1 within its request."""

    sequence: int
    event: State
    at: datetime
    unit: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as its sender gave it; coordinates are WGS-84 degrees."""

    service_code: str
    description: str | None = None
    address: str | None = None
    lat: float | None = None
    long: float | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    media_url: str | None = None
    first_name: str | None = None
    phone: str | None = None
    email: str | None = None
    device_id: str | None = None
    account_id: str | None = None
    jurisdiction_id: str | None = None

    @property
    def reference(self) -> str | None:
        """The sender's own number for it, from the attribute REFERENCE."""
        return dict(self.attributes).get("REFERENCE")


@dataclass(frozen=True, slots=True)
class Case:
    """A request with its number and everything done about it so far, oldest first."""

    number: str
    request: NewRequest
    requested_at: datetime
    history: tuple[Entry, ...] = ()

    @property
    def state(self) -> State:
        return self.history[-1].event if self.history else State.RECEIVED

    @property
    def updated_at(self) -> datetime:
        return self.history[-1].at if self.history else self.requested_at

    @property
    def unit(self) -> str | None:
        """The team it was given to last."""
        return next((entry.unit for entry in reversed(self.history) if entry.unit), None)

    @property
    def latest_note(self) -> str | None:
        return next((entry.note for entry in reversed(self.history) if entry.note), None)


def next_steps(state: State) -> tuple[State, ...]:
    """The steps a clerk may take now, the usual one first."""
    return ALLOWED_MOVES[state]


def move(case: Case, to: State, *, text: str, now: datetime) -> Entry:
    """The entry that takes ``case`` one step further.

    ``text`` is the team for ASSIGNED and the note for ANSWERED, CLOSED and RETURNED.
    Raises IllegalMove or TextRefused.
    """
    if to not in ALLOWED_MOVES[case.state]:
        raise IllegalMove(case.state, to)
    field = NEEDS[to]
    said = text.strip()
    if field is not None and not said:
        raise TextRefused(to, field, None)
    if field is not None and len(said) > LONGEST_TEXT[field]:
        raise TextRefused(to, field, LONGEST_TEXT[field])
    return Entry(
        sequence=len(case.history) + 1,
        event=to,
        at=now,
        unit=said if field == "unit" else case.unit,
        note=said if field == "note" else None,
    )


def step_from_form(case: Case, to: State, *, seen: int, text: str, now: datetime) -> Entry | None:
    """The entry for a form drawn when ``seen`` steps had been taken, or None for a second tap.

    A second tap is a form whose very step already stands right after the ones it had seen.
    Raises Outdated when something else was done meanwhile, else as ``move`` does.
    """
    if seen == len(case.history):
        return move(case, to, text=text, now=now)
    if 0 <= seen < len(case.history):
        done = case.history[seen]
        field = NEEDS.get(to)
        written = {"unit": done.unit, "note": done.note, None: ""}[field]
        if done.event == to and (field is None or written == text.strip()):
            return None
    raise Outdated(f"{case.number} has moved on since this form was drawn")
