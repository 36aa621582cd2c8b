"""What cards are compared by, kept so that whoever shares some of it is found without looking at anybody else."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from inbox import schema as t
from inbox.duplicates.likeness import CROWD
from inbox.store import bulk
from inbox.store.within import within

Pair = tuple[int, int]
"""Lower id first."""


def keep(connection: sa.Connection, wanted: Sequence[int], listed: Mapping[int, set[str]]) -> None:
    """Keep these keys of the wanted cards and no others. In the order of the keys: of a table that does not fit into memory
    each page is then touched once."""
    kept = {(row.key, row.contact_id) for row in bulk.fetch(connection, _KEPT, {"contacts": wanted})}
    now = {(key, number) for number, found in listed.items() for key in found}
    gone = [{"no_key": key, "of": number} for key, number in sorted(kept - now)]
    bulk.execute(connection, _FORGET, gone)
    bulk.insert(connection, t.duplicate_keys, [{"key": key, "contact_id": number} for key, number in sorted(now - kept)])


def pairs(connection: sa.Connection, wanted: Sequence[int]) -> set[Pair]:
    """Pairs that share a key or a claimed address which is not everybody's, at least one of them wanted."""
    asked, together = set(wanted), _sharers(connection, wanted)
    return {
        (min(one, other), max(one, other))
        for members in together
        for one in members & asked
        for other in members
        if one != other
    }  # fmt: skip


def _sharers(connection: sa.Connection, wanted: Sequence[int]) -> list[set[int]]:
    shared: dict[str, set[int]] = defaultdict(set)
    if several := sorted({row.key for row in bulk.fetch(connection, _SEVERAL, {"contacts": wanted})}):
        for row in bulk.fetch(connection, _MEMBERS, {"keys": several}):
            shared[row.key].add(row.contact_id)
    claimed: dict[tuple[str, str], set[int]] = defaultdict(set)
    for statement in _CLAIMED:
        for row in bulk.fetch(connection, statement, {"contacts": wanted}):
            claimed[row.kind, row.address] |= {row.one, row.other}
    return [each for each in (*shared.values(), *claimed.values()) if len(each) <= CROWD]


def _at(table: sa.FromClause, place: int, same: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    """The card in this place among those that share it: a crowd is told after `place` rows, however large it is."""
    return (
        sa.select(table.c.contact_id)
        .where(same)
        .limit(sa.literal_column("1"))
        .offset(sa.literal_column(str(place)))
        .scalar_subquery()
    )


_k, _other = t.duplicate_keys.c, t.duplicate_keys.alias()
_SAME = _other.c.key == _k.key
_KEPT = sa.select(_k.key, _k.contact_id).where(within(_k.contact_id, "contacts"))
_FORGET = sa.delete(t.duplicate_keys).where(_k.key == sa.bindparam("no_key"), _k.contact_id == sa.bindparam("of"))
_SEVERAL = sa.select(_k.key).where(
    within(_k.contact_id, "contacts"), _at(_other, 1, _SAME).is_not(None), _at(_other, CROWD, _SAME).is_(None)
)
_MEMBERS = sa.select(_k.key, _k.contact_id).where(within(_k.key, "keys"))

_i, _c, _d, _all = t.identities.c, t.identity_claims.c, t.identity_claims.alias(), t.identity_claims.alias()
_ALIKE, _SAME_CLAIM = (sa.and_(each.c.kind == _c.kind, each.c.address == _c.address) for each in (_d, _all))
_OWNED = sa.and_(_i.kind == _c.kind, _i.address == _c.address)
_FEW = _at(_all, CROWD, _SAME_CLAIM).is_(None)
_OWNER = sa.select(_c.kind, _c.address, _c.contact_id.label("one"), _i.contact_id.label("other")).where(_OWNED, _FEW)
_CLAIMED = (
    _OWNER.where(within(_i.contact_id, "contacts")),
    _OWNER.where(within(_c.contact_id, "contacts")),
    sa.select(_c.kind, _c.address, _c.contact_id.label("one"), _d.c.contact_id.label("other")).where(
        _ALIKE, within(_c.contact_id, "contacts"), _FEW
    ),
)
"""Who claims an address of these cards, whose address these cards claim, who else claims it."""
