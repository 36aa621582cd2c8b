"""The record of who did what when: immutable, read by reports and audit. And small tables that keep the house."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, partial

events = sa.Table(
    "events",
    metadata,
    key(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_id", sa.BigInteger),
    sa.Column("contact_id", sa.BigInteger),
    sa.Column("conversation_id", sa.BigInteger),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("data", Json),
    sa.Index("ix_events_conversation", "conversation_id", "id"),
    sa.Index("ix_events_kind", "kind", "id"),
    partial("ix_events_contact", "contact_id", "at", "id", where="conversation_id IS NULL"),
    partial("ix_events_consent", "contact_id", "at", "id", where="kind IN ('consent.stop', 'consent.start')"),
)
"""Rows are only ever added: the database refuses to change or delete one (see the first migration)."""

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""Who does what only one process may do: sweeping."""

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("manager_id", sa.BigInteger, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", Json, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""What a POST with an Idempotency-Key was answered, to be answered the same again."""

webhooks = sa.Table(
    "webhooks",
    metadata,
    key(),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary),
    sa.Column("kinds", Json, nullable=False, server_default="[]"),
    sa.Column("last_event_id", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("try_at", Instant),
    link("created_by", "managers.id", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
)
"""Programs that want to hear of events: each is told every event after `last_event_id`, signed."""

sequences = sa.Table(
    "sequences",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("next", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""SQLite only: its single writer makes a plain row as good as a sequence. PostgreSQL has a real sequence `<table>_ids`."""
