"""recipients, tokens and updates of the outbox"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0006_dispatch"
down_revision = "0005_timers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("sent_at", Moment(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("token", sa.String(length=128), nullable=True))
    # Rows that were tried before: nobody wrote down whether the backend may have heard of them, so it may.
    op.execute(
        "UPDATE outbox SET sent_at = created_at WHERE task = 'file' AND attempts > 0 AND state <> 'done'"
    )
    op.add_column("backend_requests", sa.Column("lost_at", Moment(timezone=True), nullable=True))
    op.add_column("backend_requests", sa.Column("last_event", sa.String(length=16), nullable=False, server_default=""))
    # A backend without a history could only ever have said one thing of them.
    op.execute("UPDATE backend_requests SET last_event = 'closed' WHERE NOT open")
    op.drop_index("ix_outbox_work", "outbox")
    op.create_index("ix_outbox_work", "outbox", ["state", "next_at", "id"])
    op.create_table(
        "backend_notes",
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_backend_notes_complaint_id_complaints")
        ),
        sa.PrimaryKeyConstraint("complaint_id", "mark", name=op.f("pk_backend_notes")),
    )
    op.create_index(op.f("ix_backend_notes_request_id"), "backend_notes", ["request_id"])


def downgrade() -> None:
    op.drop_table("backend_notes")
    op.drop_index("ix_outbox_work", "outbox")
    op.create_index("ix_outbox_work", "outbox", ["state", "next_at"])
    op.drop_column("backend_requests", "last_event")
    op.drop_column("backend_requests", "lost_at")
    op.drop_column("outbox", "token")
    op.drop_column("outbox", "sent_at")
    # what this version cannot send on
    op.execute("DELETE FROM outbox WHERE task IN ('update', 'copy')")
