"""What would take too long through the front door, written into the tables: many conversations, a day that has passed."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from inbox import schema as t
from inbox.db import Database
from inbox.store import ids
from tests.journeys.system import System

LATE = timedelta(hours=25)


def crowd(system: System, count: int) -> None:
    """So many conversations more, older than all others, each of somebody new."""
    at = datetime.now(UTC) - timedelta(days=2)
    with closing(Database(system.settings)) as db, db.begin() as connection:
        channel = connection.scalar(sa.select(t.channels.c.id))
        for number in range(count):
            name, moment = f"crowd-{number}", at + timedelta(seconds=number)
            person, mine = ids.one(connection, "contacts"), ids.one(connection, "conversations")
            contact = {"id": person, "number": name, "name": f"Person {number}", "created_at": at}
            connection.execute(sa.insert(t.contacts), contact)
            row = {"id": mine, "contact_id": person, "status": "open", "channel_id": channel, "address": name, "bot": False}
            row |= {"token": name, "last_at": moment, "last_text": "Hello", "opened_at": moment}
            connection.execute(sa.insert(t.conversations), row)


def shut_window(system: System, channel: int) -> None:
    """Whoever wrote by this channel did so yesterday, an hour too early to be answered freely."""
    with closing(Database(system.settings)) as db, db.begin() as connection:
        late = {"heard_at": datetime.now(UTC) - LATE}
        connection.execute(sa.update(t.reaches).where(t.reaches.c.channel_id == channel).values(late))
