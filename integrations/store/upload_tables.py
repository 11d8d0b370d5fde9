"""The tables of files that come in pieces. They stand in the database, so that every gateway can go on with them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from integrations.store.tables import Moment, metadata

# Edited: `received` with each piece. Rows are deleted when a message uses them, when their time is over, and with the
# conversation.
uploads = Table(
    "uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("length", Integer, nullable=False),
    Column("received", Integer, nullable=False),
    Column("until", Moment, nullable=False),
)

upload_pieces = Table(
    "upload_pieces",
    metadata,
    Column("upload_id", ForeignKey("uploads.id"), primary_key=True),
    Column("begins", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)
