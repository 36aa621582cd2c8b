"""What somebody wants to be told of, when not, and how often by mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import live
from inbox import schema as t
from inbox.refusals import Invalid

KINDS = ("request", "reply", "mention", "unassigned", "late")
USUAL = ("request", "reply", "mention", "late")

_n = t.notice_settings.c
INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One person's settings. Times of the day are HH:MM in `timezone`."""

    kinds: list[str]
    sound: bool
    quiet_from: str | None
    quiet_to: str | None
    timezone: str
    digest: str
    digest_at: str


def of(connection: sa.Connection, manager_id: int, timezone: str) -> Wanted:
    """Somebody's settings; the usual ones, in the company's `timezone`, where they have said nothing."""
    row = connection.execute(sa.select(t.notice_settings).where(_n.manager_id == manager_id)).one_or_none()
    if row is None:
        return Wanted(
            kinds=list(USUAL), sound=True, quiet_from=None, quiet_to=None, timezone=timezone, digest="off", digest_at="09:00"
        )
    return wanted(row, timezone)


def wanted(row: Any, timezone: str) -> Wanted:
    """A row of `notice_settings`."""
    return Wanted(
        kinds=[kind for kind in KINDS if kind in row.kinds], sound=row.sound, quiet_from=row.quiet_from, quiet_to=row.quiet_to,
        timezone=row.timezone or timezone, digest=row.digest, digest_at=row.digest_at,
    )  # fmt: skip


def change(connection: sa.Connection, now: datetime, me: int, timezone: str, changes: Mapping[str, Any]) -> None:
    """Change one's own. The first digest comes at the next interval, not at once. Raises Invalid."""
    before = of(connection, me, timezone)
    after = {name: getattr(before, name) for name in Wanted.__slots__} | dict(changes)
    if (after["quiet_from"] is None) != (after["quiet_to"] is None):
        raise Invalid("quiet_to", "Quiet hours have a beginning and an end")
    _require_zone(after["timezone"])
    insert = INSERT[connection.dialect.name](t.notice_settings).values(**after, manager_id=me)
    connection.execute(insert.on_conflict_do_update(index_elements=["manager_id"], set_=after))
    if after["digest"] != "off" and {"digest", "digest_at", "timezone"} & changes.keys():
        _begin_with_the_next(connection, now, me, slot(after["digest"], after["digest_at"], after["timezone"], now))
    live.tell(connection, "manager", manager_id=me)


def stop_digest(connection: sa.Connection, manager_id: int) -> None:
    """No more digests. Twice is once."""
    connection.execute(sa.update(t.notice_settings).where(_n.manager_id == manager_id).values(digest="off"))
    live.tell(connection, "manager", manager_id=manager_id)


def slot(digest: str, at: str, timezone: str, now: datetime) -> datetime:
    """When the interval began in which we are."""
    if digest == "hourly":
        return now.replace(minute=0, second=0, microsecond=0)
    zone = ZoneInfo(timezone)
    wall = time.fromisoformat(at)
    today = datetime.combine(now.astimezone(zone).date(), wall, zone)
    begun = today if today.astimezone(UTC) <= now else datetime.combine(today.date() - timedelta(days=1), wall, zone)
    return begun.astimezone(UTC)


def _begin_with_the_next(connection: sa.Connection, now: datetime, me: int, begun: datetime) -> None:
    row = {"manager_id": me, "slot": begun, "state": "here", "at": now}
    connection.execute(INSERT[connection.dialect.name](t.digests).values(row).on_conflict_do_nothing())


def _require_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (LookupError, ValueError, OSError) as error:
        raise Invalid("timezone", f"There is no time zone {timezone}") from error
