"""What the use cases of the citizen's verdict need from the store, as protocols."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from integrations.services.satisfaction_records import (
    Cause,
    Feedback,
    Invitation,
    LedgerEntry,
    LedgerNote,
    Recheck,
    Survey,
    SurveyQuestion,
)


class Feedbacks(Protocol):
    """Rounds of questions after closure, and their answers."""

    def open(self, feedback: Feedback) -> bool:
        """False when there is a round for that closure, or of that number, already."""

    def get(self, complaint_id: str, round: int) -> Feedback | None: ...

    def of_complaint(self, complaint_id: str) -> Feedback | None:
        """The latest round."""

    def rounds(self, complaint_id: str) -> Sequence[Feedback]:
        """All rounds, the first first."""

    def latest_open(self, citizen_id: str, now: datetime) -> Feedback | None:
        """The citizen's round that was opened last and still asks something."""

    def hold(self, complaint_id: str) -> Feedback | None:
        """The latest round, which nobody else may change until this transaction ends."""

    def save(self, feedback: Feedback) -> None:
        """Keep the answers of that complaint's round."""

    def remind(self, complaint_id: str, round: int, at: datetime) -> bool:
        """False when it was reminded of before, or asks nothing any more."""


class Rechecks(Protocol):
    """Re-checks of closed complaints."""

    def open(self, recheck: Recheck) -> None: ...

    def count(self, complaint_id: str) -> int: ...

    def standing(self, complaint_id: str) -> Recheck | None:
        """The one that is not decided yet."""

    def of_complaint(self, complaint_id: str) -> Sequence[Recheck]: ...

    def waiting(self, *, limit: int = 200) -> Sequence[Recheck]:
        """All that are not decided, the one that is due first at the head."""

    def decide(self, recheck: Recheck) -> bool:
        """Keep the decision. False when it was decided before."""


class Ledger(Protocol):
    """The ledger (台账)."""

    def open(
        self, incident_id: str, cause: Cause, *, at: datetime, owner: str, next_at: datetime, condition: str
    ) -> LedgerEntry | None:
        """None when the incident stands there already."""

    def get(self, entry_id: int) -> LedgerEntry | None: ...

    def standing(self, incident_id: str) -> LedgerEntry | None:
        """The open entry of the incident as it is now, with all that was merged."""

    def list(self, *, closed: bool = False, limit: int = 200) -> Sequence[LedgerEntry]:
        """Open entries, the most overdue first; or the closed ones, the last closed first."""

    def change(self, entry: LedgerEntry) -> bool:
        """Keep owner, next date and condition. False when it is closed."""

    def close(self, entry_id: int, *, by: str, at: datetime) -> bool:
        """False when it is closed already."""

    def note(self, entry_id: int, note: LedgerNote) -> None: ...


class Surveys(Protocol):
    """Campaigns, whom they ask, and the answers."""

    def add(
        self, *, title: str, questions: Sequence[SurveyQuestion], by: str, open_days: int, at: datetime
    ) -> Survey: ...

    def get(self, survey_id: int) -> Survey | None: ...

    def list(self) -> Sequence[Survey]:
        """All of them, the latest first."""

    def send(self, survey_id: int, *, at: datetime, ends_at: datetime) -> bool:
        """False when it was sent before, or stopped."""

    def stop(self, survey_id: int, at: datetime) -> bool:
        """False when it was stopped before."""

    def invite(self, survey_id: int, citizen_id: str, complaint_id: str) -> bool:
        """False when the citizen is on the list already."""

    def invitations(self, survey_id: int) -> Sequence[Invitation]: ...

    def invitation(self, invitation_id: int) -> Invitation | None: ...

    def hold(self, invitation_id: int) -> Invitation | None:
        """The invitation, which nobody else may change until this transaction ends."""

    def open_of(self, citizen_id: str, now: datetime) -> Invitation | None:
        """What the citizen is still asked, of surveys that are open: what was told first."""

    def tell(self, invitation_id: int, at: datetime) -> bool:
        """Count it as told. False when it was told before."""

    def answer(self, invitation: Invitation, at: datetime) -> None:
        """Keep its answers, each question's once, and `finished_at`."""
