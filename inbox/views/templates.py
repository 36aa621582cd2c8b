"""Templates: our own texts and those that providers keep for our channels, in one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bots.render import RenderError, compile_text
from inbox import schema as t
from inbox.care.provider_templates import problem
from inbox.refusals import NotFound
from inbox.views.paging import Page, cut, decode
from inbox.views.shapes import ChannelName

_x, _p = t.templates.c, t.provider_templates.c


@dataclass(frozen=True, kw_only=True, slots=True)
class HeaderShown:
    """What stands above a provider's template: text, image, video, gif, document or location."""

    kind: str
    text: str
    variables: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ButtonShown:
    """A button of a provider's template. `variable`: it needs a value in `buttons` when it is sent."""

    kind: str
    text: str
    variable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateShown:
    """A text with variables: our own, or (source `provider`) one that a channel's provider keeps and approves.

    `variables` and `header.variables` together are what must be filled in. `problem`: why a provider's cannot be sent now.
    """

    id: int
    source: str
    name: str
    language: str
    body: str
    subject: str | None
    variables: list[str]
    channel: ChannelName | None
    external_id: str | None
    status: str | None
    category: str | None
    quality: str | None
    header: HeaderShown | None
    footer: str | None
    buttons: list[ButtonShown]
    problem: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which templates. `channel`: only that provider's; `q`: a part of the name or the text."""

    source: str | None = None
    channel: int | None = None
    q: str = ""


def page(connection: sa.Connection, wanted: Wanted, cursor: str | None, limit: int) -> Page[TemplateShown]:
    """Templates that were not removed, newest first."""
    both = sa.union_all(*_queries(wanted)).subquery()
    query = sa.select(both.c.id, both.c.source)
    if cursor:
        query = query.where(both.c.id < decode(cursor, int)[0])
    keys = connection.execute(query.order_by(both.c.id.desc()).limit(limit + 1)).all()
    shown = keys[:limit]
    found = _load(connection, [k.id for k in shown if k.source == "own"], [k.id for k in shown if k.source == "provider"])
    return cut(keys, limit, lambda key: found[key.id], lambda key: (key.id,))


def one(connection: sa.Connection, template_id: int) -> TemplateShown:
    """A template of either source. Raises NotFound."""
    found = _load(connection, [template_id], [template_id]).get(template_id)
    if found is None:
        raise NotFound(f"There is no template {template_id}")
    return found


def own(connection: sa.Connection, template_id: int) -> TemplateShown:
    """One of our own texts. Raises NotFound."""
    found = _load(connection, [template_id], [])
    if template_id not in found:
        raise NotFound(f"There is no template {template_id}")
    return found[template_id]


def _queries(wanted: Wanted) -> list[sa.Select[Any]]:
    ours = sa.select(_x.id, sa.literal("own").label("source")).where(_x.removed_at.is_(None))
    theirs = (
        sa.select(_p.template_id.label("id"), sa.literal("provider").label("source"))
        .join(t.channels, t.channels.c.id == _p.channel_id)
        .where(_p.removed_at.is_(None), t.channels.c.removed_at.is_(None))
    )
    if wanted.channel is not None:
        theirs = theirs.where(_p.channel_id == wanted.channel)
    if wanted.q:
        ours = ours.where(sa.or_(_x.name.icontains(wanted.q, autoescape=True), _x.body.icontains(wanted.q, autoescape=True)))
        theirs = theirs.where(sa.or_(_p.name.icontains(wanted.q, autoescape=True), _p.body.icontains(wanted.q, autoescape=True)))
    if wanted.source == "own":
        return [ours]
    return [theirs] if wanted.source == "provider" or wanted.channel is not None else [ours, theirs]


def _load(connection: sa.Connection, own_ids: Sequence[int], provider_ids: Sequence[int]) -> dict[int, TemplateShown]:
    found: dict[int, TemplateShown] = {}
    if own_ids:
        query = sa.select(t.templates).where(_x.id.in_(own_ids), _x.removed_at.is_(None))
        found |= {row.id: _own(row) for row in connection.execute(query)}
    if provider_ids:
        columns = (t.provider_templates, t.channels.c.kind, t.channels.c.name.label("channel_name"))
        query = (
            sa.select(*columns)
            .join(t.channels, t.channels.c.id == _p.channel_id)
            .where(_p.template_id.in_(provider_ids), _p.removed_at.is_(None))
        )
        found |= {row.template_id: _provider(row) for row in connection.execute(query)}
    return found


def _own(row: Any) -> TemplateShown:
    return TemplateShown(
        id=row.id, source="own", name=row.name, language=row.language, body=row.body, subject=row.subject,
        variables=_names(row.body), channel=None, external_id=None, status=None, category=None, quality=None, header=None,
        footer=None, buttons=[], problem=None, created_at=row.created_at, changed_at=row.changed_at,
    )  # fmt: skip


def _names(body: str) -> list[str]:
    try:
        return sorted(name.removeprefix("_") if name[1:2].isdigit() else name for name in compile_text(body).names)
    except RenderError:  # kept by an earlier version with other rules
        return []


def _provider(row: Any) -> TemplateShown:
    parts = row.parts
    header = HeaderShown(**parts["header"]) if parts.get("header") else None
    return TemplateShown(
        id=row.template_id, source="provider", name=row.name, language=row.language, body=row.body, subject=None,
        variables=list(parts.get("variables", ())), channel=ChannelName(id=row.channel_id, kind=row.kind, name=row.channel_name),
        external_id=row.external_id, status=row.status, category=row.category or None, quality=row.quality or None, header=header,
        footer=parts.get("footer") or None, buttons=[ButtonShown(**button) for button in parts.get("buttons", ())],
        problem=problem(row) or None, created_at=row.created_at, changed_at=row.changed_at,
    )  # fmt: skip
