"""Organisations, who worked in them when and as what, and merges of two."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant, Json

revision = "0016"
down_revision = "0015"

NUMBERED = ("organisations", "employments", "organisation_merges")


def upgrade() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("fold", sa.Text(), nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("website", sa.Text(), nullable=False, server_default=""),
        sa.Column("phones", Json, nullable=False, server_default="[]"),
        sa.Column("emails", Json, nullable=False, server_default="[]"),
        sa.Column("address", sa.Text(), nullable=False, server_default=""),
        sa.Column("registration", sa.Text(), nullable=False, server_default=""),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("fields", Json, nullable=False, server_default="{}"),
        sa.Column("tags", Json, nullable=False, server_default="[]"),
        sa.Column("manager_id", sa.BigInteger(), sa.ForeignKey("managers.id")),
        sa.Column("import_id", sa.BigInteger()),
        sa.Column("merged_into", sa.BigInteger(), sa.ForeignKey("organisations.id")),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant()),
    )
    op.create_index("ix_organisations_sort", "organisations", ["sort", "id"])
    op.create_index("ix_organisations_fold", "organisations", ["fold"])
    _partial("ix_organisations_registration", "organisations", "registration", "registration <> ''")
    _partial("ix_organisations_import", "organisations", "import_id", "import_id IS NOT NULL")
    _create_employments()
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(f"CREATE SEQUENCE {table}_ids CACHE 1")


def _create_employments() -> None:
    op.create_table(
        "employments",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("contact_id", sa.BigInteger(), sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, server_default=""),
        sa.Column("part", sa.Text()),
        sa.Column("influence", sa.Text()),
        sa.Column("since", sa.Text(), nullable=False, server_default=""),
        sa.Column("until", sa.Text(), nullable=False, server_default=""),
        sa.Column("ended", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("import_id", sa.BigInteger()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.UniqueConstraint(
            "contact_id", "organisation_id", "since", name=op.f("uq_employments_contact_id_organisation_id_since")
        ),
    )
    op.create_index("ix_employments_organisation", "employments", ["organisation_id", "ended", "id"])
    _partial("ix_employments_import", "employments", "import_id", "import_id IS NOT NULL")
    op.create_table(
        "organisation_merges",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("merged_id", sa.BigInteger(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.BigInteger(), sa.ForeignKey("managers.id"), nullable=False),
        sa.Column("before", Json, nullable=False, server_default="{}"),
        sa.Column("undone_at", Instant()),
        sa.Column("undone_by", sa.BigInteger()),
    )
    op.create_index("ix_organisation_merges_organisation_id", "organisation_merges", ["organisation_id"])


def _partial(name: str, table: str, column: str, told: str) -> None:
    condition = sa.text(told)
    op.create_index(name, table, [column], sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for table in reversed(NUMBERED):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(f"DROP SEQUENCE {table}_ids")
