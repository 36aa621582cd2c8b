"""Stop 2: events become rows. Deduplicated, at the right person, in the right conversation, committed before anybody is told.

`store` takes everything that waits at once, so each statement serves many webhooks. A batch that fails is taken apart, first into
webhooks, then into events, so that what is broken costs its neighbours nothing, and its raw body is kept in every case.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from channels.events import (
    ConsentChanged,
    ContactChanged,
    DeliveryStatus,
    Event,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Notice,
    Reaction,
)
from inbox import queue
from inbox import schema as t
from inbox.db import not_its_own
from inbox.receive import bounces, changes, consents, messages, notices, statuses
from inbox.receive.arrival import Arrival, Heard, Stored
from inbox.receive.clean import clean_message, may_hold_dirt
from inbox.store import bulk, ids

__all__ = ["Arrival", "Stored", "store", "store_anyway"]


def store(connection: sa.Connection, arrivals: Sequence[Arrival]) -> list[Stored]:
    """Store many webhooks with few statements; all or none. Results in the order of `arrivals`."""
    raw_ids = keep_raw(connection, arrivals)
    heard = [
        Heard(arrival=arrival, raw_id=raw_id, event=event)
        for arrival, raw_id in zip(arrivals, raw_ids, strict=True)
        for event in arrival.events
    ]
    new = _store_events(connection, heard, max(arrival.hook.received_at for arrival in arrivals))
    return [Stored(raw_id=raw_id, messages=new.get(raw_id, 0)) for raw_id in raw_ids]


def store_anyway(connection: sa.Connection, arrival: Arrival) -> Stored:
    """Store a webhook that `store` failed on: each event for itself, what still fails becomes a notice beside the raw body."""
    raw_id = keep_raw(connection, [arrival])[0]
    now, count, broken = arrival.hook.received_at, 0, 0
    for event in arrival.events:
        try:
            with bulk.savepoint(connection):
                count += _store_events(connection, [Heard(arrival=arrival, raw_id=raw_id, event=event)], now).get(raw_id, 0)
        except Exception as error:
            if not_its_own(error):
                raise
            broken += 1
            text = f"{type(event).__name__} could not be stored: {type(error).__name__}"
            notice = Notice(kind="broken", text=text, error=True)
            notices.store(connection, [Heard(arrival=arrival, raw_id=raw_id, event=notice)], now)
    if broken:
        values = {
            "state": "partial" if broken < len(arrival.events) else "failed",
            "error": f"{broken} events could not be stored",
        }
        connection.execute(sa.update(t.raw_bodies).where(t.raw_bodies.c.id == raw_id).values(values))
    return Stored(raw_id=raw_id, messages=count)


def keep_raw(connection: sa.Connection, arrivals: Sequence[Arrival]) -> Sequence[int]:
    """Keep the bodies exactly as they came, and how far a pulled channel has read. A replayed body is kept already."""
    fresh = [arrival for arrival in arrivals if arrival.raw_id is None]
    numbers = iter(ids.take(connection, "raw_bodies", len(fresh)))
    raw_ids = [arrival.raw_id if arrival.raw_id is not None else next(numbers) for arrival in arrivals]
    rows = [_raw_row(raw_id, arrival) for raw_id, arrival in zip(raw_ids, arrivals, strict=True) if arrival.raw_id is None]
    if rows:
        bulk.insert(connection, t.raw_bodies, rows)
    for arrival, raw_id in zip(arrivals, raw_ids, strict=True):
        if arrival.raw_id is not None:
            outcome = {name: value for name, value in _raw_row(raw_id, arrival).items() if name in ("state", "events", "error")}
            connection.execute(sa.update(t.raw_bodies).where(t.raw_bodies.c.id == raw_id).values(outcome))
        if arrival.cursor is not None:
            connection.execute(_UPDATE_CURSOR, {"channel": arrival.channel_id, "read_to": dict(arrival.cursor)})
    return raw_ids


def _raw_row(raw_id: int, arrival: Arrival) -> dict[str, object]:
    broken = sum(isinstance(event, Notice) and event.kind == "broken" for event in arrival.events)
    failed = bool(arrival.error) or (broken > 0 and broken == len(arrival.events))
    return {
        "id": raw_id,
        "channel_id": arrival.channel_id,
        "received_at": arrival.hook.received_at,
        "method": arrival.hook.method,
        "url": arrival.hook.url,
        "headers": arrival.headers,
        "body": arrival.hook.body,
        "state": "failed" if failed else "partial" if broken else "done",
        "events": len(arrival.events),
        "error": arrival.error or (f"{broken} elements could not be read" if broken else ""),
    }


def _store_events(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> dict[int, int]:
    """Store events kind by kind. Returns how many new messages each raw body brought."""
    by_type: dict[type[Event], list[Heard]] = {}
    for each in heard:
        hook = each.arrival.hook
        if may_hold_dirt(hook.headers.get("content-type", ""), hook.body):
            each.event = clean_message(each.event)
        by_type.setdefault(type(each.event), []).append(each)
    new = messages.store(connection, by_type.get(InboundMessage, []), now)
    if edited := by_type.get(MessageEdited):
        new += messages.store(connection, changes.edit(connection, edited, now), now)
    if bounced := [each for each in new if each.message.bounce is not None]:
        bounces.apply(connection, bounced, now)
    changes.delete(connection, by_type.get(MessageDeleted, []), now)
    changes.react(connection, by_type.get(Reaction, []), now)
    statuses.apply(connection, by_type.get(DeliveryStatus, []), now)
    consents.apply(connection, by_type.get(ConsentChanged, []), now)
    consents.move(connection, by_type.get(ContactChanged, []), now)
    notices.store(connection, by_type.get(Notice, []), now)
    counts: dict[int, int] = {}
    for each in new:
        counts[each.raw_id] = counts.get(each.raw_id, 0) + 1
    if new:
        queue.wake(connection, "respond")
    return counts


_UPDATE_CURSOR = (
    sa.update(t.channels).where(t.channels.c.id == sa.bindparam("channel")).values(cursor=sa.bindparam("read_to", type_=t.Json))
)
