"""Everything that is known of one person, read part by part: the small parts at once, messages page by page."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.media.archives import file_name
from inbox.refusals import Conflict, NotFound
from inbox.views.cards import cards_of

PAGE = 200
Row = dict[str, Any]

_c, _m, _a = t.contacts.c, t.messages.c, t.attachments.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Whose dossier it is. `cards`: theirs and those merged into it."""

    id: int
    number: str
    name: str
    language: str
    cards: Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file in the archive: `path` there, `sha256` in the store."""

    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Messages:
    """Some messages, oldest first; `after` is where the next ones begin, None after the last."""

    rows: list[Row]
    files: list[File] = field(default_factory=list)
    after: tuple[datetime, int] | None = None


def person(connection: sa.Connection, contact_id: int) -> Person:
    """Raises NotFound, or Conflict for somebody who was erased or merged away."""
    row = connection.execute(sa.select(t.contacts).where(_c.id == contact_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no contact {contact_id}")
    if row.erased_at is not None:
        raise Conflict("This person was erased: nothing is left to hand out")
    if row.merged_into is not None:
        raise Conflict(f"This contact was merged into contact {row.merged_into}")
    cards = cards_of(connection, contact_id)
    return Person(id=row.id, number=row.number, name=row.name, language=row.language or "", cards=cards)


def sections(connection: sa.Connection, who: Person) -> dict[str, list[Row]]:
    """All but messages, by name; each a list of rows, in the order of time."""
    cards = who.cards
    e, k, r, v = t.events.c, t.tasks.c, t.recipients.c, t.conversations.c
    manager, channel = t.managers.c.name.label("colleague"), t.channels.c.name.label("channel")
    acted = t.events.outerjoin(t.managers, sa.and_(e.actor_kind == "manager", t.managers.c.id == e.actor_id))
    h, x, i, d = t.contact_changes.c, t.contact_events.c, t.import_rows.c, t.duplicates.c
    changed = t.contact_changes.outerjoin(t.managers, sa.and_(h.actor_kind == "manager", t.managers.c.id == h.actor_id))
    g, s, b, p = t.merges.c, t.segments.c, t.broadcasts.c, t.reaches.c
    queries: dict[str, sa.Select[Any]] = {
        "card": sa.select(
            _c.id, _c.number, _c.name, _c.language, _c.timezone, _c.birthday, _c.category, _c.addresses, _c.fields, _c.source,
            _c.origin, _c.edited, _c.created_at, manager,
        ).select_from(_by_manager(t.contacts)).where(_c.id.in_(cards)).order_by(_c.id),
        "tags": sa.select(t.contact_tags.c.tag).where(t.contact_tags.c.contact_id.in_(cards)).order_by(t.contact_tags.c.tag),
        "identities": sa.select(*_but(t.identities, "contact_id", "fold")).where(t.identities.c.contact_id.in_(cards)),
        "claims": sa.select(*_but(t.identity_claims, "contact_id")).where(t.identity_claims.c.contact_id.in_(cards)),
        "consent": sa.select(channel, *_but(t.reaches, "contact_id", "channel_id")).select_from(_by_channel(t.reaches)).where(
            p.contact_id.in_(cards)
        ),
        "consent_history": sa.select(e.at, e.kind, e.data).where(
            e.contact_id.in_(cards), e.kind.in_(("consent.stop", "consent.start"))
        ).order_by(e.at, e.id),
        "changes": sa.select(h.at, h.actor_kind, manager, h.changes).select_from(changed).where(
            h.contact_id.in_(cards)
        ).order_by(h.at, h.id),
        "happened": sa.select(x.at, x.kind, x.title, x.data, x.link).where(x.contact_id.in_(cards)).order_by(x.at, x.id),
        "conversations": sa.select(
            v.id, v.opened_at, v.closed_at, v.status, channel, manager, v.subject, v.labels, v.close_summary
        ).select_from(
            t.conversations.outerjoin(t.channels, t.channels.c.id == v.channel_id).outerjoin(
                t.managers, t.managers.c.id == v.manager_id
            )
        ).where(v.contact_id.in_(cards)).order_by(v.id),
        "tasks": sa.select(k.created_at, k.kind, k.title, manager, k.due_at, k.done_at).select_from(_by_manager(t.tasks)).where(
            k.contact_id.in_(cards)
        ).order_by(k.id),
        "drafts": sa.select(t.drafts.c.conversation_id, t.drafts.c.changed_at, t.drafts.c.said, manager).select_from(
            _by_manager(t.drafts)
        ).where(t.drafts.c.conversation_id.in_(sa.select(v.id).where(v.contact_id.in_(cards)))),
        "broadcasts": sa.select(b.name, r.state, r.reason, r.address, r.changed_at).join(
            t.broadcasts, b.id == r.broadcast_id
        ).where(r.contact_id.in_(cards)).order_by(r.changed_at),
        "lists": sa.select(s.name, t.segment_members.c.added_at).join(
            t.segment_members, t.segment_members.c.segment_id == s.id
        ).where(t.segment_members.c.contact_id.in_(cards)),
        "imports": sa.select(t.imports.c.name, t.imports.c.created_at, i.row, i.outcome, i.change).join(
            t.imports, t.imports.c.id == i.import_id
        ).where(i.contact_id.in_(cards)),
        "duplicates": sa.select(d.found_at, d.low_id, d.high_id, d.score, d.reasons, d.state, d.decided_at).where(
            sa.or_(d.low_id.in_(cards), d.high_id.in_(cards))
        ).order_by(d.id),
        "merges": sa.select(g.at, g.contact_id, g.merged_id, g.undone_at).where(
            sa.or_(g.contact_id.in_(cards), g.merged_id.in_(cards))
        ).order_by(g.id),
        "events": sa.select(e.at, e.kind, e.actor_kind, manager, e.conversation_id, e.data).select_from(acted).where(
            e.contact_id.in_(cards), e.conversation_id.is_(None)
        ).order_by(e.at, e.id),
    }  # fmt: skip
    found = {name: [dict(row._mapping) for row in connection.execute(query)] for name, query in queries.items()}
    return found | {name: rows for name, query in _others(cards) if (rows := _rows(connection, query))}


def _by_manager(table: sa.Table) -> Any:
    return table.outerjoin(t.managers, t.managers.c.id == table.c.manager_id)


def _by_channel(table: sa.Table) -> Any:
    return table.outerjoin(t.channels, t.channels.c.id == table.c.channel_id)


def _others(cards: Sequence[int]) -> list[tuple[str, sa.Select[Any]]]:
    """Tables with a person in them that came later: as they are."""
    known = {"employments": "work", "quality_findings": "quality"}
    tables = [(name, t.metadata.tables.get(table)) for table, name in known.items()]
    return [(name, sa.select(table).where(table.c.contact_id.in_(cards))) for name, table in tables if table is not None]


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _but(table: sa.Table, *left_out: str) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.name not in left_out]


def messages(connection: sa.Connection, who: Person, after: tuple[datetime, int] | None) -> Messages:
    """The next messages, notes among them, with versions, reactions and files."""
    author, channel = t.managers.c.name.label("colleague"), t.channels.c.name.label("channel")
    joined = t.messages.outerjoin(
        t.managers, sa.and_(_m.author_kind == "manager", t.managers.c.id == _m.author_id)
    ).join(t.channels, t.channels.c.id == _m.channel_id)  # fmt: skip
    query = sa.select(
        _m.id, _m.conversation_id, _m.at, _m.direction, _m.author_kind, author, channel, _m.address, _m.kind, _m.subject,
        _m.text, _m.html, _m.data, _m.state, _m.reason, _m.edited_at, _m.deleted_at, _m.broadcast_id,
    ).select_from(joined).where(_m.contact_id.in_(who.cards))  # fmt: skip
    if after is not None:
        query = query.where(sa.or_(_m.at > after[0], sa.and_(_m.at == after[0], _m.id > after[1])))
    rows = connection.execute(query.order_by(_m.at, _m.id).limit(PAGE)).all()
    ids = [row.id for row in rows]
    versions, reactions, attached = _versions(connection, ids), _reactions(connection, ids), _attached(connection, ids)
    made, files = [], []
    for row in rows:
        files += [File(path=each["file"], sha256=digest) for each, digest in attached[row.id] if digest]
        made.append({
            **row._mapping, "versions": versions[row.id], "reactions": reactions[row.id],
            "attachments": [each for each, _ in attached[row.id]],
        })  # fmt: skip
    return Messages(rows=made, files=files, after=(rows[-1].at, rows[-1].id) if len(rows) == PAGE else None)


def _versions(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    v = t.versions.c
    for row in connection.execute(sa.select(v.message_id, v.at, v.text).where(v.message_id.in_(ids)).order_by(v.id)):
        found[row.message_id].append({"at": row.at, "text": row.text})
    return found


def _reactions(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in connection.execute(sa.select(t.reactions).where(t.reactions.c.message_id.in_(ids))):
        found[row.message_id].append({"at": row.at, "author": row.author, "emoji": row.emoji})
    return found


def _attached(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[tuple[Row, str | None]]]:
    found: dict[int, list[tuple[Row, str | None]]] = defaultdict(list)
    query = sa.select(_a.id, _a.message_id, _a.kind, _a.name, _a.mime, _a.size, _a.sha256, _a.state)
    for row in connection.execute(query.where(_a.message_id.in_(ids)).order_by(_a.id)):
        told = {"kind": row.kind, "name": row.name, "mime": row.mime, "size": row.size}
        found[row.message_id].append((told | {"file": file_name(row.id, row.name, row.kind) if row.sha256 else None}, row.sha256))
    return found
