"""What the web chat needs to be remembered: when a person last looked at a conversation, so that its customer can be told."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("seen_at", Instant()))


def downgrade() -> None:
    op.drop_column("conversations", "seen_at")
