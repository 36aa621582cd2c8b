"""Make, mend, archive and bring back organisations."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions.contacts import typed
from inbox.actions.conversations import require_colleague
from inbox.card.fields import ORGANISATIONS
from inbox.organisations.naming import fold_name, sort_name
from inbox.record import event, record_all
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.store import bulk, ids

_o = t.organisations.c
PLAIN = ("name", "status", "website", "phones", "emails", "address", "registration", "note", "fields", "tags", "manager_id")
_SITE = re.compile(r"(https?://)?([^\s/:?#@]+\.[^\s/:?#@]+)(:\d{1,5})?([/?#]\S*)?", re.IGNORECASE)
_REGISTRATION = re.compile(r"[\s./-]")


def add(connection: sa.Connection, now: datetime, by: int, wanted: Mapping[str, Any]) -> int:
    """Make an organisation of what `PLAIN` names, and manager; its id. Raises Invalid."""
    number = ids.one(connection, "organisations")
    values = _checked(connection, wanted, {})
    connection.execute(sa.insert(t.organisations).values(id=number, created_at=now, changed_at=now, **values))
    tell(connection, now, by, "organisation.added", number, name=values["name"])
    return number


def found_or_made(connection: sa.Connection, now: datetime, by: int, name: str) -> int:
    """The oldest organisation that is called so, however it is spelled; else a new one."""
    there = (_o.fold == fold_name(name), _o.merged_into.is_(None), _o.removed_at.is_(None))
    known = connection.scalar(sa.select(sa.func.min(_o.id)).where(*there))
    return add(connection, now, by, {"name": name}) if known is None else int(known)


def change(connection: sa.Connection, now: datetime, by: int, number: int, wanted: Mapping[str, Any]) -> None:
    """Change what is named of `PLAIN`, manager, and `set_fields`. Raises NotFound, Conflict or Invalid."""
    row = require(connection, number)
    values = _checked(connection, wanted, row.fields)
    changes = {n: (getattr(row, n), v) for n, v in values.items() if getattr(row, n) != v}
    if not changes:
        return
    connection.execute(sa.update(t.organisations).where(_o.id == number).values(changed_at=now, **values))
    told = {name: {"before": before, "after": after} for name, (before, after) in _listed(changes).items()}
    tell(connection, now, by, "organisation.changed", number, changes=told)


def remove(connection: sa.Connection, now: datetime, by: int, number: int) -> None:
    """Put it away: it is offered no more, and who worked there stays known. Raises NotFound or Conflict."""
    if require(connection, number).removed_at is not None:
        return
    connection.execute(sa.update(t.organisations).where(_o.id == number).values(removed_at=now))
    tell(connection, now, by, "organisation.removed", number)


def restore(connection: sa.Connection, now: datetime, by: int, number: int) -> None:
    """Bring it back from where `remove` put it. Raises NotFound or Conflict."""
    if require(connection, number).removed_at is None:
        raise Conflict("This organisation is not archived")
    connection.execute(sa.update(t.organisations).where(_o.id == number).values(removed_at=None))
    tell(connection, now, by, "organisation.restored", number)


def require(connection: sa.Connection, number: int) -> sa.Row[Any]:
    """Its row, kept from others until the transaction ends. Raises NotFound, or Conflict if it was merged away."""
    row = connection.execute(sa.select(t.organisations).where(_o.id == number).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no organisation {number}")
    if row.merged_into is not None:
        raise Conflict(f"This organisation was merged into organisation {row.merged_into}")
    return row


def tell(connection: sa.Connection, now: datetime, by: int, kind: str, number: int, **about: Any) -> None:
    """Record it, and have every browser look again. `merged`: the other organisation that it tells of."""
    told = event(now, kind, actor_kind="manager", actor_id=by, organisation_id=number, **about)
    keep(connection, [told])
    live.tell(connection, "organisation", organisation_id=number)


def keep(connection: sa.Connection, told: list[dict[str, Any]]) -> None:
    """Record these events, each for the organisations of which it tells."""
    concerned = [{each["data"]["organisation_id"], each["data"].get("merged")} - {None} for each in told]
    record_all(connection, told)
    rows = [
        {"organisation_id": number, "event_id": each["id"]} for each, some in zip(told, concerned, strict=True) for number in some
    ]
    bulk.insert(connection, t.organisation_events, rows)


def registration(typed_in: str) -> str:
    """A registration number as it is compared: without spaces and dashes."""
    return _REGISTRATION.sub("", typed_in).upper()


def _listed(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """What people see of a change, each own field for itself."""
    told = {name: pair for name, pair in changes.items() if name in PLAIN and name != "fields"}
    before, after = changes.get("fields", ({}, {}))
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            told[f"fields.{name}"] = (before.get(name), after.get(name))
    return told


def _checked(connection: sa.Connection, wanted: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: wanted[name] for name in PLAIN if name in wanted}
    if "fields" in wanted or "set_fields" in wanted:
        values["fields"] = ORGANISATIONS.written(connection, fields, wanted)
    if "manager" in wanted:
        if wanted["manager"] is not None:
            require_colleague(connection, wanted["manager"], "manager")
        values["manager_id"] = wanted["manager"]
    if "name" in values:
        values["name"] = " ".join(values["name"].split())
        values |= {"sort": sort_name(values["name"]), "fold": fold_name(values["name"])}
    return values | {name: tidy(values[name]) for name, tidy in _TIDY.items() if name in values}


def _website(text: str) -> str:
    if not text:
        return ""
    found = _SITE.fullmatch(text)
    if found is None:
        raise Invalid("website", "Give the address of a site, like example.com")
    return text if found[1] else f"https://{text}"


def _addresses(kind: str, name: str, given: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(typed(kind, each, f"{name}.{n}") for n, each in enumerate(given)))


_TIDY: Mapping[str, Callable[[Any], Any]] = {
    "website": _website,
    "registration": registration,
    "phones": partial(_addresses, "phone", "phones"),
    "emails": partial(_addresses, "email", "emails"),
    "tags": lambda tags: sorted(set(tags)),
}
