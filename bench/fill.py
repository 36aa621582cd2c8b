"""Fill the tables of an installation with very many conversations and messages, as fast as the database takes them."""

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import sqlalchemy as sa

from bench.people import know
from bench.postgres import without_indexes
from bench.rig import Rig
from bench.texts import texts, vocabulary
from inbox import schema as t
from inbox.search import index

STEP = 1_000_000
"""Microseconds between two conversations' last messages."""
MANAGERS, TEAMS, CHANNELS = 8, 5, 5
BUSY, QUIET = 4, 5
"""The first channels share nearly everything; the last has one conversation of every ten thousand."""
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6)

_STATUS = "CASE WHEN n % 10 < 5 THEN 'closed' WHEN n % 10 < 7 THEN 'open' WHEN n % 10 < 9 THEN 'waiting' ELSE 'snoozed' END"
_CHANNEL = f"CASE WHEN n % 10000 = 0 THEN {QUIET} ELSE 1 + n / 2 % {BUSY} END"
_MANAGER = f"CASE WHEN n % 7 = 0 THEN NULL ELSE 1 + n / 10 % {MANAGERS} END"
_CONTACTS = """
INSERT INTO contacts (id, number, name, language, source, created_at)
SELECT n, 'C-' || n, 'Person ' || n, 'en', 'bench', {at} FROM ({numbers}) AS numbers
"""
_CONVERSATIONS = f"""
INSERT INTO conversations (id, contact_id, status, channel_id, address, manager_id, team_id, bot, unread, token, waiting_since,
  answer_due, last_at, last_text, opened_at, closed_at)
SELECT n, n, {_STATUS}, {_CHANNEL}, '+1555' || n, {_MANAGER}, 1 + n / 3 % {TEAMS}, {{false}}, n % 3, 'token' || n,
  CASE WHEN n % 10 IN (5, 6) THEN {{at}} END, CASE WHEN n % 10 IN (5, 6) THEN {{at}} END, {{at}},
  'Hello, where is my order ' || n || '?', {{at}}, CASE WHEN n % 10 < 5 THEN {{at}} END
FROM ({{numbers}}) AS numbers
"""
_NAMES = {
    "managers": "INSERT INTO managers (id, email, name, role, created_at) "
    "SELECT n, 'm' || n || '@example.org', 'Manager ' || n, 'operator', {at} FROM ({numbers}) AS numbers WHERE n > 1",
    "teams": "INSERT INTO teams (id, name, created_at) SELECT n, 'Team ' || n, {at} FROM ({numbers}) AS numbers",
    "channels": "INSERT INTO channels (id, kind, name, created_at) "
    "SELECT n, 'webchat', 'Channel ' || n, {at} FROM ({numbers}) AS numbers WHERE n > 1",
}


def fill(rig: Rig, count: int) -> None:
    """`count` contacts with a conversation each, in all statuses, managers, teams, channels. The n-th is n seconds late."""
    with rig.database() as db, db.begin() as connection:
        if not db.sqlite:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no check of each link: they are right
        for table, rows in (("managers", MANAGERS), ("teams", TEAMS), ("channels", CHANNELS)):
            _run(connection, _NAMES[table], rows)
        _run(connection, _CONTACTS, count)
        _run(connection, _CONVERSATIONS, count)
    if not rig.settings.sqlite:
        with rig.database() as db, db.begin() as connection:
            connection.exec_driver_sql("ANALYZE")  # as autovacuum does by and by


def _run(connection: sa.Connection, statement: str, count: int) -> None:
    if connection.dialect.name == "postgresql":
        words = {
            "numbers": f"SELECT n FROM generate_series(1, {count}) AS n", "false": "false",
            "at": f"to_timestamp({START / 1e6}) + n * interval '{STEP} microseconds'",
        }  # fmt: skip
    else:
        numbers = f"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s"
        words = {"numbers": numbers, "false": "0", "at": f"{START} + n * {STEP}"}
    connection.execute(sa.text(statement.format(**words)))


EACH = 10
"""Messages of a conversation, a month between each and the next."""
MONTH = timedelta(days=30)
LONG = 500
"""One message of so many is the first person's: a thread of thousands."""
_ROWS = 50_000
_MESSAGES = ("id", "conversation_id", "contact_id", "channel_id", "direction", "author_kind", "state", "text", "at", "created_at")
_IN = ("in", "contact", None)
_OUT = (("out", "manager", "delivered"), ("out", "manager", "read"))
Row = tuple[int, int, int, str, datetime, str]
"""A message: id, person (and conversation), channel, text, time, the words by which search finds it."""


def converse(rig: Rig, count: int) -> None:
    """EACH messages for every one of `count` conversations, with search's words; the newest are as old as the conversations."""
    fill(rig, count)
    rows = _messages(count, lite=rig.settings.sqlite)
    (_into_sqlite if rig.settings.sqlite else _into_postgres)(rig, rows)
    know(rig, count, lambda n: moment((EACH - 1) * count + n, count), _channel, MANAGERS)
    with rig.database() as db, db.begin() as connection:
        connection.execute(sa.text("DELETE FROM search_marks"))
        marks = {"messages": count * EACH, "people": count, "identities": 2 * count + 1} | index.bounds(_spans(count))
        connection.execute(sa.insert(t.search_marks), [{"name": name, "place": place} for name, place in marks.items()])


def moment(number: int, count: int) -> datetime:
    """When the n-th message was written: the rounds of all conversations follow one another."""
    person, part = (number - 1) % count + 1, (number - 1) // count
    return datetime.fromtimestamp((START + person * STEP) / 1e6, UTC) - (EACH - 1 - part) * MONTH


def _spans(count: int) -> Iterator[tuple[datetime, int]]:
    """Times and ids that show the first and the last message of every month."""
    for part in range(EACH):
        first, last = part * count + 1, (part + 1) * count
        yield from ((moment(number, count), number) for number in range(first, last, max(1, 86_400 // 4)))
        yield moment(last, count), last


def _messages(count: int, *, lite: bool) -> Iterator[Row]:
    told = [(text, index.spoken("", text)) for text in itertools.islice(texts(vocabulary()), _ROWS)]
    for number in range(1, count * EACH + 1):
        person = 1 if number % LONG == 0 else (number - 1) % count + 1
        text, words = told[number * 7919 % _ROWS]
        at, channel = moment(number, count), _channel(person)
        yield number, person, channel, text, at, f"{words} {' '.join(index.places(number, channel, at, lite=lite))}"


def _said(number: int, person: int) -> tuple[str, str, str | None]:
    """One message of ten went out; half of these were read."""
    return _OUT[person // EACH % 2] if number % 1_009 % EACH == 3 else _IN


def _channel(person: int) -> int:
    return QUIET if person % 10_000 == 0 else 1 + person // 2 % BUSY


def _into_sqlite(rig: Rig, rows: Iterator[Row]) -> None:
    """By the raw driver; nobody else is there, so nothing is synchronised until the end."""
    lite = sqlite3.connect(rig.settings.data / "switchboard.db", isolation_level=None)
    lite.execute("PRAGMA synchronous=OFF")
    lite.execute("PRAGMA cache_size=-200000")
    marks = ", ".join("?" * len(_MESSAGES))
    while some := list(itertools.islice(rows, _ROWS)):
        lite.execute("BEGIN IMMEDIATE")
        given = [(n, p, p, c, *_said(n, p), text, _micro(at), _micro(at)) for n, p, c, text, at, _ in some]
        lite.executemany(f"INSERT INTO messages ({', '.join(_MESSAGES)}) VALUES ({marks})", given)
        lite.executemany("INSERT INTO search_messages (rowid, words) VALUES (?, ?)", [(row[0], row[5]) for row in some])
        lite.execute("COMMIT")
    lite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    lite.close()


def _micro(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


def _into_postgres(rig: Rig, rows: Iterator[Row]) -> None:
    """By COPY, some at a time into one table and then the other; indexes that are no keys are made again at the end."""
    with psycopg.connect(rig.settings.database_url, autocommit=True) as post:
        post.execute("SET session_replication_role = replica")
        post.execute("SET maintenance_work_mem = '512MB'")
        post.execute("SET synchronous_commit = off")
        again = without_indexes(post, "messages", "search_messages")
        while some := list(itertools.islice(rows, _ROWS)):
            with post.cursor() as cursor:
                with cursor.copy(f"COPY messages ({', '.join(_MESSAGES)}) FROM STDIN".encode()) as copy:
                    for n, p, c, text, at, _ in some:
                        copy.write_row((n, p, p, c, *_said(n, p), text, at, at))
                with cursor.copy(b"COPY search_messages (id, words) FROM STDIN") as copy:
                    copy.write("".join(f"{row[0]}\t{row[5]}\n" for row in some))
        for statement in again:
            post.execute(statement.encode())
        for table in ("messages", "search_messages", "conversations", "contacts"):
            post.execute(f"VACUUM (ANALYZE) {table}".encode())
        post.execute("CHECKPOINT")
