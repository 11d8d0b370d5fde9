"""what a report tells beside its words: when it began, answers, a wish for secrecy; vectors made by the worker"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_reports"
down_revision = "0013_conversations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaints", sa.Column("began", sa.String(length=16), nullable=True))
    secret: sa.Column[bool] = sa.Column("confidential", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("complaints", secret)
    op.add_column("complaints", sa.Column("answers", sa.JSON(none_as_null=True), nullable=True))
    waits = sa.text("vector IS NULL AND closed_at IS NULL")
    op.create_index("ix_incidents_no_vector", "incidents", ["opened_at"], sqlite_where=waits, postgresql_where=waits)


def downgrade() -> None:
    op.drop_index("ix_incidents_no_vector", "incidents")
    for name in ("answers", "confidential", "began"):
        op.drop_column("complaints", name)
