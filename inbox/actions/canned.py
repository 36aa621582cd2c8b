"""Ready answers: everybody's or one's own, and what they say in a conversation. None is kept that cannot be rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bots.render import RenderError, compile_text, render
from inbox import live
from inbox import schema as t
from inbox.access.rights import Right
from inbox.actions.conversations import require
from inbox.card import told
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotAllowed, NotFound
from inbox.store import bulk, ids

_k = t.canned.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Who keeps ready answers, and what they may."""

    id: int
    rights: frozenset[Right]


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A ready answer for one conversation. `problem` says what could not be filled in: the text is then as it is kept."""

    text: str
    problem: str | None


def add(connection: sa.Connection, now: datetime, by: Owner, *, shortcut: str, language: str, text: str, shared: bool) -> int:
    """Keep one; its id. Raises Invalid, NotAllowed, or Conflict for a shortcut that is taken in this language."""
    _require_right(by, shared=shared)
    _check(text)
    number = ids.one(connection, "canned")
    row = {"id": number, "manager_id": None if shared else by.id, "shortcut": shortcut, "language": language, "text": text}
    _write(connection, sa.insert(t.canned).values(row | {"created_at": now, "changed_at": now}))
    _note(connection, now, by, "added", number)
    return number


def change(connection: sa.Connection, now: datetime, by: Owner, number: int, wanted: Mapping[str, Any]) -> None:
    """Change shortcut, language, text, shared. Raises NotFound, Invalid, NotAllowed or Conflict."""
    row = _require(connection, by, number)
    values = {name: wanted[name] for name in ("shortcut", "language", "text") if name in wanted}
    if "text" in values:
        _check(values["text"])
    if wanted.get("shared", row.manager_id is None) != (row.manager_id is None):
        _require_right(by, shared=wanted["shared"])
        values["manager_id"] = None if wanted["shared"] else by.id
    _write(connection, sa.update(t.canned).where(_k.id == number).values({**values, "changed_at": now}))
    _note(connection, now, by, "changed", number)


def remove(connection: sa.Connection, now: datetime, by: Owner, number: int) -> None:
    """Forget one. Raises NotFound or NotAllowed."""
    _require(connection, by, number)
    connection.execute(sa.delete(t.canned).where(_k.id == number))
    _note(connection, now, by, "removed", number)


def fill(connection: sa.Connection, by: int, number: int, conversation_id: int) -> Filled:
    """What it says in this conversation: `contact`, `me`, `conversation` and `channel` are known to it. Raises NotFound."""
    text = connection.scalar(sa.select(_k.text).where(_k.id == number, sa.or_(_k.manager_id.is_(None), _k.manager_id == by)))
    if text is None:
        raise NotFound(f"There is no canned reply {number}")
    try:
        return Filled(text=render(text, _known(connection, by, conversation_id)), problem=None)
    except RenderError as error:
        return Filled(text=text, problem=error.problem)


def _known(connection: sa.Connection, by: int, conversation_id: int) -> dict[str, Any]:
    conversation = require(connection, conversation_id)
    card = told.of(connection, conversation.contact_id)
    me = connection.execute(sa.select(t.managers.c.name, t.managers.c.email).where(t.managers.c.id == by)).one()
    channel = connection.scalar(sa.select(t.channels.c.name).where(t.channels.c.id == conversation.channel_id))
    return {
        **card, "contact": card, "me": {"name": me.name, "email": me.email},
        "conversation": {"id": conversation.id, "subject": conversation.subject or ""}, "channel": {"name": channel},
    }  # fmt: skip


def _check(text: str) -> None:
    if not text.strip():
        raise Invalid("text", "Write something")
    try:
        compile_text(text)
    except RenderError as error:
        raise Invalid("text", str(error)) from error


def _require(connection: sa.Connection, by: Owner, number: int) -> sa.Row[Any]:
    """The row that this person may change. Somebody else's own does not exist for them."""
    row = connection.execute(sa.select(t.canned).where(_k.id == number)).one_or_none()
    if row is None or row.manager_id not in (None, by.id):
        raise NotFound(f"There is no canned reply {number}")
    _require_right(by, shared=row.manager_id is None)
    return row


def _require_right(by: Owner, *, shared: bool) -> None:
    if shared and Right.TEMPLATES_WRITE not in by.rights:
        raise NotAllowed("You may keep canned replies of your own, but not change those for everybody")
    if not shared and Right.CONVERSATIONS_WRITE not in by.rights:
        raise NotAllowed("Who does not answer customers needs no canned replies")


def _write(connection: sa.Connection, statement: sa.Executable) -> None:
    try:
        with bulk.savepoint(connection):
            connection.execute(statement)
    except IntegrityError as error:
        raise Conflict("There is a canned reply with this shortcut and language already") from error


def _note(connection: sa.Connection, now: datetime, by: Owner, what: str, number: int) -> None:
    record(connection, now, f"canned.{what}", actor_kind="manager", actor_id=by.id, canned_id=number)
    live.tell(connection, "canned", canned_id=number)
