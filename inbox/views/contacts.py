"""The people who write to us: lists, one card, their tags."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.quality.greeting import greeting
from inbox.refusals import NotFound
from inbox.views.paging import All, Page, cut, decode, encode
from inbox.views.shapes import ChannelName, Named, named
from inbox.views.sifted import sift
from inbox.views.who import Who, who

_c = t.contacts.c


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityShown:
    """One address of a contact. `verified`: a provider vouches for it; a typed one is only claimed."""

    id: int
    kind: str
    address: str
    verified: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """What may be sent to one address by one channel."""

    channel: ChannelName
    address: str
    stopped_at: datetime | None
    marketing_stopped_at: datetime | None
    blocked_at: datetime | None
    blocked_reason: str
    heard_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Postal:
    """A place of a contact. `label`: home, work, or any other word."""

    label: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Employer:
    """An organisation that somebody works for now, and what they are there."""

    id: int
    name: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """One person with all their addresses. `number`: the personal number, from the moment we first met. `source`: what brought
    them (an advert, the parameter of a deep link), empty where nobody said; `origin`: all that was told of it (channel_id, start,
    referral, visit). `edited`: what a person wrote, which no machine changes: {field: {by, at}}. `erase_at`: the person is to be
    erased then; `erased_at`: they were, and nothing is left on the card."""

    id: int
    number: str
    name: str
    greeting: str
    """What may be printed after "Hello, ": by a person, or made of the name where that is sure; else empty."""
    language: str | None
    timezone: str | None
    manager: Named | None
    identities: list[IdentityShown]
    tags: list[str]
    fields: dict[str, Any]
    birthday: str | None
    category: str | None
    addresses: list[Postal]
    source: str
    origin: dict[str, Any]
    edited: dict[str, Any]
    consent: list[Consent]
    employers: list[Employer]
    merged_into: int | None
    created_at: datetime
    conversations: int
    erase_at: datetime | None = None
    erased_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TagCount:
    """A tag and how many contacts have it."""

    tag: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which contacts."""

    q: str = ""
    tag: str | None = None
    manager: int | None = None
    segment: tuple[int, datetime] | None = None
    """Only who is in this segment at this moment."""


def page(connection: sa.Connection, wanted: Filter, cursor: str | None, limit: int) -> Page[Contact]:
    """Contacts that were not merged away, newest first. Of very many people a page may be short although there is a next one."""
    people = who(connection, wanted.q, wanted.segment, first=cursor is None)
    after = decode(cursor, int)[0] if cursor else None
    query = _query(wanted, people.few)
    if people.tests:
        return _sifted(connection, query, people, after, limit)
    rows = connection.execute(_behind(query, after, limit + 1)).all()
    cards = {card.id: card for card in _cards(connection, rows[:limit])}
    return cut(rows, limit, lambda row: cards[row.id], lambda row: (row.id,))


def _sifted(connection: sa.Connection, query: sa.Select[Any], people: Who, after: int | None, limit: int) -> Page[Contact]:
    def take(behind: int | None, size: int) -> Sequence[Any]:
        return connection.execute(_behind(query, behind, size)).all()

    found = sift(take, lambda rows: people.pick(connection, [row.id for row in rows]), lambda row: row.id, after, limit)
    return Page(items=_cards(connection, found.rows), next=None if found.after is None else encode((found.after,)))


def _behind(query: sa.Select[Any], after: int | None, limit: int) -> sa.Select[Any]:
    return (query if after is None else query.where(_c.id < after)).order_by(_c.id.desc()).limit(limit)


def _query(wanted: Filter, few: Sequence[int] | None) -> sa.Select[Any]:
    query = sa.select(*_COLUMNS).outerjoin(t.managers, t.managers.c.id == _c.manager_id)
    query = query.where(_c.merged_into.is_(None), _c.erased_at.is_(None))
    if few is not None:
        query = query.where(_c.id.in_(few))
    if wanted.tag is not None:
        tagged = sa.select(t.contact_tags.c.contact_id).where(t.contact_tags.c.tag == wanted.tag)
        query = query.where(_c.id.in_(tagged))
    if wanted.manager is not None:
        query = query.where(_c.manager_id == wanted.manager)
    return query


def one(connection: sa.Connection, contact_id: int) -> Contact:
    """A contact, also one that was merged away. Raises NotFound."""
    query = sa.select(*_COLUMNS).outerjoin(t.managers, t.managers.c.id == _c.manager_id).where(_c.id == contact_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no contact {contact_id}")
    return _cards(connection, [row])[0]


def some(connection: sa.Connection, contact_ids: Sequence[int]) -> list[Contact]:
    """These contacts."""
    query = sa.select(*_COLUMNS).outerjoin(t.managers, t.managers.c.id == _c.manager_id).where(_c.id.in_(contact_ids))
    return _cards(connection, connection.execute(query).all())


def tags(connection: sa.Connection) -> All[TagCount]:
    """Every tag in use, by name."""
    query = sa.select(t.contact_tags.c.tag, sa.func.count().label("count")).group_by(t.contact_tags.c.tag)
    rows = connection.execute(query.order_by(t.contact_tags.c.tag).limit(1000))
    return All(items=[TagCount(tag=tag, count=count) for tag, count in rows])


def _cards(connection: sa.Connection, rows: Sequence[Any]) -> list[Contact]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    identities, tagged = _identities(connection, ids), _tags(connection, ids)
    consents, counts, employers = _consents(connection, ids), _counts(connection, ids), _employers(connection, ids)
    return [
        Contact(
            id=row.id, number=row.number, name=row.name, greeting=greeting(row.name) if row.greeting is None else row.greeting,
            language=row.language, timezone=row.timezone,
            manager=named(row.manager_id, row.manager_name), identities=identities[row.id], tags=tagged[row.id],
            fields=row.fields, birthday=row.birthday, category=row.category, employers=employers[row.id],
            addresses=[Postal(label=each["label"], text=each["text"]) for each in row.addresses],
            source=row.source, origin=row.origin, edited=row.edited, consent=consents[row.id], merged_into=row.merged_into,
            created_at=row.created_at, conversations=counts.get(row.id, 0), erase_at=row.erase_at, erased_at=row.erased_at,
        )
        for row in rows
    ]  # fmt: skip


def _identities(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[IdentityShown]]:
    i = t.identities.c
    found: dict[int, list[IdentityShown]] = defaultdict(list)
    for row in connection.execute(sa.select(t.identities).where(i.contact_id.in_(ids)).order_by(i.id)):
        shown = IdentityShown(id=row.id, kind=row.kind, address=row.address, verified=row.verified)
        found[row.contact_id].append(shown)
    return found


def _tags(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    query = sa.select(t.contact_tags).where(t.contact_tags.c.contact_id.in_(ids)).order_by(t.contact_tags.c.tag)
    for row in connection.execute(query):
        found[row.contact_id].append(row.tag)
    return found


def _consents(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Consent]]:
    r = t.reaches.c
    query = sa.select(t.reaches, t.channels.c.kind, t.channels.c.name.label("channel_name")).join(t.channels)
    found: dict[int, list[Consent]] = defaultdict(list)
    for row in connection.execute(query.where(r.contact_id.in_(ids)).order_by(r.channel_id, r.address)):
        consent = Consent(
            channel=ChannelName(id=row.channel_id, kind=row.kind, name=row.channel_name), address=row.address,
            stopped_at=row.stopped_at, marketing_stopped_at=row.marketing_stopped_at, blocked_at=row.blocked_at,
            blocked_reason=row.blocked_reason, heard_at=row.heard_at,
        )  # fmt: skip
        found[row.contact_id].append(consent)
    return found


def _employers(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Employer]]:
    e, o = t.employments.c, t.organisations.c
    query = sa.select(e.contact_id, o.id, o.name, e.title).join(t.organisations, o.id == e.organisation_id)
    found: dict[int, list[Employer]] = defaultdict(list)
    for row in connection.execute(query.where(e.contact_id.in_(ids), e.ended.is_(False)).order_by(e.since.desc(), e.id.desc())):
        found[row.contact_id].append(Employer(id=row.id, name=row.name, title=row.title))
    return found


def _counts(connection: sa.Connection, ids: Sequence[int]) -> dict[int, int]:
    c = t.conversations.c
    query = sa.select(c.contact_id, sa.func.count()).where(c.contact_id.in_(ids)).group_by(c.contact_id)
    return {row[0]: row[1] for row in connection.execute(query)}


_ERASE_AT = (
    sa.select(sa.func.min(t.erasures.c.due_at))
    .where(t.erasures.c.contact_id == _c.id, t.erasures.c.state.in_(("asked", "running")))
    .correlate(t.contacts)
    .scalar_subquery()
)
_COLUMNS = (
    _c.id, _c.number, _c.name, _c.greeting,
    _c.language, _c.timezone, _c.manager_id, _c.fields, _c.source, _c.merged_into, _c.created_at,
    _c.birthday, _c.category, _c.addresses, _c.origin, _c.edited, _c.erased_at, _ERASE_AT.label("erase_at"),
    t.managers.c.name.label("manager_name"),
)  # fmt: skip
