"""What a clerk may do with a request, as tables and pure rules.

Nothing here reads a clock, a database or a request: ``now`` is passed in, entries are returned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from integrations.demo_dispatch.clock import from_w3c


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    CLOSED = "closed"
    RECHECKING = "rechecking"
    RETURNED = "returned"


class Event(StrEnum):
    """A step that a clerk takes; each is told to the hook."""

    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    CO_ASSIGNED = "co_assigned"
    EXTENDED = "extended"
    ANSWERED = "answered"
    CLOSED = "closed"
    RECHECKED = "rechecked"
    RETURNED = "returned"


class UpdateKind(StrEnum):
    """What a citizen says about a request that is here already."""

    URGE = "urge"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"
    RECHECK = "recheck"


ALLOWED_MOVES: Mapping[State, tuple[Event, ...]] = {
    State.RECEIVED: (Event.ACCEPTED, Event.RETURNED),
    State.ACCEPTED: (Event.ASSIGNED, Event.EXTENDED, Event.RETURNED),
    State.ASSIGNED: (Event.ANSWERED, Event.CLOSED, Event.CO_ASSIGNED, Event.EXTENDED, Event.RETURNED),
    State.ANSWERED: (Event.ANSWERED, Event.CLOSED, Event.CO_ASSIGNED, Event.EXTENDED),
    State.CLOSED: (),
    State.RECHECKING: (Event.RECHECKED,),
    State.RETURNED: (Event.ASSIGNED,),  # another team's business after all
}

STATE_AFTER: Mapping[Event, State | None] = {
    Event.ACCEPTED: State.ACCEPTED,
    Event.ASSIGNED: State.ASSIGNED,
    Event.CO_ASSIGNED: None,
    Event.EXTENDED: None,
    Event.ANSWERED: State.ANSWERED,
    Event.CLOSED: State.CLOSED,
    Event.RECHECKED: State.CLOSED,  # unless it found the problem unsolved
    Event.RETURNED: State.RETURNED,
}
"""None where a step leaves the request where it stands."""

WITHDRAWN_MAY_CLOSE = frozenset({State.RECEIVED, State.ACCEPTED, State.RETURNED})
"""Once the citizen has withdrawn, nobody needs to have worked on it before it is closed."""

Field = Literal["unit", "note", "due", "clerk", "checks", "solved", "photos"]

NEEDS: Mapping[Event, Literal["unit", "note"] | None] = {
    Event.ACCEPTED: None,
    Event.ASSIGNED: "unit",
    Event.CO_ASSIGNED: "unit",
    Event.EXTENDED: "note",
    Event.ANSWERED: "note",
    Event.CLOSED: "note",
    Event.RECHECKED: "note",
    Event.RETURNED: "note",
}
"""The text a clerk must write down for each step: a team, a note, or nothing."""

TAKES_PHOTOS = frozenset({Event.ANSWERED, Event.CLOSED})

LONGEST_TEXT: Mapping[Field, int] = {"unit": 60, "note": 1000, "clerk": 20}
"""Characters."""

LONGEST_EXTENSION = timedelta(days=90)

VERIFIED = ("matter", "work", "opinion", "told")
"""三核实一告知: what has to be done before any re-check can end, whatever it found."""

COMPLETE = ("registered", "dispatched", "worked", "answered", "called_back", "archived")
"""六有结案: what has to be on record before a re-check can confirm the closing."""

GeoReportStatus = Literal["open", "closed"]

GEOREPORT_STATUS: Mapping[State, GeoReportStatus] = {
    State.RECEIVED: "open",
    State.ACCEPTED: "open",
    State.ASSIGNED: "open",
    State.ANSWERED: "open",
    State.CLOSED: "closed",
    State.RECHECKING: "open",
    State.RETURNED: "closed",  # nobody here works on it, unless it is given to another team
}


class MoveRefused(Exception):
    """A step that can't be taken; nothing has changed. Tell the clerk why."""


class IllegalMove(MoveRefused):
    """The table doesn't allow this step from this state."""

    def __init__(self, state: State, to: Event) -> None:
        super().__init__(f"a request that is {state} can't be {to}")
        self.state = state
        self.to = to


class TextRefused(MoveRefused):
    """The text that the step needs is missing (``longest`` None) or longer than allowed."""

    def __init__(self, to: Event, field: Field, longest: int | None) -> None:
        wrong = "is missing" if longest is None else f"is longer than {longest} characters"
        super().__init__(f"the {field} for {to} {wrong}")
        self.to = to
        self.field = field
        self.longest = longest


class DateRefused(MoveRefused):
    """The new date of an extension is none, not later than ``after``, or more than the longest extension ahead."""

    def __init__(self, after: datetime | None) -> None:
        super().__init__(f"the new date is not later than {after}" if after else "the new date can't be used")
        self.after = after


class SamePerson(MoveRefused):
    """Who closed a request may not be the one who re-checks it."""

    def __init__(self, clerk: str) -> None:
        super().__init__("the re-check is for another person than the one who closed")
        self.clerk = clerk


class Unchecked(MoveRefused):
    """The re-check can't end before these points of the check-lists are done."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"not checked: {', '.join(missing)}")
        self.missing = missing


class Outdated(MoveRefused):
    """The form was drawn before another step was taken; look again before deciding."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step taken. ``sequence`` counts from 1 within its request.

    ``unit`` is the team in charge, for CO_ASSIGNED the team that helps. ``due_at`` is the new date of an extension,
    ``solved`` and ``checks`` what a re-check found, ``photos`` the ids of pictures, ``clerk`` who took the step.
    """

    sequence: int
    event: Event
    state: State
    at: datetime
    unit: str | None = None
    note: str | None = None
    due_at: datetime | None = None
    solved: bool | None = None
    checks: tuple[str, ...] = ()
    clerk: str | None = None
    photos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CitizenUpdate:
    """What the citizen said later on. ``key`` is the sender's: the same key again is the same update.

    ``at`` is when it was said, ``taken_at`` when it came here, both aware; ``steps`` had been taken by then.
    """

    kind: UpdateKind
    key: str
    text: str
    at: datetime
    taken_at: datetime
    steps: int = 0


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as its sender gave it; coordinates are WGS-84 degrees."""

    service_code: str
    description: str | None = None
    address: str | None = None
    address_id: str | None = None
    lat: float | None = None
    long: float | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    media_url: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    email: str | None = None
    device_id: str | None = None
    account_id: str | None = None
    jurisdiction_id: str | None = None

    @property
    def reference(self) -> str | None:
        """The sender's own number for it, from the attribute REFERENCE."""
        return dict(self.attributes).get("REFERENCE")

    @property
    def due_at(self) -> datetime | None:
        """Until when the sender wants it done, from the attribute DUE."""
        said = dict(self.attributes).get("DUE")
        return from_w3c(said) if said else None


@dataclass(frozen=True, slots=True)
class Case:
    """A request with its number, everything done about it and everything said about it so far, oldest first."""

    number: str
    request: NewRequest
    requested_at: datetime
    history: tuple[Entry, ...] = ()
    updates: tuple[CitizenUpdate, ...] = ()
    state: State = State.RECEIVED

    @property
    def updated_at(self) -> datetime:
        return self.history[-1].at if self.history else self.requested_at

    @property
    def unit(self) -> str | None:
        """The team it was given to last."""
        return next(
            (one.unit for one in reversed(self.history) if one.unit and one.event is not Event.CO_ASSIGNED), None
        )

    @property
    def co_units(self) -> tuple[str, ...]:
        """The teams that help, in the order in which they were called."""
        return tuple(dict.fromkeys(one.unit for one in self.history if one.unit and one.event is Event.CO_ASSIGNED))

    @property
    def due_at(self) -> datetime | None:
        """The date it was put off to last, else the one its sender set; None when neither is known."""
        return next((one.due_at for one in reversed(self.history) if one.due_at), self.request.due_at)

    @property
    def latest_note(self) -> str | None:
        return next((entry.note for entry in reversed(self.history) if entry.note), None)

    @property
    def closed_by(self) -> str | None:
        """Who closed it last, at first or after a re-check; None when it was not closed or nobody signed."""
        return next((one.clerk for one in reversed(self.history) if one.state is State.CLOSED), None)

    @property
    def wish(self) -> str:
        """Why the citizen wanted a re-check last, in their words; "" when none was wanted or no reason given."""
        return next((one.text for one in reversed(self.updates) if one.kind is UpdateKind.RECHECK), "")

    @property
    def withdrawn(self) -> bool:
        return any(one.kind is UpdateKind.WITHDRAW for one in self.updates)

    @property
    def urged(self) -> int:
        """How often the citizen has urged."""
        return sum(one.kind is UpdateKind.URGE for one in self.updates)


@dataclass(frozen=True, slots=True)
class Doing:
    """What a clerk's form says about a step; a field that the step doesn't need is left aside.

    ``text`` is the team for ASSIGNED and CO_ASSIGNED and the note for the others.
    """

    text: str = ""
    clerk: str | None = None
    due_at: datetime | None = None
    solved: bool | None = None
    checks: frozenset[str] = frozenset()
    photos: tuple[str, ...] = ()


def next_steps(case: Case) -> tuple[Event, ...]:
    """The steps a clerk may take now, the usual one first."""
    allowed = ALLOWED_MOVES[case.state]
    if case.withdrawn and case.state in WITHDRAWN_MAY_CLOSE:
        return (Event.CLOSED, *allowed)
    return allowed


def state_when_told(state: State, kind: UpdateKind) -> State:
    """Where a request stands after a citizen's update: only a wish for a re-check moves it, and only a closed one."""
    return State.RECHECKING if kind is UpdateKind.RECHECK and state is State.CLOSED else state


def move(case: Case, to: Event, doing: Doing, *, now: datetime) -> Entry:
    """The entry that takes ``case`` one step further.

    Raises IllegalMove, TextRefused, DateRefused, SamePerson or Unchecked.
    """
    if to not in next_steps(case):
        raise IllegalMove(case.state, to)
    clerk = _text(to, "clerk", doing.clerk or "") if doing.clerk else None
    field = NEEDS[to]
    said = _text(to, field, doing.text) if field else None
    solved = _rechecked(case, doing, clerk) if to is Event.RECHECKED else None
    return Entry(
        sequence=len(case.history) + 1,
        event=to,
        state=State.ASSIGNED if solved is False else STATE_AFTER[to] or case.state,
        at=now,
        unit=said if field == "unit" else case.unit,
        note=said if field == "note" else None,
        due_at=_extended(case, doing.due_at, now) if to is Event.EXTENDED else None,
        solved=solved,
        checks=tuple(one for one in (*VERIFIED, *COMPLETE) if one in doing.checks) if to is Event.RECHECKED else (),
        clerk=clerk,
        photos=doing.photos if to in TAKES_PHOTOS else (),
    )


def step_from_form(case: Case, to: Event, doing: Doing, *, seen: int, now: datetime) -> Entry | None:
    """The entry for a form drawn when ``seen`` steps had been taken, or None for a second tap.

    A second tap is a form whose very step already stands right after the ones it had seen.
    Raises Outdated when something else was done meanwhile, else as ``move`` does.
    """
    if seen == len(case.history):
        return move(case, to, doing, now=now)
    if is_second_tap(case, to, doing, seen=seen):
        return None
    raise Outdated(f"{case.number} has moved on since this form was drawn")


def is_second_tap(case: Case, to: Event, doing: Doing, *, seen: int) -> bool:
    """Whether the very step of the form stands right after the ones it had seen."""
    if not 0 <= seen < len(case.history):
        return False
    done = case.history[seen]
    field = NEEDS.get(to)
    written = {"unit": done.unit, "note": done.note, None: ""}[field]
    return done.event is to and (field is None or written == doing.text.strip())


def _text(to: Event, field: Literal["unit", "note", "clerk"], text: str) -> str:
    said = text.strip()
    if not said:
        raise TextRefused(to, field, None)
    if len(said) > LONGEST_TEXT[field]:
        raise TextRefused(to, field, LONGEST_TEXT[field])
    return said


def _extended(case: Case, due_at: datetime | None, now: datetime) -> datetime:
    after = max(now, case.due_at or now)
    if due_at is None:
        raise DateRefused(None)
    if due_at <= after:
        raise DateRefused(after)
    if due_at > now + LONGEST_EXTENSION:
        raise DateRefused(None)
    return due_at


def _rechecked(case: Case, doing: Doing, clerk: str | None) -> bool:
    """What the re-check found. Raises TextRefused, SamePerson or Unchecked."""
    if clerk is None:
        raise TextRefused(Event.RECHECKED, "clerk", None)
    if clerk == case.closed_by:
        raise SamePerson(clerk)
    if doing.solved is None:
        raise TextRefused(Event.RECHECKED, "solved", None)
    needed = (*VERIFIED, *COMPLETE) if doing.solved else VERIFIED
    if missing := tuple(one for one in needed if one not in doing.checks):
        raise Unchecked(missing)
    return doing.solved
