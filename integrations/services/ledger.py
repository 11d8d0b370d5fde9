"""The ledger (台账): what was reported for the third time or left a citizen dissatisfied, until somebody closes it.

An incident stands there once at a time. What happens to an entry is noted, by whom and when, and never edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.services.errors import Conflict, Rejected
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.satisfaction_records import Cause, LedgerEntry, LedgerNote
from kb.deadlines import due
from kb.responsibility import main_unit
from kb.satisfaction.policy import Policy
from kb.taxonomy import Taxonomy
from kb.text import clean, hide_personal, shortened

LONGEST_NAME, LONGEST_OWNER, LONGEST_NOTE = 64, 128, 1000
# Who stands behind what the rules do by themselves.
SYSTEM = "system"
# Reports that only add something to one that was made: see `supplementing`.
ADDITION = "add:"


@dataclass(frozen=True, kw_only=True)
class LedgerKeeping:
    """The use case. The methods with a transaction work inside their caller's."""

    unit_of_work: UnitOfWork
    clock: Clock
    taxonomy: Taxonomy
    policy: Policy

    # -- by themselves ---------------------------------------------------------------------------------------

    def reported(self, tx: Transaction, incident_id: str, now: datetime) -> LedgerEntry | None:
        """An incident was reported once more; its third report puts it there. None where nothing was opened.

        One that was taken off and is reported again is put there again.
        """
        if tx.ledger.standing(incident_id):
            return None
        times = sum(not one.key.startswith(ADDITION) for one in tx.reports.of_incident(incident_id))
        if times < self.policy.reports:
            return None
        return self._open(tx, incident_id, Cause.REPEATED, now, f"reported {times} times")

    def dissatisfied(self, tx: Transaction, incident_id: str, now: datetime, note: str) -> LedgerEntry | None:
        """Somebody is not satisfied. None where it stands there already: then that is noted."""
        return self._open(tx, incident_id, Cause.DISSATISFIED, now, note)

    def happened(self, tx: Transaction, incident_id: str, now: datetime, note: str) -> None:
        """Note something about an incident, if it stands there."""
        entry = tx.ledger.standing(incident_id)
        if entry:
            tx.ledger.note(entry.id, LedgerNote(now, SYSTEM, shortened(note, LONGEST_NOTE)))

    def _open(self, tx: Transaction, incident_id: str, cause: Cause, now: datetime, note: str) -> LedgerEntry | None:
        incident = tx.incidents.recent(incident_id)
        whole = incident.id if incident else incident_id
        entry = tx.ledger.open(
            whole,
            cause,
            at=now,
            owner=self._owner(tx, whole)[:LONGEST_OWNER],
            next_at=due(now, self.policy.next.deadline),
            condition=getattr(self.policy.condition, cause),
        )
        self.happened(tx, whole, now, note)
        return entry

    def _owner(self, tx: Transaction, incident_id: str) -> str:
        """The unit that is responsible for the incident's first complaint."""
        first = tx.complaints.first_of_incident(incident_id)
        if first is None:
            return SYSTEM
        named = next((one.unit for one in reversed(first.history) if one.unit), None)
        return named or main_unit(self.taxonomy.leaf(first.category), first.place)

    # -- by people -------------------------------------------------------------------------------------------

    def entries(self, *, closed: bool = False) -> Sequence[LedgerEntry]:
        """Open entries, the most overdue first; or the closed ones."""
        with self.unit_of_work() as tx:
            return tx.ledger.list(closed=closed)

    def set(
        self,
        entry_id: int,
        *,
        by: str,
        owner: str | None = None,
        next_at: datetime | None = None,
        condition: str | None = None,
        note: str | None = None,
    ) -> LedgerEntry:
        """Change who keeps it, when the next step is taken, or what closes it. Raises Rejected."""
        by = _name(by)
        given = {"owner": owner, "condition": condition}
        words = {key: clean(value) for key, value in given.items() if value is not None}
        if empty := [key for key, value in words.items() if not value]:
            raise Rejected(f"{empty[0]}: nothing was said")
        if not (words or next_at or clean(note or "")):
            raise Rejected("say what is to be changed: owner, next date, condition, or a note")
        with self.unit_of_work() as tx:
            entry = self._entry(tx, entry_id)
            changed = replace(
                entry,
                owner=words.get("owner", entry.owner)[:LONGEST_OWNER],
                next_at=next_at or entry.next_at,
                condition=words.get("condition", entry.condition),
            )
            if not tx.ledger.change(changed):
                raise Conflict(f"entry {entry_id} has been closed in this moment")
            said = [f"{key}: {value}" for key, value in words.items()]
            said += [f"next: {next_at.isoformat()}"] if next_at else []
            said += [clean(note)] if note else []
            tx.ledger.note(entry_id, LedgerNote(self.clock(), by, shortened("; ".join(said), LONGEST_NOTE)))
            return self._entry(tx, entry_id)

    def close(self, entry_id: int, *, by: str, why: str) -> LedgerEntry:
        """Take it off: `why` says how its condition is met. Raises Rejected."""
        by, why = _name(by), clean(why)
        if not why:
            raise Rejected("say how the closing condition is met")
        with self.unit_of_work() as tx:
            entry = self._entry(tx, entry_id)
            waiting = [one for one in tx.complaints.of_incident(entry.incident_id) if tx.rechecks.standing(one.id)]
            if waiting:
                raise Rejected(f"a re-check of ticket {waiting[0].number} is not decided yet: decide it first")
            now = self.clock()
            if not tx.ledger.close(entry_id, by=by, at=now):
                raise Conflict(f"entry {entry_id} has been closed in this moment")
            tx.ledger.note(entry_id, LedgerNote(now, by, shortened(why, LONGEST_NOTE)))
            return replace(entry, closed_at=now, closed_by=by)

    @staticmethod
    def _entry(tx: Transaction, entry_id: int) -> LedgerEntry:
        entry = tx.ledger.get(entry_id)
        if entry is None:
            raise Rejected(f"the ledger has no entry {entry_id}")
        if entry.closed_at:
            raise Rejected(f"entry {entry_id} is closed")
        return entry


def _name(by: str) -> str:
    name = clean(by)
    if not name:
        raise Rejected("who does it must be said by name")
    return hide_personal(name)[:LONGEST_NAME]
