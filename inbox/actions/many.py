"""One change of many conversations: each by itself, so that what cannot be done to one is done to the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live, mentions
from inbox import schema as t
from inbox.actions import conversations as actions
from inbox.refusals import Conflict, Invalid, NotFound, Refusal
from inbox.store import bulk

_STATUS: Mapping[type[Refusal], int] = {NotFound: 404, Conflict: 409, Invalid: 422}
_OURS = ("add_labels", "remove_labels", "read")
_c = t.conversations.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one conversation; where it could not be changed, why (`status` as HTTP would say it)."""

    id: int
    ok: bool
    status: int | None = None
    detail: str | None = None
    field: str | None = None


def change_all(
    connection: sa.Connection, now: datetime, by: int, conversation_ids: Sequence[int], wanted: Mapping[str, Any]
) -> list[Outcome]:
    """Apply `wanted` to each: what `conversations.change` takes, and add_labels, remove_labels, read."""
    return [_try(connection, now, by, number, wanted) for number in conversation_ids]


def _try(connection: sa.Connection, now: datetime, by: int, number: int, wanted: Mapping[str, Any]) -> Outcome:
    try:
        with bulk.savepoint(connection):
            _change(connection, now, by, number, wanted)
    except Refusal as refusal:
        status = next((code for kind, code in _STATUS.items() if isinstance(refusal, kind)), 403)
        field = refusal.field if isinstance(refusal, Invalid) else None
        return Outcome(id=number, ok=False, status=status, detail=refusal.detail, field=field)
    return Outcome(id=number, ok=True)


def _change(connection: sa.Connection, now: datetime, by: int, number: int, wanted: Mapping[str, Any]) -> None:
    asked = {name: value for name, value in wanted.items() if name not in _OURS}
    if "add_labels" in wanted or "remove_labels" in wanted:
        labels = asked.get("labels", actions.require(connection, number).labels)
        dropped = wanted.get("remove_labels", ())
        asked["labels"] = [*(each for each in labels if each not in dropped), *wanted.get("add_labels", ())]
    if asked or not wanted:
        actions.change(connection, now, by, number, asked)
    if wanted.get("read") is True:
        mentions.see(connection, now, by, number)
        actions.read(connection, number, now)
    elif wanted.get("read") is False:
        _unread(connection, number)


def _unread(connection: sa.Connection, number: int) -> None:
    """Somebody has to look at it again."""
    if not actions.require(connection, number).unread:
        connection.execute(sa.update(t.conversations).where(_c.id == number).values(unread=1))
        live.tell(connection, "conversation", conversation_id=number)
        live.tell(connection, "counts")
