"""Look at some cards: note what they are compared by, hold them against those that share it, keep whom they may be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.card import folding
from inbox.duplicates.likeness import CROWD, SUGGESTED, Card, Likeness, compare, keys
from inbox.store import bulk, ids
from inbox.store.within import within

Pair = tuple[int, int]
"""Lower id first."""
_d, _k = t.duplicates.c, t.duplicate_keys.c


def look(connection: sa.Connection, now: datetime, contact_ids: Iterable[int]) -> int:
    """Hold these cards against all others; how many new pairs were found. Merged cards are forgotten. May be done again."""
    wanted = sorted(set(contact_ids))
    if not wanted:
        return 0
    cards = load(connection, wanted)
    listed = {card.id: keys(card) for card in cards.values()}
    _keep_keys(connection, wanted, listed)
    pairs = _pairs(connection, set(wanted), listed)
    cards |= load(connection, sorted({each for pair in pairs for each in pair} - cards.keys()))
    found = {}
    for low, high in pairs:
        if low in cards and high in cards:
            likeness = compare(cards[low], cards[high])
            if likeness.score >= SUGGESTED:
                found[low, high] = likeness
    return _keep_pairs(connection, now, wanted, _not_apart(connection, found))


def load(connection: sa.Connection, contact_ids: Sequence[int]) -> dict[int, Card]:
    """The cards as they are compared, merged ones left out."""
    if not contact_ids:
        return {}
    own: dict[int, set[tuple[str, str]]] = defaultdict(set)
    claims: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for row in bulk.fetch(connection, _OWN, {"contacts": contact_ids}):
        own[row.contact_id].add((row.kind, row.address))
    for row in bulk.fetch(connection, _CLAIMS, {"contacts": contact_ids}):
        claims[row.contact_id].add((row.kind, row.address))
    return {row.id: _card(row, own[row.id], claims[row.id]) for row in bulk.fetch(connection, _CARDS, {"contacts": contact_ids})}


def _card(row: Any, own: set[tuple[str, str]], claims: set[tuple[str, str]]) -> Card:
    phones = {_digits(folding.key(kind, address)) for kind, address in own if kind == "phone"}
    mails = {folding.key(kind, address).lower() for kind, address in own if kind == "email"}
    return Card(
        id=row.id, name=row.name, birthday=row.birthday or "", phones=frozenset(each for each in phones if len(each) > 6),
        mails=frozenset(mails), own=frozenset(own), claims=frozenset(claims),
    )  # fmt: skip


def _digits(number: str) -> str:
    return "".join(c for c in number if c.isdigit())


def _keep_keys(connection: sa.Connection, wanted: Sequence[int], listed: Mapping[int, set[str]]) -> None:
    bulk.run(connection, _FORGET, {"contacts": wanted})
    rows = [{"key": key, "contact_id": number} for number, found in listed.items() for key in sorted(found)]
    if rows:
        bulk.insert(connection, t.duplicate_keys, rows)


def _pairs(connection: sa.Connection, wanted: set[int], listed: Mapping[int, set[str]]) -> set[Pair]:
    """Pairs that share a key of those that are not everybody's, at least one of them wanted."""
    together: dict[str, list[int]] = defaultdict(list)
    asked = sorted(set().union(*listed.values()))
    for row in bulk.fetch(connection, _NEIGHBOURS, {"keys": asked}) if asked else ():
        together[row.key].append(row.contact_id)
    return {
        (min(pair), max(pair))
        for members in together.values()
        for pair in combinations(members, 2)
        if pair[0] in wanted or pair[1] in wanted
    }


def _not_apart(connection: sa.Connection, found: dict[Pair, Likeness]) -> dict[Pair, Likeness]:
    """Whom a person told apart is not asked about again, also after one of the two was merged into a third card."""
    everybody = sorted({each for pair in found for each in pair})
    if not everybody:
        return found
    now_is = {row.id: row.merged_into for row in bulk.fetch(connection, _MERGED, {"contacts": everybody})}
    members = sorted({*everybody, *now_is})
    apart = bulk.fetch(connection, _APART, {"contacts": members})
    told = {tuple(sorted((now_is.get(row.low_id, row.low_id), now_is.get(row.high_id, row.high_id)))) for row in apart}
    return {pair: likeness for pair, likeness in found.items() if pair not in told}


def _keep_pairs(connection: sa.Connection, now: datetime, wanted: Sequence[int], found: Mapping[Pair, Likeness]) -> int:
    known = {(row.low_id, row.high_id): row for row in bulk.fetch(connection, _KNOWN, {"contacts": wanted})}
    known |= {(row.low_id, row.high_id): row for row in bulk.fetch(connection, _KNOWN_HIGH, {"contacts": wanted})}
    gone = [row.id for pair, row in known.items() if row.state == "open" and pair not in found]
    if gone:
        connection.execute(sa.delete(t.duplicates).where(_d.id.in_(gone)))
    for pair, likeness in found.items():
        if pair in known and known[pair].state != "apart" and _differs(known[pair], likeness):
            values = {"score": likeness.score, "reasons": list(likeness.reasons), "state": "open"}
            connection.execute(sa.update(t.duplicates).where(_d.id == known[pair].id).values(values))
    new = {pair: likeness for pair, likeness in found.items() if pair not in known}
    numbers = ids.take(connection, "duplicates", len(new))
    rows = [
        {"id": n, "low_id": low, "high_id": high, "score": each.score, "reasons": list(each.reasons), "found_at": now}
        for n, ((low, high), each) in zip(numbers, new.items(), strict=True)
    ]
    if rows:
        connection.execute(sa.insert(t.duplicates), rows)
    for low, high in new:
        live.tell(connection, "contact", contact_id=low)
        live.tell(connection, "contact", contact_id=high)
    return len(rows)


def _differs(row: Any, likeness: Likeness) -> bool:
    return (row.score, tuple(row.reasons), row.state) != (likeness.score, likeness.reasons, "open")


_CARDS = sa.select(t.contacts.c.id, t.contacts.c.name, t.contacts.c.birthday).where(
    within(t.contacts.c.id, "contacts"), t.contacts.c.merged_into.is_(None)
)
_OWN = sa.select(t.identities.c.contact_id, t.identities.c.kind, t.identities.c.address).where(
    within(t.identities.c.contact_id, "contacts")
)
_CLAIMS = sa.select(t.identity_claims.c.contact_id, t.identity_claims.c.kind, t.identity_claims.c.address).where(
    within(t.identity_claims.c.contact_id, "contacts")
)
_FORGET = sa.delete(t.duplicate_keys).where(within(_k.contact_id, "contacts"))
_COUNT = sa.func.count()
_RARE = (
    sa.select(_k.key).where(within(_k.key, "keys")).group_by(_k.key).having(_COUNT > 1, sa.literal_column(str(CROWD)) >= _COUNT)
)
_NEIGHBOURS = sa.select(_k.key, _k.contact_id).where(_k.key.in_(_RARE))
_MERGED = sa.select(t.contacts.c.id, t.contacts.c.merged_into).where(within(t.contacts.c.merged_into, "contacts"))
_APART = sa.select(_d.low_id, _d.high_id).where(
    sa.or_(within(_d.low_id, "contacts"), within(_d.high_id, "contacts")), _d.state == "apart"
)
_PAIR = (_d.id, _d.low_id, _d.high_id, _d.score, _d.reasons, _d.state)
_KNOWN = sa.select(*_PAIR).where(within(_d.low_id, "contacts"))
_KNOWN_HIGH = sa.select(*_PAIR).where(within(_d.high_id, "contacts"))
