"""The tables. History, lines and notices are appended, never edited; what may change says so.

Contact details stand in a table of their own, so that a case can be read, exported and analysed without them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware time, kept in UTC. SQLite has no time zones, so none is stored there."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = String(32)
_Serial = BigInteger().with_variant(Integer, "sqlite")


def _moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=nullable)


citizens = Table("citizens", metadata, Column("id", _Id, primary_key=True), _moment("created_at"))

conversations = Table(
    "conversations",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("address", String(128), nullable=False),
    Column("citizen_id", ForeignKey("citizens.id"), nullable=False, index=True),
    Column("last_seq", Integer, nullable=False, default=0),
    _moment("created_at"),
    UniqueConstraint("channel", "address"),
)

lines = Table(
    "lines",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("sender", String(16), nullable=False),
    Column("body", JSON, nullable=False),
    Column("client_id", String(64)),
    Column("state", String(16)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("answers", Integer),
    _moment("at"),
    UniqueConstraint("conversation_id", "seq"),
    UniqueConstraint("conversation_id", "client_id"),
)
Index(
    "ix_lines_pending",
    lines.c.at,
    sqlite_where=lines.c.state == "pending",
    postgresql_where=lines.c.state == "pending",
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("category", String(6), nullable=False),
    Column("level1", String(2), nullable=False),
    Column("district", String(32)),
    Column("place", JSON),
    Column("summary", Text, nullable=False),
    _moment("opened_at"),
    _moment("last_report_at"),
    _moment("closed_at", nullable=True),
)
Index("ix_incidents_open", incidents.c.level1, incidents.c.district, incidents.c.closed_at, incidents.c.last_report_at)

complaints = Table(
    "complaints",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("number", String(12), nullable=False, unique=True),
    Column("draft_id", String(64), nullable=False, unique=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("citizen_id", ForeignKey("citizens.id"), nullable=False, index=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("description", Text, nullable=False),
    Column("category", String(6), nullable=False),
    Column("category_confidence", Float, nullable=False),
    Column("place", JSON),
    Column("since", String(64)),
    Column("anonymous", Boolean, nullable=False),
    Column("joined", Boolean, nullable=False),
    Column("request_type", String(8), nullable=False, server_default="投诉"),
    Column("urgency", String(8), nullable=False, server_default="一般"),
    _moment("filed_at"),
    _moment("due_at"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("phone", String(32), nullable=False),
)

status_changes = Table(
    "status_changes",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("complaint_id", ForeignKey("complaints.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("before", String(16)),
    Column("after", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("note", Text),
    Column("unit", String(128)),
    _moment("at"),
    UniqueConstraint("complaint_id", "sequence"),
)

screening_tags = Table(
    "screening_tags",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("complaint_id", ForeignKey("complaints.id"), nullable=False, index=True),
    Column("reason", String(16), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    _moment("at"),
    _moment("lifted_at", nullable=True),
    Column("lifted_by", String(64)),
)
Index("ix_screening_tags_standing", screening_tags.c.lifted_at, screening_tags.c.at)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("task", String(16), nullable=False),
    Column("complaint_id", ForeignKey("complaints.id"), nullable=False, index=True),
    Column("payload", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    _moment("next_at"),
    _moment("lease_until", nullable=True),
    Column("claimed_by", String(64)),
    Column("last_error", Text),
    _moment("created_at"),
    _moment("done_at", nullable=True),
)
Index("ix_outbox_work", outbox.c.state, outbox.c.next_at)

backend_requests = Table(
    "backend_requests",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("request_id", String(128), nullable=False, index=True),
    Column("sequence", Integer, nullable=False, default=0),
    Column("open", Boolean, nullable=False, default=True),
    _moment("filed_at"),
    _moment("asked_at", nullable=True),
)

Index("ix_backend_requests_asked", backend_requests.c.open, backend_requests.c.asked_at)

feedbacks = Table(
    "feedbacks",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("solved", Boolean),
    Column("satisfied", Boolean),
    Column("contacted", Boolean),
    Column("reason", Text),
    _moment("opened_at"),
    _moment("expires_at"),
    _moment("finished_at", nullable=True),
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("context", JSON, nullable=False),
    _moment("asked_at", nullable=True),
    _moment("taken_at", nullable=True),
)
