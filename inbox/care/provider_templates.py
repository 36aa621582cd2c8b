"""The templates that providers keep for our channels: what they last told of them, and when to ask again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from channels.base import ProviderTemplate
from channels.events import TemplateNews
from inbox import live, queue
from inbox import schema as t
from inbox.accounts import capabilities
from inbox.store import ids

EVERY = timedelta(hours=1)
"""Between two readings of a list. What changes meanwhile is told by webhook, where the provider does."""
AGAIN = timedelta(minutes=5)
"""After a reading that failed."""
NO_LIST = timedelta(days=1)

_STATUS = {
    "pending": "is not approved yet",
    "rejected": "was rejected",
    "paused": "is paused",
    "disabled": "is disabled",
}
"""What is said of a template that cannot be sent."""

_p, _s = t.provider_templates.c, t.template_syncs.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """What a reading of the list changed."""

    added: int
    changed: int
    removed: int


def due(connection: sa.Connection, now: datetime) -> list[int]:
    """Channels whose list has to be read."""
    h = t.channels.c
    rows = connection.execute(
        sa.select(h.id, h.kind, h.settings)
        .outerjoin(t.template_syncs, _s.channel_id == h.id)
        .where(h.removed_at.is_(None), h.state != "disabled", sa.or_(_s.try_at.is_(None), _s.try_at <= now))
        .order_by(h.id)
    )
    return [row.id for row in rows if capabilities(row.kind, row.settings).templates]


def keep(connection: sa.Connection, now: datetime, channel_id: int, listed: Sequence[ProviderTemplate] | None) -> Synced:
    """Make the kept list the one that the provider gave; None: it keeps none."""
    note_sync(
        connection, channel_id, now + (EVERY if listed is not None else NO_LIST), synced_at=now if listed is not None else None
    )
    wanted = {(each.name, each.language): each for each in listed or ()}
    known = {
        (row.name, row.language): row
        for row in connection.execute(sa.select(t.provider_templates).where(_p.channel_id == channel_id))
    }
    new = [each for key, each in wanted.items() if key not in known]
    rows = [
        {"template_id": number, "channel_id": channel_id, "created_at": now, "changed_at": now, **_values(each)}
        for number, each in zip(ids.take(connection, "templates", len(new)), new, strict=True)
    ]
    if rows:
        connection.execute(sa.insert(t.provider_templates), rows)
    changed = sum(_change(connection, now, known[key], _values(each)) for key, each in wanted.items() if key in known)
    gone = [row.template_id for key, row in known.items() if key not in wanted and row.removed_at is None]
    if gone:
        connection.execute(sa.update(t.provider_templates).where(_p.template_id.in_(gone)).values(removed_at=now))
    if rows or changed or gone:
        live.tell(connection, "template", channel_id=channel_id)
    return Synced(added=len(rows), changed=changed, removed=len(gone))


def note_sync(
    connection: sa.Connection, channel_id: int, try_at: datetime, *, error: str = "", synced_at: datetime | None = None
) -> None:
    """Write down when to read the list next, and how it went."""
    values: dict[str, Any] = {"try_at": try_at, "error": error} | ({"synced_at": synced_at} if synced_at is not None else {})
    if not connection.execute(sa.update(t.template_syncs).where(_s.channel_id == channel_id).values(values)).rowcount:
        connection.execute(sa.insert(t.template_syncs), {"channel_id": channel_id, **values})


def apply_news(connection: sa.Connection, now: datetime, told: Sequence[tuple[int, TemplateNews]]) -> None:
    """What webhooks tell of templates: kept at once; the list is read again where more than that has changed."""
    for channel_id, news in told:
        values = {name: value for name in ("quality", "category") if (value := getattr(news, name))}
        if news.status == "removed":
            values["removed_at"] = now
        elif news.status:
            values |= {"status": news.status, "reason": news.reason}
        meant = sa.and_(_p.channel_id == channel_id, _p.name == news.name, _p.language == news.language)
        if news.external_id:  # two numbers of one account have the same templates
            meant = sa.or_(meant, _p.external_id == news.external_id)
        known = connection.execute(
            sa.update(t.provider_templates).where(meant, _p.removed_at.is_(None)).values({**values, "changed_at": now})
        )
        if news.stale or not known.rowcount:
            note_sync(connection, channel_id, now)
            queue.wake(connection, "templates")
        live.tell(connection, "template", channel_id=channel_id)


def find(connection: sa.Connection, channel_id: int, name: str) -> list[sa.Row[Any]]:
    """All languages of a template, as its provider last told of them. By its name, or by the provider's own id of one."""
    meant = sa.or_(_p.name == name, _p.external_id == name)
    query = sa.select(t.provider_templates).where(_p.channel_id == channel_id, meant, _p.removed_at.is_(None))
    return list(connection.execute(query.order_by(_p.language)))


def problem(row: Any) -> str:
    """Why a provider's template cannot be sent now; empty if it can."""
    if row.status != "approved":
        said = _STATUS.get(row.status, f"is {row.status}")
        return f"This template {said}: {row.reason}" if row.reason else f"This template {said}"
    return str(row.parts.get("problem") or "")


def is_listed(connection: sa.Connection, channel_id: int) -> bool:
    """Whether the list of this channel was ever read: until then nobody knows what is in it."""
    return connection.scalar(sa.select(_s.synced_at).where(_s.channel_id == channel_id)) is not None


def _values(each: ProviderTemplate) -> dict[str, Any]:
    parts = {
        "variables": list(each.variables),
        "header": {**asdict(each.header), "variables": list(each.header.variables)} if each.header is not None else None,
        "footer": each.footer,
        "buttons": [asdict(button) for button in each.buttons],
        "problem": each.problem,
    }
    told = ("external_id", "name", "language", "status", "category", "quality", "reason", "body")
    return {name: getattr(each, name) for name in told} | {"parts": parts, "removed_at": None}


def _change(connection: sa.Connection, now: datetime, row: Any, values: Mapping[str, Any]) -> bool:
    """Bring one row up to date. Whether anything was different."""
    if all(getattr(row, name) == value for name, value in values.items()):
        return False
    update = sa.update(t.provider_templates).where(_p.template_id == row.template_id)
    connection.execute(update.values({**values, "changed_at": now}))
    return True
