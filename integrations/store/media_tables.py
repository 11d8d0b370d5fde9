"""The table of citizens' pictures and recordings. They stand in the database, so that every gateway has them."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from integrations.store.tables import Moment, metadata

# `body` is what is shown or played: of a picture the one that was written anew. `lat`, `lon` (WGS-84) and `taken_at`
# are what its camera had noted. Edited: `words` once somebody has made words of a recording, `complaint_id` once it
# goes with a ticket. Rows are deleted with the conversation or the ticket's words.
media = Table(
    "media",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("complaint_id", ForeignKey("complaints.id"), index=True),
    Column("number", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("content_type", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("taken_at", Moment),
    Column("words", Text),
    Column("at", Moment, nullable=False),
)
_UNHEARD = (media.c.kind == "voice") & media.c.words.is_(None)
Index("ix_media_unheard", media.c.at, sqlite_where=_UNHEARD, postgresql_where=_UNHEARD)
