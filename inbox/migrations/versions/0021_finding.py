"""Finding: lists of one channel, however few are in it; where the months stand among the messages; search newest first.

On PostgreSQL each message also gets a word for the stretch of ids it stands in, and its words go straight into the index: a list
of words that wait for it would be read through by every question.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_MONTH = {
    "postgresql": "'_m' || to_char(at AT TIME ZONE 'UTC', 'YYYYMM')",
    "sqlite": "'_m' || strftime('%Y%m', at / 1000000, 'unixepoch')",
}
_WORDS = ("search_messages", "search_people", "search_files")


def upgrade() -> None:
    op.create_index("ix_conversations_channel", "conversations", ["channel_id", "status", "last_at", "id"])
    month = _MONTH[op.get_context().dialect.name]
    read = "(SELECT place FROM search_marks WHERE name = 'messages')"
    for name, chosen in (("least:", "min"), ("most:", "max")):
        op.execute(
            f"INSERT INTO search_marks (name, place) SELECT '{name}' || month, {chosen}(id)"
            f" FROM (SELECT id, {month} AS month FROM messages WHERE id <= {read}) AS dated GROUP BY month"
        )
    if op.get_context().dialect.name == "postgresql":
        op.execute("UPDATE search_messages SET words = words || array_to_tsvector(ARRAY['_b' || id / 16384])")
        for table in _WORDS:
            op.execute(f"ALTER INDEX ix_{table}_words SET (fastupdate = off)")
            op.execute(f"SELECT gin_clean_pending_list('ix_{table}_words')")
    else:
        _joining(automerge=0, crisismerge=1000)


def _joining(**settings: int) -> None:
    """The worker joins what is written apart, in small steps of its own (`inbox.search.index.merge`)."""
    for table in _WORDS:
        for name, value in settings.items():
            op.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('{name}', {value})")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for table in _WORDS:
            op.execute(f"ALTER INDEX ix_{table}_words RESET (fastupdate)")
    else:
        _joining(automerge=4, crisismerge=16)
    op.execute(sa.text("DELETE FROM search_marks WHERE name LIKE 'least:%' OR name LIKE 'most:%'"))
    op.drop_index("ix_conversations_channel", "conversations")
