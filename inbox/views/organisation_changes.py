"""What changed about an organisation: itself, who works there, merges; by whom and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.views.cards import Difference, names
from inbox.views.paging import Page, cut, decode
from inbox.views.shapes import Actor, Named

_v, _l, _o = t.events.c, t.organisation_events.c, t.organisations.c


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationChanged:
    """One change. `what`: organisation.added, .changed, .removed, .restored, .merged, .unmerged, employment.added, .changed,
    .ended or .dropped. `changes`: by the name of the field, own fields as fields.<name>. `contact`: whose employment;
    `organisation`: with what it was merged, or to which this happened before the two were one; `import_id`: the file of it."""

    id: int
    at: datetime
    actor: Actor
    what: str
    changes: dict[str, Difference]
    contact: Named | None
    organisation: Named | None
    import_id: int | None


def page(connection: sa.Connection, number: int, cursor: str | None, limit: int) -> Page[OrganisationChanged]:
    """What happened to an organisation and to those that were merged into it, the newest first."""
    cards = [number, *connection.scalars(sa.select(_o.id).where(_o.merged_into == number))]
    mine = sa.select(_l.event_id).where(_l.organisation_id.in_(cards))
    if cursor:
        mine = mine.where(_l.event_id < decode(cursor, int)[0])
    newest = mine.distinct().order_by(_l.event_id.desc()).limit(limit + 1)
    rows = connection.execute(sa.select(t.events).where(_v.id.in_(newest)).order_by(_v.id.desc())).all()
    people = names(connection, rows)
    contacts = _named(connection, t.contacts, [row.contact_id for row in rows])
    others = _named(connection, t.organisations, [_other(row, number) for row in rows])

    def shown(row: Any) -> OrganisationChanged:
        return OrganisationChanged(
            id=row.id, at=row.at, actor=Actor(kind=row.actor_kind, id=row.actor_id, name=people.get(row.actor_id)), what=row.kind,
            changes=_differences(row.data.get("changes") or {}), contact=contacts.get(row.contact_id),
            organisation=others.get(_other(row, number)), import_id=row.data.get("import_id"),
        )  # fmt: skip

    return cut(rows, limit, shown, lambda row: (row.id,))


def _other(row: Any, number: int) -> int | None:
    """The organisation that the reader does not look at."""
    told, merged = (row.data or {}).get("organisation_id"), (row.data or {}).get("merged")
    return told if merged == number or told != number else merged


def _differences(changes: dict[str, Any]) -> dict[str, Difference]:
    """Own fields each for itself: once they were told all together."""
    told = {name: Difference(before=each["before"], after=each["after"]) for name, each in changes.items() if name != "fields"}
    whole = changes.get("fields") or {"before": {}, "after": {}}
    before, after = whole["before"] or {}, whole["after"] or {}
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            told[f"fields.{name}"] = Difference(before=before.get(name), after=after.get(name))
    return told


def _named(connection: sa.Connection, table: sa.Table, numbers: Iterable[int | None]) -> dict[int | None, Named]:
    wanted: Sequence[int] = [each for each in numbers if each is not None]
    if not wanted:
        return {}
    rows = connection.execute(sa.select(table.c.id, table.c.name).where(table.c.id.in_(wanted)))
    return {row.id: Named(id=row.id, name=row.name) for row in rows}
