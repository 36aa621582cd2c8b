"""Tables of the lists that operators keep: views of their own and their order, who was mentioned where, labels by name."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, one_of, partial

SHARES = ("private", "team", "all")

saved_views = sa.Table(
    "saved_views",
    metadata,
    key(),
    link("manager_id", "managers.id", ondelete="CASCADE"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("filter", Json, nullable=False, server_default="{}"),
    sa.Column("shared", sa.Text, nullable=False, server_default="private"),
    link("team_id", "teams.id", nullable=True, ondelete="CASCADE"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("deleted_at", Instant),
    one_of("shared", *SHARES),
    partial("ix_saved_views_manager_id", "manager_id", where="deleted_at IS NULL"),
    partial("ix_saved_views_shared", "shared", "team_id", where="deleted_at IS NULL AND shared <> 'private'"),
)
"""A named filter of conversations (see `inbox.saved_views.Kept`). `team_id`: whom it is shared with, where that is a team."""

view_orders = sa.Table(
    "view_orders",
    metadata,
    sa.Column(
        "manager_id", sa.BigInteger, sa.ForeignKey("managers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("view_ids", Json, nullable=False, server_default="[]"),
)
"""In which order a manager wants the views of their own and those that were shared with them."""

mentions = sa.Table(
    "mentions",
    metadata,
    sa.Column("manager_id", sa.BigInteger, sa.ForeignKey("managers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("conversation_id", sa.BigInteger, sa.ForeignKey("conversations.id"), primary_key=True),
    link("message_id", "messages.id"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("seen_at", Instant),
    sa.Index("ix_mentions_conversation_id", "conversation_id"),
    partial("ix_mentions_unseen", "manager_id", where="seen_at IS NULL"),
    sqlite_with_rowid=False,
)
"""Who was called into which conversation, and the newest note that did. `seen_at`: when they looked at it since."""

conversation_labels = sa.Table(
    "conversation_labels",
    metadata,
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.BigInteger, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Index("ix_conversation_labels_conversation_id", "conversation_id"),
    sqlite_with_rowid=False,
)
"""`conversations.labels` the other way round: which conversations carry a label. Written by `inbox.labels` only."""
