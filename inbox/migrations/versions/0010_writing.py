"""What the composer remembers: canned replies, drafts over devices, each manager's signature and time to take back."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant, Json

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "canned",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.Column("shortcut", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_canned_manager_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned")),
    )
    _unique("uq_canned_shared", ["shortcut", "language"], "manager_id IS NULL")
    _unique("uq_canned_own", ["manager_id", "shortcut", "language"], "manager_id IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE canned_ids")
    op.create_table(
        "drafts",
        sa.Column("manager_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("said", Json, nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_drafts_manager_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_drafts_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("manager_id", "conversation_id", name=op.f("pk_drafts")),
        sqlite_with_rowid=False,
    )
    op.add_column("managers", sa.Column("signature", sa.Text(), nullable=False, server_default=""))
    op.add_column("managers", sa.Column("undo_seconds", sa.Integer(), nullable=False, server_default="5"))


def _unique(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "canned", columns, unique=True, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    op.drop_column("managers", "undo_seconds")
    op.drop_column("managers", "signature")
    op.drop_table("drafts")
    op.drop_table("canned")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE canned_ids")
