"""Before somebody is written to first: a stop that an erased person left behind goes onto the card that has the address now."""

import sqlalchemy as sa

from inbox import schema as t
from inbox.leaving import stops
from inbox.web import keys
from inbox.web.endpoint import Call


async def recall_stops(call: Call, contact_id: int) -> None:
    """The worker does it too, some seconds after a card was made; this is for whoever is faster."""
    if await call.read(stops.any_left):
        await call.run(stops.settle, call.now, call.app[keys.SETTINGS].key, contact_id)


async def recall_stops_of(call: Call, conversation_id: int) -> None:
    """The same for whoever a conversation is with."""
    if await call.read(stops.any_left) and (contact_id := await call.read(_contact, conversation_id)) is not None:
        await recall_stops(call, contact_id)


def _contact(connection: sa.Connection, conversation_id: int) -> int | None:
    return connection.scalar(sa.select(t.conversations.c.contact_id).where(t.conversations.c.id == conversation_id))
