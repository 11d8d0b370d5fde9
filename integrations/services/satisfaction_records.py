"""What the store keeps of citizens' verdicts: rounds of questions, re-checks, the ledger, surveys. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kb.satisfaction.levels import Level
from kb.satisfaction.rechecks import State


@dataclass(frozen=True, slots=True)
class Feedback:
    """One round of questions: a citizen's say after one closure; every answer None until given.

    `round` counts from 1 for each complaint; `closure` is the number of the closing entry in its history, and
    `closed_by` who closed it, by name, where that is known. `reasons` are ids of `kb.satisfaction.reasons`, `words` the
    citizen's own, `media` whether the case may be told without names. `decided_at`: the verdict has moved the complaint
    on. `finished_at`: nothing is asked any more.
    """

    complaint_id: str
    conversation_id: str
    opened_at: datetime
    expires_at: datetime
    round: int = 1
    closure: int = 0
    closed_by: str | None = field(default=None, repr=False)
    solved: bool | None = None
    level: Level | None = None
    contacted: bool | None = None
    reasons: tuple[str, ...] | None = None
    words: str | None = field(default=None, repr=False)
    media: bool | None = None
    reminded_at: datetime | None = None
    decided_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def satisfied(self) -> bool | None:
        return None if self.level is None else self.level.good

    @property
    def subject(self) -> str:
        """How its timers are called."""
        return f"{self.complaint_id}:{self.round}"


@dataclass(frozen=True, slots=True)
class Recheck:
    """A closed complaint that is looked at again. `number` counts from 1 for each complaint.

    `round` is the round whose verdict opened it, `closed_by` and `unit` who had closed it. `note` is what was found,
    or why it was ended; `ticked` are the ids of the items on the check-lists.
    """

    complaint_id: str
    number: int
    round: int
    opened_at: datetime
    due_at: datetime
    why: str = field(repr=False)
    closed_by: str | None = field(default=None, repr=False)
    unit: str | None = None
    state: State = State.OPEN
    checked_by: str | None = field(default=None, repr=False)
    ticked: tuple[str, ...] = ()
    note: str | None = field(default=None, repr=False)
    decided_at: datetime | None = None


class Cause(StrEnum):
    """Why something stands in the ledger (台账)."""

    REPEATED = "repeated"
    DISSATISFIED = "dissatisfied"


@dataclass(frozen=True, slots=True)
class LedgerNote:
    """One thing that happened to an entry: who, when, what. Appended, never edited."""

    at: datetime
    by: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An incident that somebody keeps an eye on: who, until when the next step is taken, and what would close it."""

    id: int
    incident_id: str
    cause: Cause
    opened_at: datetime
    owner: str
    next_at: datetime
    condition: str
    closed_at: datetime | None = None
    closed_by: str | None = None
    notes: tuple[LedgerNote, ...] = field(default=(), repr=False)


class AnswerKind(StrEnum):
    """How a survey's question is answered."""

    YES_NO = "yes_no"
    LEVELS = "levels"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class SurveyQuestion:
    """One question of a survey, in the words that citizens read."""

    kind: AnswerKind
    text: str


@dataclass(frozen=True, slots=True)
class Survey:
    """A campaign (专项回访): up to three questions to a list of people.

    Open from `sent_at` until `ends_at` or `stopped_at`.
    """

    id: int
    title: str
    questions: tuple[SurveyQuestion, ...]
    created_at: datetime
    created_by: str
    open_days: int
    sent_at: datetime | None = None
    ends_at: datetime | None = None
    stopped_at: datetime | None = None

    def open(self, now: datetime) -> bool:
        """Whether it may be asked and answered at that moment."""
        if self.sent_at is None or self.ends_at is None or self.stopped_at:
            return False
        return self.sent_at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class Invitation:
    """One citizen of a survey. `answers` has one value for each question answered so far: '1', '0', a level, words."""

    id: int
    survey_id: int
    citizen_id: str
    complaint_id: str
    answers: tuple[str, ...] = field(default=(), repr=False)
    told_at: datetime | None = None
    finished_at: datetime | None = None
