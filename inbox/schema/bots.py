"""Tables of flows and their sessions, templates, broadcasts and who got them."""

import sqlalchemy as sa

from inbox.schema.base import Id, Instant, Json, key, link, metadata, one_of

flows = sa.Table(
    "flows",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.text("true")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.UniqueConstraint("name", "language"),
)
"""A bot: `source` is the flow's YAML."""

flow_sessions = sa.Table(
    "flow_sessions",
    metadata,
    sa.Column("conversation_id", Id, sa.ForeignKey("conversations.id"), primary_key=True, autoincrement=False),
    link("flow_id", "flows.id"),
    sa.Column("flow_version", sa.Integer, nullable=False),
    sa.Column("state", Json, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)
"""The run of a flow in a conversation; gone when it finished or handed over (events tell what happened)."""

templates = sa.Table(
    "templates",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("subject", sa.Text),
    sa.Column("created_by", sa.BigInteger),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
    sa.UniqueConstraint("name", "language"),
)

provider_templates = sa.Table(
    "provider_templates",
    metadata,
    key("template_id"),
    link("channel_id", "channels.id"),
    sa.Column("external_id", sa.Text, nullable=False, server_default=""),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False, server_default=""),
    sa.Column("quality", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("parts", Json, nullable=False, server_default="{}"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
    sa.UniqueConstraint("channel_id", "name", "language"),
    sa.Index("ix_provider_templates_external_id", "external_id"),
)
"""Templates that a provider keeps and approves, as it last told. Their ids come from the same numbers as those of `templates`.
`parts`: header, footer, buttons, variables and problem of a `channels.base.ProviderTemplate`."""

template_syncs = sa.Table(
    "template_syncs",
    metadata,
    sa.Column("channel_id", sa.BigInteger, sa.ForeignKey("channels.id"), primary_key=True, autoincrement=False),
    sa.Column("synced_at", Instant),
    sa.Column("try_at", Instant, nullable=False),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
)
"""When a channel's templates were last listed, and when they will be next."""

segments = sa.Table(
    "segments",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("filter", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="filter"),
    sa.Column("created_by", sa.BigInteger),
    sa.Column("changed_at", Instant),
    sa.Column("removed_at", Instant),
)
"""A saved filter of contacts (see `inbox.segments.language`), or, where `kind` is `list`, people chosen by hand: its filter then
says that they stand in this list."""

segment_members = sa.Table(
    "segment_members",
    metadata,
    sa.Column("segment_id", sa.BigInteger, sa.ForeignKey("segments.id"), primary_key=True),
    sa.Column("contact_id", sa.BigInteger, sa.ForeignKey("contacts.id"), primary_key=True),
    sa.Column("added_by", sa.BigInteger),
    sa.Column("added_at", Instant, nullable=False),
    sa.Index("ix_segment_members_contact_id", "contact_id"),
    sqlite_with_rowid=False,
)

broadcasts = sa.Table(
    "broadcasts",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False),
    link("template_id", "templates.id", nullable=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("subject", sa.Text),
    sa.Column("tag", sa.Text, nullable=False),
    link("channel_id", "channels.id", nullable=True),
    sa.Column("variables", Json, nullable=False, server_default="{}"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("planned", sa.Integer, nullable=False, server_default="0"),
    sa.Column("planned_done", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("planned_up_to", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("template", Json),
    sa.Column("created_by", sa.BigInteger),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("segment_id", sa.BigInteger),
    sa.Column("audience", Json),
    one_of("state", "draft", "planning", "running", "paused", "done", "cancelled"),
)
"""`template`: the provider's template that is sent, its variables still to be rendered for each person; `body` is its text.
To whom: `tag`, or where that is empty `segment_id`, whose filter is kept as `audience` at the start, to stay the same."""

recipients = sa.Table(
    "recipients",
    metadata,
    sa.Column("broadcast_id", sa.BigInteger, sa.ForeignKey("broadcasts.id"), primary_key=True),
    sa.Column("contact_id", sa.BigInteger, sa.ForeignKey("contacts.id"), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("channel_id", sa.BigInteger),
    sa.Column("address", sa.Text),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("changed_at", Instant, nullable=False),
    one_of("state", "waiting", "queued", "sent", "delivered", "read", "failed", "unknown", "skipped"),
    sa.Index("ix_recipients_state", "broadcast_id", "state", "contact_id"),
    sqlite_with_rowid=False,
)
"""The ledger: one row a person, so that nobody is written to twice however often the broadcast is started."""
