"""撤诉: the citizen takes a ticket back, before it is closed. It cannot be undone; others who reported it go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from integrations.services.errors import Conflict
from integrations.services.moving import Moving
from integrations.services.own_tickets import LONGEST_KEY, OwnTickets, record
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, UpdateKind
from kb.lifecycle import OPEN, Actor, IllegalMove, Move, Status, rule_for
from kb.text import clean, shortened
from kb.words import Words

TRIES = 5


class TakenBack(StrEnum):
    """What a withdrawal came to. OVER: it is closed, or a re-check of it is under way.

    NOT_OWN: it was opened with the phone's last digits. Those are known to more people than the one who filed, and a
    withdrawal cannot be undone.
    """

    DONE = "done"
    ALREADY = "already"
    OVER = "over"
    NOT_OWN = "not_own"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The result. `others` counts the people who still have the same problem on record."""

    taken: TakenBack
    complaint: Complaint
    others: int = 0


@dataclass(frozen=True, kw_only=True)
class Withdrawing:
    """The use case. Asking back is the conversation's part: `look` says what would happen."""

    unit_of_work: UnitOfWork
    own: OwnTickets
    moving: Moving
    words: Words
    clock: Clock

    def look(self, conversation_id: str, number: str) -> Withdrawn:
        """What `withdraw` would come to now. Raises Rejected when the ticket is not this citizen's."""
        with self.unit_of_work() as tx:
            complaint = self.own.mine(tx, conversation_id, number)
            if not self.own.filed_by(tx, conversation_id, complaint):
                return Withdrawn(TakenBack.NOT_OWN, complaint)
            if complaint.status is Status.WITHDRAWN:
                return Withdrawn(TakenBack.ALREADY, complaint)
            try:
                rule_for(complaint.status, Move.WITHDRAWN, Actor.CITIZEN)
            except IllegalMove:
                return Withdrawn(TakenBack.OVER, complaint)
            return Withdrawn(TakenBack.DONE, complaint, _people(_open_others(tx, complaint), complaint))

    def withdraw(self, conversation_id: str, number: str, *, key: str, why: str = "") -> Withdrawn:
        """Take the ticket back; `key` is the message's own id.

        Raises Rejected when the ticket is not this citizen's, Conflict when it changed too often meanwhile.
        """
        for _ in range(TRIES):
            try:
                with self.unit_of_work() as tx:
                    mine = self.own.mine(tx, conversation_id, number)
                    if not self.own.filed_by(tx, conversation_id, mine):
                        return Withdrawn(TakenBack.NOT_OWN, mine)
                    tx.incidents.hold(mine.incident_id)  # nobody joins, merges or closes it until this is written
                    complaint = tx.complaints.get(mine.id)
                    return self._withdraw(tx, complaint or mine, key, shortened(clean(why), 500))
            except Conflict:  # the department moved it on, or its incident changed, in this very moment
                continue
        raise Conflict(f"ticket {number} changed {TRIES} times while it was withdrawn; try again")

    def _withdraw(self, tx: Transaction, complaint: Complaint, key: str, why: str) -> Withdrawn:
        now, key = self.clock(), key[:LONGEST_KEY]
        if complaint.status is Status.WITHDRAWN:
            same = tx.citizen_updates.by_key(complaint.id, key) is not None
            people = _people(_open_others(tx, complaint), complaint)
            return Withdrawn(TakenBack.DONE if same else TakenBack.ALREADY, complaint, people)
        try:
            complaint = self.moving.make(tx, complaint, Move.WITHDRAWN, actor=Actor.CITIZEN, note=why or None)
        except IllegalMove:
            return Withdrawn(TakenBack.OVER, complaint)
        # Where others follow the same request, whoever sends this makes "one of several leaves" of it.
        told = self.words.say("followup.to_unit_withdrawn", text=why)
        record(tx, complaint, UpdateKind.WITHDRAW, key=key, text=why, at=now, tell=told.strip())
        others = _open_others(tx, complaint)
        if not any(one.incident_id == complaint.incident_id for one in others):
            for one in tx.complaints.of_incident(complaint.incident_id):
                if one.incident_id == complaint.incident_id and one.status not in OPEN:
                    tx.backend_requests.close(one.id)  # nobody waits for its updates any more
        if others:
            tx.incidents.recount(complaint.incident_id)
        else:
            tx.incidents.close(complaint.incident_id, now)
        return Withdrawn(TakenBack.DONE, complaint, _people(others, complaint))


def _open_others(tx: Transaction, complaint: Complaint) -> list[Complaint]:
    """The other tickets of its incident, with all that is merged, that are still open."""
    of_incident = tx.complaints.of_incident(complaint.incident_id)
    return [one for one in of_incident if one.id != complaint.id and one.status in OPEN]


def _people(others: Sequence[Complaint], complaint: Complaint) -> int:
    return len({one.citizen_id for one in others} - {complaint.citizen_id})
