"""What journeys share: a place for the database, SQLite and PostgreSQL in turn; the app, a browser, and who sits there."""

import itertools
import os
import sys
from collections.abc import AsyncIterator, Iterator
from importlib.util import module_from_spec, spec_from_file_location

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests import postgres
from tests.conftest import STORES
from tests.journeys.pages import TELEGRAM
from tests.journeys.system import OWNER, ROOT
from tests.journeys.town import Town, Visitor
from tests.journeys.window import COLLEAGUE, Window, asking, chromium, window

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


@pytest.fixture(scope="module")
def app() -> None:
    """The operators' app as it is in the sources now."""
    spec = spec_from_file_location("hatch_build", ROOT / "inbox" / "ui" / "hatch_build.py")
    assert spec and spec.loader
    builder = module_from_spec(spec)
    sys.modules[spec.name] = builder
    spec.loader.exec_module(builder)
    builder.build()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def vera(browser: Browser, city: Town) -> AsyncIterator[Window]:
    """The owner before the module's installation, `city`."""
    async with window(browser, city.system, OWNER) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def boris(browser: Browser, city: Town) -> AsyncIterator[Window]:
    """A colleague, where the module has called one (`add_colleague`)."""
    async with window(browser, city.system, COLLEAGUE) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def talk(city: Town) -> tuple[Visitor, int]:
    """The conversation that most is tried on."""
    return await asking(city, TELEGRAM)
