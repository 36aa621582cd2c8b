"""Leaving: erasures, files still to be removed, stops that outlive the person; events whose words an erasure may empty."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant, Json

revision = "0018"
down_revision = "0017"

_KEPT = ("id", "at", "kind", "actor_kind", "actor_id", "contact_id", "conversation_id", "message_id")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("erased_at", Instant()))
    op.create_table(
        "erasures",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("asked_by", sa.BigInteger()),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("started_at", Instant()),
        sa.Column("done_at", Instant()),
        sa.Column("undone_at", Instant()),
        sa.Column("undone_by", sa.BigInteger()),
        sa.Column("step", sa.Text(), server_default="", nullable=False),
        sa.Column("place", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("messages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("traces", Json),
        sa.Column("compacted_at", Instant()),
        sa.CheckConstraint("state IN ('asked', 'running', 'done', 'undone')", name=op.f("ck_erasures_state_known")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_erasures_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_erasures_contact_id", "erasures", ["contact_id", "id"])
    waiting = sa.text("state IN ('asked', 'running')")
    op.create_index("ix_erasures_due", "erasures", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "erased_files",
        sa.Column("erasure_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasures.id"], name=op.f("fk_erased_files_erasure_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("erasure_id", "sha256", name=op.f("pk_erased_files")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suppressions",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", Instant()),
        sa.Column("marketing_stopped_at", Instant()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_suppressions")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE erasures_ids CACHE 1")
        op.execute(_refusing("to_jsonb(NEW) - 'data' = to_jsonb(OLD) - 'data' AND "))
        return
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT)
    op.execute("DROP TRIGGER events_no_update")
    op.execute(
        "CREATE TRIGGER events_no_update BEFORE UPDATE ON events "
        f"WHEN NOT ({same} AND EXISTS (SELECT 1 FROM erasures WHERE state = 'running')) "
        "BEGIN SELECT RAISE(ABORT, 'events are immutable'); END"
    )


def _refusing(same: str) -> str:
    return (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'UPDATE' THEN IF {same}EXISTS (SELECT 1 FROM erasures WHERE state = 'running') THEN RETURN NEW; "
        "END IF; END IF; RAISE EXCEPTION 'events are immutable'; END $$"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'events are immutable'; END $$"
        )
        op.execute("DROP SEQUENCE erasures_ids")
    else:
        op.execute("DROP TRIGGER events_no_update")
        op.execute(
            "CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are immutable'); END"
        )
    op.drop_table("suppressions")
    op.drop_table("erased_files")
    op.drop_table("erasures")
    op.drop_column("contacts", "erased_at")
