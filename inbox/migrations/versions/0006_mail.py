"""What mail needs to be remembered: how often in a row mail to an address came back for a passing reason."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Instant

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("reaches", sa.Column("soft_bounces", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("reaches", sa.Column("soft_since", Instant()))


def downgrade() -> None:
    op.drop_column("reaches", "soft_since")
    op.drop_column("reaches", "soft_bounces")
