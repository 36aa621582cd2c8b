"""The databases that all other tests stand on are what they claim to be."""

import sqlalchemy as sa

from inbox import schema as t
from inbox.db import Database
from inbox.migrate import current, newest
from inbox.store import ids


def test_each_store_comes_migrated_and_empty(db: Database) -> None:
    with db.begin() as connection:
        assert current(connection) == newest()
        assert connection.scalar(sa.select(sa.func.count()).select_from(t.contacts)) == 0
        assert ids.one(connection, "contacts") == 1


def test_the_store_is_the_one_that_was_asked_for(db: Database) -> None:
    with db.begin() as connection:
        assert connection.dialect.name == ("sqlite" if db.settings.sqlite else "postgresql")
        assert ids.one(connection, "contacts") == 1  # nothing is left of the test before
