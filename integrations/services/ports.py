"""What the use cases need from outside, as protocols. Each has a real adapter and a test twin with a memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from integrations.services.dispatch_ports import (
    BackendRequests,
    Outbox,
)
from integrations.services.followup_ports import CitizenUpdates, Notices
from integrations.services.followup_records import Owner
from integrations.services.handover_ports import CallBacks, Handovers, StaffTokens
from integrations.services.history_ports import Histories
from integrations.services.incident_ports import Incidents, Merges, Reports
from integrations.services.issue_ports import Feeds, KnownIssues
from integrations.services.media_ports import Media
from integrations.services.personal_ports import Contacts, Personal
from integrations.services.records import (
    Bubble,
    Complaint,
    Conversation,
    Geocoded,
    Hearing,
    Line,
    Said,
    ScreeningTag,
    Sender,
)
from integrations.services.satisfaction_ports import Feedbacks, Ledger, Rechecks, Surveys
from integrations.services.timer_ports import Deadlines, Timers, Warnings
from integrations.services.upload_ports import Uploads
from integrations.services.wechat.ports import WechatPushes
from kb.lifecycle import StatusChange
from kb.screening import Tag

Clock = Callable[[], datetime]
"""The present moment, aware."""


class Conversations(Protocol):
    """Conversations and their lines, in order."""

    def open(self, *, channel: str, address: str, now: datetime) -> Conversation:
        """The conversation of this address, the one in which it goes on where that is another."""

    def get(self, conversation_id: str, *, following: bool = True) -> Conversation | None:
        """That conversation, or, `following`, the one in which it goes on: where its citizen is to be found."""

    def append(
        self,
        conversation_id: str,
        *,
        sender: Sender,
        body: dict[str, Any],
        at: datetime,
        client_id: str | None = None,
        state: Hearing | None = None,
        answers: int | None = None,
        new: bool = False,
    ) -> Line:
        """Add a line with the next number. A known `client_id` adds nothing and gives the line that has it.

        `new`: the caller knows that nobody has stored this `client_id` and that nobody else can meanwhile.
        """

    def lines(self, conversation_id: str, *, after: int = 0, limit: int = 200) -> Sequence[Line]: ...

    def find(self, conversation_id: str, client_id: str) -> Line | None: ...

    def pending(self, conversation_id: str) -> Sequence[Line]: ...

    def waiting(self, *, before: datetime, limit: int = 50) -> Sequence[str]:
        """Ids of conversations with a line that waits for its answer since before then."""

    def before(self, conversation_id: str, seq: int, *, limit: int) -> Sequence[Line]:
        """The lines before number `seq`, the latest first."""

    def attempt(self, conversation_id: str, seqs: Sequence[int]) -> int:
        """Count one more try at hearing these lines as one turn, named by the last; gives the tries so far.

        They stay one turn from now on, whatever is said after them.
        """

    def reword(self, conversation_id: str, seq: int, text: str) -> Line | None:
        """Put the words of a recording into its line, unless it has words already; the line as it stands then."""

    def settle(self, conversation_id: str, seqs: Sequence[int], state: Hearing, *, keep: bool = False) -> bool:
        """Mark the pending lines of a turn. False when they are not pending any more: somebody else was first.

        Phones in them are masked then, or left whole (`keep`) until `mask`.
        """

    def mask(self, conversation_id: str, *, after: int) -> None:
        """Mask the phones in the citizen's lines after that number, except in those that wait."""

    def last_offer(self, conversation_id: str) -> Line | None:
        """The latest line of ours with buttons, unless the citizen has spoken since."""

    def line(self, conversation_id: str, seq: int) -> Line | None: ...

    def last_seq(self, conversation_id: str) -> int: ...

    def numbers(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The last number of each, in one look; without those that are gone or go on in another."""


class Links(Protocol):
    """One conversation on several channels."""

    def offer(self, code: str, conversation_id: str, *, now: datetime, until: datetime) -> bool:
        """Keep a code of this conversation, in place of its former one. False when another has that code."""

    def use(self, code: str, now: datetime) -> str | None:
        """The conversation of a code, which is used up by it; None for an unknown, used or late one."""

    def join(self, conversation_id: str, target_id: str) -> None:
        """The first goes on in the second: its address, its citizen with all tickets, and lines that still wait."""

    def leave(self, channel: str, address: str) -> None:
        """Whoever comes with this address from now on begins anew; its conversation stays."""


class Complaints(Protocol):
    """Complaints with their appended history."""

    def add(self, complaint: Complaint, phone: str | None) -> None: ...

    def append(self, complaint_id: str, change: StatusChange) -> None:
        """Raises Conflict when that is not the next sequence number."""

    def extend(self, complaint_id: str, due_at: datetime) -> None:
        """Put the date by which it is to be answered."""

    def get(self, complaint_id: str) -> Complaint | None: ...

    def by_number(self, number: str) -> Complaint | None: ...

    def owner(self, number: str) -> Owner | None:
        """Whose ticket that is; the same work whether it exists or not."""

    def by_draft(self, draft_id: str) -> Complaint | None: ...

    def of_citizen(self, citizen_id: str, *, limit: int = 5, offset: int = 0) -> Sequence[Complaint]:
        """The newest first, without the first `offset`."""

    def of_incident(self, incident_id: str) -> Sequence[Complaint]:
        """All complaints of the incident it is part of now, those of merged ones too, oldest first."""

    def guard(self, complaint_id: str, *, anonymous: bool, confidential: bool | None = None) -> None:
        """Whether a contact is known, and whether it is for nobody but who deals with it; None leaves that as it is."""

    def lead(self, complaint_id: str) -> None:
        """It joined, and is now the one that the incident's request is for."""

    def first_of_incident(self, incident_id: str, citizen_id: str | None = None) -> Complaint | None:
        """The oldest complaint of the incident as it is now, one that was not withdrawn before one that was.

        With `citizen_id`, that citizen's latest.
        """

    def phone(self, complaint_id: str) -> str | None: ...

    def times_reported(self, citizen_id: str, incident_id: str) -> int:
        """How often this citizen has reported this incident, with all that was merged, so far."""


class Screenings(Protocol):
    """Tags of the screening: doubts that staff see and may lift, and put back."""

    def add(self, complaint_id: str, tags: Sequence[Tag], *, at: datetime) -> None: ...

    def of_complaint(self, complaint_id: str) -> Sequence[ScreeningTag]:
        """All of them, lifted ones too, surest first."""

    def standing(self, *, limit: int = 200) -> Sequence[ScreeningTag]:
        """Those that nobody has lifted, latest first."""

    def lift(self, tag_id: int, *, by: str, at: datetime) -> bool:
        """False when there is no such tag or it is lifted already."""

    def put_back(self, tag_id: int) -> bool:
        """False when there is no such tag or it stands."""


class Transaction(Protocol):
    """All repositories over one database transaction."""

    @property
    def conversations(self) -> Conversations: ...
    @property
    def links(self) -> Links: ...
    @property
    def wechat(self) -> WechatPushes: ...
    @property
    def complaints(self) -> Complaints: ...
    @property
    def contacts(self) -> Contacts: ...
    @property
    def personal(self) -> Personal: ...
    @property
    def histories(self) -> Histories: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def incidents(self) -> Incidents: ...
    @property
    def media(self) -> Media: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def merges(self) -> Merges: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def backend_requests(self) -> BackendRequests: ...
    @property
    def feedbacks(self) -> Feedbacks: ...
    @property
    def rechecks(self) -> Rechecks: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def surveys(self) -> Surveys: ...
    @property
    def citizen_updates(self) -> CitizenUpdates: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def handovers(self) -> Handovers: ...
    @property
    def call_backs(self) -> CallBacks: ...
    @property
    def staff_tokens(self) -> StaffTokens: ...
    @property
    def timers(self) -> Timers: ...
    @property
    def warnings(self) -> Warnings: ...
    @property
    def deadlines(self) -> Deadlines: ...
    @property
    def screenings(self) -> Screenings: ...
    @property
    def known_issues(self) -> KnownIssues: ...
    @property
    def issue_feeds(self) -> Feeds: ...


UnitOfWork = Callable[[], AbstractContextManager[Transaction]]
"""Opens a transaction: leaving the block commits, an exception rolls back."""


class Messenger(Protocol):
    """Brings a bubble to a citizen on the channel of the conversation."""

    def deliver(self, tx: Transaction, conversation: Conversation, bubble: Bubble, *, at: datetime) -> None: ...


class Listener(Protocol):
    """The part that hears: Rasa."""

    async def hear(self, conversation: Conversation, said: Said, message_id: str) -> list[Bubble]:
        """One turn. Raises TryLater."""

    async def heard(self, conversation: Conversation, message_id: str) -> list[Bubble] | None:
        """What was answered to that message if it was heard to the end before, else None. Raises TryLater."""

    async def ping(self) -> None:
        """Raises TryLater when it does not answer."""


class Limiter(Protocol):
    """Counts what somebody does, to stop guessing and flooding."""

    def allow(self, key: str, *, times: int, seconds: int) -> bool:
        """False when `key` has been counted more than `times` times in the last `seconds`."""

    def mark(self, key: str, *, seconds: int) -> None:
        """Leave a sign of life that fades after `seconds`."""

    def seen(self, key: str) -> None:
        """Raises TryLater when that sign has faded."""

    def ping(self) -> None:
        """Raises TryLater when it does not answer."""


class Turns(Protocol):
    """Whose turn it is: at most one holder for each conversation across all processes."""

    def turn(self, conversation_id: str, *, patience: float) -> AbstractAsyncContextManager[None]:
        """Raises TryLater when the turn did not come within `patience` seconds."""


class Geocoder(Protocol):
    """A map service that knows addresses. A citizen waits for it: it answers within seconds or not at all."""

    def find(self, address: str, *, district: str | None) -> Geocoded | None:
        """The point of an address; None when the service knows none, or may not be asked any more today.

        Raises TryLater when it does not answer in time, NeedsPerson when its key, quota or permission is wrong.
        """

    def name(self, point: tuple[float, float]) -> Geocoded | None:
        """District, street and address of a (latitude, longitude) in WGS-84. None and errors as in `find`."""

    def left(self) -> int:
        """How many questions may still be asked today. Raises TryLater when that cannot be known."""

    def ping(self) -> None:
        """Asks one question, which counts. Raises TryLater or NeedsPerson unless it is answered."""
