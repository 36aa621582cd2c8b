"""Tables of requests and messages: the one timeline of a contact over all channels, and the tasks it makes."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, one_of, partial

STATUSES = ("open", "waiting", "snoozed", "closed")
OUTGOING_STATES = ("queued", "sending", "unknown", "sent", "failed", "delivered", "read")
"""In the order in which they may follow one another: a state never goes back down."""

conversations = sa.Table(
    "conversations",
    metadata,
    key(),
    link("contact_id", "contacts.id"),
    sa.Column("status", sa.Text, nullable=False),
    link("channel_id", "channels.id"),
    sa.Column("address", sa.Text, nullable=False),
    link("manager_id", "managers.id", nullable=True),
    link("team_id", "teams.id", nullable=True),
    sa.Column("bot", sa.Boolean, nullable=False, server_default=sa.text("true")),
    sa.Column("unread", sa.Integer, nullable=False, server_default="0"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("labels", Json, nullable=False, server_default="[]"),
    sa.Column("subject", sa.Text),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("heard_at", Instant),
    sa.Column("seen_at", Instant),
    sa.Column("waiting_since", Instant),
    sa.Column("answer_due", Instant),
    sa.Column("snoozed_until", Instant),
    sa.Column("last_at", Instant, nullable=False),
    sa.Column("last_text", sa.Text, nullable=False, server_default=""),
    sa.Column("last_direction", sa.Text, nullable=False, server_default="in"),
    sa.Column("last_author", sa.Text, nullable=False, server_default="contact"),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("close_reason_id", sa.BigInteger),
    sa.Column("close_summary", sa.Text),
    sa.Column("merged_into", sa.BigInteger),
    one_of("status", *STATUSES),
    partial("uq_conversations_active", "contact_id", where="status <> 'closed'", unique=True),
    sa.Index("ix_conversations_contact_id", "contact_id", "id"),
    sa.Index("uq_conversations_token", "token", unique=True),
    sa.Index("ix_conversations_last", "last_at", "id"),
    sa.Index("ix_conversations_status_last", "status", "last_at", "id"),
    sa.Index("ix_conversations_manager", "manager_id", "status", "last_at", "id"),
    sa.Index("ix_conversations_channel", "channel_id", "status", "last_at", "id"),
    partial("ix_conversations_heard", "heard_at", "id", where="heard_at IS NOT NULL"),
    partial("ix_conversations_waiting", "waiting_since", "id", where="waiting_since IS NOT NULL"),
    partial("ix_conversations_snoozed", "snoozed_until", where="status = 'snoozed'"),
    partial("ix_conversations_team", "team_id", "status", "last_at", "id", where="team_id IS NOT NULL"),
    partial("ix_conversations_due", "answer_due", "id", where="answer_due IS NOT NULL"),
    partial("ix_conversations_put_off", "snoozed_until", "id", where="snoozed_until IS NOT NULL"),
)
"""One request of one contact; at most one that is not closed. `heard_at`: set by receive, cleared by respond: the wake-up flag in
the row. `bot`: whether the bot may speak (no person has it). `waiting_since`: the customer's oldest unanswered message.
`address`: where the customer wrote last. `token`: the secret part of its reply address. `seen_at`: when a person last looked at
what had come. `merged_into`: its messages are in that conversation now; it stays closed."""

messages = sa.Table(
    "messages",
    metadata,
    key(),
    link("conversation_id", "conversations.id"),
    link("contact_id", "contacts.id"),
    link("channel_id", "channels.id"),
    link("raw_id", "raw_bodies.id", nullable=True),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("author_kind", sa.Text, nullable=False),
    sa.Column("author_id", sa.BigInteger),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("thread", sa.Text, nullable=False, server_default=""),
    sa.Column("external_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False, server_default="text"),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("html", sa.Text),
    sa.Column("subject", sa.Text),
    link("reply_to", "messages.id", nullable=True),
    sa.Column("data", Json),
    sa.Column("heard", sa.Boolean, nullable=False, server_default=sa.text("true")),
    sa.Column("auto_reply", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("state", sa.Text),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("code", sa.Text, nullable=False, server_default=""),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("try_at", Instant),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_at", Instant),
    sa.Column("parts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("broadcast_id", sa.BigInteger),
    sa.Column("at", Instant, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("edited_at", Instant),
    sa.Column("deleted_at", Instant),
    sa.Column("send_at", Instant),
    sa.Column("parts_all", sa.Integer),
    one_of("direction", "in", "out", "note"),
    one_of("author_kind", "contact", "manager", "bot", "system"),
    one_of("state", *OUTGOING_STATES),
    partial("uq_messages_external", "channel_id", "external_id", "thread", where="external_id IS NOT NULL", unique=True),
    partial("uq_messages_idempotency_key", "idempotency_key", where="idempotency_key IS NOT NULL", unique=True),
    sa.Index("ix_messages_conversation", "conversation_id", "at", "id"),
    sa.Index("ix_messages_contact", "contact_id", "at", "id"),
    partial("ix_messages_unheard", "conversation_id", where="NOT heard"),
    partial("ix_messages_queue", "channel_id", "priority", "id", where="state = 'queued'"),
    partial("ix_messages_active", "conversation_id", "id", where="state IN ('queued', 'sending')"),
)
"""`at`: the provider's time for what came in; `created_at`: ours. `heard`: respond has dealt with it. `thread`: where
`external_id` is unique (a Telegram chat), else empty. `parts`: how many of its `parts_all` parts the provider has taken.
`send_at`: a person wanted it sent then; `try_at`: not before, whatever the reason."""

message_parts = sa.Table(
    "message_parts",
    metadata,
    sa.Column("channel_id", sa.BigInteger, sa.ForeignKey("channels.id"), primary_key=True),
    sa.Column("external_id", sa.Text, primary_key=True),
    sa.Column("thread", sa.Text, primary_key=True),
    link("message_id", "messages.id"),
    sqlite_with_rowid=False,
)
"""Further provider ids of a message that went out in several parts (the first stands in the message), or came in as an album."""

versions = sa.Table(
    "versions",
    metadata,
    key(),
    link("message_id", "messages.id"),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_versions_message_id", "message_id"),
)
"""What an edited message said before, and since when."""

reactions = sa.Table(
    "reactions",
    metadata,
    sa.Column("message_id", sa.BigInteger, sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("author", sa.Text, primary_key=True),
    sa.Column("emoji", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

loose_statuses = sa.Table(
    "loose_statuses",
    metadata,
    key(),
    link("channel_id", "channels.id"),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("thread", sa.Text, nullable=False, server_default=""),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("blocked", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_loose_statuses_external", "channel_id", "external_id"),
)
"""Statuses that came before we had noted the id of the message they speak of; applied when we note it."""

files = sa.Table(
    "files",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("mime", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("duration", sa.Float),
    sa.Column("thumbnail", sa.Text),
    sa.Column("looked_at", Instant),
    partial("ix_files_new", "created_at", where="looked_at IS NULL"),
    sqlite_with_rowid=False,
)
"""Contents of attachments, stored once by hash. The type is what the bytes say. `looked_at`: when the worker noted the size of
a picture, the length of a sound (`duration`, seconds) and made the `thumbnail`, itself a content named by its hash."""

attachments = sa.Table(
    "attachments",
    metadata,
    key(),
    link("message_id", "messages.id"),
    link("contact_id", "contacts.id"),
    link("channel_id", "channels.id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("mime", sa.Text, nullable=False, server_default=""),
    sa.Column("size", sa.BigInteger),
    sa.Column("sha256", sa.Text, sa.ForeignKey("files.sha256")),
    sa.Column("remote", Json, nullable=False, server_default="{}"),
    sa.Column("content_id", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("try_at", Instant),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    one_of("state", "waiting", "stored", "failed"),
    sa.Index("ix_attachments_message_id", "message_id"),
    partial("ix_attachments_sha256", "sha256", where="sha256 IS NOT NULL"),
    partial("ix_attachments_waiting", "try_at", where="state = 'waiting'"),
)

tasks = sa.Table(
    "tasks",
    metadata,
    key(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False, server_default=""),
    link("contact_id", "contacts.id"),
    link("conversation_id", "conversations.id", nullable=True),
    link("manager_id", "managers.id", nullable=True),
    link("team_id", "teams.id", nullable=True),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("done_at", Instant),
    sa.Column("done_by", sa.BigInteger),
    sa.Column("moves", sa.Integer, nullable=False, server_default="0"),
    one_of("kind", "answer", "reminder"),
    partial("uq_tasks_answer", "conversation_id", where="kind = 'answer' AND done_at IS NULL", unique=True),
    partial("ix_tasks_open", "due_at", "id", where="done_at IS NULL"),
    partial("ix_tasks_manager", "manager_id", "due_at", where="done_at IS NULL"),
    sa.Index("ix_tasks_contact_id", "contact_id"),
)
"""Something due. At most one open `answer` task a conversation: "answer by `due_at`"."""
