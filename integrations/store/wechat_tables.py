"""Tables of the WeChat channel: pushes by which a repeated one is known, who reads there, and their consents."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from integrations.store.tables import Moment, metadata

# Kept for a day. Edited: all but `key`, `openid`, `kind` and `at`. `reply` is what was answered passively, `fetch`
# where its picture or recording is to be had, `fetch_until` the lease of who is fetching it.
wechat_pushes = Table(
    "wechat_pushes",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("openid", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("stage", String(8), nullable=False),
    Column("at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("conversation_id", ForeignKey("conversations.id"), index=True),
    Column("seq", Integer),
    Column("reply", Text),
    Column("handed_at", Moment),
    Column("fetch", JSON),
    Column("fetch_until", Moment),
)
Index("ix_wechat_pushes_at", wechat_pushes.c.at)
_OPEN = wechat_pushes.c.stage.in_(["fetch", "handed"])
Index("ix_wechat_pushes_open", wechat_pushes.c.at, sqlite_where=_OPEN, postgresql_where=_OPEN)

# One row for each WeChat citizen, edited by whoever tells them something, one at a time: `holder` until `lease_until`.
wechat_readers = Table(
    "wechat_readers",
    metadata,
    Column("openid", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("told_seq", Integer, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("messages_until", Moment),
    Column("actions", Integer, nullable=False),
    Column("actions_until", Moment),
    Column("rest", JSON, nullable=False),
    Column("follows", Boolean, nullable=False),
    Column("reachable", Boolean, nullable=False),
    Column("asked_to_fetch", Boolean, nullable=False),
    Column("noticed_seq", Integer, nullable=False),
    Column("due_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("holder", String(64)),
    Column("lease_until", Moment),
)
_DUE = wechat_readers.c.due_at.is_not(None)
Index("ix_wechat_readers_due", wechat_readers.c.due_at, sqlite_where=_DUE, postgresql_where=_DUE)

# `times` is how often a subscription notice may still be sent, -1 for as long as it is not taken back.
wechat_consents = Table(
    "wechat_consents",
    metadata,
    Column("openid", String(64), primary_key=True),
    Column("template_id", String(64), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)
