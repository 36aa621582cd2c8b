"""Tables of the customers: one contact per person, the addresses they have, and how each channel reaches them."""

from typing import Any

import sqlalchemy as sa

from inbox.card.folding import fold
from inbox.schema.base import Instant, Json, key, link, metadata, partial


def _fold_of(context: Any) -> str | None:
    """`context`: what SQLAlchemy tells a default of the row that is being written."""
    row = context.get_current_parameters()
    return fold(row["kind"], row["address"])


contacts = sa.Table(
    "contacts",
    metadata,
    key(),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("language", sa.Text),
    sa.Column("timezone", sa.Text),
    link("manager_id", "managers.id", nullable=True),
    sa.Column("fields", Json, nullable=False, server_default="{}"),
    sa.Column("source", sa.Text, nullable=False, server_default=""),
    link("merged_into", "contacts.id", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("birthday", sa.Text),
    sa.Column("category", sa.Text),
    sa.Column("addresses", Json, nullable=False, server_default="[]"),
    sa.Column("origin", Json, nullable=False, server_default="{}"),
    sa.Column("edited", Json, nullable=False, server_default="{}"),
    sa.Column("greeting", sa.Text),
    sa.Column("erased_at", Instant),
    sa.Index("ix_contacts_manager_id", "manager_id"),
    partial("ix_contacts_merged_into", "merged_into", where="merged_into IS NOT NULL"),
    sa.Index("ix_contacts_name", "name"),
)
"""`number`: the personal number, made from the moment we first met them. `manager_id`: the responsible manager.
`birthday`: 1990-05-17, or --05-17 without the year. `addresses`: [{"label": "home", "text": ...}]. `origin`: all that was told of
where they came from, `source` the same in a word. `edited`: what a person wrote, {field: {"by":, "at":}}, which no machine
touches. `erased_at`: the person is gone; the row is empty and stays so that figures stay true. `greeting`:
how a person wants them greeted, empty for no name at all; null: as their name says (see `inbox.quality.greeting`)."""

contact_tags = sa.Table(
    "contact_tags",
    metadata,
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Column("contact_id", sa.BigInteger, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    sa.Index("ix_contact_tags_contact_id", "contact_id"),
    sqlite_with_rowid=False,
)

identities = sa.Table(
    "identities",
    metadata,
    key(),
    link("contact_id", "contacts.id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("fold", sa.Text, default=_fold_of),
    sa.UniqueConstraint("kind", "address"),
    sa.Index("ix_identities_contact_id", "contact_id"),
    partial("ix_identities_fold", "fold", "kind", where="fold IS NOT NULL"),
)
"""One address of a contact. A claimed (unverified) one never joins two people. `fold`: what the spellings of the address share,
where it has several (see `inbox.card.folding`)."""

reaches = sa.Table(
    "reaches",
    metadata,
    sa.Column("channel_id", sa.BigInteger, sa.ForeignKey("channels.id"), primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    link("contact_id", "contacts.id"),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("heard_at", Instant),
    sa.Column("stopped_at", Instant),
    sa.Column("marketing_stopped_at", Instant),
    sa.Column("blocked_at", Instant),
    sa.Column("blocked_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("context", Json, nullable=False, server_default="{}"),
    sa.Column("soft_bounces", sa.Integer, nullable=False, server_default="0"),
    sa.Column("soft_since", Instant),
    sa.Index("ix_reaches_contact_id", "contact_id"),
    sqlite_with_rowid=False,
)
"""How a channel reaches a contact. `heard_at`: their last message here (opens the window). `stopped_at`: they said stop.
`blocked_at`: the provider says that nothing arrives here. `soft_bounces`: mails in a row that came back for passing reasons."""
