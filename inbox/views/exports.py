"""People as a table: the columns and rows of a list that is taken out of here, page by page."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from inbox import schema as t
from inbox.views.contacts import Contact

HEADINGS = (
    "Personal number", "Name", "Phone", "E-mail", "Language", "Time zone", "Manager", "Tags", "Company", "Position", "Source",
    "First seen",
)  # fmt: skip
"""These are the headings that an import knows: a list that was taken out can be mended and brought back."""
FIELDS = 200
_STEP = 5_000
_RISKY = ("=", "@", "\t", "+", "-")


def field_keys(connection: sa.Connection) -> list[str]:
    """The names of all fields that cards have, in the order in which they were first used."""
    c = t.contacts.c
    seen: dict[str, None] = {}
    last = 0
    while len(seen) < FIELDS:
        query = sa.select(c.id, c.fields).where(c.id > last, c.merged_into.is_(None)).order_by(c.id).limit(_STEP)
        rows = connection.execute(query).all()
        if not rows:
            break
        last = rows[-1].id
        for row in rows:
            seen |= dict.fromkeys(row.fields)
    return list(seen)[:FIELDS]


def table(contacts: Sequence[Contact], keys: Sequence[str]) -> Iterator[list[str]]:
    """A row a contact, its cells made harmless."""
    for each in contacts:
        phones = ", ".join(i.address for i in each.identities if i.kind == "phone")
        emails = ", ".join(i.address for i in each.identities if i.kind == "email")
        manager, fields = each.manager.name if each.manager else "", each.fields
        cells = [each.number, each.name, phones, emails, each.language or "", each.timezone or "", manager, ", ".join(each.tags)]
        works = each.employers[0] if each.employers else None
        cells += [works.name, works.title] if works else ["", ""]
        told = [fields.get(key, "") for key in keys]
        shown = ["" if value is None else value if isinstance(value, str) else str(value) for value in told]
        yield [harmless(cell) for cell in [*cells, each.source, f"{each.created_at:%Y-%m-%d %H:%M}", *shown]]


def words(contact: Contact) -> dict[str, str]:
    """What a card says in words, as a vCard takes it: whom they work for stands beside the fields."""
    fields = {key: value for key, value in contact.fields.items() if isinstance(value, str)}
    for each in contact.employers[:1]:
        fields |= {"company": each.name} | ({"position": each.title} if each.title else {})
    return fields


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: a stranger chooses his own name."""
    formula = cell.startswith(_RISKY) and not cell.lstrip("+-").replace(" ", "").replace(",", "").replace("+", "").isdigit()
    return f"'{cell}" if formula else cell
