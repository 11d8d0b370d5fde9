"""contacts sealed, and what was erased

The rows of `contacts` stay where they are: sealing needs the key, which no migration has. `jiesu migrate`, `jiesu up`
and every worker move them into `sealed_contacts` when they start, a few at a time, each in one transaction; until then
they are read where they stand.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0009_personal"
down_revision = "0008_satisfaction"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sealed_contacts",
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_sealed_contacts_complaint_id_complaints")
        ),
        sa.PrimaryKeyConstraint("complaint_id", "purpose", name=op.f("pk_sealed_contacts")),
    )
    op.create_index(op.f("ix_sealed_contacts_key_id"), "sealed_contacts", ["key_id"])
    op.create_index(op.f("ix_sealed_contacts_mark"), "sealed_contacts", ["mark"])
    op.create_table(
        "erasures",
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_erasures_complaint_id_complaints")),
        sa.PrimaryKeyConstraint("complaint_id", "kind", name=op.f("pk_erasures")),
    )
    op.create_table(
        "personal_acts",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("citizen_id", sa.String(length=32), nullable=True),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_acts")),
    )


def downgrade() -> None:
    # Nobody can read them without the key, and the version before has no place for them.
    sealed = op.get_bind().execute(sa.text("SELECT COUNT(*) FROM sealed_contacts")).scalar_one()
    if sealed:
        raise RuntimeError(f"{sealed} sealed contacts would be lost: the version before cannot hold them")
    op.drop_table("personal_acts")
    op.drop_table("erasures")
    op.drop_table("sealed_contacts")
