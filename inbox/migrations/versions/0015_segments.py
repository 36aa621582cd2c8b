"""Segments: filters of more than a tag, lists kept by hand, and broadcasts to either."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Instant, Json

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("segments", sa.Column("kind", sa.Text(), nullable=False, server_default="filter"))
    op.add_column("segments", sa.Column("created_by", sa.BigInteger()))
    op.add_column("segments", sa.Column("changed_at", Instant()))
    op.add_column("segments", sa.Column("removed_at", Instant()))
    op.add_column("broadcasts", sa.Column("segment_id", sa.BigInteger()))
    op.add_column("broadcasts", sa.Column("audience", Json))
    op.create_table(
        "segment_members",
        sa.Column("segment_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=True),
        sa.Column("added_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_segment_members_segment_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_segment_members_contact_id")),
        sa.PrimaryKeyConstraint("segment_id", "contact_id", name=op.f("pk_segment_members")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_segment_members_contact_id", "segment_members", ["contact_id"])
    # Until now a filter was {"tag": ...}.
    s = sa.table("segments", sa.column("id"), sa.column("filter", Json))
    for number, kept in op.get_bind().execute(sa.select(s.c.id, s.c.filter)).all():
        match = {"kind": "tag", "tags": [kept["tag"]]}
        op.execute(sa.update(s).where(s.c.id == number).values(filter={"version": 1, "match": match}))


def downgrade() -> None:
    op.drop_table("segment_members")
    op.drop_column("broadcasts", "audience")
    op.drop_column("broadcasts", "segment_id")
    for name in ("removed_at", "changed_at", "created_by", "kind"):
        op.drop_column("segments", name)
