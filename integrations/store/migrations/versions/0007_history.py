"""what a move carries, and the chain of hashes"""

from __future__ import annotations

import secrets
from itertools import groupby

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment
from kb.history import FIRST, seal
from kb.lifecycle import Status, StatusChange

revision = "0007_history"
down_revision = "0006_dispatch"
branch_labels = None
depends_on = None

_AT_ONCE = 2000


def upgrade() -> None:
    for column in (
        sa.Column("move", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("due_at", Moment(timezone=True), nullable=True),
        sa.Column("photos", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("hash", sa.String(length=72), nullable=False, server_default=""),
    ):
        op.add_column("status_changes", column)
    op.add_column("complaints", sa.Column("entries", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE status_changes SET move = after")
    op.execute(
        "UPDATE complaints SET entries = "
        "(SELECT count(*) FROM status_changes s WHERE s.complaint_id = complaints.id)"
    )
    _seal()


def _seal() -> None:
    """Give every entry that is there its place in the chain of its complaint."""
    complaints = sa.table("complaints", sa.column("id", sa.String))
    names = ("id", "complaint_id", "sequence", "before", "after", "actor", "note", "unit")
    entries = sa.table("status_changes", *map(sa.column, names), sa.column("at", Moment))
    sealing = sa.text("UPDATE status_changes SET hash = :hash, digest = :digest, salt = :salt WHERE id = :id")
    connection = op.get_bind()
    last = ""
    while True:
        some = sa.select(complaints.c.id).where(complaints.c.id > last)
        wanted = list(connection.execute(some.order_by(complaints.c.id).limit(_AT_ONCE)).scalars())
        if not wanted:
            return
        last = wanted[-1]
        theirs = sa.select(entries).where(entries.c.complaint_id >= wanted[0], entries.c.complaint_id <= last)
        rows = connection.execute(theirs.order_by(entries.c.complaint_id, entries.c.sequence)).all()
        sealed = []
        for complaint_id, history in groupby(rows, key=lambda row: row.complaint_id):
            former = FIRST
            for row in history:
                before = Status(row.before) if row.before else None
                change = StatusChange(
                    row.sequence, before, Status(row.after), row.at, row.actor, row.note, row.unit
                )
                own = seal(former, complaint_id, change, salt=secrets.token_hex(16))
                sealed.append({"id": row.id, "hash": own.hash, "digest": own.digest, "salt": own.salt})
                former = own.hash
        if sealed:
            connection.execute(sealing, sealed)


def downgrade() -> None:
    # statuses that the version before has no names for
    for old, new in (("withdrawn", "closed"), ("rechecking", "answered")):
        for column in ("before", "after"):
            op.execute(f"UPDATE status_changes SET {column} = '{new}' WHERE {column} = '{old}'")
    op.drop_column("complaints", "entries")
    for name in ("hash", "digest", "salt", "solved", "photos", "due_at", "move"):
        op.drop_column("status_changes", name)
