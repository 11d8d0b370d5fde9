"""timers, one row for each; warnings about deadlines; what is known of each deadline"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0005_timers"
down_revision = "0004_known_issues"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "timers",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("next_at", Moment(timezone=True), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("worker", sa.String(length=128), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_timers_kind_subject")),
    )
    op.create_index("ix_timers_next_at", "timers", ["next_at", "id"])
    op.create_index("ix_timers_at", "timers", ["at"])
    tried = sa.text("attempts > 0")
    op.create_index("ix_timers_tried", "timers", ["next_at"], sqlite_where=tried, postgresql_where=tried)
    op.create_table(
        "warnings",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("level", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", Moment(timezone=True), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("lifted_at", Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_warnings_complaint_id_complaints")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warnings")),
        sa.UniqueConstraint(
            "complaint_id", "kind", "level", "due_at", name=op.f("uq_warnings_complaint_id_kind_level_due_at")
        ),
    )
    op.create_index("ix_warnings_standing", "warnings", ["lifted_at", "due_at"])
    op.create_table(
        "deadlines",
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("started_at", Moment(timezone=True), nullable=False),
        sa.Column("due_at", Moment(timezone=True), nullable=False),
        sa.Column("extensions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("provisional", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("stopped_at", Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_deadlines_complaint_id_complaints")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_deadlines")),
    )
    running = sa.text("provisional")
    op.create_index(
        "ix_deadlines_provisional", "deadlines", ["complaint_id"], sqlite_where=running, postgresql_where=running
    )
    _set_the_clocks()


def downgrade() -> None:
    op.drop_table("deadlines")
    op.drop_table("warnings")
    op.drop_table("timers")


def _set_the_clocks() -> None:
    """Complaints that were open before get their clock too: its timer is due at once and looks how things stand."""
    op.get_bind().execute(
        sa.text(
            "INSERT INTO timers (kind, subject, payload, at, next_at, attempts) "
            "SELECT 'deadline', c.id, '{}', :now, :now, 0 FROM complaints c "
            "JOIN status_changes s ON s.complaint_id = c.id AND s.sequence = "
            "(SELECT max(x.sequence) FROM status_changes x WHERE x.complaint_id = c.id) "
            "WHERE s.after NOT IN ('closed', 'rated')"
        ).bindparams(sa.bindparam("now", type_=Moment())),
        {"now": datetime.now(UTC)},
    )
