"""Tables of those who leave: erasures and how far each is, files still to be removed, stops that outlive the person."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, one_of, partial

ERASURE_STATES = ("asked", "running", "done", "undone")

erasures = sa.Table(
    "erasures",
    metadata,
    key(),
    link("contact_id", "contacts.id"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("asked_by", sa.BigInteger),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("done_at", Instant),
    sa.Column("undone_at", Instant),
    sa.Column("undone_by", sa.BigInteger),
    sa.Column("step", sa.Text, nullable=False, server_default=""),
    sa.Column("place", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("messages", sa.Integer, nullable=False, server_default="0"),
    sa.Column("traces", Json),
    sa.Column("compacted_at", Instant),
    one_of("state", *ERASURE_STATES),
    sa.Index("ix_erasures_contact_id", "contact_id", "id"),
    partial("ix_erasures_due", "due_at", where="state IN ('asked', 'running')"),
)
"""Somebody is to be erased at `due_at`. `step` and `place`: how far it is, written in the transaction that did it. `traces`: what
raw bodies are searched for, until they have been. `compacted_at`: when the database's file was rewritten, so that no old bytes
are left in it."""

erased_files = sa.Table(
    "erased_files",
    metadata,
    sa.Column("erasure_id", sa.BigInteger, sa.ForeignKey("erasures.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Contents that an erased person's messages no longer hold and that have still to be removed, if nobody else holds them."""

suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("stopped_at", Instant),
    sa.Column("marketing_stopped_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""An erased person had said stop: keyed hash of channel and address, from which nobody gets the address back."""
