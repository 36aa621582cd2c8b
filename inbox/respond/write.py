"""Write the outcomes of a pass: replies, sessions, owners, tasks, events, with one statement for each kind of row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import live, queue
from inbox import schema as t
from inbox.assign import Owner, assign
from inbox.card.told import placed
from inbox.card.write import keep_changes
from inbox.delivery.outgoing import BOT, preview
from inbox.record import event, record_all
from inbox.respond.decide import Minds, Outcome
from inbox.respond.facts import Case
from inbox.store import bulk, ids
from inbox.store.within import within

Decided = Sequence[tuple[Case, Outcome]]


@dataclass(slots=True)
class _Rows:
    """What is going to be written."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


def write(connection: sa.Connection, now: datetime, minds: Minds, decided: Decided) -> None:
    """Write all outcomes of one pass."""
    rows = _Rows()
    _queue_replies(connection, now, decided, rows)
    _keep_sessions(connection, now, decided, rows)
    _change_contacts(connection, now, decided)
    owners = assign(connection, now, minds, [(c, o.hand_over) for c, o in decided if o.hand_over is not None], rows.events)
    _update_conversations(connection, now, decided, owners)
    bulk.run(connection, _HEARD, {"message_ids": [message.id for case, _ in decided for message in case.heard]})
    record_all(connection, rows.events)
    if rows.messages:
        queue.wake(connection, "deliver")
    for case, _ in decided:
        live.tell(connection, "conversation", conversation_id=case.id)


def _queue_replies(connection: sa.Connection, now: datetime, decided: Decided, rows: _Rows) -> None:
    for case, outcome in decided:
        for reply in outcome.replies:
            row = _message_row(case, now, reply)
            rows.messages.append(row)
            rows.files += [(row, url) for url in reply.attachments]
    if not rows.messages:
        return
    for number, row in zip(ids.take(connection, "messages", len(rows.messages)), rows.messages, strict=True):
        row["id"] = number
        about = {"contact_id": row["contact_id"], "conversation_id": row["conversation_id"], "message_id": number}
        rows.events.append(event(now, "message.queued", actor_kind="bot", **about))
        live.tell(connection, "message", conversation_id=row["conversation_id"], message_id=number)
    bulk.insert(connection, t.messages, rows.messages)
    _attach(connection, now, rows.files)


def _message_row(case: Case, now: datetime, reply: Any) -> dict[str, Any]:
    choices = [{"id": button.id, "title": button.title} for button in reply.choices]
    last = case.heard[-1]
    return {
        "id": 0, "conversation_id": case.id, "contact_id": case.row.contact_id, "channel_id": last.channel_id,
        "address": last.address, "direction": "out", "author_kind": "bot", "text": reply.text,
        "data": {"choices": choices} if choices else None, "state": "queued", "priority": BOT, "at": now, "created_at": now,
    }  # fmt: skip


def _attach(connection: sa.Connection, now: datetime, files: Sequence[tuple[dict[str, Any], str]]) -> None:
    if not files:
        return
    numbers = ids.take(connection, "attachments", len(files))
    attached = [
        {
            "id": number, "message_id": row["id"], "contact_id": row["contact_id"], "channel_id": row["channel_id"],
            "kind": "file", "name": url.rsplit("/", 1)[-1], "remote": {"url": url}, "state": "waiting", "try_at": now,
        }
        for number, (row, url) in zip(numbers, files, strict=True)
    ]  # fmt: skip
    connection.execute(sa.insert(t.attachments), attached)


def _keep_sessions(connection: sa.Connection, now: datetime, decided: Decided, rows: _Rows) -> None:
    kept = [
        {
            "conversation_id": case.id, "flow_id": outcome.flow_id, "flow_version": outcome.flow_version,
            "state": outcome.session.to_json(), "started_at": outcome.session.started, "changed_at": now,
        }
        for case, outcome in decided
        if outcome.session is not None and outcome.hand_over is None
    ]  # fmt: skip
    if kept:
        bulk.execute(connection, _UPSERT_SESSION[connection.dialect.name], kept)
    held = {row["conversation_id"] for row in kept}
    gone = [case.id for case, _ in decided if case.session is not None and case.id not in held]
    if gone:
        connection.execute(sa.delete(t.flow_sessions).where(t.flow_sessions.c.conversation_id.in_(gone)))
    for case, outcome in decided:
        if outcome.flow_id is not None and case.session is None:
            about = {"contact_id": case.row.contact_id, "conversation_id": case.id, "flow_id": outcome.flow_id}
            rows.events.append(event(now, "flow.started", actor_kind="bot", **about))


def _change_contacts(connection: sa.Connection, now: datetime, decided: Decided) -> None:
    spoken = [{"contact": c.row.contact_id, "told": o.language} for c, o in decided if o.language and not o.fields]
    bulk.execute(connection, _LANGUAGE, spoken)
    for case, outcome in decided:
        changes = _change_contact(connection, now, case, outcome) if outcome.fields else {}
        for tag, on in outcome.tags.items():
            row = {"contact_id": case.row.contact_id, "tag": tag}
            if on and tag not in case.tags:
                connection.execute(_INSERT_TAG[connection.dialect.name], row)
            elif not on:
                mine = sa.and_(t.contact_tags.c.contact_id == row["contact_id"], t.contact_tags.c.tag == tag)
                connection.execute(sa.delete(t.contact_tags).where(mine))
        if changes:
            keep_changes(connection, now, case.row.contact_id, "bot", None, changes)
        if outcome.fields or outcome.language or outcome.tags:
            live.tell(connection, "contact", contact_id=case.row.contact_id)


def _change_contact(connection: sa.Connection, now: datetime, case: Case, outcome: Outcome) -> dict[str, tuple[Any, Any]]:
    """Write what the bot was told, except over what a person wrote. Returns what changed: {field: (before, after)}."""
    told = ({"language": outcome.language} if outcome.language else {}) | outcome.fields
    values = placed(connection, now, case.row, told)
    if not values:
        return {}
    connection.execute(sa.update(t.contacts).where(t.contacts.c.id == case.row.contact_id).values(values))
    fields, known = values.pop("fields", case.row.fields), case.row.fields
    changes = {name: (getattr(case.row, name), value) for name, value in values.items()}
    names = [name for name in fields | known if fields.get(name) != known.get(name)]
    return changes | {f"fields.{name}": (known.get(name), fields.get(name)) for name in names}


def _update_conversations(connection: sa.Connection, now: datetime, decided: Decided, owners: Mapping[int, Owner]) -> None:
    """One statement for all that look alike: those the bot served, those handed over, those settled."""
    served, handed, settled = [], [], []
    for case, outcome in decided:
        row = {"conversation": case.id, **_last(case, outcome, now)}
        if case.id in owners:
            owner = owners[case.id]
            handed.append({**row, "manager": owner.manager_id, "team": owner.team_id, "due": owner.due, "rank": owner.priority})
        elif outcome.replies or not outcome.settled:
            served.append(row)
        else:
            settled.append({"conversation": case.id})
    if served:
        bulk.execute(connection, _SERVED, served)
    if handed:
        bulk.execute(connection, _HANDED, handed)
    if settled:
        bulk.execute(connection, _SETTLED, settled)


def _last(case: Case, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The last message that the list shows: the bot's, or still the customer's."""
    if outcome.replies:
        return {"now": now, "text": preview(outcome.replies[-1].text), "direction": "out", "author": "bot"}
    return {"now": now, "text": None, "direction": None, "author": None}


_C = t.conversations.c
_LAST = {
    "heard_at": None,
    "last_at": sa.case(
        (sa.bindparam("text", type_=sa.Text).is_not(None), sa.bindparam("now", type_=t.Instant)), else_=_C.last_at
    ),
    "last_text": sa.func.coalesce(sa.bindparam("text", type_=sa.Text), _C.last_text),
    "last_direction": sa.func.coalesce(sa.bindparam("direction", type_=sa.Text), _C.last_direction),
    "last_author": sa.func.coalesce(sa.bindparam("author", type_=sa.Text), _C.last_author),
}
_ONE = sa.update(t.conversations).where(_C.id == sa.bindparam("conversation"))
_SERVED = _ONE.values(**_LAST, status="waiting", waiting_since=None, answer_due=None, unread=0)
_HANDED = _ONE.values(
    **_LAST,
    status="open",
    bot=False,
    manager_id=sa.bindparam("manager", type_=sa.BigInteger),
    team_id=sa.bindparam("team", type_=sa.BigInteger),
    answer_due=sa.func.coalesce(_C.answer_due, sa.bindparam("due", type_=t.Instant)),
    priority=sa.bindparam("rank", type_=sa.Integer),
)
_SETTLED = _ONE.values(
    heard_at=None, waiting_since=None, answer_due=None, status=sa.case((_C.bot, sa.literal_column("'waiting'")), else_=_C.status)
)
"""What nobody has and nobody needs to answer waits for the customer, and is closed when they stay silent."""
_HEARD = sa.update(t.messages).where(within(t.messages.c.id, "message_ids")).values(heard=sa.true())


_LANGUAGE = (
    sa.update(t.contacts)
    .where(
        t.contacts.c.id == sa.bindparam("contact"),
        t.contacts.c.language.is_(None),
        sa.cast(t.contacts.c.edited, sa.Text).not_like('%"language"%'),
    )
    .values(language=sa.bindparam("told"))
)


def _upsert_session(insert: Any) -> Any:
    statement = insert(t.flow_sessions)
    changed = ("flow_id", "flow_version", "state", "changed_at")
    return statement.on_conflict_do_update(
        index_elements=["conversation_id"], set_={name: statement.excluded[name] for name in changed}
    )


_INSERT_TAG = {
    "sqlite": sqlite.insert(t.contact_tags).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.contact_tags).on_conflict_do_nothing(),
}
_UPSERT_SESSION = {"sqlite": _upsert_session(sqlite.insert), "postgresql": _upsert_session(postgresql.insert)}
