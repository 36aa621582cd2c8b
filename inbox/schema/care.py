"""Tables that keep people's cards in order: who may be whom, merges that can be undone, and what looks wrong on a card."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, one_of, partial, rounds

duplicate_keys = sa.Table(
    "duplicate_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("contact_id", sa.BigInteger, primary_key=True),
    sa.Index("ix_duplicate_keys_contact_id", "contact_id"),
    sqlite_with_rowid=False,
)
"""What a card is compared by: only cards that share a key are ever held side by side (see inbox/duplicates/likeness.py)."""

duplicates = sa.Table(
    "duplicates",
    metadata,
    key(),
    sa.Column("low_id", sa.BigInteger, nullable=False),
    sa.Column("high_id", sa.BigInteger, nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("reasons", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),
    sa.Column("found_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", sa.BigInteger),
    one_of("state", "open", "merged", "apart"),
    sa.UniqueConstraint("low_id", "high_id"),
    sa.Index("ix_duplicates_high_id", "high_id"),
    partial("ix_duplicates_open", "score", "id", where="state = 'open'"),
)
"""Two cards that may be one person. `score`: 0 to 100; `reasons`: codes, never what stands on the cards. `apart`: a person said
that they are two, which is never asked again."""

duplicate_runs = rounds("duplicate_runs")

care_marks = sa.Table(
    "care_marks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("last_id", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How far the worker has looked at new rows of each table (contacts, identities, events)."""

merges = sa.Table(
    "merges",
    metadata,
    key(),
    link("contact_id", "contacts.id"),
    link("merged_id", "contacts.id"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.BigInteger),
    sa.Column("before", Json, nullable=False),
    sa.Column("undone_at", Instant),
    sa.Column("undone_by", sa.BigInteger),
    sa.Index("ix_merges_contact_id", "contact_id"),
    sa.Index("ix_merges_merged_id", "merged_id"),
)
"""`merged_id` was taken into `contact_id`. `before`: what cannot be read back from the rows (see inbox/actions/unmerging.py)."""

merge_rows = sa.Table(
    "merge_rows",
    metadata,
    sa.Column("merge_id", sa.BigInteger, sa.ForeignKey("merges.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("row_key", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Every row that a merge moved. `place`: table.column; `row_id`, or `row_key` (JSON) where the key has several parts."""
