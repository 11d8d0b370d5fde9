"""What becomes of words of or about a citizen when they are erased: of each column, said once.

What is counted stays: category, district and street, times, status, verdicts. Phones and histories are not in here:
contacts are deleted as rows, and the texts of a history go by a move of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table, exists, select, update

from integrations.services.handover_records import CallState
from integrations.store import tables as t
from integrations.store.followup_tables import citizen_updates
from integrations.store.handover_tables import call_backs, handover_acts, handovers
from integrations.store.personal_tables import erasures
from integrations.store.satisfaction_tables import (
    feedback_rounds,
    ledger_entries,
    ledger_notes,
    rechecks,
    survey_answers,
    survey_invitations,
    surveys,
)
from integrations.store.wechat_tables import wechat_pushes, wechat_readers
from kb.handover.states import OPEN, State
from kb.places import Place

WORDS = "words"
"""The kind of erasure that this is, in `erasures`."""


def coarse(place: Any) -> Any:
    """A kept place with nothing finer than its street."""
    if not place:
        return None
    known = Place.from_dict(place)
    return Place(
        text="",
        district=known.district,
        district_code=known.district_code,
        street=known.street,
        street_code=known.street_code,
        confidence=known.confidence,
    ).as_dict()


def _over(state: str) -> str:
    """Nobody waits any more for somebody who is gone."""
    return State.ENDED if state in OPEN else state


# By table: which column holds the complaint's id, and what each column becomes (a value, or a function of it).
OF_COMPLAINT: dict[Table, tuple[str, dict[str, Any]]] = {
    t.complaints: ("id", {"description": "", "since": None, "answers": None, "place": coarse}),
    t.reports: ("complaint_id", {"text": "", "photos": list, "place": coarse}),
    t.screening_tags: ("complaint_id", {"evidence": ""}),
    t.outbox: ("complaint_id", {"payload": lambda kept: {**kept, "text": ""} if "text" in kept else kept}),
    citizen_updates: ("complaint_id", {"text": ""}),
    feedback_rounds: ("complaint_id", {"words": lambda kept: "" if kept is not None else None}),
    rechecks: ("complaint_id", {"why": "", "note": lambda kept: "" if kept is not None else None}),
}

OF_CONVERSATION: dict[Table, tuple[str, dict[str, Any]]] = {
    handovers: ("conversation_id", {"context": dict, "state": _over}),
    wechat_readers: ("conversation_id", {"rest": list}),
    wechat_pushes: (
        "conversation_id",
        {"reply": lambda kept: "" if kept is not None else None, "fetch": lambda _kept: None},
    ),
    handover_acts: ("conversation_id", {"text": lambda kept: "" if kept is not None else None}),
    call_backs: (
        "conversation_id",
        {
            **dict.fromkeys(("about", "wanted", "shown"), ""),
            **dict.fromkeys(("phone", "key_id"), None),
            "note": lambda kept: "" if kept is not None else None,
            "state": lambda kept: CallState.WITHDRAWN if kept == CallState.OPEN else kept,
        },
    ),
}

# Text and JSON of tables that belong to a person and hold nothing of theirs, or go in a way of their own.
ON_PURPOSE = {
    "lines.body": "the row is deleted",
    "media.words": "the row is deleted",
    "conversations.address": "replaced",
    "status_changes.note": "by the move `erased`, so that the chain stays whole",
    "status_changes.photos": "by the move `erased`",
    "status_changes.unit": "an office",
    "outbox.last_error": "never holds what a citizen said",
    "feedback_rounds.reasons": "keys of the reasons that we offer",
    "rechecks.ticked": "keys of a check-list",
    "survey_answers.value": "those in words are emptied, the others are counted",
    "ledger_notes.text": "when nobody of the incident has words any more",
    "ledger_entries.condition": "an officer's words about work",
    "surveys.questions": "an officer's words",
    "sealed_contacts.body": "the row is deleted",
    "merges.why": "an officer's words about work",
    "merges.undone_why": "an officer's words about work",
    "merges.numbers": "ticket numbers",
    "incidents.summary": "made without numbers, names and flats",
    "incidents.place": "made without flats",
    "incidents.likely": "category codes",
}


def words_of_complaint(db: Connection, complaint_id: str) -> int:
    """Erase; gives how many rows were touched."""
    touched = sum(_erase(db, table, key, complaint_id, what) for table, (key, what) in OF_COMPLAINT.items())
    return touched + _survey_words(db, complaint_id) + _ledger_notes(db, complaint_id)


def words_of_conversation(db: Connection, conversation_id: str) -> int:
    """Erase what a conversation has left beside its lines."""
    return sum(_erase(db, table, key, conversation_id, what) for table, (key, what) in OF_CONVERSATION.items())


def _erase(db: Connection, table: Table, key: str, value: str, what: dict[str, Any]) -> int:
    own = list(table.primary_key.columns)
    rows = db.execute(select(table).where(table.c[key] == value).with_for_update()).all()
    for row in rows:
        kept = row._mapping
        values = {name: _become(becomes, kept[name]) for name, becomes in what.items()}
        db.execute(update(table).where(*(column == kept[column.name] for column in own)).values(**values))
    return len(rows)


def _become(becomes: Any | Callable[..., Any], kept: Any) -> Any:
    if becomes in (list, dict):
        return becomes()
    return becomes(kept) if callable(becomes) else becomes


def _survey_words(db: Connection, complaint_id: str) -> int:
    """Answers in words; levels and yes or no stay."""
    wanted = (
        select(survey_answers.c.invitation_id, survey_answers.c.question, surveys.c.questions)
        .join(survey_invitations, survey_invitations.c.id == survey_answers.c.invitation_id)
        .join(surveys, surveys.c.id == survey_invitations.c.survey_id)
        .where(survey_invitations.c.complaint_id == complaint_id)
    )
    touched = 0
    for row in db.execute(wanted).all():
        asked = row.questions[row.question] if 0 <= row.question < len(row.questions) else {}
        if asked.get("kind") in ("yes_no", "levels"):
            continue
        mine = (survey_answers.c.invitation_id == row.invitation_id, survey_answers.c.question == row.question)
        touched += db.execute(update(survey_answers).where(*mine).values(value="")).rowcount
    return touched


def _ledger_notes(db: Connection, complaint_id: str) -> int:
    """Notes on the incident, when this was the last of its complaints that had words."""
    c = t.complaints.c
    incident = select(c.incident_id).where(c.id == complaint_id).scalar_subquery()
    done = exists().where(erasures.c.complaint_id == c.id, erasures.c.kind == WORDS)
    others = select(c.id).where(c.incident_id == incident, c.id != complaint_id, ~done).limit(1)
    if db.execute(others).first():
        return 0
    entries = select(ledger_entries.c.id).where(ledger_entries.c.incident_id == incident)
    return int(db.execute(update(ledger_notes).where(ledger_notes.c.entry_id.in_(entries)).values(text="")).rowcount)
