"""hand-overs with their state, calls that are to be made, clerks' tokens

Wishes that were answered before are over; of several that one conversation had waiting, the first one goes on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0011_handover"
down_revision = "0010_followup"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("state IN ('waiting', 'taken')")
_TO_CALL = sa.text("state = 'open'")

def _added() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("state", sa.String(length=16), nullable=False, server_default="waiting"),
        sa.Column("reason", sa.String(length=16), nullable=False, server_default="asked"),
        sa.Column("rank", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("lease_until", Moment(timezone=True), nullable=True),
        sa.Column("first_taken_at", Moment(timezone=True), nullable=True),
        sa.Column("taken_seq", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("seen_seq", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("over_at", Moment(timezone=True), nullable=True),
        sa.Column("message_at", Moment(timezone=True), nullable=True),
    ]


def upgrade() -> None:
    for column in _added():
        op.add_column("handovers", column)
    op.execute(
        "UPDATE handovers SET state = 'ended', over_at = taken_at, first_taken_at = taken_at WHERE taken_at IS NOT NULL"
    )
    op.execute(
        "UPDATE handovers SET state = 'ended', over_at = asked_at WHERE state = 'waiting' AND id NOT IN "
        "(SELECT MIN(id) FROM handovers WHERE state = 'waiting' GROUP BY conversation_id)"
    )
    op.create_index(
        "uq_handovers_open",
        "handovers",
        ["conversation_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_handovers_queue", "handovers", ["state", "rank", "asked_at", "id"])
    op.create_index("ix_handovers_first_taken_at", "handovers", ["first_taken_at"])
    op.create_table(
        "call_backs",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("handover_id", _SERIAL, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("shown", sa.String(length=32), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("begins", Moment(timezone=True), nullable=True),
        sa.Column("ends", Moment(timezone=True), nullable=True),
        sa.Column("asked_at", Moment(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("lease_until", Moment(timezone=True), nullable=True),
        sa.Column("done_at", Moment(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_call_backs_conversation_id_conversations")
        ),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name=op.f("fk_call_backs_handover_id_handovers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_backs")),
    )
    op.create_index(op.f("ix_call_backs_conversation_id"), "call_backs", ["conversation_id"])
    op.create_index(op.f("ix_call_backs_handover_id"), "call_backs", ["handover_id"])
    op.create_index(op.f("ix_call_backs_key_id"), "call_backs", ["key_id"])
    op.create_index("ix_call_backs_state", "call_backs", ["state", "begins", "id"])
    op.create_index(
        "uq_call_backs_open",
        "call_backs",
        ["conversation_id"],
        unique=True,
        sqlite_where=_TO_CALL,
        postgresql_where=_TO_CALL,
    )
    op.create_table(
        "handover_acts",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("handover_id", _SERIAL, nullable=True),
        sa.Column("call_back_id", _SERIAL, nullable=True),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("from_seq", sa.Integer(), nullable=True),
        sa.Column("to_seq", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("key", sa.String(length=96), nullable=True),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_handover_acts_conversation_id_conversations")
        ),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name=op.f("fk_handover_acts_handover_id_handovers")),
        sa.ForeignKeyConstraint(
            ["call_back_id"], ["call_backs.id"], name=op.f("fk_handover_acts_call_back_id_call_backs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_acts")),
        sa.UniqueConstraint("conversation_id", "key", name=op.f("uq_handover_acts_conversation_id_key")),
    )
    op.create_index(op.f("ix_handover_acts_handover_id"), "handover_acts", ["handover_id"])
    op.create_index(op.f("ix_handover_acts_call_back_id"), "handover_acts", ["call_back_id"])
    op.create_table(
        "staff_tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("may", sa.String(length=128), nullable=False),
        sa.Column("made_at", Moment(timezone=True), nullable=False),
        sa.Column("ends_at", Moment(timezone=True), nullable=False),
        sa.Column("revoked_at", Moment(timezone=True), nullable=True),
        sa.Column("used_at", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_tokens")),
    )
    op.create_index(op.f("ix_staff_tokens_name"), "staff_tokens", ["name"])


def downgrade() -> None:
    # Nobody can read them without the key, and the version before has no place for them.
    waiting = op.get_bind().execute(sa.text("SELECT COUNT(*) FROM call_backs WHERE state = 'open'")).scalar_one()
    if waiting:
        raise RuntimeError(f"{waiting} calls that were promised would be lost: make them, or take them off, first")
    op.drop_table("staff_tokens")
    op.drop_table("handover_acts")
    op.drop_table("call_backs")
    # What is taken waits again for the version before.
    op.execute("UPDATE handovers SET taken_at = over_at WHERE state NOT IN ('waiting', 'taken') AND taken_at IS NULL")
    op.execute("UPDATE handovers SET taken_at = NULL WHERE state IN ('waiting', 'taken')")
    op.drop_index("ix_handovers_first_taken_at", table_name="handovers")
    op.drop_index("ix_handovers_queue", table_name="handovers")
    op.drop_index("uq_handovers_open", table_name="handovers")
    for column in reversed(_added()):
        op.drop_column("handovers", column.name)
