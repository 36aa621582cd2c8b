"""A PostgreSQL that keeps its word: a private cluster with fsync and synchronous commits, as a careful administrator runs it."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.postgres import _at, _binaries, _call, _not_root, create, drop

DURABLE = (
    "-c fsync=on -c synchronous_commit=on -c full_page_writes=on -c shared_buffers=256MB -c max_connections=100 "
    "-c effective_cache_size=1GB -c work_mem=16MB -c max_wal_size=4GB -c checkpoint_timeout=15min -c random_page_cost=1.1"
)


@dataclass(frozen=True, slots=True)
class Server:
    """`pid` is the postmaster's, 0 when the server is somebody else's."""

    address: str
    pid: int


@contextmanager
def server(keep: str = "") -> Iterator[Server]:
    """Start a cluster with an empty folder of its own; it is stopped and removed at the end. `keep`: where its data stays."""
    if given := os.environ.get("SWITCHBOARD_TEST_POSTGRES"):
        yield Server(given, 0)
        return
    folder = Path(tempfile.mkdtemp(prefix="switchboard-bench-pg-"))
    try:
        binaries, user, data = _binaries(), _not_root(folder), folder / "data"
        if keep:
            data = Path(keep).resolve() / "postgresql"
            data.mkdir(parents=True, exist_ok=True)
            _not_root(data)
        if not (data / "PG_VERSION").exists():
            _call([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"], user)
        options = f"{DURABLE} -c listen_addresses='' -k {folder}"
        _call([binaries / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", folder / "log", "-o", options, "start"], user)
        try:
            pid = int((data / "postmaster.pid").read_text().split()[0])
            yield Server(f"postgresql:///postgres?host={folder}&user=postgres", pid)
        finally:
            _call([binaries / "pg_ctl", "-D", data, "-w", "-t", "60", "-m", "fast" if keep else "immediate", "stop"], user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def kept(on: Server, name: str, *, anew: bool) -> str:
    """The address of a database that stays, made `anew` or as it was left."""
    if anew:
        drop(on.address, name)
        return create(on.address, name)
    return _at(on.address, name)


@contextmanager
def database(on: Server, name: str) -> Iterator[str]:
    """The address of a new, empty database, which is dropped at the end. Asks the server whether its commits are durable."""
    url = create(on.address, name)
    try:
        with psycopg.connect(url) as connection:
            for setting in ("fsync", "synchronous_commit"):
                row = connection.execute(f"SHOW {setting}".encode()).fetchone()
                assert row is not None and row[0] == "on", f"{setting} is {row}: this would measure nothing that lasts"
        yield url
    finally:
        drop(on.address, name)


def without_indexes(post: "psycopg.Connection[tuple[str, ...]]", *tables: str) -> Sequence[str]:
    """Drop the indexes of these tables that are no keys; the statements that make them again."""
    wanted = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
    found = [
        (name, made) for name, made in post.execute(wanted.encode(), (list(tables),)) if not made.startswith("CREATE UNIQUE")
    ]
    for name, _ in found:
        post.execute(f"DROP INDEX {name}".encode())
    return [made for _, made in found]
