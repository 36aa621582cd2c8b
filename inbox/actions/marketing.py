"""What marketers keep: flows and templates. Nothing that cannot be run or rendered is kept."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bots.problems import FlowError
from bots.render import RenderError, compile_text
from inbox import live
from inbox import schema as t
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.segments.named import loaded
from inbox.store import bulk, ids


def add_flow(connection: sa.Connection, now: datetime, by: int | None, *, name: str, language: str, source: str) -> int:
    """Keep a flow, switched on; its id. Raises FlowError naming step and field, or Conflict for a name that is taken."""
    loaded(connection, source)
    number = ids.one(connection, "flows")
    row = {"id": number, "name": name, "language": language, "source": source, "created_at": now, "changed_at": now}
    _write(connection, lambda: connection.execute(sa.insert(t.flows).values(row)), "a flow of this name and language")
    _note(connection, now, by, "flow", "added", number)
    return number


def change_flow(connection: sa.Connection, now: datetime, by: int | None, flow_id: int, wanted: Mapping[str, Any]) -> None:
    """Change name, language, source, enabled. Conversations in the middle of the flow go on with the old version's answers."""
    _require(connection, t.flows, flow_id, "flow")
    if "source" in wanted:
        loaded(connection, wanted["source"])
    values = {**wanted, "changed_at": now, "version": t.flows.c.version + 1}
    change = sa.update(t.flows).where(t.flows.c.id == flow_id).values(values)
    _write(connection, lambda: connection.execute(change), "a flow of this name and language")
    _note(connection, now, by, "flow", "changed", flow_id)


def problems(connection: sa.Connection, source: str) -> tuple[Any, ...]:
    """Everything that is wrong with a flow, as bots.problems.Problem; empty if it can be used."""
    try:
        loaded(connection, source)
    except FlowError as error:
        return error.problems
    return ()


def add_template(
    connection: sa.Connection, now: datetime, by: int | None, *, name: str, language: str, body: str, subject: str | None
) -> int:
    """Keep a template; its id. Raises Invalid for a body that cannot be rendered, or Conflict for a name that is taken."""
    _check_text("body", body)
    _check_text("subject", subject or "")
    _make_room(connection, name, language)
    number = ids.one(connection, "templates")
    row = {"id": number, "name": name, "language": language, "body": body, "subject": subject, "created_by": by}
    insert = sa.insert(t.templates).values(row | {"created_at": now, "changed_at": now})
    _write(connection, lambda: connection.execute(insert), "a template of this name and language")
    _note(connection, now, by, "template", "added", number)
    return number


def change_template(
    connection: sa.Connection, now: datetime, by: int | None, template_id: int, wanted: Mapping[str, Any]
) -> None:
    """Change name, language, body, subject. Raises Conflict for one that a provider keeps."""
    _require_own(connection, template_id)
    for field in ("body", "subject"):
        _check_text(field, wanted.get(field) or "")
    change = sa.update(t.templates).where(t.templates.c.id == template_id).values({**wanted, "changed_at": now})
    _write(connection, lambda: connection.execute(change), "a template of this name and language")
    _note(connection, now, by, "template", "changed", template_id)


def remove_template(connection: sa.Connection, now: datetime, by: int | None, template_id: int) -> None:
    """Take a template out of the lists; broadcasts that used it keep it. Raises Conflict for one that a provider keeps."""
    _require_own(connection, template_id)
    connection.execute(sa.update(t.templates).where(t.templates.c.id == template_id).values(removed_at=now))
    _note(connection, now, by, "template", "removed", template_id)


def _require_own(connection: sa.Connection, template_id: int) -> None:
    p = t.provider_templates.c
    if connection.scalar(sa.select(p.template_id).where(p.template_id == template_id, p.removed_at.is_(None))) is not None:
        raise Conflict("This template is kept by the channel's provider: change it there")
    _require(connection, t.templates, template_id, "template")


def _check_text(field: str, text: str) -> None:
    try:
        compile_text(text)
    except RenderError as error:
        raise Invalid(field, str(error)) from error


def _make_room(connection: sa.Connection, name: str, language: str) -> None:
    """A removed template keeps its row, and gives its name to the next one."""
    x = t.templates.c
    gone = (x.name == name, x.language == language, x.removed_at.is_not(None))
    for number in connection.scalars(sa.select(x.id).where(*gone)).all():
        connection.execute(sa.update(t.templates).where(x.id == number).values(name=f"{name} ({number})"))


def _write(connection: sa.Connection, write: Callable[[], object], what: str) -> None:
    try:
        with bulk.savepoint(connection):
            write()
    except IntegrityError as error:
        raise Conflict(f"There is {what} already") from error


def _require(connection: sa.Connection, table: sa.Table, number: int, what: str) -> None:
    found = [table.c.id == number]
    if "removed_at" in table.c:
        found.append(table.c.removed_at.is_(None))
    if connection.scalar(sa.select(table.c.id).where(*found)) is None:
        raise NotFound(f"There is no {what} {number}")


def _note(connection: sa.Connection, now: datetime, by: int | None, what: str, done: str, number: int) -> None:
    about: dict[str, Any] = {f"{what}_id": number}
    record(connection, now, f"{what}.{done}", actor_kind="manager" if by else "system", actor_id=by, **about)
    live.tell(connection, what, **about)
