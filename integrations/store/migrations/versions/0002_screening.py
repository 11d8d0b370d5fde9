"""screening tags; request type and urgency of a complaint"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # plain ADD COLUMN: SQLite can do that without writing the table anew
    op.add_column(
        "complaints", sa.Column("request_type", sa.String(length=8), nullable=False, server_default="投诉")
    )
    op.add_column("complaints", sa.Column("urgency", sa.String(length=8), nullable=False, server_default="一般"))
    op.create_table(
        "screening_tags",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("lifted_at", Moment(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_screening_tags_complaint_id_complaints")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_tags")),
    )
    op.create_index(op.f("ix_screening_tags_complaint_id"), "screening_tags", ["complaint_id"])
    op.create_index("ix_screening_tags_standing", "screening_tags", ["lifted_at", "at"])


def downgrade() -> None:
    op.drop_table("screening_tags")
    with op.batch_alter_table("complaints") as batch_op:
        batch_op.drop_column("urgency")
        batch_op.drop_column("request_type")
