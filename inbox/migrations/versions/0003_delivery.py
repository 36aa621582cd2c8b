"""What delivery keeps beyond the message itself: when a person wants it sent, of how many parts it is, how a channel fares."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("messages", sa.Column("send_at", Instant()))
    op.add_column("messages", sa.Column("parts_all", sa.Integer()))
    op.add_column("channels", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    # Until now `try_at` alone said when a scheduled message was due; the pause after a failure has a try behind it.
    m = sa.table("messages", *map(sa.column, ("state", "attempts", "try_at", "send_at", "broadcast_id")))
    scheduled = (m.c.state == "queued", m.c.attempts == 0, m.c.broadcast_id.is_(None))
    op.execute(sa.update(m).where(*scheduled).values(send_at=m.c.try_at))


def downgrade() -> None:
    op.drop_column("channels", "failures")
    op.drop_column("messages", "parts_all")
    op.drop_column("messages", "send_at")
