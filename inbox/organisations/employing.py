"""Who works where: people come to an organisation, change what they are there, and leave; the history stays."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions.contacts import require as require_contact
from inbox.card.write import keep_changes
from inbox.organisations.write import found_or_made, require, tell
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.store import ids

_e, _o = t.employments.c, t.organisations.c
SAID = ("title", "part", "influence", "since", "until")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")


def employ(connection: sa.Connection, now: datetime, by: int, contact_id: int, wanted: Mapping[str, Any]) -> int:
    """Say that somebody works (or worked) for an organisation, named by `organisation` (id) or `name`; the employment's id.

    `instead_of`: an employment that ends as this one begins. Raises NotFound, Conflict or Invalid.
    """
    require_contact(connection, contact_id)
    values = _checked({name: wanted.get(name) for name in SAID} | {"ended": wanted.get("ended")})
    organisation_id = _organisation(connection, now, by, wanted)
    if wanted.get("instead_of") is not None:
        leaving = {"ended": True, "until": values["since"]}
        change(connection, now, by, contact_id, wanted["instead_of"], leaving)
    _consider(connection, contact_id, organisation_id, values["since"])
    number = ids.one(connection, "employments")
    row = {"id": number, "contact_id": contact_id, "organisation_id": organisation_id, "created_at": now, "changed_at": now}
    connection.execute(sa.insert(t.employments).values(row | values))
    _tell(connection, now, by, "employment.added", _require(connection, contact_id, number), None)
    return number


def change(
    connection: sa.Connection, now: datetime, by: int, contact_id: int, number: int, wanted: Mapping[str, Any]
) -> None:  # fmt: skip
    """Change what is named of `SAID`, and `ended`. Raises NotFound, Conflict or Invalid."""
    require_contact(connection, contact_id)
    row = _require(connection, contact_id, number)
    values = _checked({name: getattr(row, name) for name in SAID} | {"ended": row.ended} | _given(row, wanted))
    if all(getattr(row, name) == value for name, value in values.items()):
        return
    if values["since"] != row.since:
        _consider(connection, contact_id, row.organisation_id, values["since"])
    connection.execute(sa.update(t.employments).where(_e.id == number).values(changed_at=now, **values))
    kind = "employment.ended" if values["ended"] and not row.ended else "employment.changed"
    _tell(connection, now, by, kind, _require(connection, contact_id, number), _words(row))


def drop(connection: sa.Connection, now: datetime, by: int, contact_id: int, number: int) -> None:
    """It was a mistake: they never worked there. Raises NotFound or Conflict."""
    require_contact(connection, contact_id)
    row = _require(connection, contact_id, number)
    connection.execute(sa.delete(t.employments).where(_e.id == number))
    _tell(connection, now, by, "employment.dropped", row, _words(row), gone=True)


def _given(row: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """An end makes it past; who is back has none."""
    given = {name: wanted[name] for name in (*SAID, "ended") if name in wanted}
    if wanted.get("until") and "ended" not in wanted:
        given["ended"] = True
    if wanted.get("ended") is False and row.ended and "until" not in wanted:
        given["until"] = ""
    return given


def _organisation(connection: sa.Connection, now: datetime, by: int, wanted: Mapping[str, Any]) -> int:
    number, name = wanted.get("organisation"), " ".join((wanted.get("name") or "").split())
    if (number is None) == (not name):
        raise Invalid("organisation", "Give either organisation or name")
    if number is None:
        return found_or_made(connection, now, by, name)
    try:
        row = require(connection, number)
    except NotFound as error:
        raise Invalid("organisation", error.detail) from error
    if row.removed_at is not None:
        raise Conflict("This organisation is archived: bring it back first")
    return int(row.id)


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    found["title"] = (found["title"] or "").strip()
    for name in ("since", "until"):
        found[name] = partial_date(found[name], name)
    since, until = found["since"], found["until"]
    if until and since and until[: len(since)] < since[: len(until)]:
        raise Invalid("until", "This is before they came")
    found["ended"] = bool(until) if found["ended"] is None else found["ended"]
    if until and not found["ended"]:
        raise Invalid("until", "Who works there now has no end")
    return found


def partial_date(typed: str | None, field: str) -> str:
    """2024, 2024-05 or 2024-05-17; empty for nothing. Raises Invalid."""
    if not typed:
        return ""
    if not _DATE.fullmatch(typed):
        raise Invalid(field, "Give a year, a month or a day: 2024, 2024-05 or 2024-05-17")
    try:
        day = date.fromisoformat(typed + "-01-01"[3 * typed.count("-") :])
    except ValueError:
        raise Invalid(field, "There is no such day") from None
    if not 1900 <= day.year <= 2200:
        raise Invalid(field, "This is too far away")
    return typed


def _consider(connection: sa.Connection, contact_id: int, organisation_id: int, since: str) -> None:
    same = (_e.contact_id == contact_id, _e.organisation_id == organisation_id, _e.since == since)
    if connection.scalar(sa.select(_e.id).where(*same)) is not None:
        raise Conflict("This person is there already, since then: change that instead")


def _require(connection: sa.Connection, contact_id: int, number: int) -> sa.Row[Any]:
    named = sa.select(t.employments, _o.name).join(t.organisations, _o.id == _e.organisation_id)
    row = connection.execute(named.where(_e.id == number, _e.contact_id == contact_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no employment {number} of this contact")
    return row


def _words(row: Any) -> str:
    """An employment as the history of a card tells it."""
    ended = f" – {row.until or '?'}" if row.ended else ""
    when = f"{row.since or ('?' if row.ended else '')}{ended}"
    return ", ".join(each for each in (row.name, row.title, when) if each)


def _tell(
    connection: sa.Connection, now: datetime, by: int, kind: str, row: Any, before: str | None, *, gone: bool = False
) -> None:  # fmt: skip
    after = None if gone else _words(row)
    keep_changes(connection, now, row.contact_id, "manager", by, {"organisations": (before, after)})
    about = {"contact_id": row.contact_id, "employment_id": row.id}
    tell(connection, now, by, kind, row.organisation_id, **about)
    live.tell(connection, "contact", contact_id=row.contact_id)
