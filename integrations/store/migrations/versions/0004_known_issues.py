"""known issues as records, their version, and the feeds that bring them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0004_known_issues"
down_revision = "0003_incidents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_issues",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.JSON(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.String(length=16), nullable=True),
        sa.Column("added_at", Moment(timezone=True), nullable=False),
        sa.Column("changed_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_issues")),
    )
    op.create_index(op.f("ix_known_issues_feed"), "known_issues", ["feed"])
    op.create_index("ix_known_issues_days", "known_issues", ["ends", "starts"])
    version = op.create_table(
        "known_issue_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_issue_version")),
    )
    # version 0: what ships has not been taken over yet
    op.bulk_insert(version, [{"id": 1, "version": 0}])
    op.create_table(
        "issue_feeds",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("modified", sa.Text(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment(timezone=True), nullable=True),
        sa.Column("fine_at", Moment(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("claim", sa.String(length=64), nullable=True),
        sa.Column("next_at", Moment(timezone=True), nullable=False),
        sa.Column("lease_until", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_issue_feeds")),
    )


def downgrade() -> None:
    op.drop_table("issue_feeds")
    op.drop_table("known_issue_version")
    op.drop_table("known_issues")
