"""The tables of personal data: sealed contacts, what was erased of which complaint, and who exported or erased."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, LargeBinary, String, Table, Text

from integrations.store.tables import Moment, _Id, _Serial, metadata

# `mark` is a keyed hash of the value: equal phones are found by it, and nothing can be read from it.
sealed_contacts = Table(
    "sealed_contacts",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("key_id", String(32), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("mark", String(64), index=True),
)

erasures = Table(
    "erasures",
    metadata,
    Column("complaint_id", ForeignKey("complaints.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("at", Moment, nullable=False),
)

# Stays when the person is gone: no foreign key.
personal_acts = Table(
    "personal_acts",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("citizen_id", _Id),
    Column("by", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)
