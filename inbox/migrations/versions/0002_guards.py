"""Sequences for PostgreSQL's ids, and triggers that keep events immutable."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBERED = (
    "attachments", "broadcasts", "channels", "contacts", "conversations", "events", "flows", "identities", "loose_statuses",
    "managers", "messages", "notices", "raw_bodies", "segments", "sessions", "tasks", "teams", "templates", "tokens", "versions",
    "webhooks",
)  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(f"CREATE SEQUENCE {table}_ids CACHE 1")
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'events are immutable'; END $$"
        )
        op.execute(
            "CREATE TRIGGER events_immutable BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            sa.text(
                f"CREATE TRIGGER events_no_{action.lower()} BEFORE {action} ON events "
                "BEGIN SELECT RAISE(ABORT, 'events are immutable'); END"
            )
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER events_immutable ON events")
        op.execute("DROP FUNCTION refuse_change()")
        for table in NUMBERED:
            op.execute(f"DROP SEQUENCE {table}_ids")
        return
    for action in ("update", "delete"):
        op.execute(f"DROP TRIGGER events_no_{action}")
