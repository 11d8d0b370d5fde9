"""rounds of feedback, re-checks, the ledger and surveys

The one feedback of a complaint becomes its first round: satisfied is 满意, not satisfied is 不满意, and the closing
entry of its history is the one it is about. A finished one has been decided.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

from integrations.store.tables import Moment

revision = "0008_satisfaction"
down_revision = "0007_history"
branch_labels = None
depends_on = None

REMIND_AFTER = timedelta(days=7)
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Moment(timezone=True), nullable=nullable)


def _set_timers() -> None:
    """Rounds that still ask get the timers that new ones have: one reminder, and the end."""
    rounds = sa.table(
        "feedback_rounds",
        sa.column("complaint_id", sa.String),
        sa.column("opened_at", Moment),
        sa.column("expires_at", Moment),
        sa.column("finished_at", Moment),
    )
    timers = sa.table(
        "timers",
        *(sa.column(name, sa.String) for name in ("kind", "subject")),
        sa.column("payload", sa.JSON),
        *(sa.column(name, Moment) for name in ("at", "next_at")),
    )
    database = op.get_bind()
    open_ones = database.execute(sa.select(rounds).where(rounds.c.finished_at.is_(None))).all()
    rows = []
    for one in open_ones:
        for kind, at in (("feedback_reminder", one.opened_at + REMIND_AFTER), ("feedback_end", one.expires_at)):
            subject = f"{one.complaint_id}:1"
            rows.append({"kind": kind, "subject": subject, "payload": {}, "at": at, "next_at": at})
    if rows:
        database.execute(sa.insert(timers), rows)


def upgrade() -> None:
    op.create_table(
        "feedback_rounds",
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("closure", sa.Integer(), nullable=False),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("level", sa.String(length=8), nullable=True),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        sa.Column("reasons", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("media", sa.Boolean(), nullable=True),
        _moment("opened_at"),
        _moment("expires_at"),
        _moment("reminded_at", nullable=True),
        _moment("decided_at", nullable=True),
        _moment("finished_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_feedback_rounds_complaint_id_complaints")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_feedback_rounds_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("complaint_id", "round", name=op.f("pk_feedback_rounds")),
        sa.UniqueConstraint("complaint_id", "closure", name=op.f("uq_feedback_rounds_complaint_id_closure")),
    )
    op.execute(
        """
        INSERT INTO feedback_rounds (complaint_id, round, conversation_id, closure, solved, level, contacted, words,
                                     opened_at, expires_at, decided_at, finished_at)
        SELECT f.complaint_id, 1, f.conversation_id,
               COALESCE((SELECT MAX(s.sequence) FROM status_changes s
                         WHERE s.complaint_id = f.complaint_id AND s.after = 'closed'), 0),
               f.solved, CASE WHEN f.satisfied IS NULL THEN NULL WHEN f.satisfied THEN '满意' ELSE '不满意' END,
               f.contacted, CASE WHEN f.reason = '未说明' THEN '' ELSE f.reason END,
               f.opened_at, f.expires_at, f.finished_at, f.finished_at
        FROM feedbacks f
        """
    )
    op.drop_table("feedbacks")
    _set_timers()
    op.create_index(op.f("ix_feedback_rounds_conversation_id"), "feedback_rounds", ["conversation_id"])
    op.create_table(
        "rechecks",
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("unit", sa.String(length=128), nullable=True),
        sa.Column("checked_by", sa.String(length=64), nullable=True),
        sa.Column("ticked", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        _moment("opened_at"),
        _moment("due_at"),
        _moment("decided_at", nullable=True),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_rechecks_complaint_id_complaints")),
        sa.PrimaryKeyConstraint("complaint_id", "number", name=op.f("pk_rechecks")),
    )
    op.create_index("ix_rechecks_waiting", "rechecks", ["state", "due_at"])
    op.create_table(
        "ledger_entries",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        _moment("opened_at"),
        _moment("next_at"),
        _moment("closed_at", nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_ledger_entries_incident_id_incidents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
    )
    op.create_index(op.f("ix_ledger_entries_incident_id"), "ledger_entries", ["incident_id"])
    op.create_index("ix_ledger_entries_next", "ledger_entries", ["closed_at", "next_at"])
    op.create_index(
        "uq_ledger_entries_open",
        "ledger_entries",
        ["incident_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "ledger_notes",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("entry_id", _SERIAL, nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _moment("at"),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_ledger_notes_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_notes")),
    )
    op.create_index(op.f("ix_ledger_notes_entry_id"), "ledger_notes", ["entry_id"])
    op.create_table(
        "surveys",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("open_days", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("sent_at", nullable=True),
        _moment("ends_at", nullable=True),
        _moment("stopped_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys")),
    )
    op.create_table(
        "survey_invitations",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("survey_id", _SERIAL, nullable=False),
        sa.Column("citizen_id", sa.String(length=32), nullable=False),
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        _moment("told_at", nullable=True),
        _moment("finished_at", nullable=True),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=op.f("fk_survey_invitations_survey_id_surveys")),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["citizens.id"], name=op.f("fk_survey_invitations_citizen_id_citizens")
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_survey_invitations_complaint_id_complaints")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_invitations")),
        sa.UniqueConstraint("survey_id", "citizen_id", name=op.f("uq_survey_invitations_survey_id_citizen_id")),
    )
    op.create_index(op.f("ix_survey_invitations_citizen_id"), "survey_invitations", ["citizen_id"])
    op.create_table(
        "survey_answers",
        sa.Column("invitation_id", _SERIAL, nullable=False),
        sa.Column("question", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        _moment("at"),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["survey_invitations.id"],
            name=op.f("fk_survey_answers_invitation_id_survey_invitations"),
        ),
        sa.PrimaryKeyConstraint("invitation_id", "question", name=op.f("pk_survey_answers")),
    )


def downgrade() -> None:
    op.execute("DELETE FROM timers WHERE kind IN ('feedback_reminder', 'feedback_decide', 'feedback_end')")
    op.create_table(
        "feedbacks",
        sa.Column("complaint_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        _moment("opened_at"),
        _moment("expires_at"),
        _moment("finished_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_feedbacks_complaint_id_complaints")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_feedbacks_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_feedbacks")),
    )
    op.execute(
        """
        INSERT INTO feedbacks (complaint_id, conversation_id, solved, satisfied, contacted, reason,
                               opened_at, expires_at, finished_at)
        SELECT f.complaint_id, f.conversation_id, f.solved,
               CASE WHEN f.level IS NULL THEN NULL ELSE f.level IN ('非常满意', '满意', '基本满意') END,
               f.contacted, CASE WHEN f.words = '' THEN '未说明' ELSE f.words END,
               f.opened_at, f.expires_at, f.finished_at
        FROM feedback_rounds f
        WHERE f.round = (SELECT MAX(g.round) FROM feedback_rounds g WHERE g.complaint_id = f.complaint_id)
        """
    )
    op.create_index(op.f("ix_feedbacks_conversation_id"), "feedbacks", ["conversation_id"])
    op.drop_table("survey_answers")
    op.drop_table("survey_invitations")
    op.drop_table("surveys")
    op.drop_table("ledger_notes")
    op.drop_table("ledger_entries")
    op.drop_table("rechecks")
    op.drop_table("feedback_rounds")
