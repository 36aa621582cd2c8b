"""The schema is what the migrations make, in both databases, and refuses by itself what must never be."""

from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from inbox import migrate
from inbox import schema as t
from inbox.db import Database
from inbox.migrate import config, current, newest
from inbox.store import ids
from tests.inbox.conftest import START


def test_the_migrated_database_is_the_metadata(db: Database) -> None:
    with db.begin() as connection:
        opts = {"compare_type": True, "compare_server_default": False, "include_name": ours}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, t.metadata) == []


def ours(name: str | None, kind: str, _: Any) -> bool:
    """All but the tables of words, which are made differently in each database, and FTS5's own beside them."""
    return kind != "table" or not (name or "").startswith(("search_messages", "search_people", "search_files"))


def test_migrations_go_down_to_nothing_and_up_again(db: Database) -> None:
    with db.begin() as connection:
        command.downgrade(config(connection), "base")
        assert current(connection) is None
        left = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        assert left == set()
    assert migrate.migrate(db) == (None, newest())
    assert migrate.migrate(db) == (newest(), newest())
    with db.begin() as connection:
        assert set(t.metadata.tables) <= set(sa.inspect(connection).get_table_names())
        assert ids.one(connection, "contacts") == 1


def test_every_table_with_ids_of_ours_has_a_sequence(trial: sa.Connection) -> None:
    numbered = [name for name, table in t.metadata.tables.items() if [c.name for c in table.primary_key.columns] == ["id"]]
    for name in numbered:
        assert list(ids.take(trial, name, 3)) == [1, 2, 3]
        assert ids.one(trial, name) == 4
    assert list(ids.take(trial, numbered[0], 0)) == []


def base_rows(connection: sa.Connection) -> None:
    """One of each that others point at: every id is 1."""
    rows: dict[sa.Table, dict[str, Any]] = {
        t.channels: {"kind": "sms", "name": "SMS", "created_at": START},
        t.contacts: {"number": "1", "created_at": START},
        t.conversations: {
            "contact_id": 1, "status": "open", "channel_id": 1, "address": "+1", "token": "t1", "last_at": START,
            "opened_at": START,
        },
        t.messages: {
            "conversation_id": 1, "contact_id": 1, "channel_id": 1, "direction": "in", "author_kind": "contact",
            "external_id": "m1", "at": START, "created_at": START, "idempotency_key": "k1",
        },
        t.managers: {"email": "a@example.com", "name": "A", "role": "owner", "created_at": START},
        t.broadcasts: {"name": "b", "body": "b", "tag": "x", "state": "draft", "created_at": START},
    }  # fmt: skip
    for table, row in rows.items():
        connection.execute(sa.insert(table), {"id": 1, **row})
    connection.execute(sa.insert(t.recipients), {"broadcast_id": 1, "contact_id": 1, "state": "waiting", "changed_at": START})
    identity = {"id": 1, "contact_id": 1, "kind": "phone", "address": "+1", "verified": True, "created_at": START}
    connection.execute(sa.insert(t.identities), identity)
    connection.execute(sa.insert(t.tasks), {"id": 1, "kind": "answer", "contact_id": 1, "conversation_id": 1, **DUE})


DUE = {"due_at": START, "created_at": START}
CONVERSATION: dict[str, Any] = {
    "id": 2, "contact_id": 1, "status": "closed", "channel_id": 1, "address": "+1", "token": "t2", "last_at": START,
    "opened_at": START,
}  # fmt: skip
MESSAGE: dict[str, Any] = {
    "id": 2, "conversation_id": 1, "contact_id": 1, "channel_id": 1, "direction": "in", "author_kind": "contact", "at": START,
    "created_at": START,
}  # fmt: skip

REFUSED: dict[str, tuple[sa.Table, dict[str, Any]]] = {
    "a second message of the same id": (t.messages, MESSAGE | {"external_id": "m1"}),
    "a second message of the same idempotency key": (t.messages, MESSAGE | {"idempotency_key": "k1"}),
    "an unknown direction": (t.messages, MESSAGE | {"direction": "sideways"}),
    "an unknown state": (t.messages, MESSAGE | {"state": "lost"}),
    "a message of nobody": (t.messages, MESSAGE | {"contact_id": 9}),
    "a message in no conversation": (t.messages, MESSAGE | {"conversation_id": 9}),
    "a second open conversation": (t.conversations, CONVERSATION | {"status": "waiting"}),
    "a second conversation with the same token": (t.conversations, CONVERSATION | {"token": "t1"}),
    "an unknown status": (t.conversations, CONVERSATION | {"status": "forgotten"}),
    "the same address twice": (
        t.identities,
        {"id": 2, "contact_id": 1, "kind": "phone", "address": "+1", "verified": False, "created_at": START},
    ),
    "the same person twice in a broadcast": (
        t.recipients,
        {"broadcast_id": 1, "contact_id": 1, "state": "waiting", "changed_at": START},
    ),
    "a second open answer task": (t.tasks, {"id": 2, "kind": "answer", "contact_id": 1, "conversation_id": 1, **DUE}),
    "an unknown role": (t.managers, {"id": 2, "email": "b@example.com", "name": "B", "role": "king", "created_at": START}),
    "the same personal number": (t.contacts, {"id": 2, "number": "1", "created_at": START}),
    "a reach of no channel": (t.reaches, {"channel_id": 9, "address": "+1", "contact_id": 1}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_database_itself_refuses(trial: sa.Connection, what: str) -> None:
    base_rows(trial)
    table, row = REFUSED[what]
    with pytest.raises(sa.exc.IntegrityError), trial.begin_nested():
        trial.execute(sa.insert(table), row)


ALLOWED: dict[str, tuple[sa.Table, dict[str, Any]]] = {
    "a closed conversation beside the open one": (t.conversations, CONVERSATION),
    "the same message id in another chat": (t.messages, MESSAGE | {"external_id": "m1", "thread": "chat"}),
    "a message without an id": (t.messages, MESSAGE),
    "a second task when the first is done": (
        t.tasks,
        {"id": 2, "kind": "answer", "contact_id": 1, "conversation_id": 1, "done_at": START, **DUE},
    ),
}


@pytest.mark.parametrize("what", ALLOWED)
def test_the_database_takes(trial: sa.Connection, what: str) -> None:
    base_rows(trial)
    table, row = ALLOWED[what]
    trial.execute(sa.insert(table), row)


@pytest.mark.parametrize("change", [sa.update(t.events).values(kind="other"), sa.delete(t.events)])
def test_events_cannot_be_changed_or_deleted(trial: sa.Connection, change: Any) -> None:
    trial.execute(sa.insert(t.events), {"id": 1, "at": START, "kind": "one", "actor_kind": "system"})
    with pytest.raises(sa.exc.DBAPIError, match="immutable"), trial.begin_nested():
        trial.execute(change)
    assert trial.scalar(sa.select(t.events.c.kind)) == "one"


def test_times_are_aware_and_exact(trial: sa.Connection) -> None:
    exact = START.replace(microsecond=123456)
    trial.execute(sa.insert(t.teams), {"id": 1, "name": "a", "created_at": exact})
    assert trial.scalar(sa.select(t.teams.c.created_at)) == exact
    with pytest.raises((ValueError, sa.exc.StatementError)), trial.begin_nested():
        trial.execute(sa.insert(t.teams), {"id": 2, "name": "b", "created_at": exact.replace(tzinfo=None)})
