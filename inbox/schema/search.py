"""How far search has read. The words themselves stand in tables that only `inbox.search` knows (see migration 0008)."""

import sqlalchemy as sa

from inbox.schema.base import metadata

search_marks = sa.Table(
    "search_marks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("place", sa.BigInteger, nullable=False),
)
"""By what is read (messages, versions, contacts ...): the largest id that has been."""
