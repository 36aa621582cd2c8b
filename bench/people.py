"""Who stands behind a full inbox: names, phones, mails, tags, fields and reaches, with the words by which search finds them."""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from bench.postgres import without_indexes
from bench.rig import Rig
from bench.texts import vocabulary
from inbox.search import index

FIRST = ("Анна", "Ольга", "Иван", "Сергей", "Дмитрий", "Юлия", "Мария", "Павел", "Егор", "Вера", "Нина", "Alice", "Bob", "Carol")
RARE = 5_000
"""One of so many people is tagged vip and lives in Тула; every third is tagged buyer; one of twenty has a manager."""
_ROWS = 50_000
_TABLES = {
    "names": ("id", "name", "fields", "manager_id"),
    "contact_tags": ("tag", "contact_id"),
    "identities": ("id", "contact_id", "kind", "address", "verified", "created_at", "fold"),
    "reaches": ("channel_id", "address", "contact_id", "heard_at", "stopped_at"),
    "search_people": ("id", "words"),
}
"""What is filled, column by column; `names` go into the contacts that are there."""
Rows = dict[str, list[tuple[object, ...]]]


def know(rig: Rig, count: int, moment: Callable[[int], datetime], channel: Callable[[int], int], managers: int) -> None:
    """The n-th of `count` contacts was last heard at `moment(n)` by `channel(n)`."""
    last = vocabulary()
    people = (_person(n, last, moment(n), channel(n), managers) for n in range(1, count + 1))
    (_into_sqlite if rig.settings.sqlite else _into_postgres)(rig, people)


def surname(n: int, last: Sequence[str]) -> str:
    """Half of the people share two hundred names."""
    return last[n // 2 % 200 if n % 2 else 200 + n * 7919 % (len(last) - 200)].title()


def mobile(n: int) -> str:
    """Of the n-th person."""
    return f"+79{n * 6_173_531 % 10**9:09}"


def _person(n: int, last: Sequence[str], at: datetime, channel: int, managers: int) -> Rows:
    name, phone, mail = f"{FIRST[n * 31 % len(FIRST)]} {surname(n, last)}", mobile(n), f"person{n}@mail{n % 97}.example"
    fields = {"city": "Тула" if n % RARE == 0 else last[n % 500].title(), "age": n % 90}
    addresses = [("phone", phone), ("email", mail)] if n % 3 == 0 else [("phone", phone)]
    rows: Rows = {
        "names": [(n, name, json.dumps(fields, ensure_ascii=False), 1 + n // 20 % managers if n % 20 == 0 else None)],
        "contact_tags": [(tag, n) for tag, every in (("vip", RARE), ("buyer", 3)) if n % every == 0],
        "identities": [(n * 2 + k, n, kind, address, True, at, None) for k, (kind, address) in enumerate(addresses)],
        "reaches": [(channel, phone, n, at, at + timedelta(days=1) if n % 50 == 0 else None)],
        "search_people": [(n, index.person(name, f"C-{n}", [address for _, address in addresses]))],
    }
    return rows


def _together(people: Iterator[Rows]) -> Iterator[Rows]:
    while some := list(itertools.islice(people, _ROWS)):
        yield {table: [row for each in some for row in each[table]] for table in _TABLES}


def _into_sqlite(rig: Rig, people: Iterator[Rows]) -> None:
    lite = sqlite3.connect(rig.settings.data / "switchboard.db", isolation_level=None)
    lite.execute("PRAGMA synchronous=OFF")
    for rows in _together(people):
        lite.execute("BEGIN IMMEDIATE")
        for table, columns in _TABLES.items():
            given = [tuple(_micro(value) if isinstance(value, datetime) else value for value in row) for row in rows[table]]
            if table == "names":
                named = "UPDATE contacts SET name = ?, fields = ?, manager_id = ? WHERE id = ?"
                lite.executemany(named, [(*row[1:], row[0]) for row in given])
                continue
            words = "rowid, words" if table == "search_people" else ", ".join(columns)
            lite.executemany(f"INSERT INTO {table} ({words}) VALUES ({', '.join('?' * len(columns))})", given)
        lite.execute("COMMIT")
    lite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    lite.close()


def _micro(at: datetime) -> int:
    return round(at.astimezone(UTC).timestamp() * 1e6)


def _into_postgres(rig: Rig, people: Iterator[Rows]) -> None:
    with psycopg.connect(rig.settings.database_url, autocommit=True) as post:
        for setting in ("session_replication_role = replica", "synchronous_commit = off"):
            post.execute(f"SET {setting}".encode())
        post.execute("SET maintenance_work_mem = '512MB'")
        again = without_indexes(post, *_TABLES)
        post.execute("CREATE TEMP TABLE names (id bigint, name text, fields jsonb, manager_id bigint)")
        for rows in _together(people):
            for table, columns in _TABLES.items():
                with post.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
                    for row in rows[table]:
                        copy.write_row(row)
        taken = "name = n.name, fields = n.fields, manager_id = n.manager_id"
        post.execute(f"UPDATE contacts AS c SET {taken} FROM names AS n WHERE n.id = c.id".encode())
        for statement in again:
            post.execute(statement.encode())
        for table in ("contacts", *list(_TABLES)[1:]):
            post.execute(f"VACUUM (ANALYZE) {table}".encode())
