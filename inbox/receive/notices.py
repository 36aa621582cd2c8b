"""Keep what providers told us that is no message, where the channel's page shows it."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from channels.events import Notice
from inbox import live
from inbox import schema as t
from inbox.care import provider_templates
from inbox.receive.arrival import Heard
from inbox.store import ids

PASSING = {"typing"}
"""Notices that are worth telling but not keeping."""


def store(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Keep notices; the passing ones are only told."""
    kept = [each for each in heard if isinstance(each.event, Notice) and each.event.kind not in PASSING]
    if not kept:
        return
    numbers = ids.take(connection, "notices", len(kept))
    connection.execute(sa.insert(t.notices), [_row(number, each, now) for number, each in zip(numbers, kept, strict=True)])
    told = [(each.channel_id, each.event.template) for each in kept if isinstance(each.event, Notice) and each.event.template]
    if told:
        provider_templates.apply_news(connection, now, told)
    for channel_id in {each.channel_id for each in kept}:
        live.tell(connection, "channel", channel_id=channel_id)


def _row(number: int, each: Heard, now: datetime) -> dict[str, object]:
    notice = each.event
    assert isinstance(notice, Notice)
    return {
        "id": number, "channel_id": each.channel_id, "raw_id": each.raw_id, "kind": notice.kind, "text": notice.text,
        "data": notice.data, "error": notice.error, "at": now,
    }  # fmt: skip
