"""What goes in and out of the staff API, and how the use cases' values become it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from integrations.services.attending import LONGEST_NOTE, LONGEST_SAID, Queued, View
from integrations.services.handover_records import CallBack, CallState, Handover
from integrations.services.records import Line, Sender
from integrations.services.staff_access import Scope
from kb.handover.states import Reason, State
from kb.lifecycle import Status


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


Key = Annotated[
    str, Field(min_length=8, max_length=48, pattern="^[A-Za-z0-9_-]+$", description="Sent again, it is done once")
]


class SayIn(_In):
    """A sentence for the citizen."""

    id: Key
    text: Annotated[str, Field(description=f"At most {LONGEST_SAID} characters")]


class NoteIn(_In):
    """A note for the next clerk."""

    id: Key
    text: Annotated[str, Field(description=f"At most {LONGEST_NOTE} characters")]


class CallIn(_In):
    """A call to promise. Without `phone` the number of the report; `wanted` in words: 明天上午."""

    phone: Annotated[str, Field(max_length=40)] = ""
    wanted: Annotated[str, Field(max_length=60)] = ""


class OutcomeIn(_In):
    """What became of a call; the citizen is told whether they were reached, never the note."""

    reached: bool
    note: Annotated[str, Field(max_length=500)] = ""


class MeOut(BaseModel):
    """Whose token it is."""

    name: str
    may: list[Scope]


class QueuedOut(BaseModel):
    """One row of the list. `interrupted`: a clerk had it and vanished; `new_lines`: not shown to its clerk yet."""

    number: int
    state: State
    reason: Reason
    asked_at: datetime
    ahead: int
    channel: str
    category: str | None
    district: str | None
    street: str | None
    taken_by: str | None
    interrupted: bool
    new_lines: int


class HandoverOut(BaseModel):
    """Where a hand-over stands; `lease_until`: when it goes back to the queue unless its clerk does something."""

    number: int
    state: State
    reason: Reason
    taken_by: str | None
    lease_until: datetime | None


class LineOut(BaseModel):
    """One line. `sender`: citizen, assistant, notice or staff. `card` is what the citizen saw under the words.

    `photos` and `voice` are ids for `/media`. `waiting`: nobody has heard it yet.
    """

    seq: int
    sender: str
    at: datetime
    text: str
    location: dict[str, Any] | None
    photos: list[str]
    voice: str | None
    card: dict[str, Any] | None
    waiting: bool


class FilledOut(BaseModel):
    """What is filled so far; `asked` names the question that waits."""

    description: str
    category: str
    place: str
    since: str
    phone: str
    anonymous: bool
    asked: str


class TicketOut(BaseModel):
    """One of the citizen's tickets."""

    number: str
    status: Status
    category: str
    filed_at: datetime


class NotedOut(BaseModel):
    """A clerk's note."""

    by: str
    at: datetime
    text: str


class CallOut(BaseModel):
    """A call; `shown` is the masked number, `begins` and `ends` the time where it was understood."""

    number: int
    state: CallState
    reason: Reason
    shown: str
    wanted: str
    about: str
    begins: datetime | None
    ends: datetime | None
    asked_at: datetime
    taken_by: str | None
    done_at: datetime | None
    done_by: str | None


class TakenCallOut(CallOut):
    """A call with its whole number, for the clerk who makes it."""

    phone: str


class ViewOut(BaseModel):
    """The conversation with all that is known. `more`: ask again after the last line."""

    handover: HandoverOut
    channel: str
    lines: list[LineOut]
    more: bool
    filled: FilledOut | None
    tickets: list[TicketOut]
    notes: list[NotedOut]
    calls: list[CallOut]


class DoneOut(BaseModel):
    """`again`: it was done before under the same id."""

    again: bool


def queued(one: Queued) -> QueuedOut:
    return QueuedOut(
        number=one.id,
        state=one.state,
        reason=one.reason,
        asked_at=one.asked_at,
        ahead=one.ahead,
        channel=one.channel,
        category=one.category,
        district=one.district,
        street=one.street,
        taken_by=one.taken_by,
        interrupted=one.interrupted,
        new_lines=one.new_lines,
    )


def handover(one: Handover) -> HandoverOut:
    return HandoverOut(
        number=one.id, state=one.state, reason=one.reason, taken_by=one.taken_by, lease_until=one.lease_until
    )


def _line(line: Line) -> LineOut:
    card = line.body.get("card")
    from_staff = line.sender is Sender.NOTICE and (card or {}).get("kind") == "staff"
    return LineOut(
        seq=line.seq,
        sender="staff" if from_staff else line.sender,
        at=line.at,
        text=str(line.body.get("text") or line.body.get("shown") or ""),
        location=line.body.get("location"),
        photos=list(line.body.get("photos") or ()),
        voice=line.body.get("voice"),
        card=card,
        waiting=line.state is not None and line.state.value == "pending",
    )


def view(seen: View) -> ViewOut:
    filled = seen.filled
    return ViewOut(
        handover=handover(seen.handover),
        channel=seen.channel,
        lines=[_line(one) for one in seen.lines],
        more=seen.more,
        filled=FilledOut(
            description=filled.description,
            category=filled.category,
            place=filled.place,
            since=filled.since,
            phone=filled.phone,
            anonymous=filled.anonymous,
            asked=filled.asked,
        )
        if filled
        else None,
        tickets=[
            TicketOut(number=one.number, status=one.status, category=one.category, filed_at=one.filed_at)
            for one in seen.tickets
        ],
        notes=[NotedOut(by=one.by, at=one.at, text=one.text or "") for one in seen.notes],
        calls=[call(one) for one in seen.calls],
    )


def call(one: CallBack) -> CallOut:
    return CallOut(**_called(one))


def taken_call(one: CallBack, phone: str) -> TakenCallOut:
    return TakenCallOut(**_called(one), phone=phone)


def _called(one: CallBack) -> dict[str, Any]:
    return {
        "number": one.id,
        "state": one.state,
        "reason": one.reason,
        "shown": one.shown,
        "wanted": one.wanted,
        "about": one.about,
        "begins": one.begins,
        "ends": one.ends,
        "asked_at": one.asked_at,
        "taken_by": one.taken_by,
        "done_at": one.done_at,
        "done_by": one.done_by,
    }
