"""Tables of connected accounts and of everything that came in through them, exactly as it came."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, one_of

channels = sa.Table(
    "channels",
    metadata,
    key(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("settings", Json, nullable=False, server_default="{}"),
    sa.Column("secrets", sa.LargeBinary),
    sa.Column("cursor", Json, nullable=False, server_default="{}"),
    sa.Column("account", Json, nullable=False, server_default="{}"),
    link("team_id", "teams.id", nullable=True),
    sa.Column("state", sa.Text, nullable=False, server_default="ok"),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Column("failed_at", Instant),
    sa.Column("paused_until", Instant),
    sa.Column("pulled_by", sa.Text),
    sa.Column("pulled_until", Instant),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    one_of("state", "ok", "failing", "disabled"),
)
"""`secrets`: the secret settings, encrypted. `cursor`: where pulling stopped. `pulled_*`: the one process that pulls it.
`version` grows with each change of settings, so that every process notices. `failed_at`: since when sending fails, and
`failures` how often it was tried in vain since; `paused_until`: nothing is sent before, by the provider's wish or ours."""

raw_bodies = sa.Table(
    "raw_bodies",
    metadata,
    key(),
    link("channel_id", "channels.id"),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("headers", Json, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("events", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_raw_bodies_channel_id_id", "channel_id", "id"),
    one_of("state", "done", "partial", "failed"),
)
"""Every authentic inbound body. `partial`: some element could not be read; `failed`: none was stored, replay it once mended."""

notices = sa.Table(
    "notices",
    metadata,
    key(),
    link("channel_id", "channels.id"),
    link("raw_id", "raw_bodies.id", nullable=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("data", Json),
    sa.Column("error", sa.Boolean, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_notices_channel_id_id", "channel_id", "id"),
)
"""What providers told us that is no message: template approved, quality changed, an element nobody could read."""

spool_marks = sa.Table(
    "spool_marks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("place", sa.BigInteger, nullable=False),
)
"""How far a spool file has been replayed, in bytes, kept in the transaction that stored what stood before: a replay that breaks
off goes on from there and doubles nothing. Removed with the file."""
