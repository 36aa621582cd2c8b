"""Templates that providers keep and approve, when each channel's list was last read, and which of them a broadcast sends."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant, Json

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "provider_templates",
        sa.Column("template_id", Id, autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("quality", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("parts", Json, server_default="{}", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_provider_templates_channel_id")),
        sa.PrimaryKeyConstraint("template_id", name=op.f("pk_provider_templates")),
        sa.UniqueConstraint("channel_id", "name", "language", name=op.f("uq_provider_templates_channel_id_name_language")),
    )
    op.create_index("ix_provider_templates_external_id", "provider_templates", ["external_id"])
    op.add_column("broadcasts", sa.Column("template", Json))
    op.create_table(
        "template_syncs",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("synced_at", Instant(), nullable=True),
        sa.Column("try_at", Instant(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_template_syncs_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_template_syncs")),
    )


def downgrade() -> None:
    op.drop_column("broadcasts", "template")
    op.drop_table("template_syncs")
    op.drop_table("provider_templates")
