"""The tables of speaking to a person: hand-overs, what was done with them, promised calls, clerks' tokens."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from integrations.store.tables import Moment, _Id, _Serial, metadata

# Edited: one row is one wish from asking to its end, and a conversation has at most one that is open. `taken_seq` is
# the last line when it was taken, `seen_seq` the last one that its clerk was shown, `first_taken_at` ends the waiting
# that is measured. `rank` is that of the reason, the lowest first.
handovers = Table(
    "handovers",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("context", JSON, nullable=False),
    Column("asked_at", Moment, nullable=True),
    Column("taken_at", Moment, nullable=True),
    Column("state", String(16), nullable=False, server_default="waiting"),
    Column("reason", String(16), nullable=False, server_default="asked"),
    Column("rank", Integer, nullable=False, server_default="1"),
    Column("taken_by", String(64)),
    Column("lease_until", Moment),
    Column("first_taken_at", Moment),
    Column("taken_seq", Integer, nullable=False, server_default="0"),
    Column("seen_seq", Integer, nullable=False, server_default="0"),
    Column("over_at", Moment),
    # The citizen's next words go to the clerk, who is not there yet.
    Column("message_at", Moment),
)
_OPEN = handovers.c.state.in_(("waiting", "taken"))
Index("uq_handovers_open", handovers.c.conversation_id, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_handovers_queue", handovers.c.state, handovers.c.rank, handovers.c.asked_at, handovers.c.id)
Index("ix_handovers_first_taken_at", handovers.c.first_taken_at)

# A call that somebody is to make. `phone` is sealed, `shown` its mask; `wanted` are the citizen's words for the time.
call_backs = Table(
    "call_backs",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("handover_id", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("handovers.id"), index=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("about", Text, nullable=False),
    Column("key_id", String(32), index=True),
    Column("phone", LargeBinary),
    Column("shown", String(32), nullable=False),
    Column("wanted", Text, nullable=False),
    Column("begins", Moment),
    Column("ends", Moment),
    Column("asked_at", Moment, nullable=False),
    Column("taken_by", String(64)),
    Column("lease_until", Moment),
    Column("done_at", Moment),
    Column("done_by", String(64)),
    Column("note", Text),
)
_TO_CALL = call_backs.c.state == "open"
Index("uq_call_backs_open", call_backs.c.conversation_id, unique=True, sqlite_where=_TO_CALL, postgresql_where=_TO_CALL)
Index("ix_call_backs_state", call_backs.c.state, call_backs.c.begins, call_backs.c.id)

# Appended, never edited: who did what and who read what. `key` makes a request that comes twice one.
handover_acts = Table(
    "handover_acts",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("handover_id", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("handovers.id"), index=True),
    Column("call_back_id", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("call_backs.id"), index=True),
    Column("act", String(16), nullable=False),
    Column("by", String(64), nullable=False),
    Column("from_seq", Integer),
    Column("to_seq", Integer),
    Column("text", Text),
    Column("key", String(96)),
    Column("at", Moment, nullable=False),
    Unique("conversation_id", "key"),
)

# Of a token only its digest is kept. `may` are scopes, by comma.
staff_tokens = Table(
    "staff_tokens",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(64), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("may", String(128), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("used_at", Moment),
)
