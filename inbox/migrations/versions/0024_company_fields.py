"""Fields that the lead defines for companies, as for people; and which events tell of which company, the old ones too."""

import sqlalchemy as sa
from alembic import op

from inbox.schema.base import Id, Instant, Json

revision = "0024"
down_revision = "0022"

_SAID = {
    "postgresql": "(data->>'{name}')::bigint",
    "sqlite": "CAST(json_extract(data, '$.{name}') AS INTEGER)",
}
_KINDS = (
    *(f"organisation.{what}" for what in ("added", "changed", "removed", "restored", "merged", "unmerged")),
    *(f"employment.{what}" for what in ("added", "changed", "ended", "dropped")),
)


def upgrade() -> None:
    op.create_table(
        "organisation_fields",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("options", Json, nullable=False, server_default="{}"),
        sa.Column("position", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_fields_name")),
    )
    company = sa.ForeignKey("organisations.id", ondelete="CASCADE")
    op.create_table(
        "organisation_events",
        sa.Column("organisation_id", sa.BigInteger(), company, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    dialect = op.get_context().dialect.name
    if dialect == "postgresql":
        op.execute("CREATE SEQUENCE organisation_fields_ids CACHE 1")
    kinds = ", ".join(f"'{kind}'" for kind in _KINDS)
    for name in ("organisation_id", "merged"):
        said = _SAID[dialect].format(name=name)
        op.execute(
            f"INSERT INTO organisation_events (organisation_id, event_id) SELECT organisations.id, events.id FROM events"
            f" JOIN organisations ON organisations.id = {said} WHERE kind IN ({kinds})"
        )


def downgrade() -> None:
    op.drop_table("organisation_events")
    op.drop_table("organisation_fields")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE organisation_fields_ids")
