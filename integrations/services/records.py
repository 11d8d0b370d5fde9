"""What the store keeps, as plain values. Times are aware; ids are text unless they say otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from kb.lifecycle import Status, StatusChange
from kb.places import Place
from kb.request_types import RequestType
from kb.screening import Tag
from kb.taxonomy import Urgency
from kb.words import turn_of

NOWHERE = "-"
"""The key under which incidents are found whose place nobody could tell."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One citizen on one channel. `address` is the channel's own name for them (a web session, an openid)."""

    id: str
    channel: str
    address: str = field(repr=False)
    citizen_id: str

    @property
    def sender(self) -> str:
        """The name under which Rasa knows it."""
        return f"{self.channel}:{self.id}"


class Sender(StrEnum):
    """Who said a line."""

    CITIZEN = "citizen"
    ASSISTANT = "assistant"
    NOTICE = "notice"


class Hearing(StrEnum):
    """What has become of a citizen's line."""

    PENDING = "pending"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Option:
    """A button. `payload` goes to Rasa and is never shown."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in which a sentence can be said, and the key of the words under which its use is counted."""

    key: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bubble:
    """One thing the assistant says: text, buttons, and a card (`{"kind": …, "rows": […]}`).

    `ways`: other words for the same, of which whoever utters it chooses. `key`: that of a plain sentence.
    """

    text: str = field(repr=False)
    options: tuple[Option, ...] = ()
    card: dict[str, Any] | None = None
    ways: Ways | None = field(default=None, repr=False, compare=False)
    key: str = field(default="", repr=False, compare=False)

    def chosen(self, conversation_id: str, times: int) -> Bubble:
        """In the words that are due when this conversation has heard it `times` times before."""
        if self.ways is None:
            return self
        return self.in_words(turn_of(self.ways.key, conversation_id, times, len(self.ways.texts)))

    def in_words(self, number: int) -> Bubble:
        """Said in way `number`, from 0; nothing is left to choose."""
        return replace(self, text=self.ways.texts[number], ways=None) if self.ways else self

    def after(self, words: str) -> Bubble:
        """The same with `words` before it, whichever way it is said."""
        ways = self.ways and replace(self.ways, texts=tuple(words + text for text in self.ways.texts))
        return replace(self, text=words + self.text, ways=ways)

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "options": [{"title": one.title, "payload": one.payload} for one in self.options],
            "card": self.card,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Bubble:
        options = tuple(Option(one["title"], one["payload"]) for one in value.get("options") or ())
        return cls(value.get("text") or "", options, value.get("card"))


@dataclass(frozen=True, slots=True)
class Said:
    """What a citizen sent: words, a tapped button's payload, a pin (`{"lat","lon","crs","label"}`), or media by id.

    `heard`: the words in plain spelling, where they are not so already, and `language` that in which they came.
    `silent_hours`: how long nothing was said before. `noted`: what a picture's camera had (`{"lat","lon","taken_at"}`).
    """

    text: str = field(default="", repr=False)
    payload: str | None = None
    location: dict[str, Any] | None = None
    heard: str | None = field(default=None, repr=False)
    language: str = "zh"
    silent_hours: float = 0.0
    photos: tuple[str, ...] = ()
    voice: str | None = None
    noted: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation. `seq` counts from 1 without gaps; `answers` is the citizen's line it answers.

    `turn` is the number of the last line that was heard together with it, once somebody has tried.
    """

    seq: int
    sender: Sender
    at: datetime
    body: dict[str, Any] = field(repr=False)
    client_id: str | None = None
    state: Hearing | None = None
    attempts: int = 0
    answers: int | None = None
    turn: int | None = None

    @property
    def bubble(self) -> Bubble:
        return Bubble.from_json(self.body)

    @property
    def said(self) -> Said:
        sent = {name: self.body[name] for name in ("payload", "location", "voice", "noted") if name in self.body}
        return Said(self.body.get("text", ""), photos=tuple(self.body.get("photos") or ()), **sent)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A filed complaint. `draft_id` makes filing idempotent.

    `since` is as the card told it, `began` the beginning in ISO 8601, cut where the knowledge ends. `confidential`: the
    contact is for nobody but the unit that deals with it. `answers` are (label, value) of questions of its kind.
    `media`: addresses of its pictures and recordings, set only where it leaves for the backend.
    """

    id: str
    number: str
    draft_id: str
    conversation_id: str
    citizen_id: str
    incident_id: str
    description: str = field(repr=False)
    category: str
    category_confidence: float
    place: Place | None
    since: str | None
    anonymous: bool
    filed_at: datetime
    due_at: datetime
    joined: bool = False
    began: str | None = None
    confidential: bool = False
    answers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    request_type: RequestType = RequestType.COMPLAINT
    urgency: Urgency = Urgency.ORDINARY
    history: tuple[StatusChange, ...] = field(default=(), compare=False)
    photos: int = field(default=0, compare=False)
    voices: int = field(default=0, compare=False)
    media: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def latest(self) -> StatusChange | None:
        return self.history[-1] if self.history else None

    @property
    def status(self) -> Status:
        if not self.history:
            raise ValueError(f"complaint {self.id} was read without its history")
        return self.history[-1].after


@dataclass(frozen=True, slots=True)
class Report:
    """What one citizen said at one time about a complaint: its first words, or something added later.

    `key` is unique within the complaint, so that saying the same thing twice is one report: FIRST for the first words,
    the message's own id for what follows. `photos` are ids of stored pictures.
    """

    complaint_id: str
    key: str
    text: str = field(repr=False)
    channel: str
    at: datetime
    place: Place | None = None
    photos: tuple[str, ...] = ()

    FIRST: ClassVar[str] = "filed"


@dataclass(frozen=True, slots=True)
class Incident:
    """One problem at one place over one period, as staff see it, open or not; nothing personal.

    `people` and `last_report_at` count everything that was merged into it. `survivor_id` is the incident that it is
    part of now: its own id unless it was merged. `recurrence_of` is the closed one that came back as this;
    `recurred_at` is set where this one came back: its closure did not last (假性办结).
    """

    id: str
    category: str
    place: Place
    summary: str
    opened_at: datetime
    last_report_at: datetime
    people: int
    survivor_id: str
    closed_at: datetime | None = None
    merged_into: str | None = None
    recurrence_of: str | None = None
    recurred_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def merged(self) -> bool:
        return self.survivor_id != self.id


@dataclass(frozen=True, slots=True)
class Merge:
    """That `incident_id` became part of `into_id`: who, when, why, and the ticket numbers that went with it."""

    id: int
    incident_id: str
    into_id: str
    by: str
    why: str
    at: datetime
    numbers: tuple[str, ...]
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_why: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """What a request has to do with others, by the backend's own numbers.

    `incident` is the request of the incident that the complaint joined, `recurrence_of` that of the closed one that
    came back. `people` counts the citizens of the incident, this one included.
    """

    people: int = 1
    incident: str | None = None
    recurrence_of: str | None = None


@dataclass(frozen=True, slots=True)
class ScreeningTag:
    """A doubt about a complaint that staff should see, until one of them lifts it. Nothing is held back for it."""

    id: int
    complaint_id: str
    tag: Tag
    at: datetime
    lifted_at: datetime | None = None
    lifted_by: str | None = None


class Task(StrEnum):
    """What an outbox row asks the worker to do."""

    FILE = "file"
    NOTICE = "notice"
    # Something about a complaint that the backend has, in order: `{"kind", "key", "text"}`, see `UpdateKind`.
    UPDATE = "update"
    # A unit that helps hears of the complaint by a request of its own: `{"unit", "mark"}`.
    COPY = "copy"


class UpdateKind(StrEnum):
    """What the backend is told of a complaint that it has. The last two come from ourselves, never from a citizen."""

    URGE = "urge"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"
    RECHECK = "recheck"
    # One of several who share a request has withdrawn, the others have not.
    LEAVES = "leaves"
    # This request is a second copy of the one that `text` names.
    DOUBLE = "double"


class WhenUnsure(StrEnum):
    """What to do where a request may have been heard and the backend does not show it."""

    SEND = "send"  # its list can be believed: what is not in it has not been heard
    ASK_PERSON = "ask_person"
    SEND_MARKED = "send_again_marked"


class RowState(StrEnum):
    """Where an outbox row stands."""

    READY = "ready"
    CLAIMED = "claimed"
    DONE = "done"
    STUCK = "stuck"
    # A notice that could not be delivered waits for the citizen's next contact.
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message to the world outside, written in the transaction of its cause. `attempts` counts claims.

    `sent_at` is set while the other side may have heard of it without our knowing; `token` is what it gave in place of
    a number.
    """

    id: int
    task: Task
    complaint_id: str
    payload: dict[str, Any] = field(repr=False)
    attempts: int
    created_at: datetime
    claimed_by: str | None = None
    last_error: str | None = None
    state: RowState = RowState.READY
    next_at: datetime | None = None
    sent_at: datetime | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the backend hears of a complaint that it has; `key` makes it one however often it is sent."""

    kind: UpdateKind
    key: str
    text: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class BackendRequest:
    """A complaint in the dispatch backend. `sequence` is the last update applied.

    Who joined an incident follows its request; `note_id` is then the one by which the backend was told of the joining.
    `lost_at` is when the backend first did not know it any more, `last_event` the last one of a backend that shows no
    history.
    """

    complaint_id: str
    request_id: str
    filed_at: datetime
    sequence: int = 0
    open: bool = True
    note_id: str | None = None
    lost_at: datetime | None = None
    last_event: str = ""


@dataclass(frozen=True, slots=True)
class Geocoded:
    """What a map service says of an address or a point; `lat` and `lon` in WGS-84 degrees.

    `address` is in the service's words and there only when it has just been asked: nobody keeps it. `level` is the
    service's word for how fine the answer is (门牌号, 道路 …). `confidence` runs from 0 to 1.
    """

    lat: float
    lon: float
    district: str | None
    street: str | None
    address: str | None
    level: str | None
    confidence: float
    source: str
