"""Labels, reasons to close and macros in an order of one's own."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_ORDERED = ("labels", "close_reasons", "macros")


def upgrade() -> None:
    """Everything stands at 0: in the order of its name, as before."""
    for table in _ORDERED:
        op.add_column(table, sa.Column("position", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Their order is forgotten."""
    for table in _ORDERED:
        op.drop_column(table, "position")
