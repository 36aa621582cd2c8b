"""Tables of what the composer remembers: canned replies, and what somebody has begun to write."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, partial

canned = sa.Table(
    "canned",
    metadata,
    key(),
    link("manager_id", "managers.id", nullable=True, ondelete="CASCADE"),
    sa.Column("shortcut", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    partial("uq_canned_shared", "shortcut", "language", where="manager_id IS NULL", unique=True),
    partial("uq_canned_own", "manager_id", "shortcut", "language", where="manager_id IS NOT NULL", unique=True),
)
"""Ready answers. `manager_id`: whose it is; NULL: everybody's."""

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("manager_id", sa.BigInteger, sa.ForeignKey("managers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("conversation_id", sa.BigInteger, sa.ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("said", Json, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""What a manager has begun to write in a conversation, for all their devices. `said`: as the API takes a draft."""
