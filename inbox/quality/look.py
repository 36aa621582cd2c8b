"""Keep the findings of cards true: new ones come, mended ones go, what a person called right stays so while the value stands."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import schema as t
from inbox.quality.cards import Found, of_contacts
from inbox.store import ids

_f = t.quality_findings.c


def look(connection: sa.Connection, now: datetime, contact_ids: Collection[int]) -> int:
    """Look at these contacts; how many new findings there are."""
    if not contact_ids:
        return 0
    wanted = sorted(contact_ids)
    found = {(number, each.place): each for number, listed in of_contacts(connection, wanted).items() for each in listed}
    kept = connection.execute(sa.select(t.quality_findings).where(_f.contact_id.in_(wanted))).all()
    gone = [row.id for row in kept if (row.contact_id, row.place) not in found]
    if gone:
        connection.execute(sa.delete(t.quality_findings).where(_f.id.in_(gone)))
    known = {(row.contact_id, row.place): row for row in kept}
    for key, row in known.items():
        if key in found:
            _update(connection, now, row, found[key])
    return _add(connection, now, [(number, each) for (number, _), each in found.items() if (number, each.place) not in known])


def _update(connection: sa.Connection, now: datetime, row: Any, found: Found) -> None:
    """Another value is another finding: it is asked again."""
    values: dict[str, Any] = {"kind": found.fault.kind, "after": found.fault.after}
    if row.value != found.value:
        values |= {"value": found.value, "state": "open", "found_at": now, "decided_at": None, "decided_by": None}
    elif (row.kind, row.after) == (found.fault.kind, found.fault.after):
        return
    connection.execute(sa.update(t.quality_findings).where(_f.id == row.id).values(values))


def _add(connection: sa.Connection, now: datetime, found: list[tuple[int, Found]]) -> int:
    if not found:
        return 0
    numbers = ids.take(connection, "quality_findings", len(found))
    rows = [
        {"id": number, "contact_id": contact_id, "place": each.place, "kind": each.fault.kind, "value": each.value}
        | {"after": each.fault.after, "found_at": now}
        for number, (contact_id, each) in zip(numbers, found, strict=True)
    ]
    connection.execute(_ADD[connection.dialect.name], rows)
    return len(rows)


# Another look at the same card, at the same moment, may have found it too.
_ADD = {
    "sqlite": sqlite.insert(t.quality_findings).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.quality_findings).on_conflict_do_nothing(),
}
