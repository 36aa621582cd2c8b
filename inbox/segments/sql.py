"""A filter as SQL: a pure function from the language to a condition on contacts."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa

from inbox import schema as t
from inbox.segments import fields
from inbox.segments import language as l

Yes: TypeAlias = sa.ColumnElement[bool]
REACHED = ("sent", "delivered", "read")


def compiled(condition: Any, now: datetime, people: Any = t.contacts) -> Yes:
    """What is true of the rows of `people` (contacts, or an alias of it) that fulfil the condition. Never NULL."""
    if isinstance(condition, l.Group):
        parts = [compiled(each, now, people) for each in condition.of]
        found = sa.and_(*parts) if condition.kind == "all" else sa.or_(*parts)
    else:
        found = _LEAVES[type(condition)](condition, now, people)
    return sa.not_(found) if condition.negated else found


def since(condition: Any, now: datetime) -> datetime:
    """From when on a period counts."""
    if condition.days is not None:
        return now - timedelta(days=condition.days)
    return datetime.combine(date.fromisoformat(condition.since), time(), UTC)


def _tagged(condition: l.Tagged, now: datetime, people: Any) -> Yes:
    g = t.contact_tags.c
    return _exists(t.contact_tags, g.contact_id == people.c.id, g.tag.in_(condition.tags))


def _field(condition: l.FieldIs, now: datetime, people: Any) -> Yes:
    name, value = sa.literal(condition.name, sa.Text), condition.value
    text = fields.field_text(people.c.fields, name)
    if condition.op == "set":
        return fields.field_filled(people.c.fields, name)
    if condition.op == "contains":
        return fields.place(sa.func.coalesce(text, ""), sa.literal(value, sa.Text)) > 0
    if condition.op == "is" and isinstance(value, str):
        wanted = sa.literal(value, sa.Text)
        return sa.or_(sa.func.coalesce(text == wanted, sa.false()), fields.field_has(people.c.fields, name, wanted))
    if isinstance(value, bool):
        return _sure(text == sa.literal("true" if value else "false", sa.Text))
    return _compared(condition, text if isinstance(value, str) else fields.field_number(people.c.fields, name))


def _compared(condition: l.FieldIs, left: Any) -> Yes:
    if isinstance(condition.value, str):
        # Days as ISO 8601 writes them: in the order of their characters, whatever the database's language.
        left, right = fields.in_order(left), sa.literal(condition.value, sa.Text)
    else:
        right = sa.literal(float(condition.value or 0), sa.Float)
    return _sure({"is": left == right, "above": left > right, "below": left < right}[condition.op])


def _sure(condition: Any) -> Yes:
    return sa.func.coalesce(condition, sa.false())


def _speaks(condition: l.Speaks, now: datetime, people: Any) -> Yes:
    language = sa.func.coalesce(people.c.language, "")
    parts: list[Yes] = []
    for each in condition.languages:
        parts += [language == ""] if each is None else [language == each, language.startswith(f"{each}-", autoescape=True)]
    return sa.or_(*parts)


def _managed(condition: l.Managed, now: datetime, people: Any) -> Yes:
    wanted = [each for each in condition.managers if each is not None]
    nobody = people.c.manager_id.is_(None)
    has = sa.func.coalesce(people.c.manager_id, 0).in_(wanted)
    return sa.or_(nobody, has) if None in condition.managers else has


def _categorised(condition: l.Categorised, now: datetime, people: Any) -> Yes:
    return sa.func.coalesce(people.c.category, "").in_([each or "" for each in condition.categories])


def _came(condition: l.CameFrom, now: datetime, people: Any) -> Yes:
    if condition.op == "is":
        return people.c.source == condition.value  # type: ignore[no-any-return]
    return fields.place(people.c.source, sa.literal(condition.value, sa.Text)) > 0


def _created(condition: l.Created, now: datetime, people: Any) -> Yes:
    return people.c.created_at >= since(condition, now)  # type: ignore[no-any-return]


def _wrote(condition: l.Wrote, now: datetime, people: Any) -> Yes:
    """By when each address was last heard, which is kept: messages themselves are too many to look at."""
    r = t.reaches.c
    by = [r.channel_id == condition.channel] if condition.channel is not None else []
    return _exists(t.reaches, r.contact_id == people.c.id, r.heard_at >= since(condition, now), *by)


def _got(condition: l.Got, now: datetime, people: Any) -> Yes:
    states = ("read",) if condition.kind == "read" else REACHED
    if condition.broadcast is not None:
        r = t.recipients.c
        mine = (r.broadcast_id == condition.broadcast, r.contact_id == people.c.id)
        return _exists(t.recipients, *mine, r.state.in_(states))
    m = t.messages.c
    by = [m.channel_id == condition.channel] if condition.channel is not None else []
    mine = (m.contact_id == people.c.id, m.at >= since(condition, now))
    return _exists(t.messages, *mine, m.direction == "out", m.state.in_(states), *by)


def _reachable(condition: l.Reachable, now: datetime, people: Any) -> Yes:
    r, h = t.reaches.c, t.channels.c
    working = [h.removed_at.is_(None), h.state != "disabled"]
    if condition.channel is not None:
        working.append(h.id == condition.channel)
    if condition.channel_kind is not None:
        working.append(h.kind == condition.channel_kind)
    free = (r.stopped_at.is_(None), r.marketing_stopped_at.is_(None), r.blocked_at.is_(None))
    return _exists(t.reaches, r.contact_id == people.c.id, *free, r.channel_id.in_(sa.select(h.id).where(*working)))


def _listed(condition: l.Listed, now: datetime, people: Any) -> Yes:
    m = t.segment_members.c
    return _exists(t.segment_members, m.segment_id == condition.list, m.contact_id == people.c.id)


def _works(condition: l.Works, now: datetime, people: Any) -> Yes:
    e = t.employments.c
    mine = (e.contact_id == people.c.id, e.ended.is_(condition.past))
    wanted = [each for each in condition.organisations if each is not None]
    there = _exists(t.employments, *mine, e.organisation_id.in_(wanted))
    return sa.or_(sa.not_(_exists(t.employments, *mine)), there) if None in condition.organisations else there


def _exists(table: Any, *conditions: Any) -> Yes:
    return sa.exists(sa.select(sa.literal(1)).select_from(table).where(*conditions).correlate_except(table))


_LEAVES: dict[type, Callable[[Any, datetime, Any], Yes]] = {
    l.Tagged: _tagged, l.FieldIs: _field, l.Speaks: _speaks, l.Managed: _managed, l.Categorised: _categorised, l.CameFrom: _came,
    l.Created: _created, l.Wrote: _wrote, l.Got: _got, l.Reachable: _reachable, l.Listed: _listed,
    l.Works: _works,
}  # fmt: skip
