"""What a card knows: fields of one's own, a history, events from elsewhere; spellings of addresses, claims and checks of them."""

import sqlalchemy as sa
from alembic import op

from inbox.card.folding import fold
from inbox.schema.base import Id, Instant, Json

revision = "0012"
down_revision = "0011"

NUMBERED = ("contact_fields", "contact_changes", "contact_events")
_CARD = {"birthday": None, "category": None, "addresses": "[]", "origin": "{}", "edited": "{}"}
_ALONE = "conversation_id IS NULL"
_CONSENT = "kind IN ('consent.stop', 'consent.start')"


def upgrade() -> None:
    for name, default in _CARD.items():
        column = sa.Column(name, sa.Text()) if default is None else sa.Column(name, Json, nullable=False, server_default=default)
        op.add_column("contacts", column)
    op.add_column("identities", sa.Column("fold", sa.Text()))
    where = sa.text("fold IS NOT NULL")
    op.create_index("ix_identities_fold", "identities", ["fold", "kind"], sqlite_where=where, postgresql_where=where)
    for name, told in (("ix_events_contact", _ALONE), ("ix_events_consent", _CONSENT)):
        condition = sa.text(told)
        columns = ["contact_id", "at", "id"]
        op.create_index(name, "events", columns, sqlite_where=condition, postgresql_where=condition)
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(f"CREATE SEQUENCE {table}_ids CACHE 1")
    _fold_known()


def _create_tables() -> None:
    op.create_table(
        "contact_fields",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("options", Json, nullable=False, server_default="{}"),
        sa.Column("position", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.UniqueConstraint("name", name=op.f("uq_contact_fields_name")),
    )
    op.create_table(
        "contact_changes",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("contact_id", sa.BigInteger(), sa.ForeignKey("contacts.id"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("changes", Json, nullable=False),
    )
    op.create_index("ix_contact_changes_contact", "contact_changes", ["contact_id", "at", "id"])
    op.create_table(
        "contact_events",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("contact_id", sa.BigInteger(), sa.ForeignKey("contacts.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("data", Json, nullable=False, server_default="{}"),
        sa.Column("link", sa.Text(), nullable=False, server_default=""),
        sa.Column("manager_id", sa.BigInteger(), sa.ForeignKey("managers.id")),
        sa.Column("created_at", Instant(), nullable=False),
    )
    op.create_index("ix_contact_events_contact", "contact_events", ["contact_id", "at", "id"])
    op.create_table(
        "identity_claims",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("address", sa.Text(), primary_key=True),
        sa.Column("contact_id", sa.BigInteger(), sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("created_at", Instant(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_claims_contact_id", "identity_claims", ["contact_id"])
    op.create_table(
        "identity_checks",
        sa.Column("identity_id", Id, sa.ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sent", sa.Integer(), nullable=False, server_default="1"),
    )


def _fold_known() -> None:
    """What stands in the table by now: only addresses that have several spellings are looked at."""
    connection = op.get_bind()
    known = sa.table("identities", sa.column("id"), sa.column("kind"), sa.column("address"), sa.column("fold"))
    several = [known.c.address.startswith(prefix) for prefix in ("+54", "+55", "+52")]
    query = sa.select(known.c.id, known.c.kind, known.c.address).where(sa.or_(known.c.kind == "email", *several))
    rows = [(row.id, fold(row.kind, row.address)) for row in connection.execute(query)]
    values = [{"number": number, "folded": folded} for number, folded in rows if folded is not None]
    if values:
        update = sa.update(known).where(known.c.id == sa.bindparam("number")).values(fold=sa.bindparam("folded"))
        connection.execute(update, values)


def downgrade() -> None:
    for table in ("identity_checks", "identity_claims", "contact_events", "contact_changes", "contact_fields"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(f"DROP SEQUENCE {table}_ids")
    op.drop_index("ix_events_consent", "events")
    op.drop_index("ix_events_contact", "events")
    op.drop_index("ix_identities_fold", "identities")
    op.drop_column("identities", "fold")
    for name in _CARD:
        op.drop_column("contacts", name)
