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
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
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
    # The conversation of another channel with which this address goes on, once its citizen has joined them.
    Column("goes_on_in", _Id),
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
    # The last of the lines that are heard together with this one, since somebody first tried.
    Column("turn", Integer),
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

# Codes that are said on the other channel, at most one for a conversation; a used one is gone.
link_codes = Table(
    "link_codes",
    metadata,
    Column("code", String(8), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, unique=True),
    _moment("expires_at"),
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
    # Counted again under the incident's lock whenever something joins, merges or leaves.
    Column("people", Integer, nullable=False, server_default="1"),
    Column("vector", LargeBinary),
    # The categories that it may be about, [[code, probability], …].
    Column("likely", JSON),
    Column("recurrence_of", ForeignKey("incidents.id"), index=True),
    _moment("recurred_at", nullable=True),
    # The tree of merges: `merged_into` is the parent, `survivor_id` the root (its own id where it is not merged).
    Column("merged_into", ForeignKey("incidents.id"), index=True),
    Column("survivor_id", _Id, nullable=False, index=True, server_default=""),
)
_NO_VECTOR = and_(incidents.c.vector.is_(None), incidents.c.closed_at.is_(None))
Index("ix_incidents_no_vector", incidents.c.opened_at, sqlite_where=_NO_VECTOR, postgresql_where=_NO_VECTOR)
Index("ix_incidents_recurred", incidents.c.recurred_at)
Index("ix_incidents_open", incidents.c.level1, incidents.c.district, incidents.c.closed_at, incidents.c.last_report_at)

# Where an incident is found again: one row for its point, one for each name of its place. `ends` is the unix second of
# its closing, or `incident_index.OPEN`; `latest` that of its last report. The indexes hold all that a search reads.
incident_cells = Table(
    "incident_cells",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("cell", String(24), nullable=False),
    Column("branch", String(2), nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("lat", Float, nullable=False),
    Column("lon", Float, nullable=False),
)
Index(
    "ix_incident_cells_search",
    *(incident_cells.c[name] for name in ("cell", "branch", "ends", "lat", "lon", "incident_id")),
)

incident_keys = Table(
    "incident_keys",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("key", String(96), primary_key=True),
    Column("branch", String(2), nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("latest", BigInteger, nullable=False),
)
Index(
    "ix_incident_keys_search",
    *(incident_keys.c[name] for name in ("key", "branch", "ends", "latest", "incident_id")),
)

merges = Table(
    "merges",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("into_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("by", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("numbers", JSON, nullable=False),
    _moment("at"),
    Column("undone_by", String(64)),
    Column("undone_why", Text),
    _moment("undone_at", nullable=True),
)

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
    # As the card told it, and the beginning as ISO 8601, cut where the knowledge ends (2026-11, 2026-11-18).
    Column("since", String(64)),
    Column("began", String(16)),
    Column("anonymous", Boolean, nullable=False),
    # The contact is for nobody but the unit that deals with it.
    Column("confidential", Boolean, nullable=False, server_default=false()),
    # What was answered to the questions of its kind: [[label, value], …].
    Column("answers", JSON(none_as_null=True)),
    Column("joined", Boolean, nullable=False),
    Column("request_type", String(8), nullable=False, server_default="投诉"),
    Column("urgency", String(8), nullable=False, server_default="一般"),
    _moment("filed_at"),
    _moment("due_at"),
    # How many entries its history has, so that one which was cut shows.
    Column("entries", Integer, nullable=False, server_default="0"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("complaint_id", ForeignKey("complaints.id"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("place", JSON),
    Column("channel", String(16), nullable=False),
    Column("photos", JSON, nullable=False),
    _moment("at"),
    UniqueConstraint("complaint_id", "key"),
)

# Only what an older version wrote, until somebody seals it: see `personal_tables.sealed_contacts`.
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
    Column("move", String(16), nullable=False, server_default=""),
    _moment("due_at", nullable=True),
    Column("photos", JSON(none_as_null=True)),
    Column("solved", Boolean),
    # The chain of `kb.history`. The salt goes when the texts are erased; the digest stays.
    Column("salt", String(32)),
    Column("digest", String(64)),
    Column("hash", String(72), nullable=False, server_default=""),
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
    # Set before the backend is asked to take something, cleared when it surely has not.
    _moment("sent_at", nullable=True),
    # What the backend gave in place of a number.
    Column("token", String(128)),
)
Index("ix_outbox_work", outbox.c.state, outbox.c.next_at, outbox.c.id)

backend_requests = Table(
    "backend_requests",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("request_id", String(128), nullable=False, index=True),
    Column("sequence", Integer, nullable=False, default=0),
    Column("open", Boolean, nullable=False, default=True),
    _moment("filed_at"),
    _moment("asked_at", nullable=True),
    # The request by which the backend was told that one more person is affected; nothing is expected of it.
    Column("note_id", String(128), index=True),
    # Since when the backend does not know it any more.
    _moment("lost_at", nullable=True),
    # Where it stands, for backends that show no history.
    Column("last_event", String(16), nullable=False, server_default=""),
)

Index("ix_backend_requests_asked", backend_requests.c.open, backend_requests.c.asked_at)

# Requests that only tell of something about a complaint: to a unit that helps, of an update. `mark` says of what.
backend_notes = Table(
    "backend_notes",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("mark", String(32), primary_key=True),
    Column("request_id", String(128), nullable=False, index=True),
    _moment("at"),
)

known_issues = Table(
    "known_issues",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("entry", JSON, nullable=False),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("feed", String(64), index=True),
    Column("ended_on", Date),
    Column("ended_why", Text),
    Column("ended_by", String(16)),
    _moment("added_at"),
    _moment("changed_at"),
)
Index("ix_known_issues_days", known_issues.c.ends, known_issues.c.starts)

# One row: every change of the known issues counts it up, so that each process sees at once that its copy is old.
known_issue_version = Table(
    "known_issue_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

issue_feeds = Table(
    "issue_feeds",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("etag", Text),
    Column("modified", Text),
    Column("entries", Integer, nullable=False),
    _moment("asked_at", nullable=True),
    _moment("fine_at", nullable=True),
    Column("failures", Integer, nullable=False),
    Column("problem", Text),
    Column("claim", String(64)),
    _moment("next_at"),
    _moment("lease_until", nullable=True),
)
