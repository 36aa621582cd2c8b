"""Tables of what a card knows besides addresses: fields of one's own, who changed what, what happened elsewhere, open claims."""

import sqlalchemy as sa

from inbox.schema.base import Id, Instant, Json, key, link, metadata


def defined_fields(table: str) -> sa.Table:
    """A table of fields that the lead defines."""
    return sa.Table(
        table,
        metadata,
        key(),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("options", Json, nullable=False, server_default="{}"),
        sa.Column("position", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", Instant, nullable=False),
    )


contact_fields = defined_fields("contact_fields")
"""A field that the lead defined. Values stand in `contacts.fields` under `name`. `options`: choices, currency, the parts of a
repeating group. The row `category` holds the categories that a contact can have."""

contact_changes = sa.Table(
    "contact_changes",
    metadata,
    key(),
    link("contact_id", "contacts.id"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_id", sa.BigInteger),
    sa.Column("changes", Json, nullable=False),
    sa.Index("ix_contact_changes_contact", "contact_id", "at", "id"),
)
"""What somebody changed about a card: {field: {"before":, "after":}}. Not in `events`: those are immutable, and a person who is
erased must vanish from here too."""

contact_events = sa.Table(
    "contact_events",
    metadata,
    key(),
    link("contact_id", "contacts.id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("data", Json, nullable=False, server_default="{}"),
    sa.Column("link", sa.Text, nullable=False, server_default=""),
    link("manager_id", "managers.id", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_contact_events_contact", "contact_id", "at", "id"),
)
"""What another system says that happened with a person: a purchase, a delivery, a visit. `manager_id`: whose token told it."""

identity_claims = sa.Table(
    "identity_claims",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("contact_id", sa.BigInteger, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_identity_claims_contact_id", "contact_id"),
    sqlite_with_rowid=False,
)
"""An address that a contact was said to have while it is another's: it suggests that both are one person, and joins nobody."""

identity_checks = sa.Table(
    "identity_checks",
    metadata,
    sa.Column("identity_id", Id, sa.ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("code_hash", sa.Text, nullable=False),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("sent_at", Instant, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sent", sa.Integer, nullable=False, server_default="1"),
)
"""A code that was sent to an address to see whether it is theirs. `sent`: codes in a row, `tries`: wrong answers to this one."""
