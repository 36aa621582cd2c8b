"""Bring the database to the schema this version expects, by Alembic's migrations."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from inbox.db import Database

_LOCK = 7_283_401
"""Key of PostgreSQL's advisory lock, so that many processes starting at once migrate one after another."""


def config(connection: sa.Connection) -> Config:
    """Alembic's configuration, with the connection to work on."""
    found = Config(attributes={"connection": connection})
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    found.set_main_option("path_separator", "os")
    return found


def migrate(db: Database) -> tuple[str | None, str]:
    """Upgrade to the newest revision, all or nothing. Returns (revision before, revision now), equal if nothing was to do."""
    with db.begin() as connection:
        if not db.sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        before = current(connection)
        if before != newest():
            command.upgrade(config(connection), "head")
        return before, newest()


def current(connection: sa.Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision that this version of the program expects."""
    script = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    head = script.get_current_head()
    assert head is not None
    return head
