"""Look at some cards: note what they are compared by, hold them against those that share it, keep whom they may be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.card import folding
from inbox.duplicates import blocks
from inbox.duplicates.blocks import Pair
from inbox.duplicates.likeness import SUGGESTED, Card, Likeness, compare, keys
from inbox.store import bulk, ids
from inbox.store.within import within

Address = tuple[str, str]
"""Kind and address."""
_TOLD = 20
"""New pairs of one look that browsers hear of card by card: more come of a look through everybody, which has its own page."""
_d = t.duplicates.c


def look(connection: sa.Connection, now: datetime, contact_ids: Iterable[int]) -> int:
    """Hold these cards against all others; how many new pairs were found. Merged cards are forgotten. May be done again."""
    wanted = sorted(set(contact_ids))
    if not wanted:
        return 0
    cards = load(connection, wanted)
    blocks.keep(connection, wanted, {card.id: keys(card) for card in cards.values()})
    pairs = blocks.pairs(connection, [*cards])
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
    own, claims = (_addresses(connection, statement, contact_ids) for statement in (_OWN, _CLAIMS))
    rows = bulk.fetch(connection, _CARDS, {"contacts": contact_ids})
    return {row.id: _card(row, own.get(row.id, ()), claims.get(row.id, ())) for row in rows}


def _addresses(connection: sa.Connection, statement: sa.Select[Any], contact_ids: Sequence[int]) -> dict[int, list[Address]]:
    found: dict[int, list[Address]] = defaultdict(list)
    for contact_id, kind, address in bulk.fetch(connection, statement, {"contacts": contact_ids}):
        found[contact_id].append((kind, address))
    return found


def _card(row: Any, own: Sequence[Address], claims: Sequence[Address]) -> Card:
    phones = [_digits(folding.key(kind, address)) for kind, address in own if kind == "phone"]
    mails = [folding.key(kind, address).lower() for kind, address in own if kind == "email"]
    return Card(
        id=row.id, name=row.name, birthday=row.birthday or "", phones=frozenset([each for each in phones if len(each) > 6]),
        mails=frozenset(mails), own=frozenset(own), claims=frozenset(claims),
    )  # fmt: skip


def _digits(number: str) -> str:
    return number[1:] if number[1:].isdecimal() and not number[0].isdecimal() else "".join(filter(str.isdigit, number))


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
    if len(new) <= _TOLD:
        for contact in sorted({contact for pair in new for contact in pair}):
            live.tell(connection, "contact", contact_id=contact)
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
_MERGED = sa.select(t.contacts.c.id, t.contacts.c.merged_into).where(within(t.contacts.c.merged_into, "contacts"))
_APART = sa.select(_d.low_id, _d.high_id).where(
    sa.or_(within(_d.low_id, "contacts"), within(_d.high_id, "contacts")), _d.state == "apart"
)
_PAIR = (_d.id, _d.low_id, _d.high_id, _d.score, _d.reasons, _d.state)
_KNOWN = sa.select(*_PAIR).where(within(_d.low_id, "contacts"))
_KNOWN_HIGH = sa.select(*_PAIR).where(within(_d.high_id, "contacts"))
