"""reports, merges, recurrences, and the index in which incidents are found again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store import incident_index
from integrations.store.tables import Moment
from kb.public_words import public_words

revision = "0003_incidents"
down_revision = "0002"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_reports_complaint_id_complaints")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("complaint_id", "key", name=op.f("uq_reports_complaint_id_key")),
    )
    _incidents()
    op.create_table(
        "incident_cells",
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("cell", sa.String(length=24), nullable=False),
        sa.Column("branch", sa.String(length=2), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_cells_incident_id_incidents")
        ),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident_cells")),
    )
    op.create_index(
        "ix_incident_cells_search", "incident_cells", ["cell", "branch", "ends", "lat", "lon", "incident_id"]
    )
    op.create_table(
        "incident_keys",
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("branch", sa.String(length=2), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_keys_incident_id_incidents")),
        sa.PrimaryKeyConstraint("incident_id", "key", name=op.f("pk_incident_keys")),
    )
    op.create_index("ix_incident_keys_search", "incident_keys", ["key", "branch", "ends", "latest", "incident_id"])
    op.create_table(
        "merges",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("into_id", sa.String(length=32), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(length=64), nullable=True),
        sa.Column("undone_why", sa.Text(), nullable=True),
        sa.Column("undone_at", Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_merges_incident_id_incidents")),
        sa.ForeignKeyConstraint(["into_id"], ["incidents.id"], name=op.f("fk_merges_into_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_incident_id"), "merges", ["incident_id"])
    op.create_index(op.f("ix_merges_into_id"), "merges", ["into_id"])
    op.add_column("backend_requests", sa.Column("note_id", sa.String(length=128), nullable=True))
    op.create_index(op.f("ix_backend_requests_note_id"), "backend_requests", ["note_id"])
    _fill()


def _incidents() -> None:
    op.add_column("incidents", sa.Column("people", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("incidents", sa.Column("vector", sa.LargeBinary(), nullable=True))
    op.add_column("incidents", sa.Column("likely", sa.JSON(), nullable=True))
    op.add_column("incidents", sa.Column("recurred_at", Moment(timezone=True), nullable=True))
    op.add_column("incidents", sa.Column("survivor_id", sa.String(length=32), nullable=False, server_default=""))
    for name in ("recurrence_of", "merged_into"):
        # spelled out: alembic would write SQLite's whole table anew, which complaints refer to
        op.execute(
            f"ALTER TABLE incidents ADD COLUMN {name} VARCHAR(32) "
            f"CONSTRAINT fk_incidents_{name}_incidents REFERENCES incidents (id)"
        )
    for name in ("recurrence_of", "merged_into", "survivor_id"):
        op.create_index(op.f(f"ix_incidents_{name}"), "incidents", [name])
    op.create_index("ix_incidents_recurred", "incidents", ["recurred_at"])


def _fill() -> None:
    """Every complaint that is there gets its report, every incident its counts and its place in the index."""
    op.execute("UPDATE incidents SET survivor_id = id")
    op.execute(
        "UPDATE incidents SET people = "
        "(SELECT count(DISTINCT c.citizen_id) FROM complaints c WHERE c.incident_id = incidents.id)"
    )
    op.execute(
        "INSERT INTO reports (complaint_id, key, text, place, channel, photos, at) "
        "SELECT c.id, 'filed', c.description, c.place, v.channel, '[]', c.filed_at "
        "FROM complaints c JOIN conversations v ON v.id = c.conversation_id ORDER BY c.filed_at, c.id"
    )
    _hide_what_is_personal(op.get_bind())
    incident_index.rebuild(op.get_bind())


def _hide_what_is_personal(db: sa.Connection) -> None:
    """Summaries are shown to other citizens, and those that are there were made by a looser rule."""
    incidents = sa.table("incidents", sa.column("id"), sa.column("summary"))
    change = incidents.update().where(incidents.c.id == sa.bindparam("of")).values(summary=sa.bindparam("shown"))
    rows = db.execute(sa.select(incidents.c.id, incidents.c.summary)).all()
    if changed := [
        {"of": row.id, "shown": shown} for row in rows if (shown := public_words(row.summary)) != row.summary
    ]:
        db.execute(change, changed)


def downgrade() -> None:
    op.drop_index(op.f("ix_backend_requests_note_id"), "backend_requests")
    op.drop_column("backend_requests", "note_id")
    for table in ("merges", "incident_keys", "incident_cells", "reports"):
        op.drop_table(table)
    op.drop_index("ix_incidents_recurred", "incidents")
    for name in ("recurrence_of", "merged_into", "survivor_id"):
        op.drop_index(op.f(f"ix_incidents_{name}"), "incidents")
    for name in ("merged_into", "recurrence_of", "survivor_id", "recurred_at", "likely", "vector", "people"):
        op.drop_column("incidents", name)
