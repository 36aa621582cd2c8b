"""What all tests share: settings with a migrated database behind them, SQLite and PostgreSQL in turn."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from inbox.db import Database
from inbox.migrate import migrate
from inbox.settings import Settings
from tests import postgres
from tests.quick import pytest_configure
from tests.sharing import STORES, pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = ["STORES", "make_settings", "pytest_collection_modifyitems", "pytest_configure", "pytest_xdist_make_scheduler"]

hypothesis.settings.register_profile("same-everywhere", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("same-everywhere")
"""A run finds what the last one found, however slow the machine. Search further with `--hypothesis-profile=default`."""

_FROM_ONE = "SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL"


def make_settings(folder: Path, database_url: str = "") -> Settings:
    """Settings that owe nothing to the environment of whoever runs the tests."""
    return Settings(_env_file=None, data=folder, database_url=database_url, secret_key=SecretStr("a key for tests only"))


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("SWITCHBOARD_") and n != "SWITCHBOARD_TEST_POSTGRES"]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that each test gets a copy of."""
    settings = make_settings(tmp_path_factory.mktemp("template"))
    db = Database(settings)
    migrate(db)
    db.close()
    return settings.data / "switchboard.db"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.server() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a migrated PostgreSQL database that each test gets a copy of."""
    name = f"switchboard_template_{os.getpid()}"
    url = postgres.create(postgres_server, name)
    db = Database(make_settings(tmp_path_factory.mktemp("template"), url))
    migrate(db)
    db.close()
    yield name
    postgres.drop(postgres_server, name)


@pytest.fixture(scope="session")
def postgres_lent(postgres_server: str, postgres_template: str) -> Iterator[postgres.Lent]:
    lent = postgres.Lent(postgres_server, postgres_template)
    yield lent
    lent.close()


@pytest.fixture(params=STORES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A new installation with its database migrated. `parametrize("settings", ["sqlite"], indirect=True)` picks one store."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "switchboard.db")
        yield make_settings(tmp_path)
        return
    lent: postgres.Lent = request.getfixturevalue("postgres_lent")
    with lent.one() as url:
        yield make_settings(tmp_path, url)


@pytest.fixture(scope="session", params=STORES)
def shared_db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A migrated database for all tests that undo what they did (`trial`)."""
    settings = make_settings(tmp_path_factory.mktemp("shared"))
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), settings.data / "switchboard.db")
    else:
        server: str = request.getfixturevalue("postgres_server")
        template: str = request.getfixturevalue("postgres_template")
        name = f"switchboard_{os.getpid()}_shared"
        settings = make_settings(settings.data, postgres.create(server, name, template))
    database = Database(settings)
    yield database
    database.close()
    if request.param != "sqlite":
        postgres.drop(server, name)


@pytest.fixture
def trial(shared_db: Database) -> Iterator[sa.Connection]:
    """A transaction in an empty database that is undone when the test ends: much quicker than a database of one's own."""
    with shared_db.begin() as connection:
        if not shared_db.sqlite:
            connection.execute(sa.text(_FROM_ONE))
        yield connection
        transaction = connection.get_transaction()
        assert transaction is not None
        transaction.rollback()


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    """The database of `settings`: `with db.begin() as connection`, or await db.run / db.read."""
    database = Database(settings)
    yield database
    database.close()
