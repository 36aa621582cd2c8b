"""What looks wrong on people's cards, repairs that can be undone, and the greeting that a person wrote."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant

revision = "0017"
down_revision = "0016"

_TABLES = ("quality_findings", "quality_runs", "quality_batches", "quality_repairs")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("greeting", sa.Text()))
    op.create_table(
        "quality_findings",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'right')", name=op.f("ck_quality_findings_state_known")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_quality_findings_contact_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_findings")),
        sa.UniqueConstraint("contact_id", "place", name=op.f("uq_quality_findings_contact_id_place")),
    )
    _partial("ix_quality_findings_open", "quality_findings", ["kind", "id"], "state = 'open'")
    _partial("ix_quality_findings_right", "quality_findings", ["kind", "id"], "state = 'right'")
    op.create_table(
        "quality_runs",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("started_by", sa.BigInteger(), nullable=True),
        sa.Column("last_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("found", sa.Integer(), server_default="0", nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_runs")),
    )
    op.create_table(
        "quality_batches",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("manager_id", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("up_to", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("repaired", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("undone", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kept", sa.Integer(), server_default="0", nullable=False),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'undoing', 'undone')", name=op.f("ck_quality_batches_state_known")),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_quality_batches_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_batches")),
    )
    _partial("ix_quality_batches_going", "quality_batches", ["id"], "state IN ('running', 'undoing')")
    op.create_table(
        "quality_repairs",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["quality_batches.id"], name=op.f("fk_quality_repairs_batch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_quality_repairs_contact_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_repairs")),
    )
    op.create_index("ix_quality_repairs_batch", "quality_repairs", ["batch_id", "id"])
    op.create_index("ix_quality_repairs_contact_id", "quality_repairs", ["contact_id"])
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(f"CREATE SEQUENCE {table}_ids CACHE 1")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(f"DROP SEQUENCE {table}_ids")
    op.drop_column("contacts", "greeting")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
