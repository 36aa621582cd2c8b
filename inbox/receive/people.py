"""Find the person behind an address, or make their card: one contact a person, however many addresses they write from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from channels.events import Identity, Person
from inbox import schema as t
from inbox.card import folding
from inbox.record import event, record_all
from inbox.store import bulk, ids
from inbox.store.within import within

NAME = 200
"""Characters of a name that are kept: what people type may be a novel, and an index holds no novels."""


@dataclass(slots=True, kw_only=True)
class Knock:
    """Somebody at an address of a channel. `heard_at`: when they wrote (None: they did not); `contact_id` is found."""

    channel_id: int
    address: str
    person: Person
    heard_at: datetime | None
    context: Any = None
    source: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """All that was told of where they come from, for a card that is made now."""
    contact_id: int = 0
    otherwise: int = 0
    """The contact whose card an unknown address joins, unverified: they answer what we wrote to that contact."""
    named: bool = False
    """Nothing new about the name: it is known here, not told, or just written into a new card."""


def find_or_make(connection: sa.Connection, knocks: Sequence[Knock], now: datetime) -> None:
    """Fill in `contact_id` of every knock: by the address on the channel, else by a verified identity, else a new contact.

    A knock that comes with a contact keeps it: its address and identities join that card.
    """
    strangers = [knock for knock in knocks if knock.contact_id]
    if wanted := [knock for knock in knocks if not knock.contact_id]:
        _by_reach(connection, wanted)
        unknown = [knock for knock in wanted if not knock.contact_id]
        if unknown and connection.dialect.name == "postgresql":
            _wait_for_others(connection, unknown)
            _by_reach(connection, unknown)
        strangers += [knock for knock in unknown if not knock.contact_id]
    if strangers:
        _by_identity(connection, [knock for knock in strangers if not knock.contact_id])
        _by_origin([knock for knock in strangers if not knock.contact_id])
        _make(connection, [knock for knock in strangers if not knock.contact_id], now)
        _keep_identities(connection, strangers, now)
    _keep_names(connection, [knock for knock in knocks if not knock.named])
    _keep_reaches(connection, knocks)


def _by_reach(connection: sa.Connection, knocks: Sequence[Knock]) -> None:
    by_channel: dict[int, dict[str, list[Knock]]] = defaultdict(lambda: defaultdict(list))
    for knock in knocks:
        by_channel[knock.channel_id][knock.address].append(knock)
    for channel_id, by_address in by_channel.items():
        for address, contact_id, name in bulk.fetch(connection, _REACHES, {"channel": channel_id, "addresses": list(by_address)}):
            for knock in by_address[address]:
                knock.contact_id = contact_id
                knock.named = bool(name) or not knock.person.name


def _by_identity(connection: sa.Connection, knocks: Sequence[Knock]) -> None:
    found: dict[tuple[str, str], int] = {}
    by_kind: dict[str, set[str]] = defaultdict(set)
    for identity in _verified(knocks):
        by_kind[identity.kind].add(identity.address)
    for kind, addresses in by_kind.items():
        rows = bulk.fetch(connection, _IDENTITIES, {"kind": kind, "addresses": list(addresses)})
        found |= {(kind, address): contact_id for address, contact_id in rows}
    for knock in knocks:
        keys = ((i.kind, i.address) for i in knock.person.identities if i.verified)
        knock.contact_id = next((found[key] for key in keys if key in found), 0)
    _by_spelling(connection, [knock for knock in knocks if not knock.contact_id])


def _by_spelling(connection: sa.Connection, knocks: Sequence[Knock]) -> None:
    """Some addresses have several spellings: who wrote from another one is the same person. Most have one: nothing is asked."""
    by_kind: dict[str, dict[str, list[Knock]]] = defaultdict(lambda: defaultdict(list))
    for knock in knocks:
        for identity in knock.person.identities:
            if identity.verified and (folded := folding.fold(identity.kind, identity.address)) is not None:
                by_kind[identity.kind][folded].append(knock)
    for kind, by_fold in by_kind.items():
        for folded, contact_id in bulk.fetch(connection, _SPELLINGS, {"kind": kind, "folds": list(by_fold)}):
            for knock in by_fold[folded]:
                knock.contact_id = knock.contact_id or contact_id


def _wait_for_others(connection: sa.Connection, knocks: Sequence[Knock]) -> None:
    """Let another process that is just making a card for one of these people finish, so that none gets two."""
    keys = [f"{knock.channel_id}:{knock.address}" for knock in knocks]
    keys += [f"{identity.kind}:{folding.key(identity.kind, identity.address)}" for identity in _verified(knocks)]
    connection.execute(_WAIT, {"keys": keys})


def _by_origin(knocks: Sequence[Knock]) -> None:
    known = {(knock.channel_id, knock.address): knock.otherwise for knock in knocks if knock.otherwise}
    for knock in knocks:
        if contact_id := known.get((knock.channel_id, knock.address)):
            claimed = tuple(replace(identity, verified=False) for identity in knock.person.identities)
            knock.contact_id, knock.person = contact_id, replace(knock.person, identities=claimed)


def _verified(knocks: Iterable[Knock]) -> Iterable[Identity]:
    return (i for knock in knocks for i in knock.person.identities if i.verified)


@dataclass(slots=True)
class _Stranger:
    """A person met for the first time in this batch, with every knock of theirs."""

    knocks: list[Knock] = field(default_factory=list)


def _make(connection: sa.Connection, knocks: Sequence[Knock], now: datetime) -> None:
    if not knocks:
        return
    strangers = _gather(knocks)
    numbers = ids.take(connection, "contacts", len(strangers))
    rows = []
    for contact_id, stranger in zip(numbers, strangers, strict=True):
        for knock in stranger.knocks:
            knock.contact_id, knock.named = contact_id, True
        rows.append(_contact_row(contact_id, stranger.knocks, now))
    bulk.insert(connection, t.contacts, rows)
    record_all(connection, [event(now, "contact.met", actor_kind="contact", contact_id=row["id"]) for row in rows])


def _gather(knocks: Sequence[Knock]) -> list[_Stranger]:
    """Knocks that share a verified identity, or else the address, are one person's."""
    by_key: dict[tuple[Any, ...], _Stranger] = {}
    strangers: list[_Stranger] = []
    for knock in knocks:
        keys: list[tuple[Any, ...]] = [(i.kind, folding.key(i.kind, i.address)) for i in knock.person.identities if i.verified]
        keys.append((knock.channel_id, None, knock.address))
        stranger = next((by_key[key] for key in keys if key in by_key), None)
        if stranger is None:
            strangers.append(stranger := _Stranger())
        stranger.knocks.append(knock)
        by_key |= dict.fromkeys(keys, stranger)
    return strangers


def _contact_row(contact_id: int, knocks: Sequence[Knock], now: datetime) -> dict[str, Any]:
    return {
        "id": contact_id,
        "number": personal_number(contact_id, now),
        "name": next((k.person.name for k in knocks if k.person.name), "")[:NAME],
        "language": next((k.person.language for k in knocks if k.person.language), None),
        "source": next((k.source for k in knocks if k.source), ""),
        "origin": next((dict(k.origin) for k in knocks if k.origin), {}),
        "created_at": now,
    }


def personal_number(contact_id: int, met: datetime) -> str:
    """The contact's number, from the moment we first met them: date, time, and a count within the second. 261122-094501-0042."""
    return f"{met:%y%m%d-%H%M%S}-{contact_id % 10_000:04d}"


def _keep_identities(connection: sa.Connection, knocks: Sequence[Knock], now: datetime) -> None:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for knock in knocks:
        for i in knock.person.identities:
            row = {
                "contact_id": knock.contact_id,
                "kind": i.kind,
                "address": i.address,
                "verified": i.verified,
                "created_at": now,
                "fold": folding.fold(i.kind, i.address),
            }
            if (i.kind, i.address) not in rows or i.verified:
                rows.setdefault((i.kind, i.address), row).update(verified=row["verified"])
    if not rows:
        return
    numbers = ids.take(connection, "identities", len(rows))
    listed = [{"id": number, **row} for number, row in zip(numbers, rows.values(), strict=True)]
    bulk.execute(connection, _INSERT_IDENTITY[connection.dialect.name], listed)


def _keep_names(connection: sa.Connection, knocks: Sequence[Knock]) -> None:
    """A name that is told for the first time goes onto the card, unless the card has one."""
    if rows := [{"contact": knock.contact_id, "told": knock.person.name[:NAME]} for knock in knocks if knock.person.name]:
        bulk.execute(connection, _NAME, rows)


def _keep_reaches(connection: sa.Connection, knocks: Sequence[Knock]) -> None:
    """Note the way to each person and when they were last heard there; the newest knock of an address counts."""
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for knock in knocks:
        row = rows.setdefault((knock.channel_id, knock.address), _reach_row(knock))
        if knock.heard_at is not None and (row["heard_at"] is None or knock.heard_at > row["heard_at"]):
            row["heard_at"] = knock.heard_at
        row["name"] = knock.person.name or row["name"]
        row["context"] = dict(knock.context) if knock.context else row["context"]
    listed = sorted(rows.values(), key=lambda row: (row["channel_id"], row["address"]))
    bulk.execute(connection, _UPSERT_REACH[connection.dialect.name], listed)


def _reach_row(knock: Knock) -> dict[str, Any]:
    return {
        "channel_id": knock.channel_id,
        "address": knock.address,
        "contact_id": knock.contact_id,
        "name": knock.person.name or "",
        "heard_at": knock.heard_at,
        "context": dict(knock.context or {}),
    }


_REACHES = sa.select(t.reaches.c.address, t.reaches.c.contact_id, t.reaches.c.name).where(
    t.reaches.c.channel_id == sa.bindparam("channel"), within(t.reaches.c.address, "addresses")
)
_IDENTITIES = sa.select(t.identities.c.address, t.identities.c.contact_id).where(
    t.identities.c.kind == sa.bindparam("kind"),
    within(t.identities.c.address, "addresses"),
    t.identities.c.verified,
)
_SPELLINGS = sa.select(t.identities.c.fold, t.identities.c.contact_id).where(
    within(t.identities.c.fold, "folds"), t.identities.c.kind == sa.bindparam("kind"), t.identities.c.verified
)


_WAIT = sa.text(
    "SELECT pg_advisory_xact_lock(7283403, bucket) FROM (SELECT DISTINCT abs(hashtext(each) % 1024) AS bucket "
    "FROM unnest(CAST(:keys AS text[])) AS each ORDER BY bucket OFFSET 0) AS buckets"
)
_NAME = (
    sa.update(t.contacts)
    .where(
        t.contacts.c.id == sa.bindparam("contact"),
        t.contacts.c.name == "",
        sa.cast(t.contacts.c.edited, sa.Text).not_like('%"name"%'),
    )
    .values(name=sa.bindparam("told"))
)


def _insert_identity(insert: Any) -> Any:
    """A claimed identity never displaces another; a verified one displaces a claim (phones and mailboxes change hands)."""
    statement = insert(t.identities)
    return statement.on_conflict_do_update(
        index_elements=["kind", "address"],
        set_={"contact_id": statement.excluded.contact_id, "verified": statement.excluded.verified},
        where=sa.and_(t.identities.c.verified.is_(False), statement.excluded.verified.is_(True)),
    )


def _upsert_reach(insert: Any, greatest: Any) -> Any:
    statement = insert(t.reaches)
    new, old = statement.excluded, t.reaches.c
    return statement.on_conflict_do_update(
        index_elements=["channel_id", "address"],
        set_={
            "heard_at": greatest(sa.func.coalesce(old.heard_at, new.heard_at), sa.func.coalesce(new.heard_at, old.heard_at)),
            "name": sa.func.coalesce(sa.func.nullif(new.name, sa.literal_column("''")), old.name),
            "context": sa.case((sa.cast(new.context, sa.Text) == sa.literal_column("'{}'"), old.context), else_=new.context),
            "blocked_at": sa.case((new.heard_at.is_not(None), None), else_=old.blocked_at),
        },
    )


_INSERT_IDENTITY = {"sqlite": _insert_identity(sqlite.insert), "postgresql": _insert_identity(postgresql.insert)}
_UPSERT_REACH = {
    "sqlite": _upsert_reach(sqlite.insert, sa.func.max),
    "postgresql": _upsert_reach(postgresql.insert, sa.func.greatest),
}
