"""What search reads: the words of messages, people and files' names, and how far each was read. Filled by the worker.

These tables are no part of the metadata: on SQLite they are FTS5's own, on PostgreSQL rows with a tsvector. Why as here:
docs/decisions/0030-search.md.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = ("search_messages", "search_people", "search_files")
_LITE = "CREATE VIRTUAL TABLE {} USING fts5(words, tokenize=\"ascii tokenchars '_'\", detail=none, columnsize=0, prefix='2 3 4')"


def upgrade() -> None:
    op.create_table(
        "search_marks",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("place", sa.BigInteger, nullable=False),
    )
    for name in TABLES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(_LITE.format(name))
        else:
            op.execute(f"CREATE TABLE {name} (id bigint PRIMARY KEY, words tsvector NOT NULL)")
            op.execute(f"CREATE INDEX ix_{name}_words ON {name} USING gin (words)")


def downgrade() -> None:
    for name in TABLES:
        op.execute(f"DROP TABLE {name}")
    op.drop_table("search_marks")
