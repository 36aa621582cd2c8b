"""What journeys share: a place for the database, SQLite and PostgreSQL in turn."""

import itertools
import os
from collections.abc import Iterator

import pytest

from tests import postgres
from tests.conftest import STORES

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=STORES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of a new, empty database; empty for SQLite, which is a file in the data folder."""
    if request.param == "sqlite":
        yield ""
        return
    server: str = request.getfixturevalue("postgres_server")
    name = f"switchboard_journey_{os.getpid()}_{next(_numbers)}"
    yield postgres.create(server, name)
    postgres.drop(server, name)
