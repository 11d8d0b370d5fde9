"""The tables of time: timers that are set, warnings about deadlines, and what is known of each deadline."""

from __future__ import annotations

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
    false,
)

from integrations.store.tables import Moment, _Id, _Serial, metadata

# A row is there until its work is done. `at` is the moment that was set, `next_at` when a worker may take it: later
# than `at` while it is claimed or after it failed.
timers = Table(
    "timers",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("claim", String(32)),
    Column("worker", String(128)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    UniqueConstraint("kind", "subject"),
)
Index("ix_timers_next_at", timers.c.next_at, timers.c.id)
Index("ix_timers_at", timers.c.at)
# Few at any moment: those at work, and those that failed.
Index(
    "ix_timers_tried",
    timers.c.next_at,
    sqlite_where=timers.c.attempts > 0,
    postgresql_where=timers.c.attempts > 0,
)

warnings = Table(
    "warnings",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("complaint_id", ForeignKey("complaints.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("level", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment, nullable=False),
    Column("at", Moment, nullable=False),
    Column("lifted_at", Moment),
    UniqueConstraint("complaint_id", "kind", "level", "due_at"),
)
Index("ix_warnings_standing", warnings.c.lifted_at, warnings.c.due_at)

# `started_at`: from when it was counted. `provisional`: over a year whose holidays were not known then. `extensions`:
# how often the unit got more time.
deadlines = Table(
    "deadlines",
    metadata,
    Column("complaint_id", _Id, ForeignKey("complaints.id"), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("extensions", Integer, nullable=False, server_default="0"),
    Column("provisional", Boolean, nullable=False, server_default=false()),
    Column("stopped_at", Moment),
)
Index(
    "ix_deadlines_provisional",
    deadlines.c.complaint_id,
    sqlite_where=deadlines.c.provisional,
    postgresql_where=deadlines.c.provisional,
)
