"""Tables of what managers want to be told of, and of the digests that were mailed to them."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, metadata, one_of, partial

DIGESTS = ("off", "hourly", "daily")
DIGEST_STATES = ("waiting", "sending", "sent", "failed", "unknown", "nothing", "here")

notice_settings = sa.Table(
    "notice_settings",
    metadata,
    sa.Column(
        "manager_id", sa.BigInteger, sa.ForeignKey("managers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("kinds", Json, nullable=False),
    sa.Column("sound", sa.Boolean, nullable=False, server_default=sa.text("true")),
    sa.Column("quiet_from", sa.Text),
    sa.Column("quiet_to", sa.Text),
    sa.Column("timezone", sa.Text, nullable=False, server_default=""),
    sa.Column("digest", sa.Text, nullable=False, server_default="off"),
    sa.Column("digest_at", sa.Text, nullable=False, server_default="09:00"),
    one_of("digest", *DIGESTS),
    partial("ix_notice_settings_digest", "manager_id", where="digest <> 'off'"),
)
"""`kinds`: what is told in the browser (see `inbox.notices.settings.KINDS`). Times of the day as HH:MM in `timezone`."""

digests = sa.Table(
    "digests",
    metadata,
    sa.Column(
        "manager_id", sa.BigInteger, sa.ForeignKey("managers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("slot", Instant, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("try_at", Instant),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    one_of("state", *DIGEST_STATES),
    sqlite_with_rowid=False,
)
"""One row for each person and interval: whoever has written it may send, so that nobody gets two. `slot`: when the interval
began. `nothing`: there was nothing to tell; `here`: the person sat at their desk. `unknown`: it may have arrived, never again."""
