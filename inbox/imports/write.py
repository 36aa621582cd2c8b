"""Take rows of a file into the cards: a batch in one transaction, every change noted with what stood there before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import schema as t
from inbox.card.folding import fold
from inbox.imports import employers
from inbox.imports.cards import Card, Options, Row, Trouble
from inbox.organisations.naming import fold_name
from inbox.receive.people import personal_number
from inbox.store import bulk, ids
from inbox.store.within import within

OUTCOMES = ("new", "matched", "unchanged", "wrong")


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody whom rows speak of: a card that is here, or one that is to be made."""

    id: int
    name: str = ""
    language: str | None = None
    timezone: str | None = None
    manager_id: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    added: list[tuple[str, str]] = field(default_factory=list)
    """Addresses that the rows bring."""
    jobs: dict[str, list[employers.Job]] = field(default_factory=dict)
    """Where they work and worked, by the fold of its name."""
    companies: set[str] = field(default_factory=set)
    """Where the rows say they work, each name by its fold."""
    hired: list[tuple[str, str, bool]] = field(default_factory=list)
    """Organisations that the rows bring, what they are there, and whether they were there before."""
    left: dict[int, str] = field(default_factory=dict)
    """Employments that the rows end, and their last day."""
    made: bool = False
    changed: bool = False


@dataclass(slots=True)
class Known:
    """Everybody whom a batch may speak of, by address and by number; the managers by mail address and name; the import's day."""

    people: dict[int, Person]
    by_address: dict[tuple[str, str], tuple[Person, bool]]
    by_number: dict[str, Person]
    managers: dict[str, int]
    day: str
    import_id: int


@dataclass(slots=True)
class Result:
    """What a batch came to."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    rows: list[dict[str, Any]] = field(default_factory=list)


def take_in(connection: sa.Connection, now: datetime, import_id: int, rows: Sequence[Row], options: Options) -> dict[str, int]:
    """Write a batch; how many rows came to what."""
    known = load(connection, now, import_id, [row.card for row in rows])
    fresh = iter(ids.take(connection, "contacts", len(rows)))
    result = decide(rows, known, options, lambda: next(fresh))
    _write(connection, now, [person for person in known.people.values() if person.made or person.changed], options)
    employers.end(connection, now, {job: until for p in known.people.values() for job, until in p.left.items()})
    employers.hire(connection, now, import_id, {p.id: p.hired for p in known.people.values() if p.hired})
    bulk.insert(connection, t.import_rows, [{"import_id": import_id, **row} for row in result.rows])
    return result.counts


def load(connection: sa.Connection, now: datetime, import_id: int, cards: Sequence[Card]) -> Known:
    """Everybody whom these cards may mean."""
    owners = _owners(connection, cards)
    numbers = [card.number for card in cards if card.number]
    rows = bulk.fetch(connection, _BY_NUMBER, {"numbers": numbers}) if numbers else []
    found = {row.id: row for row in rows}
    if missing := {contact_id for contact_id, _ in owners.values()} - found.keys():
        found |= {row.id: row for row in bulk.fetch(connection, _BY_ID, {"ids": list(missing)})}
    people = {
        row.id: Person(
            id=row.id, name=row.name, language=row.language, timezone=row.timezone, manager_id=row.manager_id,
            fields=dict(row.fields),
        )
        for row in found.values()
    }  # fmt: skip
    if people:
        for row in bulk.fetch(connection, _TAGS, {"ids": list(people)}):
            people[row.contact_id].tags.add(row.tag)
    if any(card.company for card in cards):
        for contact_id, jobs in employers.known(connection, list(people)).items():
            people[contact_id].jobs = {fold: list(some) for fold, some in groupby(jobs, attrgetter("fold"))}
    addresses = {key: (people[contact_id], verified) for key, (contact_id, verified) in owners.items() if contact_id in people}
    managers = _managers(connection) if any(card.manager for card in cards) else {}
    by_number = {row.number: people[row.id] for row in rows}
    return Known(people, addresses, by_number, managers, now.date().isoformat(), import_id)


def decide(rows: Sequence[Row], known: Known, options: Options, fresh: Any) -> Result:
    """Apply the rows to the people in memory. `fresh()` gives the id of a new card."""
    result = Result()
    for row in rows:
        person, trouble = _find(row.card, known)
        troubles = row.troubles or ((trouble,) if trouble else ()) or _unknown_manager(row.card, known)
        if troubles:
            result.counts["wrong"] += 1
            said = [{"column": each.column, "message": each.message} for each in troubles]
            result.rows.append(_noted(row, "wrong", problems=said, cells=list(row.cells)))
            continue
        if person is None:
            person = Person(id=fresh(), made=True)
            known.people[person.id] = person
            _apply(person, row.card, known, options)
            result.counts["new"] += 1
            result.rows.append(_noted(row, "new", contact_id=person.id))
            continue
        change = {} if options.existing == "skip" else _apply(person, row.card, known, options)
        result.counts["matched" if change else "unchanged"] += 1
        if change:
            result.rows.append(_noted(row, "matched", contact_id=person.id, change=change))
    return result


def _noted(row: Row, outcome: str, **more: Any) -> dict[str, Any]:
    return {"row": row.number, "outcome": outcome, "contact_id": None, "change": None, "problems": None, "cells": None} | more


def _find(card: Card, known: Known) -> tuple[Person | None, Trouble | None]:
    """The person that a row means: by personal number, else by a verified address; a claimed one must go by the same name."""
    if card.number:
        if (person := known.by_number.get(card.number)) is not None:
            return person, None
        return None, Trouble(column=None, message=f"There is no customer {card.number}")
    owners = [(key, *known.by_address[key]) for key in card.addresses if key in known.by_address]
    verified = {person.id: person for _, person, sure in owners if sure}
    if len(verified) > 1:
        return None, Trouble(column=None, message="The addresses belong to different people: " + ", ".join(map(str, verified)))
    if verified:
        return next(iter(verified.values())), None
    for (kind, _), person, _ in owners:
        if person.name and card.name and _plain(person.name) != _plain(card.name):
            message = f"Contact {person.id} has this {kind} already, unconfirmed and under another name: merge them or correct it"
            return None, Trouble(column=None, message=message)
        return person, None
    return None, None


def _plain(name: str) -> list[str]:
    return sorted(name.casefold().replace("ё", "е").split())


def _unknown_manager(card: Card, known: Known) -> tuple[Trouble, ...]:
    if card.manager and card.manager.casefold() not in known.managers:
        return (Trouble(column=None, message=f"Nobody here is called {card.manager}"),)
    return ()


def _apply(person: Person, card: Card, known: Known, options: Options) -> dict[str, Any]:
    """Put a row onto a card; what was changed: {name: [before, after]}, fields, tags and addresses that came."""
    change: dict[str, Any] = {}
    wanted: dict[str, Any] = {"name": card.name, "language": card.language, "timezone": card.timezone}
    wanted["manager_id"] = known.managers.get(card.manager.casefold()) if card.manager else None
    for name, value in wanted.items():
        before = getattr(person, name)
        if value and value != before and (not before or options.existing == "replace"):
            change[name] = [before, value]
            setattr(person, name, value)
    for key, value in card.fields.items():
        before = person.fields.get(key)
        if value != before and (before in (None, "") or options.existing == "replace"):
            change.setdefault("fields", {})[key] = [before, value]
            person.fields[key] = value
    if tags := [tag for tag in card.tags if tag not in person.tags]:
        change["tags"] = tags
        person.tags.update(tags)
    change |= _hired(person, card, known, options)
    if addresses := [key for key in card.addresses if key not in known.by_address]:
        change["addresses"] = [list(key) for key in addresses]
        person.added += addresses
        known.by_address |= dict.fromkeys(addresses, (person, options.verified))
    person.changed = person.changed or bool(change)
    return change


def _hired(person: Person, card: Card, known: Known, options: Options) -> dict[str, Any]:
    """Who has an employer keeps it, unless the file wins: then the old one ends on the import's day."""
    if not card.company:
        return {}
    key = fold_name(card.company)
    for job in person.jobs.get(key, ()):
        person.left.pop(job.id, None)  # an earlier row named another company: they are in both
    there = [job for jobs in person.jobs.values() for job in jobs if not job.ended and job.id not in person.left]
    elsewhere = bool(there or person.companies)
    again = key in person.companies or any(job.fold == key for job in there)
    left = [job for job in there if job.import_id != known.import_id and job.fold not in person.companies]
    person.companies.add(key)
    if again or (elsewhere and options.existing != "replace"):
        return {}
    person.hired.append((card.company, card.position, key in person.jobs))
    last = {job.id: known.day if job.since <= known.day else "" for job in left}
    person.left |= last
    told = {str(job.id): [last[job.id], job.changed_at.isoformat()] for job in left}
    return {"company": card.company} | ({"left": told} if told else {})


def _write(connection: sa.Connection, now: datetime, people: Sequence[Person], options: Options) -> None:
    made, changed = [p for p in people if p.made], [p for p in people if not p.made]
    bulk.insert(connection, t.contacts, [
        {"id": p.id, "number": personal_number(p.id, now), **_columns(p), "source": "import", "created_at": now} for p in made
    ])  # fmt: skip
    bulk.execute(connection, _UPDATE, [{"contact": p.id, **_columns(p)} for p in changed])
    tags = [{"tag": tag, "contact_id": p.id} for p in people for tag in sorted(p.tags)]
    bulk.execute(connection, _TAG[connection.dialect.name], tags)
    added = [(p.id, kind, address) for p in people for kind, address in p.added]
    numbers = ids.take(connection, "identities", len(added))
    identities = [
        {"id": number, "contact_id": contact, "kind": kind, "address": address, "verified": options.verified, "created_at": now}
        | {"fold": fold(kind, address)}
        for number, (contact, kind, address) in zip(numbers, added, strict=True)
    ]
    bulk.execute(connection, _IDENTITY[connection.dialect.name], identities)


def _columns(person: Person) -> dict[str, Any]:
    told = {"name": person.name, "language": person.language, "timezone": person.timezone}
    return told | {"manager_id": person.manager_id, "fields": person.fields}


def _owners(connection: sa.Connection, cards: Sequence[Card]) -> dict[tuple[str, str], tuple[int, bool]]:
    found: dict[tuple[str, str], tuple[int, bool]] = {}
    by_kind: Mapping[str, list[str]] = {
        "phone": [each for card in cards for each in card.phones],
        "email": [each for card in cards for each in card.emails],
    }
    for kind, addresses in by_kind.items():
        if addresses:
            rows = bulk.fetch(connection, _OWNERS, {"kind": kind, "addresses": addresses})
            found |= {(kind, row.address): (row.contact_id, row.verified) for row in rows}
    return found


def _managers(connection: sa.Connection) -> dict[str, int]:
    m = t.managers.c
    rows = connection.execute(sa.select(m.id, m.email, m.name).where(m.disabled_at.is_(None)).order_by(m.id.desc())).all()
    return {row.name.casefold(): row.id for row in rows} | {row.email: row.id for row in rows}


_c, _i = t.contacts.c, t.identities.c
_PERSON = sa.select(_c.id, _c.number, _c.name, _c.language, _c.timezone, _c.manager_id, _c.fields)
_BY_ID = _PERSON.where(within(_c.id, "ids"))
_BY_NUMBER = _PERSON.where(within(_c.number, "numbers"), _c.merged_into.is_(None), _c.erased_at.is_(None))
_TAGS = sa.select(t.contact_tags.c.contact_id, t.contact_tags.c.tag).where(within(t.contact_tags.c.contact_id, "ids"))
_OWNERS = sa.select(_i.address, _i.contact_id, _i.verified).where(
    _i.kind == sa.bindparam("kind"), within(_i.address, "addresses")
)
_UPDATE = (
    sa.update(t.contacts)
    .where(_c.id == sa.bindparam("contact"))
    .values({name: sa.bindparam(name) for name in ("name", "language", "timezone", "manager_id", "fields")})
)
_TAG = {
    "sqlite": sqlite.insert(t.contact_tags).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.contact_tags).on_conflict_do_nothing(),
}
_IDENTITY = {
    "sqlite": sqlite.insert(t.identities).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.identities).on_conflict_do_nothing(),
}
"""Who wrote from an address between our look and now keeps it."""
