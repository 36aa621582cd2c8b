"""Open connections to the database: how SQLite and PostgreSQL have to be told to behave."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import event

from inbox.settings import Settings

BUSY_SECONDS = 3
"""How long SQLite waits for another program's lock. A webhook goes to the spool after that, before the provider gives up."""

CHECKPOINT = "wal_autocheckpoint=4000"
"""Pages of 4 KB in the write-ahead log before they are copied into the file: a page that is changed often is copied once."""


def open_engine(settings: Settings, *, write: bool) -> sa.Engine:
    """An engine whose connections write, or for SQLite ones that can only read. Nothing connects yet."""
    json: dict[str, Any] = {"json_serializer": _to_json, "json_deserializer": msgspec.json.decode, "hide_parameters": True}
    if not settings.sqlite:
        return sa.create_engine(
            settings.sqlalchemy_url, pool_size=8, max_overflow=4, pool_pre_ping=False, pool_recycle=1800, pool_timeout=10,
            connect_args={"options": "-c timezone=UTC", "connect_timeout": 5}, **json,
        )  # fmt: skip
    settings.data.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        settings.sqlalchemy_url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "cached_statements": 1000},
        pool_size=2 if write else 5,
        **json,
    )
    event.listen(engine, "connect", _prepare_writer if write else _prepare_reader)
    event.listen(engine, "begin", _begin_immediate if write else _begin)
    return engine


def _prepare_writer(connection: Any, record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-4000",
        "temp_store=MEMORY",
        CHECKPOINT,
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: Any, record: Any) -> None:
    _prepare_writer(connection, record)
    connection.execute("PRAGMA cache_size=-1000")  # there are several; the system's own cache serves them all
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
