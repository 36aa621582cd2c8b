"""Presence: away by hand with a time to be back, away by itself. What one wants to be told of, and digests by mail."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Instant, Json

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("managers", sa.Column("back_at", Instant()))
    op.add_column("managers", sa.Column("paused_at", Instant()))
    op.add_column("managers", sa.Column("away_minutes", sa.Integer(), nullable=False, server_default="10"))
    op.add_column("managers", sa.Column("away_pauses", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_table(
        "notice_settings",
        sa.Column("manager_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kinds", Json, nullable=False),
        sa.Column("sound", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("quiet_from", sa.Text()),
        sa.Column("quiet_to", sa.Text()),
        sa.Column("timezone", sa.Text(), nullable=False, server_default=""),
        sa.Column("digest", sa.Text(), nullable=False, server_default="off"),
        sa.Column("digest_at", sa.Text(), nullable=False, server_default="09:00"),
        sa.CheckConstraint("digest IN ('off', 'hourly', 'daily')", name=op.f("ck_notice_settings_digest_known")),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["managers.id"], name=op.f("fk_notice_settings_manager_id_managers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("manager_id", name=op.f("pk_notice_settings")),
    )
    wanted = sa.text("digest <> 'off'")
    op.create_index("ix_notice_settings_digest", "notice_settings", ["manager_id"], sqlite_where=wanted, postgresql_where=wanted)
    op.create_table(
        "digests",
        sa.Column("manager_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("try_at", Instant()),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'failed', 'unknown', 'nothing', 'here')",
            name=op.f("ck_digests_state_known"),
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_digests_manager_id_managers"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("manager_id", "slot", name=op.f("pk_digests")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("digests")
    op.drop_table("notice_settings")
    for name in ("away_pauses", "away_minutes", "paused_at", "back_at"):
        op.drop_column("managers", name)
