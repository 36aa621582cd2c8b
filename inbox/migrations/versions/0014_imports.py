"""Imports: files of people, how far each is, and what every row did."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant, Json

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.Text(), server_default="", nullable=False),
        sa.Column("delimiter", sa.Text(), server_default="", nullable=False),
        sa.Column("headings", Json, nullable=False),
        sa.Column("sample", Json, nullable=False),
        sa.Column("mapping", Json, nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("place", sa.Integer(), server_default="0", nullable=False),
        sa.Column("counts", Json, server_default="{}", nullable=False),
        sa.Column("checked", Json),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("manager_id", sa.BigInteger()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant()),
        sa.Column("finished_at", Instant()),
        sa.CheckConstraint(
            "state IN ('new', 'checking', 'checked', 'running', 'stopped', 'done', 'undoing', 'undone', 'failed')",
            name=op.f("ck_imports_state_known"),
        ),
        sa.CheckConstraint("format IN ('csv', 'xlsx', 'vcard')", name=op.f("ck_imports_format_known")),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_imports_manager_id_managers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger()),
        sa.Column("change", Json),
        sa.Column("problems", Json),
        sa.Column("cells", Json),
        sa.CheckConstraint("outcome IN ('new', 'matched', 'wrong')", name=op.f("ck_import_rows_outcome_known")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id_imports"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "row", name=op.f("pk_import_rows")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_import_rows_contact_id", "import_rows", ["contact_id"])
    # Whoever removes a card has to know that no merged one points to it.
    merged = sa.text("merged_into IS NOT NULL")
    op.create_index("ix_contacts_merged_into", "contacts", ["merged_into"], sqlite_where=merged, postgresql_where=merged)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE imports_ids CACHE 1")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE imports_ids")
    op.drop_index("ix_contacts_merged_into", "contacts")
    op.drop_table("import_rows")
    op.drop_table("imports")
