"""Two cards that are one person become one; one card that is two people becomes two. Nothing that was said is lost."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions.contacts import require
from inbox.actions.merging_cards import fill_card
from inbox.actions.merging_rows import followers, move, note, snapshot
from inbox.receive.people import personal_number
from inbox.record import record
from inbox.refusals import Conflict, Invalid
from inbox.store import ids

_c = t.conversations.c


def merge(
    connection: sa.Connection, now: datetime, by: int | None, contact_id: int, other_id: int, take: Sequence[str] = ()
) -> int:
    """Take `other_id` into `contact_id`; the merge's id, by which it can be undone (see `inbox.actions.unmerging`).

    Where both cards say something the kept one's word stands, but for what `take` names (see `TAKEN`, and fields.<name>).
    Raises NotFound, Conflict, or Invalid for oneself or for what no card has.
    """
    if contact_id == other_id:
        raise Invalid("with", "This is the same contact")
    # In the order of ids, so that two merges that cross wait for one another instead of locking up.
    rows = {number: require(connection, number) for number in sorted((contact_id, other_id))}
    merge_id = ids.one(connection, "merges")
    row = {"id": merge_id, "contact_id": contact_id, "merged_id": other_id, "at": now, "by": by, "before": {}}
    connection.execute(sa.insert(t.merges).values(row))
    before: dict[str, Any] = {"joined": _join_active(connection, now, merge_id, contact_id, other_id)}
    for column in followers():
        move(connection, merge_id, column, other_id, contact_id)
    _move_tags(connection, merge_id, contact_id, other_id)
    _move_recipients(connection, now, merge_id, contact_id, other_id)
    _stop_wins(connection, merge_id, contact_id)
    before["card"] = fill_card(connection, now, by, rows[contact_id], rows[other_id], take)
    before["pair"] = _settle_pair(connection, now, by, contact_id, other_id)
    move(connection, merge_id, t.contacts.c.merged_into, other_id, contact_id)
    connection.execute(sa.update(t.contacts).where(t.contacts.c.id == other_id).values(merged_into=contact_id))
    connection.execute(sa.update(t.merges).where(t.merges.c.id == merge_id).values(before=before))
    actor: dict[str, Any] = {"actor_kind": "manager", "actor_id": by} if by else {}
    record(connection, now, "contact.merged", contact_id=contact_id, merged=other_id, merge=merge_id, **actor)
    for number in (contact_id, other_id):
        live.tell(connection, "contact", contact_id=number)
    return merge_id


def split(connection: sa.Connection, now: datetime, by: int, contact_id: int, identity_ids: Sequence[int]) -> int:
    """Give addresses, and what was said through them, a card of their own; its id. Raises NotFound, Conflict or Invalid."""
    card = require(connection, contact_id)
    chosen = _identities(connection, contact_id, identity_ids)
    new_id = ids.one(connection, "contacts")
    row = {"id": new_id, "number": personal_number(new_id, now), "language": card.language, "timezone": card.timezone}
    row |= {"manager_id": card.manager_id, "source": "split", "created_at": now}
    connection.execute(sa.insert(t.contacts).values(row))
    moved = t.identities.c.id.in_([each.id for each in chosen])
    connection.execute(sa.update(t.identities).where(moved).values(contact_id=new_id))
    _move_ways(connection, now, contact_id, new_id, sorted({each.address for each in chosen}))
    record(connection, now, "contact.split", actor_kind="manager", actor_id=by, contact_id=contact_id, new=new_id)
    for number in (contact_id, new_id):
        live.tell(connection, "contact", contact_id=number)
    return new_id


def _join_active(
    connection: sa.Connection, now: datetime, merge_id: int, contact_id: int, other_id: int
) -> dict[str, Any] | None:
    """Both have a conversation that is going on: the other one's messages and task go into the one that stays. What both were."""
    active = _c.status != "closed"
    rows = {
        row.contact_id: row
        for row in connection.execute(sa.select(t.conversations).where(_c.contact_id.in_((contact_id, other_id)), active))
    }
    if len(rows) < 2:
        return None
    kept, gone = rows[contact_id], rows[other_id]
    note_rows(connection, merge_id, t.messages, gone.id)
    connection.execute(sa.update(t.messages).where(t.messages.c.conversation_id == gone.id).values(conversation_id=kept.id))
    flow = connection.execute(sa.select(t.flow_sessions).where(t.flow_sessions.c.conversation_id == gone.id)).one_or_none()
    connection.execute(sa.delete(t.flow_sessions).where(t.flow_sessions.c.conversation_id == gone.id))
    done = _join_tasks(connection, now, merge_id, kept.id, gone.id)
    connection.execute(sa.update(t.conversations).where(_c.id == gone.id).values(_closed(now)))
    joined = _joined(kept, gone)
    connection.execute(sa.update(t.conversations).where(_c.id == kept.id).values(joined))
    for number in (kept.id, gone.id):
        live.tell(connection, "conversation", conversation_id=number)
    after = connection.execute(sa.select(t.conversations).where(_c.id == kept.id)).one()
    return {
        "kept": {"id": kept.id, "before": snapshot(kept, JOINED), "after": snapshot(after, JOINED)},
        "gone": {"id": gone.id, "before": snapshot(gone, tuple(_closed(now)))},
        "flow": snapshot(flow, [c.name for c in t.flow_sessions.c]) if flow is not None else None,
        "task_done": done,
    }


JOINED = (
    "unread", "bot", "waiting_since", "answer_due", "heard_at", "last_at", "last_text", "last_direction", "last_author",
    "channel_id", "address", "status", "snoozed_until", "manager_id", "team_id",
)  # fmt: skip
"""What `_joined` may change of a conversation."""


def _closed(now: datetime) -> dict[str, Any]:
    gone = {"status": "closed", "closed_at": now, "heard_at": None, "waiting_since": None, "answer_due": None}
    return gone | {"snoozed_until": None, "unread": 0}


def _joined(kept: Any, gone: Any) -> dict[str, Any]:
    """What the kept conversation is after the other one's messages came in: the more urgent of both."""
    values: dict[str, Any] = {"unread": kept.unread + gone.unread, "bot": kept.bot and gone.bot}
    for name in ("waiting_since", "answer_due", "heard_at"):
        values[name] = min((v for v in (getattr(kept, name), getattr(gone, name)) if v is not None), default=None)
    if gone.last_at > kept.last_at:
        values |= {
            n: getattr(gone, n) for n in ("last_at", "last_text", "last_direction", "last_author", "channel_id", "address")
        }
    if "open" in (kept.status, gone.status):
        values |= {"status": "open", "snoozed_until": None}
    values["manager_id"] = kept.manager_id or gone.manager_id
    values["team_id"] = kept.team_id or gone.team_id
    return values


def _join_tasks(connection: sa.Connection, now: datetime, merge_id: int, kept_id: int, gone_id: int) -> int | None:
    """At most one open task to answer a conversation: the other's is done with, if there are two; its id."""
    k = t.tasks.c
    open_answers = sa.and_(k.kind == "answer", k.done_at.is_(None))
    has = connection.scalar(sa.select(k.id).where(k.conversation_id == kept_id, open_answers))
    done = connection.scalar(sa.select(k.id).where(k.conversation_id == gone_id, open_answers)) if has is not None else None
    if done is not None:
        connection.execute(sa.update(t.tasks).where(k.id == done).values(done_at=now))
    note_rows(connection, merge_id, t.tasks, gone_id)
    connection.execute(sa.update(t.tasks).where(k.conversation_id == gone_id).values(conversation_id=kept_id))
    return done


def _move_tags(connection: sa.Connection, merge_id: int, contact_id: int, other_id: int) -> None:
    """Tags that both had are noted under a name of their own: to take back the other's must not take them from this card."""
    g = t.contact_tags.c
    has = set(connection.scalars(sa.select(g.tag).where(g.contact_id == contact_id)))
    theirs = list(connection.scalars(sa.select(g.tag).where(g.contact_id == other_id)))
    connection.execute(sa.delete(t.contact_tags).where(g.contact_id == other_id))
    for tag in theirs:
        note(connection, merge_id, "tags.both" if tag in has else "tags.moved", key=[tag])
    if new := [tag for tag in theirs if tag not in has]:
        connection.execute(sa.insert(t.contact_tags), [{"tag": tag, "contact_id": contact_id} for tag in new])


MERGED = "This person gets it on another card."


def _move_recipients(connection: sa.Connection, now: datetime, merge_id: int, contact_id: int, other_id: int) -> None:
    """Somebody who got a broadcast on one card must not get it again on the other: of two rows the one that still waits is
    skipped."""
    r = t.recipients.c
    move(connection, merge_id, r.contact_id, other_id, contact_id)
    rows = connection.execute(sa.select(r.broadcast_id, r.state).where(r.contact_id == other_id)).all()
    for broadcast_id, state in rows:
        loser = other_id if state == "waiting" else contact_id
        waits = (r.broadcast_id == broadcast_id, r.contact_id == loser, r.state == "waiting")
        skipped = {"state": "skipped", "reason": MERGED, "changed_at": now}
        if connection.execute(sa.update(t.recipients).where(*waits).values(skipped)).rowcount:
            note(connection, merge_id, "recipients.state", key=[broadcast_id, loser])


def _stop_wins(connection: sa.Connection, merge_id: int, contact_id: int) -> None:
    """Who said stop on one card has said it for every address that the channel now reaches the person by."""
    r = t.reaches.c
    rows = connection.execute(sa.select(t.reaches).where(r.contact_id == contact_id).order_by(r.channel_id, r.address)).all()
    for name in ("stopped_at", "marketing_stopped_at"):
        stops: dict[int, datetime] = {}
        for row in rows:
            if (at := getattr(row, name)) is not None:
                stops[row.channel_id] = max(at, stops.get(row.channel_id, at))
        for row in rows:
            at = stops.get(row.channel_id)
            if at is not None and getattr(row, name) is None:
                there = (r.channel_id == row.channel_id, r.address == row.address)
                connection.execute(sa.update(t.reaches).where(*there).values({name: at}))
                note(connection, merge_id, f"reaches.{name}", key=[row.channel_id, row.address, at.isoformat()])


def _settle_pair(connection: sa.Connection, now: datetime, by: int | None, contact_id: int, other_id: int) -> str | None:
    """The question whether these two are one is answered; what it was before."""
    d = t.duplicates.c
    mine = (d.low_id == min(contact_id, other_id), d.high_id == max(contact_id, other_id))
    state = connection.scalar(sa.select(d.state).where(*mine))
    connection.execute(sa.update(t.duplicates).where(*mine).values(state="merged", decided_at=now, decided_by=by))
    return state


def note_rows(connection: sa.Connection, merge_id: int, table: sa.Table, conversation_id: int) -> None:
    """Write down the rows of a conversation that are about to go into another."""
    listed = sa.select(sa.literal(merge_id), sa.literal(f"{table.name}.conversation_id"), table.c.id, sa.literal(""))
    listed = listed.where(table.c.conversation_id == conversation_id)
    connection.execute(sa.insert(t.merge_rows).from_select(["merge_id", "place", "row_id", "row_key"], listed))


def _identities(connection: sa.Connection, contact_id: int, identity_ids: Sequence[int]) -> list[Any]:
    i = t.identities.c
    own = connection.execute(sa.select(t.identities).where(i.contact_id == contact_id)).all()
    chosen = [row for row in own if row.id in set(identity_ids)]
    if len(chosen) < len(set(identity_ids)):
        raise Invalid("identity_ids", "This contact does not have all of these addresses")
    if len(chosen) == len(own):
        raise Conflict("One address has to stay with this contact")
    return chosen


def _move_ways(connection: sa.Connection, now: datetime, contact_id: int, new_id: int, addresses: Sequence[str]) -> None:
    """Move the ways with these addresses, and the messages that came and went by them."""
    r, m = t.reaches.c, t.messages.c
    connection.execute(sa.update(t.reaches).where(r.contact_id == contact_id, r.address.in_(addresses)).values(contact_id=new_id))
    theirs = sa.and_(m.contact_id == contact_id, m.address.in_(addresses))
    for conversation_id in connection.scalars(sa.select(m.conversation_id).where(theirs).distinct()).all():
        row = connection.execute(sa.select(t.conversations).where(_c.id == conversation_id)).one()
        others = sa.select(m.id).where(m.conversation_id == conversation_id, m.address.not_in(["", *addresses])).limit(1)
        if connection.scalar(others) is None:
            move_conversation(connection, conversation_id, new_id)
        else:
            part_conversation(connection, now, row, new_id, sa.and_(theirs, m.conversation_id == conversation_id))


def move_conversation(connection: sa.Connection, conversation_id: int, new_id: int) -> None:
    """Everything in it was theirs."""
    connection.execute(sa.update(t.conversations).where(_c.id == conversation_id).values(contact_id=new_id))
    for table in (t.messages, t.tasks):
        connection.execute(sa.update(table).where(table.c.conversation_id == conversation_id).values(contact_id=new_id))
    move_attachments(connection, conversation_id, new_id)


def part_conversation(connection: sa.Connection, now: datetime, row: Any, new_id: int, theirs: sa.ColumnElement[bool]) -> None:
    """Two people in one conversation: theirs goes into a new one, as urgent as it was; the old keeps the rest."""
    last = connection.execute(
        sa.select(t.messages).where(theirs).order_by(t.messages.c.at.desc(), t.messages.c.id.desc()).limit(1)
    ).one()
    number = ids.one(connection, "conversations")
    values = dict(row._mapping) | {"id": number, "contact_id": new_id, "token": secrets.token_urlsafe(12)}
    values |= {"channel_id": last.channel_id, "address": last.address, "last_at": last.at, "last_text": last.text[:200]}
    values |= {"last_direction": last.direction, "last_author": last.author_kind, "heard_at": None}
    connection.execute(sa.insert(t.conversations).values(values))
    connection.execute(sa.update(t.messages).where(theirs).values(conversation_id=number, contact_id=new_id))
    move_attachments(connection, number, new_id)
    _point_back(connection, row)
    live.tell(connection, "conversation", conversation_id=number)
    live.tell(connection, "conversation", conversation_id=row.id)


def _point_back(connection: sa.Connection, row: Any) -> None:
    """What is left of a parted conversation answers where its own last message came or went."""
    m = t.messages.c
    left = sa.select(t.messages).where(m.conversation_id == row.id, m.address != "").order_by(m.at.desc(), m.id.desc()).limit(1)
    last = connection.execute(left).one()
    values = {"channel_id": last.channel_id, "address": last.address, "last_at": last.at, "last_text": last.text[:200]}
    values |= {"last_direction": last.direction, "last_author": last.author_kind}
    connection.execute(sa.update(t.conversations).where(_c.id == row.id).values(values))


def move_attachments(connection: sa.Connection, conversation_id: int, new_id: int) -> None:
    """Files follow the messages of a conversation."""
    inside = sa.select(t.messages.c.id).where(t.messages.c.conversation_id == conversation_id)
    connection.execute(sa.update(t.attachments).where(t.attachments.c.message_id.in_(inside)).values(contact_id=new_id))
