"""Find people by what an operator types: a part of a name, a personal number, a phone, a mail address."""

import re

import sqlalchemy as sa

from inbox import schema as t

MOST = 200
"""A search that finds more people is too vague to be of use."""


def contact_ids(connection: sa.Connection, q: str) -> list[int]:
    """Ids of contacts that fit, newest first, merged ones left out."""
    found = sa.select(t.contacts.c.id).where(matches(q), t.contacts.c.merged_into.is_(None))
    return list(connection.scalars(found.order_by(t.contacts.c.id.desc()).limit(MOST)))


def matches(q: str) -> sa.ColumnElement[bool]:
    """The condition on contacts for a search."""
    text = " ".join(q.split())
    addresses = sa.select(t.identities.c.contact_id).where(sa.or_(*_addresses(text)))
    conditions = [_named(text), t.contacts.c.number == text.upper(), t.contacts.c.id.in_(addresses)]
    return sa.or_(*conditions)


def _named(text: str) -> sa.ColumnElement[bool]:
    """A part of the name, in any case. Databases may know the cases of Latin letters only: try the ways a name is written."""
    ways = dict.fromkeys((text, text.lower(), text.title(), text.capitalize(), text.upper()))
    return sa.or_(*(t.contacts.c.name.contains(way, autoescape=True) for way in ways))


def _addresses(text: str) -> list[sa.ColumnElement[bool]]:
    """The beginning of an address, and a phone however it is punctuated (Russians write 8 for +7)."""
    address = t.identities.c.address
    conditions = [address.startswith(text.lower(), autoescape=True)]
    digits = re.sub(r"[\s()./+-]", "", text)
    if len(digits) >= 5 and digits.isascii() and digits.isdigit():
        conditions.append(address.startswith("+" + digits))
        if len(digits) == 11 and digits.startswith("8"):
            conditions.append(address == "+7" + digits[1:])
    return conditions
