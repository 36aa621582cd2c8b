"""Tables of work on conversations: labels, reasons to close, macros, links between requests, and the way back from each step."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata

labels = sa.Table(
    "labels",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("title_en", sa.Text, nullable=False, server_default=""),
    sa.Column("title_ru", sa.Text, nullable=False, server_default=""),
    sa.Column("colour", sa.Text, nullable=False, server_default="grey"),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
)
"""Labels that are offered. `name` stands in `conversations.labels` and never changes; titles say it in the
reader's language. `position`: the order they are offered in, here and below; of equal ones the name decides."""

close_reasons = sa.Table(
    "close_reasons",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("title_en", sa.Text, nullable=False, server_default=""),
    sa.Column("title_ru", sa.Text, nullable=False, server_default=""),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
)

work_rules = sa.Table(
    "work_rules",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", Json, nullable=False),
    sqlite_with_rowid=False,
)
"""How this company works: `close_reason_required` and `close_summary_required`, true or false."""

conversation_links = sa.Table(
    "conversation_links",
    metadata,
    sa.Column("conversation_id", sa.BigInteger, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("other_id", sa.BigInteger, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""Two requests that have to do with one another: a row each way."""

macros = sa.Table(
    "macros",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False),
    link("manager_id", "managers.id", nullable=True),
    sa.Column("shortcut", sa.Text),
    sa.Column("actions", Json, nullable=False),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
)
"""Several actions under one name. Without a manager it is everybody's. `shortcut`: the digit that runs it."""

undo_steps = sa.Table(
    "undo_steps",
    metadata,
    key(),
    link("manager_id", "managers.id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("undone_at", Instant),
)
"""What somebody did in one go, and what stood there before: what "Undo" goes back by."""
