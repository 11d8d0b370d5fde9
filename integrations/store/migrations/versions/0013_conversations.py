"""lines that are heard together, and one conversation on several channels"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0013_conversations"
down_revision = "0012_media"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lines", sa.Column("turn", sa.Integer(), nullable=True))
    op.add_column("conversations", sa.Column("goes_on_in", sa.String(length=32), nullable=True))
    op.create_table(
        "link_codes",
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("expires_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_link_codes_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_link_codes")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_link_codes_conversation_id")),
    )


def downgrade() -> None:
    op.drop_table("link_codes")
    # no copy of the table: others refer to its rows
    op.drop_column("conversations", "goes_on_in")
    op.drop_column("lines", "turn")
