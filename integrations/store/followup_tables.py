"""The table of what citizens want of their tickets after filing: to urge, to add, to withdraw. Only appended to."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from integrations.store.tables import Moment, _Serial, metadata

citizen_updates = Table(
    "citizen_updates",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("complaint_id", ForeignKey("complaints.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", String(96), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("complaint_id", "key"),
    UniqueConstraint("complaint_id", "kind", "number"),
)
