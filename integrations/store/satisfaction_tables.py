"""The tables of the citizen's verdict: rounds of questions, re-checks, the ledger, surveys. Notes are appended only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from integrations.store.tables import Moment, _Serial, metadata


def _moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=nullable)


# One round for each closure of a complaint. `level`, `reasons` and `words` are what the citizen said; `media`: whether
# the case may be told without names.
feedback_rounds = Table(
    "feedback_rounds",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("closure", Integer, nullable=False),
    Column("closed_by", String(64)),
    Column("solved", Boolean),
    Column("level", String(8)),
    Column("contacted", Boolean),
    Column("reasons", JSON(none_as_null=True)),
    Column("words", Text),
    Column("media", Boolean),
    _moment("opened_at"),
    _moment("expires_at"),
    _moment("reminded_at", nullable=True),
    _moment("decided_at", nullable=True),
    _moment("finished_at", nullable=True),
    UniqueConstraint("complaint_id", "closure"),
)

rechecks = Table(
    "rechecks",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("round", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("closed_by", String(64)),
    Column("unit", String(128)),
    Column("checked_by", String(64)),
    Column("ticked", JSON, nullable=False),
    Column("note", Text),
    _moment("opened_at"),
    _moment("due_at"),
    _moment("decided_at", nullable=True),
)
Index("ix_rechecks_waiting", rechecks.c.state, rechecks.c.due_at)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("cause", String(16), nullable=False),
    Column("owner", String(128), nullable=False),
    Column("condition", Text, nullable=False),
    _moment("opened_at"),
    _moment("next_at"),
    _moment("closed_at", nullable=True),
    Column("closed_by", String(64)),
)
Index("ix_ledger_entries_next", ledger_entries.c.closed_at, ledger_entries.c.next_at)
# An incident stands there once at a time.
Index(
    "uq_ledger_entries_open",
    ledger_entries.c.incident_id,
    unique=True,
    sqlite_where=ledger_entries.c.closed_at.is_(None),
    postgresql_where=ledger_entries.c.closed_at.is_(None),
)

ledger_notes = Table(
    "ledger_notes",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("entry_id", ForeignKey("ledger_entries.id"), nullable=False, index=True),
    Column("by", String(64), nullable=False),
    Column("text", Text, nullable=False),
    _moment("at"),
)

surveys = Table(
    "surveys",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("title", String(128), nullable=False),
    Column("questions", JSON, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("open_days", Integer, nullable=False),
    _moment("created_at"),
    _moment("sent_at", nullable=True),
    _moment("ends_at", nullable=True),
    _moment("stopped_at", nullable=True),
)

survey_invitations = Table(
    "survey_invitations",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("survey_id", ForeignKey("surveys.id"), nullable=False),
    Column("citizen_id", ForeignKey("citizens.id"), nullable=False, index=True),
    Column("complaint_id", ForeignKey("complaints.id"), nullable=False),
    _moment("told_at", nullable=True),
    _moment("finished_at", nullable=True),
    UniqueConstraint("survey_id", "citizen_id"),
)

survey_answers = Table(
    "survey_answers",
    metadata,
    Column("invitation_id", ForeignKey("survey_invitations.id"), primary_key=True),
    Column("question", Integer, primary_key=True, autoincrement=False),
    Column("value", Text, nullable=False),
    _moment("at"),
)
