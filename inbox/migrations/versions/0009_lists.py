"""Lists: views of one's own, mentions, conversations by label, and indexes for the lists of teams and of what is late."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant, Json

revision = "0009"
down_revision = "0008"

_LATE, _TEAM, _PUT_OFF = "answer_due IS NOT NULL", "team_id IS NOT NULL", "snoozed_until IS NOT NULL"
_LABELS = {
    "postgresql": "SELECT DISTINCT l, c.id FROM conversations c, jsonb_array_elements_text(c.labels) l WHERE c.labels <> '[]'",
    "sqlite": "SELECT DISTINCT l.value, c.id FROM conversations c, json_each(c.labels) l WHERE c.labels <> '[]'",
}


def upgrade() -> None:
    _saved_views()
    op.create_table(
        "view_orders",
        sa.Column("manager_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("view_ids", Json, server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_view_orders_manager_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("manager_id", name=op.f("pk_view_orders")),
    )
    _mentions()
    _labels()
    for name, columns, where in (
        ("ix_conversations_team", ["team_id", "status", "last_at", "id"], _TEAM),
        ("ix_conversations_due", ["answer_due", "id"], _LATE),
        ("ix_conversations_put_off", ["snoozed_until", "id"], _PUT_OFF),
    ):
        op.create_index(name, "conversations", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filter", Json, server_default="{}", nullable=False),
        sa.Column("shared", sa.Text(), server_default="private", nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.CheckConstraint("shared IN ('private', 'team', 'all')", name=op.f("ck_saved_views_shared_known")),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_saved_views_manager_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_saved_views_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    for name, columns, where in (
        ("ix_saved_views_manager_id", ["manager_id"], "deleted_at IS NULL"),
        ("ix_saved_views_shared", ["shared", "team_id"], "deleted_at IS NULL AND shared <> 'private'"),
    ):
        op.create_index(name, "saved_views", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    if op.get_context().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE saved_views_ids CACHE 1")


def _mentions() -> None:
    op.create_table(
        "mentions",
        sa.Column("manager_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_mentions_manager_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_mentions_conversation_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_mentions_message_id")),
        sa.PrimaryKeyConstraint("manager_id", "conversation_id", name=op.f("pk_mentions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mentions_conversation_id", "mentions", ["conversation_id"])
    unseen = sa.text("seen_at IS NULL")
    op.create_index("ix_mentions_unseen", "mentions", ["manager_id"], sqlite_where=unseen, postgresql_where=unseen)


def _labels() -> None:
    op.create_table(
        "conversation_labels",
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_conversation_labels_conversation_id")),
        sa.PrimaryKeyConstraint("label", "conversation_id", name=op.f("pk_conversation_labels")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_conversation_labels_conversation_id", "conversation_labels", ["conversation_id"])
    op.execute(f"INSERT INTO conversation_labels (label, conversation_id) {_LABELS[op.get_context().dialect.name]}")


def downgrade() -> None:
    op.drop_index("ix_conversations_put_off", "conversations")
    op.drop_index("ix_conversations_due", "conversations")
    op.drop_index("ix_conversations_team", "conversations")
    for table in ("conversation_labels", "mentions", "view_orders", "saved_views"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE saved_views_ids")
