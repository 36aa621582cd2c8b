"""Take a merge back, also weeks later: every row that it moved returns, and what came since goes to whom it came from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions import dividing
from inbox.actions.contacts import require
from inbox.actions.merging import MERGED
from inbox.actions.merging_cards import empty_card
from inbox.actions.merging_rows import followers, move_back, noted, noted_ids, restored
from inbox.record import record
from inbox.refusals import Conflict, NotFound

_c, _m = t.conversations.c, t.merges.c


def undo(connection: sa.Connection, now: datetime, by: int, merge_id: int) -> tuple[int, int]:
    """Two people again: (the one who stayed, the one who is back). Raises NotFound or Conflict."""
    merge = connection.execute(sa.select(t.merges).where(_m.id == merge_id).with_for_update()).one_or_none()
    if merge is None:
        raise NotFound(f"There is no merge {merge_id}")
    if merge.undone_at is not None:
        raise Conflict("This merge was undone already")
    kept = require(connection, merge.contact_id)
    other = connection.execute(sa.select(t.contacts).where(t.contacts.c.id == merge.merged_id).with_for_update()).one()
    connection.execute(sa.update(t.contacts).where(t.contacts.c.id == other.id).values(merged_into=None))
    for column in (*followers(), t.recipients.c.contact_id, t.contacts.c.merged_into):
        move_back(connection, merge_id, column, kept.id, other.id)
    _tags_back(connection, merge_id, kept.id, other.id)
    _recipients_back(connection, now, merge_id)
    _stops_back(connection, merge_id)
    empty_card(connection, kept, other, merge.before["card"])
    if merge.before["joined"] is not None:
        _part(connection, merge_id, merge, merge.before["joined"])
    dividing.divide(connection, now, kept.id, other.id)
    _ask_again(connection, kept.id, other.id, merge.before["pair"])
    connection.execute(sa.update(t.merges).where(_m.id == merge_id).values(undone_at=now, undone_by=by))
    actor: dict[str, Any] = {"actor_kind": "manager", "actor_id": by}
    record(connection, now, "contact.unmerged", contact_id=kept.id, merged=other.id, merge=merge_id, **actor)
    for number in (kept.id, other.id):
        live.tell(connection, "contact", contact_id=number)
    return kept.id, other.id


def _tags_back(connection: sa.Connection, merge_id: int, kept_id: int, other_id: int) -> None:
    """A tag that somebody has taken off meanwhile stays off."""
    g = t.contact_tags.c
    back = {tag for (tag,) in noted(connection, merge_id, "tags.both")}
    for (tag,) in noted(connection, merge_id, "tags.moved"):
        if connection.execute(sa.delete(t.contact_tags).where(g.tag == tag, g.contact_id == kept_id)).rowcount:
            back.add(tag)
    has = set(connection.scalars(sa.select(g.tag).where(g.contact_id == other_id)))
    if rows := [{"tag": tag, "contact_id": other_id} for tag in sorted(back - has)]:
        connection.execute(sa.insert(t.contact_tags), rows)


def _recipients_back(connection: sa.Connection, now: datetime, merge_id: int) -> None:
    """Two people may both get a broadcast that is still going on."""
    r = t.recipients.c
    for broadcast_id, contact_id in noted(connection, merge_id, "recipients.state"):
        skipped = (r.broadcast_id == broadcast_id, r.contact_id == contact_id, r.state == "skipped", r.reason == MERGED)
        waits = {"state": "waiting", "reason": "", "changed_at": now}
        connection.execute(sa.update(t.recipients).where(*skipped).values(waits))


def _stops_back(connection: sa.Connection, merge_id: int) -> None:
    """A stop that was only the other one's is lifted; one that was said since stands."""
    r = t.reaches.c
    for name in ("stopped_at", "marketing_stopped_at"):
        for channel_id, address, at in noted(connection, merge_id, f"reaches.{name}"):
            theirs = (r.channel_id == channel_id, r.address == address, r[name] == datetime.fromisoformat(at))
            connection.execute(sa.update(t.reaches).where(*theirs).values({name: None}))


def _part(connection: sa.Connection, merge_id: int, merge: Any, joined: Mapping[str, Any]) -> None:
    """The two conversations that the merge made one are two again."""
    kept_id, gone_id = joined["kept"]["id"], joined["gone"]["id"]
    for table in (t.messages, t.tasks):
        back = sa.and_(table.c.conversation_id == kept_id, table.c.id.in_(noted_ids(merge_id, f"{table.name}.conversation_id")))
        connection.execute(sa.update(table).where(back).values(conversation_id=gone_id))
    now_is = connection.execute(sa.select(t.conversations).where(_c.id == kept_id)).one()
    before, after = (restored(t.conversations, joined["kept"][n]) for n in ("before", "after"))
    untouched = all(getattr(now_is, n) == after[n] for n in ("status", "waiting_since", "last_at", "bot"))
    values = {n: before[n] for n in before if getattr(now_is, n) == after[n]}
    if values:
        connection.execute(sa.update(t.conversations).where(_c.id == kept_id).values(values))
    _reopen(connection, now_is, after, gone_id, restored(t.conversations, joined["gone"]["before"]), untouched)
    if joined["task_done"] is not None and now_is.waiting_since == after["waiting_since"]:
        k = t.tasks.c
        undone = (k.id == joined["task_done"], k.done_at == merge.at, k.done_by.is_(None))
        connection.execute(sa.update(t.tasks).where(*undone).values(done_at=None))
    if joined["flow"] is not None and untouched:
        connection.execute(sa.insert(t.flow_sessions).values(restored(t.flow_sessions, joined["flow"])))
    for number in (kept_id, gone_id):
        live.tell(connection, "conversation", conversation_id=number)


def _reopen(
    connection: sa.Connection, kept: Any, after: Mapping[str, Any], gone_id: int, was: dict[str, Any], untouched: bool
) -> None:  # fmt: skip
    """The conversation that had gone is what it was, less what was dealt with since: answered, read, closed."""
    if not untouched:
        if kept.status == "closed":
            was |= {"status": "closed", "closed_at": kept.closed_at, "snoozed_until": None}
        if kept.status == "closed" or kept.waiting_since is None or kept.waiting_since != after["waiting_since"]:
            was |= {"waiting_since": None, "answer_due": None}
        if kept.heard_at is None:
            was["heard_at"] = None
        if kept.unread < after["unread"]:
            was["unread"] = 0
    connection.execute(sa.update(t.conversations).where(_c.id == gone_id).values(was))


def _ask_again(connection: sa.Connection, kept_id: int, other_id: int, was: str | None) -> None:
    d = t.duplicates.c
    mine = (d.low_id == min(kept_id, other_id), d.high_id == max(kept_id, other_id), d.state == "merged")
    if was is not None:
        back = {"state": was} | ({"decided_at": None, "decided_by": None} if was == "open" else {})
        connection.execute(sa.update(t.duplicates).where(*mine).values(back))
