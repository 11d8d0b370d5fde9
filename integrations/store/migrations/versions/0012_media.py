"""pictures and recordings of citizens"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0012_media"
down_revision = "0011_handover"
branch_labels = None
depends_on = None

_UNHEARD = sa.text("kind = 'voice' AND words IS NULL")


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("complaint_id", sa.String(length=32), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content_type", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("taken_at", Moment(timezone=True), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_media_conversation_id_conversations")
        ),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_media_complaint_id_complaints")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
    )
    op.create_index(op.f("ix_media_conversation_id"), "media", ["conversation_id"])
    op.create_index(op.f("ix_media_complaint_id"), "media", ["complaint_id"])
    op.create_index("ix_media_unheard", "media", ["at"], sqlite_where=_UNHEARD, postgresql_where=_UNHEARD)


def downgrade() -> None:
    op.drop_table("media")
