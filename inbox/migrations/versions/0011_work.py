"""Work on conversations: labels, reasons to close, macros, links, merged requests, and the way back from each step."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant, Json

revision = "0011"
down_revision = "0010"
_NUMBERED = ("labels", "close_reasons", "macros", "undo_steps")


def upgrade() -> None:
    op.add_column("conversations", sa.Column("close_reason_id", sa.BigInteger()))
    op.add_column("conversations", sa.Column("close_summary", sa.Text()))
    op.add_column("conversations", sa.Column("merged_into", sa.BigInteger()))
    op.create_table(
        "labels", *_titled(), sa.Column("colour", sa.Text(), server_default="grey", nullable=False), *_named("labels")
    )
    op.create_table("close_reasons", *_titled(), *_named("close_reasons"))
    op.create_table(
        "work_rules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_work_rules")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "conversation_links",
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_conversation_links_conversation_id")),
        sa.ForeignKeyConstraint(["other_id"], ["conversations.id"], name=op.f("fk_conversation_links_other_id")),
        sa.PrimaryKeyConstraint("conversation_id", "other_id", name=op.f("pk_conversation_links")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "macros",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.Column("shortcut", sa.Text(), nullable=True),
        sa.Column("actions", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_macros_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macros")),
    )
    op.create_table(
        "undo_steps",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_undo_steps_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undo_steps")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in _NUMBERED:
            op.execute(f"CREATE SEQUENCE {table}_ids CACHE 1")


def _titled() -> list[sa.Column[object]]:
    return [
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), server_default="", nullable=False),
        sa.Column("title_ru", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
    ]


def _named(table: str) -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("name", name=op.f(f"uq_{table}_name")),
    ]


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _NUMBERED:
            op.execute(f"DROP SEQUENCE {table}_ids")
    for table in ("undo_steps", "macros", "conversation_links", "work_rules", "close_reasons", "labels"):
        op.drop_table(table)
    for column in ("merged_into", "close_summary", "close_reason_id"):
        op.drop_column("conversations", column)
