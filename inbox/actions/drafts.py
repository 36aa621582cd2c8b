"""Drafts over devices, taking back what waits to be sent, and how somebody writes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import live
from inbox import schema as t
from inbox.actions import resending
from inbox.actions.conversations import require

_d, _m, _a = t.drafts.c, t.messages.c, t.attachments.c
EMPTY: Mapping[str, Any] = {"text": "", "note": False, "channel_id": None, "subject": "", "cc": None, "reply_to": None}


def keep(connection: sa.Connection, now: datetime, by: int, conversation_id: int, said: Mapping[str, Any], device: str) -> None:
    """Keep a draft in place of the one before: the last writer wins. One that says nothing is forgotten. Raises NotFound.

    `device` goes with what is told, so that the window that wrote it need not ask for its own words.
    """
    require(connection, conversation_id)
    mine = (_d.manager_id == by, _d.conversation_id == conversation_id)
    if says_nothing(said):
        changed = connection.execute(sa.delete(t.drafts).where(*mine)).rowcount
    else:
        row = {"manager_id": by, "conversation_id": conversation_id, "said": dict(said), "changed_at": now}
        changed = connection.execute(_KEEP[connection.dialect.name], row).rowcount
    if changed:
        live.tell(connection, "draft", conversation_id=conversation_id, manager_id=by, device=device)


def says_nothing(said: Mapping[str, Any]) -> bool:
    """Whether a draft is not worth keeping. Which message was seen says nothing by itself."""
    return not said.get("attachments") and all(said.get(name, empty) == empty for name, empty in EMPTY.items())


def recall(connection: sa.Connection, now: datetime, by: int, message_id: int) -> dict[str, Any]:
    """Call a message back that waits to be sent; what it said, as a draft with its conversation_id.

    Raises NotFound, or Conflict once it is being sent.
    """
    resending.cancel(connection, now, by, message_id)
    row = connection.execute(sa.select(t.messages).where(_m.id == message_id)).one()
    data = row.data or {}
    files = connection.execute(sa.select(t.attachments).where(_a.message_id == message_id).order_by(_a.id))
    uploads = [
        {
            "file": f.sha256,
            "kind": f.kind,
            "name": f.name,
            "mime": f.mime,
            "size": f.size or 0,
            "url": f"/api/v1/uploads/{f.sha256}",
        }
        for f in files
        if f.sha256
    ]
    return {
        "conversation_id": row.conversation_id, "text": row.text.removesuffix(data.get("signature", "")), "note": False,
        "channel_id": row.channel_id, "subject": row.subject or "", "cc": ", ".join(data["cc"]) if "cc" in data else None,
        "reply_to": row.reply_to, "attachments": uploads,
    }  # fmt: skip


def write_as(connection: sa.Connection, by: int, wanted: Mapping[str, Any]) -> None:
    """Change one's signature or the time to take back."""
    if wanted:
        connection.execute(sa.update(t.managers).where(t.managers.c.id == by).values(dict(wanted)))
        live.tell(connection, "manager", manager_id=by)


def _upsert(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["manager_id", "conversation_id"],
        set_={"said": insert.excluded.said, "changed_at": insert.excluded.changed_at},
    )


_KEEP = {"sqlite": _upsert(sqlite.insert(t.drafts)), "postgresql": _upsert(postgresql.insert(t.drafts))}
