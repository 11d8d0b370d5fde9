"""what citizens add, urge and withdraw, and waiting notices"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0010_followup"
down_revision = "0009_personal"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "citizen_updates",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_citizen_updates_complaint_id_complaints")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen_updates")),
        sa.UniqueConstraint("complaint_id", "key", name=op.f("uq_citizen_updates_complaint_id_key")),
        sa.UniqueConstraint("complaint_id", "kind", "number", name=op.f("uq_citizen_updates_complaint_id_kind_number")),
    )
    # Notices that waited for a person because their channel has no messenger: they wait for the citizen now.
    op.execute(
        "UPDATE outbox SET state = 'kept' WHERE task = 'notice' AND state = 'stuck' "
        "AND last_error LIKE 'no messenger for channel %'"
    )


def downgrade() -> None:
    op.execute("UPDATE outbox SET state = 'stuck' WHERE state = 'kept'")
    op.drop_table("citizen_updates")
