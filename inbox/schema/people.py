"""Tables of those who work in Switchboard: managers, teams, their sessions and tokens."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, one_of

ROLES = ("owner", "lead", "operator", "marketer", "viewer")

managers = sa.Table(
    "managers",
    metadata,
    key(),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("language", sa.Text, nullable=False, server_default="en"),
    sa.Column("available", sa.Boolean, nullable=False, server_default=sa.text("true")),
    sa.Column("capacity", sa.Integer, nullable=False, server_default="50"),
    sa.Column("assigned_at", Instant),
    sa.Column("preferences", Json, nullable=False, server_default="{}"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("disabled_at", Instant),
    sa.Column("signature", sa.Text, nullable=False, server_default=""),
    sa.Column("undo_seconds", sa.Integer, nullable=False, server_default="5"),
    sa.Column("back_at", Instant),
    sa.Column("paused_at", Instant),
    sa.Column("away_minutes", sa.Integer, nullable=False, server_default="10"),
    sa.Column("away_pauses", sa.Boolean, nullable=False, server_default=sa.text("false")),
    one_of("role", *ROLES),
)
"""`available`: takes new conversations. `capacity`: open ones at most. `assigned_at`: when given the last one (fair ties).
`signature`: under their mails. `undo_seconds`: how long what they send can be taken back. `back_at`: available again by
itself then. `away_minutes`: without keyboard and mouse for so long they count as away; `away_pauses`: and get nothing new.
`paused_at`: since when that is so."""

teams = sa.Table(
    "teams",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("hours", Json),
    sa.Column("created_at", Instant, nullable=False),
)

team_members = sa.Table(
    "team_members",
    metadata,
    sa.Column("team_id", sa.BigInteger, sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("manager_id", sa.BigInteger, sa.ForeignKey("managers.id", ondelete="CASCADE"), primary_key=True),
    sa.Index("ix_team_members_manager_id", "manager_id"),
    sqlite_with_rowid=False,
)

sessions = sa.Table(
    "sessions",
    metadata,
    key(),
    sa.Column("secret_hash", sa.Text, nullable=False, unique=True),
    link("manager_id", "managers.id", ondelete="CASCADE"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
    sa.Column("agent", sa.Text, nullable=False, server_default=""),
    sa.Column("ip", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_sessions_manager_id", "manager_id"),
)
"""Browser sessions. Only SHA-256 of the cookie is stored."""

tokens = sa.Table(
    "tokens",
    metadata,
    key(),
    sa.Column("secret_hash", sa.Text, nullable=False, unique=True),
    link("manager_id", "managers.id", ondelete="CASCADE"),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Index("ix_tokens_manager_id", "manager_id"),
)
"""Bearer tokens of the API, with the rights of their manager. Only SHA-256 of the token is stored."""
