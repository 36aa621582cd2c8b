"""What every command begins with: the settings, and the house with its database ready."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
import typer
from pydantic import ValidationError

from inbox import logs
from inbox import settings as configuration
from inbox.cli.words import complain, fail, in_words
from inbox.db import Database
from inbox.house import House, open_house
from inbox.revision import current, newest
from inbox.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


def settings() -> Settings:
    """The installation's settings; what is wrong with one is said by its variable's name."""
    try:
        return configuration.load()
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            name = "SWITCHBOARD_" + "_".join(map(str, each["loc"])).upper()
            complain(f"{name}: {each['msg']}")
        raise typer.Exit(2) from None


def prepare(found: Settings) -> None:
    """See that the database has the schema this version expects: a new one gets it, an old one is only spoken of."""
    with in_words(), opened(found) as db:
        with db.begin() as connection:
            revision = current(connection)
        if revision is None:
            from inbox.migrate import migrate

            migrate(db)
        elif revision != newest():
            fail(f"The database is at revision {revision}, this version expects {newest()}: run `switchboard migrate`")


@contextmanager
def opened(found: Settings) -> Iterator[Database]:
    try:
        db = Database(found)
    except OSError as error:
        fail(f"The data folder {found.data} cannot be used: {error.strerror} (SWITCHBOARD_DATA)")
    try:
        yield db
    finally:
        db.close()


def run(job: Callable[[House], Awaitable[T]]) -> T:
    """Do one thing with the house of this installation. Running processes hear of it as of any other change."""
    found = settings()
    prepare(found)
    logs.configure(found)
    logging.getLogger("inbox").setLevel("ERROR")  # that Redis is away matters to nobody who types a command

    async def inside() -> T:
        async with open_house(found, "cli") as house:
            return await job(house)

    with in_words():
        return asyncio.run(inside())


def write(function: Callable[Concatenate[sa.Connection, datetime, P], T], *arguments: P.args, **keywords: P.kwargs) -> T:
    """Run a use case `function(connection, now, ...)` in a transaction."""
    return run(lambda house: house.db.run(function, datetime.now(UTC), *arguments, **keywords))


def read(function: Callable[Concatenate[sa.Connection, P], T], *arguments: P.args, **keywords: P.kwargs) -> T:
    """Run a function that only reads."""
    return run(lambda house: house.db.read(function, *arguments, **keywords))
