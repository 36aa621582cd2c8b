"""Look at what stands on a card: its name, its claimed addresses, and the fields that hold a city, a phone or a mail address."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.quality import mails, names, phones, places
from inbox.quality.findings import Fault

Rule = Callable[[str], Fault | None]
NAME, FIELD, IDENTITY = "name", "fields.", "identity."
"""Places of a card: `name`, `fields.city`, `identity.12`."""
_FIELDS: Mapping[str, Rule] = {
    **dict.fromkeys(("city", "town", "gorod", "город", "населённый пункт", "населенный пункт"), places.check),
    **dict.fromkeys(("phone", "mobile", "telephone", "tel", "телефон", "тел", "мобильный"), phones.check),
    **dict.fromkeys(("email", "e-mail", "mail", "e_mail", "почта", "эл. почта"), mails.check),
}
"""Fields by what they are called."""
_IDENTITIES: Mapping[str, Rule] = {"phone": phones.check, "email": mails.check}
LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A value that looks wrong, and where it stands."""

    place: str
    value: str
    fault: Fault


def look_at(name: str, fields: Mapping[str, Any], claimed: Sequence[tuple[int, str, str]]) -> Iterator[Found]:
    """`claimed`: (id, kind, address) of the addresses for which nobody vouches."""
    if fault := names.check(name):
        yield Found(place=NAME, value=name, fault=fault)
    for key, value in fields.items():
        rule = rule_of(key)
        if rule is not None and isinstance(value, str) and value.strip() and (fault := rule(value)):
            yield Found(place=f"{FIELD}{key}", value=value, fault=fault)
    for number, kind, address in claimed:
        if kind in _IDENTITIES and (fault := _IDENTITIES[kind](address)):
            yield Found(place=f"{IDENTITY}{number}", value=address, fault=fault)


def rule_of(field: str) -> Rule | None:
    """The rule for values of a field of this name."""
    return _FIELDS.get(field.strip().lower())


def of_contacts(connection: sa.Connection, contact_ids: Sequence[int]) -> dict[int, list[Found]]:
    """What looks wrong with these contacts, those that were merged away left out."""
    c = t.contacts.c
    rows = connection.execute(sa.select(c.id, c.name, c.fields).where(c.id.in_(contact_ids), c.merged_into.is_(None))).all()
    claimed = _claimed(connection, [row.id for row in rows])
    return {row.id: list(look_at(row.name[:LONGEST], row.fields or {}, claimed[row.id])) for row in rows}


def _claimed(connection: sa.Connection, contact_ids: Sequence[int]) -> Mapping[int, list[tuple[int, str, str]]]:
    """Addresses that nobody vouches for and that nobody has written from."""
    i, r = t.identities.c, t.reaches.c
    heard = sa.exists().where(r.contact_id == i.contact_id, r.address == i.address, r.heard_at.is_not(None))
    query = sa.select(i.contact_id, i.id, i.kind, i.address).where(i.contact_id.in_(contact_ids), ~i.verified, ~heard)
    found: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for contact_id, number, kind, address in connection.execute(query.order_by(i.id)):
        found[contact_id].append((number, kind, address))
    return found
