"""(i)'s floor: a bare import. Reads the CSV, checks each phone, writes person and address; nothing is compared, noted or undone.

`python -m bench.importer FILE DATABASE` with an SQLite file or the address of a PostgreSQL; prints seconds, CPU seconds.
"""

import csv
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import phonenumbers
import psycopg

BATCH = 500
_TABLES = (
    "CREATE TABLE floor_people (id BIGINT PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL)",
    "CREATE TABLE floor_addresses (address TEXT PRIMARY KEY, person BIGINT NOT NULL)",
)
Row = tuple[int, str, str, str]
Write = Callable[[list[Row]], None]


def sqlite_writer(path: str) -> Write:
    lite = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *_TABLES):
        lite.execute(statement)

    def write(rows: list[Row]) -> None:
        lite.execute("BEGIN IMMEDIATE")
        lite.executemany("INSERT INTO floor_people VALUES (?, ?, ?)", [row[:3] for row in rows])
        lite.executemany("INSERT INTO floor_addresses VALUES (?, ?) ON CONFLICT DO NOTHING", [(row[3], row[0]) for row in rows])
        lite.execute("COMMIT")

    return write


def postgres_writer(url: str) -> Write:
    post = psycopg.connect(url)
    for statement in _TABLES:
        post.execute(statement.encode())
    post.commit()

    def write(rows: list[Row]) -> None:
        with post.cursor() as cursor:
            cursor.executemany("INSERT INTO floor_people VALUES (%s, %s, %s)", [row[:3] for row in rows])
            addresses = [(row[3], row[0]) for row in rows]
            cursor.executemany("INSERT INTO floor_addresses VALUES (%s, %s) ON CONFLICT DO NOTHING", addresses)
        post.commit()

    return write


def people(file: str) -> Iterator[Row]:
    with Path(file).open(newline="", encoding="utf-8") as text:
        for number, (name, phone, _, city) in enumerate(islice(csv.reader(text), 1, None)):
            try:
                parsed = phonenumbers.parse(phone, "RU")
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_possible_number(parsed):
                yield number, name, city, phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def main(file: str, database: str) -> float:
    """Take all in; returns seconds."""
    write = postgres_writer(database) if database.startswith("postgres") else sqlite_writer(database)
    found, began = people(file), time.perf_counter()
    while rows := list(islice(found, BATCH)):
        write(rows)
    return time.perf_counter() - began


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2]), time.process_time())
