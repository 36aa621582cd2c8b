"""What is known of stored media, and how far a spool has been replayed."""

import sqlalchemy as sa
from alembic import op

from inbox.schema import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for column in (
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("duration", sa.Float),
        sa.Column("thumbnail", sa.Text),
        sa.Column("looked_at", Instant),
    ):
        op.add_column("files", column)
    unseen = sa.text("looked_at IS NULL")
    op.create_index("ix_files_new", "files", ["created_at"], sqlite_where=unseen, postgresql_where=unseen)
    stored = sa.text("sha256 IS NOT NULL")
    op.create_index("ix_attachments_sha256", "attachments", ["sha256"], sqlite_where=stored, postgresql_where=stored)
    op.create_table(
        "spool_marks",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_spool_marks"),
    )


def downgrade() -> None:
    op.drop_table("spool_marks")
    op.drop_index("ix_attachments_sha256", "attachments")
    op.drop_index("ix_files_new", "files")
    for name in ("looked_at", "thumbnail", "duration", "height", "width"):
        op.drop_column("files", name)
