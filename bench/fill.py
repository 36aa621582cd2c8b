"""Fill the tables of an installation with very many conversations, written by the database itself."""

from datetime import UTC, datetime

import sqlalchemy as sa

from bench.rig import Rig

STEP = 1_000_000
"""Microseconds between two conversations' last messages."""
MANAGERS, TEAMS, CHANNELS = 8, 5, 4
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6)

_STATUS = "CASE WHEN n % 10 < 5 THEN 'closed' WHEN n % 10 < 7 THEN 'open' WHEN n % 10 < 9 THEN 'waiting' ELSE 'snoozed' END"
_MANAGER = f"CASE WHEN n % 7 = 0 THEN NULL ELSE 1 + n / 10 % {MANAGERS} END"
_CONTACTS = """
INSERT INTO contacts (id, number, name, language, source, created_at)
SELECT n, 'C-' || n, 'Person ' || n, 'en', 'bench', {at} FROM ({numbers}) AS numbers
"""
_CONVERSATIONS = f"""
INSERT INTO conversations (id, contact_id, status, channel_id, address, manager_id, team_id, bot, unread, token, waiting_since,
  answer_due, last_at, last_text, opened_at, closed_at)
SELECT n, n, {_STATUS}, 1 + n / 2 % {CHANNELS}, '+1555' || n, {_MANAGER}, 1 + n / 3 % {TEAMS}, {{false}}, n % 3, 'token' || n,
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
