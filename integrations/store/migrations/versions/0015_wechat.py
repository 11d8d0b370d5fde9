"""the WeChat channel: pushes, readers, consents"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0015_wechat"
down_revision = "0014_reports"
branch_labels = None
depends_on = None

_OPEN = sa.text("stage IN ('fetch', 'handed')")
_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "wechat_pushes",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("openid", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("handed_at", Moment(timezone=True), nullable=True),
        sa.Column("fetch", sa.JSON(), nullable=True),
        sa.Column("fetch_until", Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_wechat_pushes_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_wechat_pushes")),
    )
    op.create_index(op.f("ix_wechat_pushes_conversation_id"), "wechat_pushes", ["conversation_id"])
    op.create_index("ix_wechat_pushes_at", "wechat_pushes", ["at"])
    op.create_index("ix_wechat_pushes_open", "wechat_pushes", ["at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "wechat_readers",
        sa.Column("openid", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("told_seq", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("messages_until", Moment(timezone=True), nullable=True),
        sa.Column("actions", sa.Integer(), nullable=False),
        sa.Column("actions_until", Moment(timezone=True), nullable=True),
        sa.Column("rest", sa.JSON(), nullable=False),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("asked_to_fetch", sa.Boolean(), nullable=False),
        sa.Column("noticed_seq", sa.Integer(), nullable=False),
        sa.Column("due_at", Moment(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("lease_until", Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_wechat_readers_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("openid", name=op.f("pk_wechat_readers")),
    )
    op.create_index(op.f("ix_wechat_readers_conversation_id"), "wechat_readers", ["conversation_id"])
    op.create_index("ix_wechat_readers_due", "wechat_readers", ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE)
    op.create_table(
        "wechat_consents",
        sa.Column("openid", sa.String(length=64), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("openid", "template_id", name=op.f("pk_wechat_consents")),
    )


def downgrade() -> None:
    op.drop_table("wechat_consents")
    op.drop_table("wechat_readers")
    op.drop_table("wechat_pushes")
