"""Who may be one person: pairs of cards side by side with the reasons, and the merges of a card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import NotFound
from inbox.views import contacts
from inbox.views.contacts import Contact
from inbox.views.paging import All, Page, cut, decode
from inbox.views.shapes import Named, named

_d, _m = t.duplicates.c, t.merges.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Duplicate:
    """Two cards that may be one person. `score`: 50 to 100. `reasons`: claimed, same_phone, near_phone, same_mail,
    mail_domain_typo, same_mailbox, near_mail, same_name, swapped_name, other_alphabet, short_name, alike_name, same_first_name,
    same_birthday, nothing_against, other_name, other_birthday. `state`: open, merged, or apart (a person said: they are two)."""

    id: int
    score: int
    reasons: list[str]
    state: str
    contacts: list[Contact]
    """Two: the one we met first comes first."""
    found_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """A card that was taken into another."""

    id: int
    contact: Named
    merged: Named
    at: datetime
    by: Named | None
    undone_at: datetime | None


def page(connection: sa.Connection, state: Literal["open", "apart"], cursor: str | None, limit: int) -> Page[Duplicate]:
    """Pairs, the likeliest first."""
    query = _pairs().where(_d.state == state)
    if cursor:
        score, last = decode(cursor, int, int)
        query = query.where(sa.or_(_d.score < score, sa.and_(_d.score == score, _d.id < last)))
    rows = connection.execute(query.order_by(_d.score.desc(), _d.id.desc()).limit(limit + 1)).all()
    shown = {each.id: each for each in _shown(connection, rows[:limit])}
    return cut(rows, limit, lambda row: shown[row.id], lambda row: (row.score, row.id))


def of_contact(connection: sa.Connection, contact_id: int) -> All[Duplicate]:
    """Whom a card may be, the likeliest first. Raises NotFound."""
    contacts.one(connection, contact_id)
    mine = sa.or_(_d.low_id == contact_id, _d.high_id == contact_id)
    rows = connection.execute(_pairs().where(_d.state == "open", mine).order_by(_d.score.desc(), _d.id.desc()).limit(20)).all()
    return All(items=_shown(connection, rows))


def one(connection: sa.Connection, duplicate_id: int) -> Duplicate:
    """A pair. Raises NotFound."""
    row = connection.execute(sa.select(t.duplicates).where(_d.id == duplicate_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no pair {duplicate_id}")
    return _shown(connection, [row])[0]


def merges(connection: sa.Connection, contact_id: int) -> All[Merge]:
    """What was merged into a card, and it into others, newest first."""
    contacts.one(connection, contact_id)
    query = _merges().where(sa.or_(_m.contact_id == contact_id, _m.merged_id == contact_id))
    return All(items=[_merge(row) for row in connection.execute(query.order_by(_m.id.desc()).limit(200))])


def merged(connection: sa.Connection, cursor: str | None, limit: int) -> Page[Merge]:
    """Every merge, newest first."""
    query = _merges() if cursor is None else _merges().where(_m.id < decode(cursor, int)[0])
    rows = connection.execute(query.order_by(_m.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, _merge, lambda row: (row.id,))


def merge(connection: sa.Connection, merge_id: int) -> Merge:
    """One merge. Raises NotFound."""
    row = connection.execute(_merges().where(_m.id == merge_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no merge {merge_id}")
    return _merge(row)


_low, _high = t.contacts.alias(), t.contacts.alias()


def _pairs() -> sa.Select[Any]:
    """Pairs of which neither card was merged away."""
    query = sa.select(t.duplicates).join(_low, _low.c.id == _d.low_id).join(_high, _high.c.id == _d.high_id)
    return query.where(_low.c.merged_into.is_(None), _high.c.merged_into.is_(None))


def _shown(connection: sa.Connection, rows: Sequence[Any]) -> list[Duplicate]:
    cards = {card.id: card for card in contacts.some(connection, sorted({n for row in rows for n in (row.low_id, row.high_id)}))}
    return [
        Duplicate(
            id=row.id, score=row.score, reasons=row.reasons, state=row.state, found_at=row.found_at,
            contacts=[cards[row.low_id], cards[row.high_id]],
        )
        for row in rows
    ]  # fmt: skip


def _merges() -> sa.Select[Any]:
    by = t.managers.c
    return (
        sa.select(
            t.merges, _low.c.name.label("kept_name"), _high.c.name.label("merged_name"), by.name.label("by_name")
        )
        .join(_low, _low.c.id == _m.contact_id)
        .join(_high, _high.c.id == _m.merged_id)
        .outerjoin(t.managers, by.id == _m.by)
    )  # fmt: skip


def _merge(row: Any) -> Merge:
    return Merge(
        id=row.id, contact=Named(id=row.contact_id, name=row.kept_name), merged=Named(id=row.merged_id, name=row.merged_name),
        at=row.at, by=named(row.by, row.by_name), undone_at=row.undone_at,
    )  # fmt: skip
