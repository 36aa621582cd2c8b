"""Find people for a list by what an operator types: pieces of a name, a personal number, a part of a phone or a mail address.

The index of words answers; those whom the worker has not read yet are compared as they stand. Of very many people nobody needs
all ids: whoever walks along a list asks of each stretch of it who fits.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from inbox import schema as t
from inbox.search.asked import ask
from inbox.search.index import CHANGES
from inbox.search.walk import Question, among, drawn
from inbox.store.within import within

FEW = 2_000
"""So many people are named; more stand close enough in a list to be met on the way along it."""
FRESH = 2_000
"""So many people, addresses and changes that the worker has not read are compared one by one."""
_c, _i, _e, _s = t.contacts.c, t.identities.c, t.events.c, t.search_marks.c


@dataclass(frozen=True, slots=True)
class Sought:
    """Who is looked for. `also`: found outside of the index."""

    question: Question
    also: frozenset[int]

    def few(self, connection: sa.Connection) -> list[int] | None:
        """Who fits, newest first; None where they are more than a few."""
        if not self.question:
            return sorted(self.also, reverse=True)
        found = drawn(connection, self.question, FEW + 1)
        return None if found is None or len(found) > FEW else sorted({*found, *self.also}, reverse=True)

    def among(self, connection: sa.Connection, ids: Sequence[int]) -> set[int]:
        """Who of these fits."""
        return {*among(connection, self.question, ids), *self.also.intersection(ids)}


def sought(connection: sa.Connection, q: str) -> Sought:
    """What was typed, as a question to people."""
    asked = replace(ask(q, pieces=True), phrases=())
    return Sought(Question("search_people", asked), frozenset(_besides(connection, " ".join(q.split()))))


def _besides(connection: sa.Connection, text: str) -> Iterable[int]:
    """Whose number or name is just this, and who fits among those that the worker has not read."""
    yield from connection.scalars(sa.select(_c.id).where(sa.or_(_c.number == text.upper(), _c.name == text)).limit(FRESH))
    if fresh := _fresh(connection):
        given = {"ids": fresh}
        yield from connection.scalars(sa.select(_c.id).where(within(_c.id, "ids"), _fits(text)), given)


def _fresh(connection: sa.Connection) -> set[int]:
    marks = {row.name: row.place for row in connection.execute(sa.select(t.search_marks).where(_s.name.in_(_READ)))}
    found: set[int] = set()
    for name, (key, query) in _READ.items():
        # Changes are rare among events: no more of these are looked through than may have come since the last pass.
        least = max(marks.get(name, 0), (connection.scalar(sa.select(sa.func.max(key))) or 0) - 5 * FRESH)
        found.update(filter(None, connection.scalars(query.where(key > least).order_by(key.desc()).limit(FRESH))))
    return found


_READ: dict[str, tuple[sa.ColumnElement[int], sa.Select[tuple[int]]]] = {
    "people": (_c.id, sa.select(_c.id)),
    "identities": (_i.id, sa.select(_i.contact_id)),
    "events": (_e.id, sa.select(_e.contact_id).where(_e.kind.in_(CHANGES))),
}
"""By the worker's marks: what makes people new to the index (see `inbox.search.index`)."""


def _fits(text: str) -> sa.ColumnElement[bool]:
    """The condition on contacts. Databases may know the cases of Latin letters only: try the ways a name is written."""
    ways = dict.fromkeys((text, text.lower(), text.title(), text.capitalize(), text.upper()))
    addresses = sa.select(_i.id).where(_i.contact_id == _c.id, sa.or_(*_addresses(text))).correlate(t.contacts)
    return sa.or_(*(_c.name.contains(way, autoescape=True) for way in ways), sa.exists(addresses))


def _addresses(text: str) -> list[sa.ColumnElement[bool]]:
    """A part of an address, and a phone however it is punctuated (Russians write 8 for +7)."""
    conditions = [_i.address.contains(text.lower(), autoescape=True)]
    digits = re.sub(r"[\s()./+-]", "", text)
    if len(digits) >= 5 and digits.isascii() and digits.isdigit():
        conditions.append(_i.address.contains(digits))
        if len(digits) == 11 and digits.startswith("8"):
            conditions.append(_i.address == "+7" + digits[1:])
    return conditions
